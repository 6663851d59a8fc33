package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
)

// Append stores events in one transaction.
func (s *Store) Append(ctx context.Context, events []event.Event) ([]event.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, s.unavailable(ctx, sql.ErrConnDone)
	}
	// Once begun it is finished: a caller that gives up would otherwise undo
	// what others wait for.
	ctx = context.WithoutCancel(ctx)
	var outcomes []event.Outcome
	err := s.transact(ctx, func() (err error) {
		outcomes, err = s.append(ctx, events)
		return err
	})
	if err != nil {
		return nil, s.unavailable(ctx, err)
	}
	return outcomes, nil
}

// transact runs f in a transaction of the writer. Whatever goes wrong, what is
// kept in memory is read again from the file.
func (s *Store) transact(ctx context.Context, f func() error) error {
	c := s.writer
	if _, err := c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	s.summaries.begin()
	s.bitmaps.begin()
	last := s.last
	err := f()
	if err == nil {
		err = s.flush(ctx, s.foldAt)
	}
	if err == nil {
		err = s.summaries.write(ctx, c)
	}
	if err == nil {
		err = s.bitmaps.write(ctx, c)
	}
	if err == nil {
		_, err = c.exec(ctx, "COMMIT")
	}
	if err == nil {
		s.checkpoints.wrote(s.last - last)
		return nil
	}
	_, _ = c.exec(ctx, "ROLLBACK") // SQLite may have done so itself
	s.summaries.ids = nil
	if bad := s.load(ctx); bad != nil {
		err = errors.Join(err, bad)
	}
	return err
}

func (s *Store) append(ctx context.Context, events []event.Event) ([]event.Outcome, error) {
	outcomes := make([]event.Outcome, len(events))
	tally := tally{}
	first := s.last + 1
	var buf []byte
	for i := range events {
		o, err := s.appendOne(ctx, &events[i], tally, &buf)
		if err != nil {
			return nil, err
		}
		outcomes[i] = o
	}
	if s.last < first {
		return outcomes, tally.write(ctx, s.writer) // nothing new, but a merge may have moved a count
	}
	if err := tally.write(ctx, s.writer); err != nil {
		return nil, err
	}
	if err := s.segments.extend(ctx, s.writer, first, s.last); err != nil {
		return nil, err
	}
	return outcomes, s.writeMeta(ctx, "last_seq", s.last)
}

const insert = `INSERT INTO events(seq, id, time, account, type, source, room, session, peer, user, fault, code, terminal, sdk, os, doc)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING`

func (s *Store) appendOne(ctx context.Context, e *event.Event, tally tally, buf *[]byte) (event.Outcome, error) {
	c := s.writer
	id, err := uuid.Parse(e.ID)
	if err != nil {
		return event.Outcome{}, fmt.Errorf("event id %q: %w", e.ID, err)
	}
	typ, ok := typeCodes[e.Type]
	if !ok {
		return event.Outcome{}, fmt.Errorf("event type %q is not known", e.Type)
	}
	if s.aliases > 0 && (e.Key != "" || s.evicted > 0 || s.copying) {
		if seq, found, err := lookup(ctx, c, "SELECT seq FROM aliases WHERE id = ?", id[:]); err != nil || found {
			return event.Outcome{State: event.Duplicate, Seq: seq}, err
		}
	}
	if other := s.window.find(s.words, e); other != 0 && !s.copying {
		if seq, found, err := lookup(ctx, c, "SELECT seq FROM events WHERE id = ?", id[:]); err != nil || found {
			return event.Outcome{State: event.Duplicate, Seq: seq}, err
		}
		merged, err := s.merge(ctx, other, e, id, tally, buf)
		if err != nil || merged {
			return event.Outcome{State: event.Merged, Seq: other}, err
		}
	}
	account, err := s.accounts.make(ctx, c, e.AccountID)
	if err != nil {
		return event.Outcome{}, err
	}
	seq := s.last + 1
	if s.copying {
		seq = max(seq, e.Seq) // its place elsewhere, so that readers who follow go on
	}
	*buf = e.AppendStored((*buf)[:0], s.words)
	n, err := c.exec(ctx, insert, seq, id[:], e.Time.UnixNano(), account, typ, sourceCodes[e.Source],
		null(e.RoomID), null(e.SessionID), null(e.PeerID), null(e.UserKey()), null(e.Fault),
		e.Failure.Code, e.Failure.Terminal, null(e.Agent.SDK), null(e.Agent.OS), string(*buf))
	if err != nil {
		return event.Outcome{}, err
	}
	if n == 0 {
		seq, _, err := lookup(ctx, c, "SELECT seq FROM events WHERE id = ?", id[:])
		return event.Outcome{State: event.Duplicate, Seq: seq}, err
	}
	s.last = seq
	s.grow(tally, account, typ, len(*buf))
	s.segments.add(e.Time)
	tally.add(counterKey{account, typ, e.RoomID, e.SessionID, e.UserKey()}, 1)
	s.window.add(e, seq)
	s.flushing.unindexed = append(s.flushing.unindexed, unindexed{seq, account, typ, *e})
	return event.Outcome{State: event.Stored, Seq: seq}, nil
}

// merge joins e to the stored account of the same failure. It reports false
// when that is gone or no longer fits.
func (s *Store) merge(ctx context.Context, other int64, e *event.Event, id uuid.UUID, tally tally, buf *[]byte) (bool, error) {
	c := s.writer
	var doc string
	var account, typ int64
	var code int
	err := c.row(ctx, "SELECT account, type, code, doc FROM events WHERE seq = ?", other).Scan(&account, &typ, &code, &doc)
	if errors.Is(err, sql.ErrNoRows) {
		s.window.forget(e, other)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var stored event.Event
	if err := event.Decode([]byte(doc), s.words, &stored); err != nil {
		return false, err
	}
	stored.Failure.Code = code // by which it is counted
	if !event.Pairs(s.words, &stored, e) {
		return false, nil
	}
	stored.Seq = other
	both := event.Pair(stored, *e)
	*buf = both.AppendStored((*buf)[:0], s.words)
	if _, err := c.exec(ctx, `UPDATE events SET source = ?, room = ?, session = ?, user = ?, fault = ?, code = ?, terminal = ?, sdk = ?, os = ?, doc = ? WHERE seq = ?`,
		sourceCodes[both.Source], null(both.RoomID), null(both.SessionID), null(both.UserKey()), null(both.Fault),
		both.Failure.Code, both.Failure.Terminal, null(both.Agent.SDK), null(both.Agent.OS), string(*buf), other); err != nil {
		return false, err
	}
	if _, err := c.exec(ctx, "INSERT INTO aliases VALUES (?, ?)", id[:], other); err != nil {
		return false, err
	}
	s.aliases++
	s.grow(tally, account, typ, len(*buf)-len(doc))
	tally.add(counterKey{account, typ, stored.RoomID, stored.SessionID, stored.UserKey()}, -1)
	tally.add(counterKey{account, typ, both.RoomID, both.SessionID, both.UserKey()}, 1)
	s.window.forget(e, other)
	if u := s.flushing.find(other); u != nil {
		u.e = both
		return true, nil
	}
	if !s.spool {
		s.bitmaps.move(other, traitsOf(account, typ, &stored), traitsOf(account, typ, &both))
	}
	return true, s.summaries.merged(ctx, c, account, typ, &stored, &both, other)
}

func lookup(ctx context.Context, c *conn, query string, args ...any) (seq int64, found bool, err error) {
	err = c.row(ctx, query, args...).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return seq, err == nil, err
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
