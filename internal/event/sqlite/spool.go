package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
)

// What follows lets another store use this one as its front: events arrive here
// and are durable here, and once they are safe elsewhere their rows leave and
// their ids stay, so that a report counts once wherever its event is.

// Record is a stored event with the ids of the reports that became part of it.
type Record struct {
	event.Event
	Also []string
}

// ErrChanged is what Shed returns when an event is no longer what was read.
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
			if err := json.Unmarshal([]byte(doc), &r.Event); err != nil {
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
		return c.each(ctx, "SELECT id, seq FROM aliases WHERE seq >= ? AND seq <= ?", func(row scanner) error {
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
	})
	return list, err
}

// Copy appends events that another store has held, as they are: known ids count
// once, and accounts of one failure that stayed apart there stay apart here.
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
		part.Events, err = events(ctx, c, seqs)
		return err
	})
	return part, err
}

const lastPlace = "SELECT max(coalesce((SELECT value FROM meta WHERE key = 'last_seq'), 0), coalesce((SELECT max(seq) FROM events), 0))"

// Place finds the place of the event with an id, wherever its row is.
func (s *Store) Place(ctx context.Context, id string) (seq int64, found bool, err error) {
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

// ShedUpTo is the place up to which rows have left.
func (s *Store) ShedUpTo() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shed
}

// Shed lets the rows of events leave and keeps their ids. It fails with
// [ErrChanged], and nothing leaves, when one of them is not as it was read.
func (s *Store) Shed(ctx context.Context, records []Record) error {
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
			tally.add(place{account, typeCodes[r.Type], r.RoomID, r.SessionID, r.UserID}, -1)
		}
		if err := tally.write(ctx, s.writer); err != nil {
			return err
		}
		return s.setShed(ctx, records[len(records)-1].Seq)
	})
}

// Adopt takes over ids of events that are elsewhere and whose rows were never
// here. New events get places after them.
func (s *Store) Adopt(ctx context.Context, records []Record) error {
	return s.change(ctx, func(ctx context.Context) error {
		upto := s.shed
		for _, r := range records {
			if err := s.remember(ctx, r.Seq, append(r.Also, r.ID)...); err != nil {
				return err
			}
			upto = max(upto, r.Seq)
		}
		s.last = max(s.last, upto)
		if err := s.setMeta(ctx, "last_seq", s.last); err != nil {
			return err
		}
		return s.setShed(ctx, upto)
	})
}

// Forget drops the ids of shed events at these places.
func (s *Store) Forget(ctx context.Context, places []int64) error {
	for len(places) > 0 {
		some := places[:min(len(places), bite)]
		places = places[len(some):]
		err := s.change(ctx, func(ctx context.Context) error {
			for _, seq := range some {
				n, err := s.writer.exec(ctx, "DELETE FROM aliases WHERE seq = ? AND seq <= ?", seq, s.shed)
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

// ForgetBelow drops the ids of shed events before a place, in bites.
func (s *Store) ForgetBelow(ctx context.Context, place int64) error {
	for {
		var n int64
		err := s.change(ctx, func(ctx context.Context) (err error) {
			n, err = s.writer.exec(ctx, "DELETE FROM aliases WHERE id IN (SELECT id FROM aliases WHERE seq < ? AND seq <= ? ORDER BY seq LIMIT ?)", place, s.shed, bite)
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

// Mark reads a number kept in the file under a name, 0 when there is none.
func (s *Store) Mark(ctx context.Context, name string) (n int64, err error) {
	err = s.read(ctx, func(c *conn) (err error) {
		n, _, err = lookup(ctx, c, "SELECT value FROM meta WHERE key = ?", "mark."+name)
		return err
	})
	return n, err
}

// SetMark keeps a number in the file under a name.
func (s *Store) SetMark(ctx context.Context, name string, n int64) error {
	return s.change(ctx, func(ctx context.Context) error { return s.setMeta(ctx, "mark."+name, n) })
}

// change runs f in a transaction as Append does: once begun it is finished.
func (s *Store) change(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return unavailable(ctx, sql.ErrConnDone)
	}
	ctx = context.WithoutCancel(ctx)
	err := s.transact(ctx, func() error { return f(ctx) })
	if err == nil || errors.Is(err, ErrChanged) {
		return err
	}
	return unavailable(ctx, err)
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

func (s *Store) setShed(ctx context.Context, upto int64) error {
	s.shed = max(s.shed, upto)
	return s.setMeta(ctx, "shed", s.shed)
}

func (s *Store) setMeta(ctx context.Context, key string, n int64) error {
	_, err := s.writer.exec(ctx, "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, n)
	return err
}
