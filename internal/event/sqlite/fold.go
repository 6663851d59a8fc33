package sqlite

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// foldAt is how many events may stand in the file without being counted in the
// summary and put into the sets of blocks. One that is stored alone would touch
// some sixty rows there, nearly all of them rows that the next one touches too,
// so these are written for many at once. Whoever reads looks at the rest, the
// tail, itself, and finds nothing missing.
const foldAt = 200

// folding are the events of the tail.
type folding struct {
	upto int64 // place of the last event that is folded
	tail []unfolded
}

type unfolded struct {
	seq, account, typ int64
	e                 event.Event
}

// load reads the tail from the file.
func (f *folding) load(ctx context.Context, c *conn) (err error) {
	found := false
	if f.upto, found, err = lookup(ctx, c, foldedPlace); err != nil || !found {
		f.tail = nil // prepareBlocks is still to come
		return err
	}
	f.tail, err = tailOf(ctx, c, f.upto)
	return err
}

const foldedPlace = "SELECT value FROM meta WHERE key = 'folded'"

// tailOf reads the events after a place.
func tailOf(ctx context.Context, c *conn, after int64) (tail []unfolded, err error) {
	err = c.each(ctx, "SELECT seq, account, type, code, terminal, doc FROM events WHERE seq > ? ORDER BY seq", func(row scanner) error {
		var u unfolded
		var failure event.Failure // the document has it for failures only, the columns always
		var doc string
		if err := row.Scan(&u.seq, &u.account, &u.typ, &failure.Code, &failure.Terminal, &doc); err != nil {
			return err
		}
		if json.Unmarshal([]byte(doc), &u.e) != nil {
			return nil // damaged from outside; the others still count
		}
		u.e.Failure.Code, u.e.Failure.Terminal = failure.Code, failure.Terminal
		tail = append(tail, u)
		return nil
	}, after)
	return tail, err
}

// find gives the event at a place of the tail, nil when it is folded.
func (f *folding) find(seq int64) *unfolded {
	i, found := slices.BinarySearchFunc(f.tail, seq, func(u unfolded, seq int64) int { return int(u.seq - seq) })
	if !found {
		return nil
	}
	return &f.tail[i]
}

func (f *folding) drop(seq int64) {
	f.tail = slices.DeleteFunc(f.tail, func(u unfolded) bool { return u.seq == seq })
}

// fold counts the tail, in a transaction, when it has at least n events.
func (s *Store) fold(ctx context.Context, n int) error {
	f := &s.folding
	if s.spool {
		n = 1 // what is under way to another store is few, and is read by its rows
	}
	if len(f.tail) < n {
		return nil
	}
	for i := range f.tail {
		u := &f.tail[i]
		if err := s.summaries.stored(ctx, s.writer, u.account, u.typ, &u.e, u.seq); err != nil {
			return err
		}
		if !s.spool {
			s.blocks.add(u.seq, u.e.Time, traitsOf(u.account, u.typ, &u.e))
		}
	}
	f.upto = f.tail[len(f.tail)-1].seq
	if !s.spool {
		if err := s.setMeta(ctx, "folded", f.upto); err != nil {
			return err
		}
	}
	clear(f.tail)
	f.tail = f.tail[:0]
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

// prepareBlocks makes the tables of blocks where they are missing, and puts
// those events into sets that were stored before there were any.
func (s *Store) prepareBlocks(ctx context.Context) error {
	c := s.writer
	if s.spool { // sets are not kept up, and made again should the file be used by itself once more
		_, err := c.ExecContext(ctx, "DROP TABLE IF EXISTS block_sets; DROP TABLE IF EXISTS block_times; DELETE FROM meta WHERE key = 'folded'")
		return err
	}
	_, done, err := lookup(ctx, c, foldedPlace)
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
				s.blocks.add(last, time.Unix(0, at), t)
				n++
				return nil
			}, last, 4*blockSize)
			if err != nil {
				return err
			}
			if last == before {
				break
			}
			if err := s.blocks.write(ctx, c); err != nil {
				return err
			}
		}
		if n > 0 {
			s.log.Info("made sets of the events for filters", "events", n)
		}
		s.folding = folding{upto: last}
		return s.setMeta(ctx, "folded", last)
	})
}
