package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
)

// What follows lets another store use this one as its front: events arrive here
// and are durable here, and once they are safe elsewhere their rows leave and
// their ids stay, so that a report counts once wherever its event is.

// Record is a stored event with the ids of the reports that became part of it.
type Record struct {
	event.Event
	Also       []string
	FailedJoin bool // it is counted as a failed join: see event.Summarizer
}

// OpenSpool is Open for the front of another store, which does the counting: here
// only joins are counted, which are no events, and which events are failed joins
// is found out.
func OpenSpool(ctx context.Context, dir string, log *slog.Logger, options ...Option) (*Store, error) {
	return start(ctx, dir, log, true, options)
}

// prepareSpool makes what a spool has beyond a store.
func (s *Store) prepareSpool(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, `
		-- Peers whose failed join has left, for a while, so that it counts once.
		CREATE TABLE IF NOT EXISTS shed_failed (
			peer    TEXT NOT NULL,
			account INTEGER NOT NULL,
			at      INTEGER NOT NULL, -- when it left, Unix nanoseconds
			PRIMARY KEY (peer, account)
		) WITHOUT ROWID;
		CREATE INDEX IF NOT EXISTS shed_failed_at ON shed_failed(at)`)
	return err
}

// rememberFailed is how long a failed join is known by its peer after its event
// has left: a client that gave up does not go on for longer.
const rememberFailed = 24 * time.Hour

// ErrChanged is what Evict returns when an event is no longer what was read.
var ErrChanged = errors.New("an event has changed since it was read")

// Records gives up to n events after one place and up to another, in order.
func (s *Store) Records(ctx context.Context, above, upto int64, n int) ([]Record, error) {
	var list []Record
	err := s.read(ctx, func(c *conn) error {
		places := map[int64]int{}
		err := c.each(ctx, "SELECT seq, doc, code, terminal FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", func(row scanner) error {
			var r Record
			var seq int64
			var doc string
			var failure event.Failure // the document has it for failures only, the columns always
			if err := row.Scan(&seq, &doc, &failure.Code, &failure.Terminal); err != nil {
				return err
			}
			if err := event.Decode([]byte(doc), s.words, &r.Event); err != nil {
				return err
			}
			r.Seq, r.Failure.Code, r.Failure.Terminal = seq, failure.Code, failure.Terminal
			places[seq] = len(list)
			list = append(list, r)
			return nil
		}, above, upto, n)
		if err != nil || len(list) == 0 {
			return err
		}
		err = c.each(ctx, "SELECT id, seq FROM aliases WHERE seq >= ? AND seq <= ?", func(row scanner) error {
			var id uuid.UUID
			var seq int64
			if err := row.Scan(&id, &seq); err != nil {
				return err
			}
			if i, ok := places[seq]; ok {
				list[i].Also = append(list[i].Also, id.String())
			}
			return nil
		}, list[0].Seq, list[len(list)-1].Seq)
		if err != nil {
			return err
		}
		return c.each(ctx, "SELECT seq FROM summary_failed WHERE seq >= ? AND seq <= ?", func(row scanner) error {
			var seq int64
			err := row.Scan(&seq)
			if i, ok := places[seq]; ok {
				list[i].FailedJoin = true
			}
			return err
		}, list[0].Seq, list[len(list)-1].Seq)
	})
	return list, err
}

// Copy appends events that another store has held, as they are, at their places
// where those come after all that are taken: known ids count once, and
// observations of one failure that stayed apart there stay apart here.
func (s *Store) Copy(ctx context.Context, records []Record) ([]event.Outcome, error) {
	events := make([]event.Event, len(records))
	for i := range records {
		events[i] = records[i].Event
	}
	var outcomes []event.Outcome
	err := s.change(ctx, func(ctx context.Context) (err error) {
		s.copying = true
		defer func() { s.copying = false }()
		if outcomes, err = s.append(ctx, events); err != nil {
			return err
		}
		for i, r := range records {
			if err := s.remember(ctx, outcomes[i].Seq, r.Also...); err != nil {
				return err
			}
		}
		return nil
	})
	return outcomes, err
}

// Part is what a query finds here.
type Part struct {
	Events []event.Event
	Total  int   // of the whole query, when it was asked for
	Last   int64 // place of the newest event ever
}

// Part gives up to n events of a query, whose cursor is left to the caller, with
// places after above and up to upto; total asks for the number of all that match.
func (s *Store) Part(ctx context.Context, q *event.Query, above, upto int64, n int, total bool) (Part, error) {
	var part Part
	err := s.read(ctx, func(c *conn) error {
		p, err := s.plan(ctx, c, q)
		if err != nil {
			return err
		}
		if err := c.row(ctx, lastPlace).Scan(&part.Last); err != nil {
			return err
		}
		if total {
			if part.Total, err = p.count(ctx, c); err != nil {
				return err
			}
		}
		p.above, p.upto = max(p.above, above), min(p.upto, upto)
		seqs, err := p.places(ctx, c, n)
		if err != nil {
			return err
		}
		part.Events, err = s.events(ctx, c, seqs)
		return err
	})
	return part, err
}

const lastPlace = "SELECT max(coalesce((SELECT value FROM meta WHERE key = 'last_seq'), 0), coalesce((SELECT max(seq) FROM events), 0))"

// Seq finds the place of the event with an id, wherever its row is.
func (s *Store) Seq(ctx context.Context, id string) (seq int64, found bool, err error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return 0, false, nil
	}
	err = s.read(ctx, func(c *conn) (err error) {
		seq, found, err = lookup(ctx, c, "SELECT seq FROM events WHERE id = ?1 UNION ALL SELECT seq FROM aliases WHERE id = ?1 LIMIT 1", key[:])
		return err
	})
	return seq, found, err
}

// Count is how many events are here.
func (s *Store) Count(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.row(ctx, "SELECT coalesce(sum(n), 0) FROM counts WHERE scope = ?", ofAccount).Scan(&n)
	})
	return n, err
}

// EvictedUpTo is the place up to which rows have left.
func (s *Store) EvictedUpTo() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.evicted
}

// Evict lets the rows of events leave and keeps their ids. It fails with
// [ErrChanged], and nothing leaves, when one of them is not as it was read.
func (s *Store) Evict(ctx context.Context, records []Record) error {
	return s.change(ctx, func(ctx context.Context) error {
		tally := tally{}
		for i := range records {
			r := &records[i]
			n, err := s.writer.exec(ctx, "DELETE FROM events WHERE seq = ? AND source = ?", r.Seq, sourceCodes[r.Source])
			if err != nil {
				return err
			}
			if n == 0 {
				return ErrChanged
			}
			if err := s.remember(ctx, r.Seq, r.ID); err != nil {
				return err
			}
			account, ok := s.accounts.id(r.AccountID)
			if !ok {
				return fmt.Errorf("account %q is not known", r.AccountID)
			}
			tally.add(counterKey{account, typeCodes[r.Type], r.RoomID, r.SessionID, r.UserKey()}, -1)
			if err := s.evictFailed(ctx, account, r); err != nil {
				return err
			}
		}
		if err := tally.write(ctx, s.writer); err != nil {
			return err
		}
		return s.setEvicted(ctx, records[len(records)-1].Seq)
	})
}

// evictFailed remembers the peer of a failed join that leaves.
func (s *Store) evictFailed(ctx context.Context, account int64, r *Record) error {
	if !r.FailsJoin() || !s.spool {
		return nil
	}
	n, err := s.writer.exec(ctx, "DELETE FROM summary_failed WHERE seq = ?", r.Seq)
	if err != nil || n == 0 || r.PeerID == "" {
		return err
	}
	now := time.Now()
	if _, err := s.writer.exec(ctx, "DELETE FROM shed_failed WHERE at < ?", now.Add(-rememberFailed).UnixNano()); err != nil {
		return err
	}
	_, err = s.writer.exec(ctx, "INSERT OR REPLACE INTO shed_failed VALUES (?, ?, ?)", r.PeerID, account, now.UnixNano())
	return err
}

// Adopt takes over ids of events that are elsewhere and whose rows were never
// here. New events get places after them.
func (s *Store) Adopt(ctx context.Context, records []Record) error {
	return s.change(ctx, func(ctx context.Context) error {
		upto := s.evicted
		for _, r := range records {
			if err := s.remember(ctx, r.Seq, append(r.Also, r.ID)...); err != nil {
				return err
			}
			upto = max(upto, r.Seq)
		}
		s.last = max(s.last, upto)
		if err := s.writeMeta(ctx, "last_seq", s.last); err != nil {
			return err
		}
		return s.setEvicted(ctx, upto)
	})
}

// Forget drops the ids of evicted events at these places.
func (s *Store) Forget(ctx context.Context, places []int64) error {
	for len(places) > 0 {
		some := places[:min(len(places), deletionBatch)]
		places = places[len(some):]
		err := s.change(ctx, func(ctx context.Context) error {
			for _, seq := range some {
				n, err := s.writer.exec(ctx, "DELETE FROM aliases WHERE seq = ? AND seq <= ?", seq, s.evicted)
				if err != nil {
					return err
				}
				s.aliases -= n
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ForgetBelow drops the ids of evicted events before a place, in batches.
func (s *Store) ForgetBelow(ctx context.Context, place int64) error {
	for {
		var n int64
		err := s.change(ctx, func(ctx context.Context) (err error) {
			n, err = s.writer.exec(ctx, "DELETE FROM aliases WHERE id IN (SELECT id FROM aliases WHERE seq < ? AND seq <= ? ORDER BY seq LIMIT ?)", place, s.evicted, deletionBatch)
			s.aliases -= n
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// Meta reads a number kept in the file under a name, 0 when there is none.
func (s *Store) Meta(ctx context.Context, name string) (n int64, err error) {
	err = s.read(ctx, func(c *conn) (err error) {
		n, _, err = lookup(ctx, c, "SELECT value FROM meta WHERE key = ?", "mark."+name)
		return err
	})
	return n, err
}

// Metas reads the numbers whose names begin with a text, without it.
func (s *Store) Metas(ctx context.Context, prefix string) (map[string]int64, error) {
	values := map[string]int64{}
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, "SELECT substr(key, ?), value FROM meta WHERE substr(key, 1, ?) = ?", func(row scanner) error {
			var name string
			var n int64
			err := row.Scan(&name, &n)
			values[name] = n
			return err
		}, len([]rune("mark."+prefix))+1, len([]rune("mark."+prefix)), "mark."+prefix)
	})
	return values, err
}

// DropMeta forgets a number.
func (s *Store) DropMeta(ctx context.Context, name string) error {
	return s.change(ctx, func(ctx context.Context) error {
		_, err := s.writer.exec(ctx, "DELETE FROM meta WHERE key = ?", "mark."+name)
		return err
	})
}

// SetMeta keeps a number in the file under a name.
func (s *Store) SetMeta(ctx context.Context, name string, n int64) error {
	return s.change(ctx, func(ctx context.Context) error { return s.writeMeta(ctx, "mark."+name, n) })
}

// change runs f in a transaction as Append does: once begun it is finished.
func (s *Store) change(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.unavailable(ctx, sql.ErrConnDone)
	}
	ctx = context.WithoutCancel(ctx)
	err := s.transact(ctx, func() error { return f(ctx) })
	if err == nil || errors.Is(err, ErrChanged) {
		return err
	}
	return s.unavailable(ctx, err)
}

func (s *Store) remember(ctx context.Context, seq int64, ids ...string) error {
	for _, text := range ids {
		id, err := uuid.Parse(text)
		if err != nil {
			return fmt.Errorf("event id %q: %w", strings.ToValidUTF8(text, "?"), err)
		}
		n, err := s.writer.exec(ctx, "INSERT INTO aliases VALUES (?, ?) ON CONFLICT(id) DO NOTHING", id[:], seq)
		if err != nil {
			return err
		}
		s.aliases += n
	}
	return nil
}

func (s *Store) setEvicted(ctx context.Context, upto int64) error {
	s.evicted = max(s.evicted, upto)
	return s.writeMeta(ctx, "shed", s.evicted)
}

func (s *Store) writeMeta(ctx context.Context, key string, n int64) error {
	_, err := s.writer.exec(ctx, "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, n)
	return err
}
