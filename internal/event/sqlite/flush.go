package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// flushAt is how many events may stand in the file without being counted in the
// summary and put into the bitmap index. One that is stored alone would touch
// some sixty rows there, nearly all of them rows that the next one touches too,
// so these are written for many at once. Whoever reads looks at the rest, the
// tail, itself, and finds nothing missing.
const flushAt = 200

// flushing are the events that are stored and not yet indexed.
type flushing struct {
	upto      int64 // place of the last event that is flushed
	unindexed []unindexed
}

type unindexed struct {
	seq, account, typ int64
	e                 event.Event
}

// load reads the unindexed events from the file.
func (f *flushing) load(ctx context.Context, c *conn, v event.Vocabulary) (err error) {
	found := false
	if f.upto, found, err = lookup(ctx, c, flushedQuery); err != nil || !found {
		f.unindexed = nil // prepareBitmaps is still to come
		return err
	}
	f.unindexed, err = loadUnindexed(ctx, c, v, f.upto)
	return err
}

const flushedQuery = "SELECT value FROM meta WHERE key = 'folded'"

// loadUnindexed reads the events after a place.
func loadUnindexed(ctx context.Context, c *conn, v event.Vocabulary, after int64) (list []unindexed, err error) {
	err = c.each(ctx, "SELECT seq, account, type, code, terminal, doc FROM events WHERE seq > ? ORDER BY seq", func(row scanner) error {
		var u unindexed
		var failure event.Failure // the document has it for failures only, the columns always
		var doc string
		if err := row.Scan(&u.seq, &u.account, &u.typ, &failure.Code, &failure.Terminal, &doc); err != nil {
			return err
		}
		if event.Decode([]byte(doc), v, &u.e) != nil {
			return nil // damaged from outside; the others still count
		}
		u.e.Failure.Code, u.e.Failure.Terminal = failure.Code, failure.Terminal
		list = append(list, u)
		return nil
	}, after)
	return list, err
}

// find gives the event at a place, nil when it is indexed.
func (f *flushing) find(seq int64) *unindexed {
	i, found := slices.BinarySearchFunc(f.unindexed, seq, func(u unindexed, seq int64) int { return int(u.seq - seq) })
	if !found {
		return nil
	}
	return &f.unindexed[i]
}

func (f *flushing) drop(seq int64) {
	f.unindexed = slices.DeleteFunc(f.unindexed, func(u unindexed) bool { return u.seq == seq })
}

// flush indexes the unindexed events, in a transaction, when it has at least n events.
func (s *Store) flush(ctx context.Context, n int) error {
	f := &s.flushing
	if s.spool {
		n = 1 // what is under way to another store is few, and is read by its rows
	}
	if len(f.unindexed) < n {
		return nil
	}
	for i := range f.unindexed {
		u := &f.unindexed[i]
		if err := s.summaries.stored(ctx, s.writer, u.account, u.typ, &u.e, u.seq); err != nil {
			return err
		}
		if !s.spool {
			s.bitmaps.add(u.seq, u.e.Time, traitsOf(u.account, u.typ, &u.e))
		}
	}
	f.upto = f.unindexed[len(f.unindexed)-1].seq
	if !s.spool {
		if err := s.writeMeta(ctx, "folded", f.upto); err != nil {
			return err
		}
	}
	clear(f.unindexed)
	f.unindexed = f.unindexed[:0]
	return nil
}

// forgetTimes drops the times of blocks that hold nothing any more.
func (s *Store) forgetTimes(ctx context.Context) error {
	if s.spool {
		return nil
	}
	var first int64
	if err := s.writer.row(ctx, "SELECT coalesce(min(seq), 0) FROM events").Scan(&first); err != nil {
		return err
	}
	_, err := s.writer.exec(ctx, "DELETE FROM block_times WHERE block < ?", first/blockSize)
	return err
}

// prepareBitmaps makes the tables of the bitmap index where they are missing, and puts
// those events into sets that were stored before there were any.
func (s *Store) prepareBitmaps(ctx context.Context) error {
	c := s.writer
	if s.spool { // sets are not kept up, and made again should the file be used by itself once more
		_, err := c.ExecContext(ctx, "DROP TABLE IF EXISTS block_sets; DROP TABLE IF EXISTS block_times; DELETE FROM meta WHERE key = 'folded'")
		return err
	}
	_, done, err := lookup(ctx, c, flushedQuery)
	if err != nil || done {
		return err
	}
	if _, err := c.ExecContext(ctx, blockSchema); err != nil {
		return err
	}
	return s.transact(ctx, func() error {
		last, n := int64(0), 0
		for {
			before := last
			err := c.each(ctx, `SELECT seq, time, account, type, coalesce(fault, ''), code, terminal, coalesce(sdk, ''), coalesce(os, '')
				FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, func(row scanner) error {
				var at int64
				var t traits
				if err := row.Scan(&last, &at, &t.account, &t.typ, &t.fault, &t.code, &t.terminal, &t.sdk, &t.os); err != nil {
					return err
				}
				s.bitmaps.add(last, time.Unix(0, at), t)
				n++
				return nil
			}, last, 4*blockSize)
			if err != nil {
				return err
			}
			if last == before {
				break
			}
			if err := s.bitmaps.write(ctx, c); err != nil {
				return err
			}
		}
		if n > 0 {
			s.log.Info("made sets of the events for filters", "events", n)
		}
		s.flushing = flushing{upto: last}
		return s.writeMeta(ctx, "folded", last)
	})
}
