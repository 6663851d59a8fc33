// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

type userKey struct {
	account int64
	name    string
}

// maxUserIDs bounds the numbers of users kept in memory.
const maxUserIDs = 50_000

// summaries counts events, failed joins and the users that failed, by hour and by
// day.
type summaries struct {
	rollup.Table
	gone map[userKey]bool  // users of whom the transaction has removed something
	ids  map[userKey]int64 // known numbers, from one transaction to the next
}

// Prepare makes the tables where they are missing, and counts the events that were
// stored before there were any.
func (s *summaries) Prepare(ctx context.Context, tx eventlog.Tx, upto int64) error {
	s.ids = map[userKey]int64{}
	return s.Create(ctx, tx, upto, s)
}

// Load forgets what was not written.
func (s *summaries) Load(ctx context.Context, c *eventlog.Conn) error {
	s.gone, s.ids = map[userKey]bool{}, map[userKey]int64{}
	return s.Table.Load(ctx, c)
}

// Stored counts a new event.
func (s *summaries) Stored(ctx context.Context, c *eventlog.Conn, row *eventlog.Row) error {
	if row.Event == nil {
		return nil // damaged from outside
	}
	if err := s.count(ctx, c, row, 1); err != nil || !row.FailsJoin() {
		return err
	}
	return s.fail(ctx, c, row)
}

// Changed counts an event that has become another.
func (s *summaries) Changed(ctx context.Context, c *eventlog.Conn, was, is *eventlog.Row) error {
	if err := s.unfail(ctx, c, was); err != nil {
		return err
	}
	if err := s.count(ctx, c, was, -1); err != nil {
		return err
	}
	return s.Stored(ctx, c, is)
}

// Removed takes an event out. With it goes its user where all of the user's events
// go.
func (s *summaries) Removed(ctx context.Context, c *eventlog.Conn, row *eventlog.Row, why *event.Removal) error {
	e := row.Event
	if e == nil {
		return nil // damaged from outside; it must still be possible to remove it
	}
	if err := s.unfail(ctx, c, row); err != nil {
		return err
	}
	s.Add(row.Account, row.Type, e.Time, e, -1, nil)
	if e.UserID == "" {
		return nil
	}
	who := userKey{row.Account, row.User}
	s.gone[who] = true
	if wholeUser := why.UserID != "" && why.Before.IsZero(); !wholeUser || !e.Type.IsError() {
		return nil
	}
	id, err := s.user(ctx, c, who)
	if err == nil {
		s.Add(row.Account, row.Type, e.Time, e, 0, func(c *rollup.Cell) { c.Unset = append(c.Unset, id) })
	}
	return err
}

// Left notes that an event goes which was not counted yet: it may have been the last of
// its user.
func (s *summaries) Left(row *eventlog.Row) {
	if row.User != "" {
		s.gone[userKey{row.Account, row.User}] = true
	}
}

// count counts an event n times, and its user if it is a failure.
func (s *summaries) count(ctx context.Context, c *eventlog.Conn, row *eventlog.Row, n int64) error {
	e := row.Event
	var visit func(*rollup.Cell)
	if n > 0 && e.UserID != "" && e.Type.IsError() {
		id, err := s.user(ctx, c, userKey{row.Account, row.User})
		if err != nil {
			return err
		}
		visit = func(c *rollup.Cell) { c.Set = append(c.Set, id) }
	}
	s.Add(row.Account, row.Type, e.Time, e.AgentRead(), n, visit)
	return nil
}

// fail counts a failed join, unless another event of the peer is counted.
func (s *summaries) fail(ctx context.Context, c *eventlog.Conn, row *eventlog.Row) error {
	if row.Event.PeerID != "" {
		if counted, err := rollup.PeerHasFailed(ctx, c, row); err != nil || counted {
			return err
		}
	}
	if err := rollup.Fail(ctx, c, row.Seq); err != nil {
		return err
	}
	s.Add(row.Account, rollup.JoinsFailed, row.Time, row.Event.AgentRead(), 1, nil)
	return nil
}

// unfail takes a failed join back, if it was this event that was counted.
func (s *summaries) unfail(ctx context.Context, c *eventlog.Conn, row *eventlog.Row) error {
	was, err := rollup.Unfail(ctx, c, row.Seq)
	if was {
		s.Add(row.Account, rollup.JoinsFailed, row.Time, row.Event.AgentRead(), -1, nil)
	}
	return err
}

// user gives the number of a user.
func (s *summaries) user(ctx context.Context, c *eventlog.Conn, who userKey) (int64, error) {
	if id, ok := s.ids[who]; ok {
		return id, nil
	}
	id, ok, err := c.Lookup(ctx, findUser, who.account, who.name)
	if err == nil && !ok {
		if _, err = c.Exec(ctx, "INSERT INTO summary_users(account, name) VALUES (?, ?)", who.account, who.name); err == nil {
			id, _, err = c.Lookup(ctx, findUser, who.account, who.name)
		}
	}
	if err == nil {
		s.ids[who] = id
	}
	return id, err
}

const findUser = "SELECT id FROM summary_users WHERE account = ? AND name = ?"

// Flush writes what was counted, and forgets users of whom nothing is left.
func (s *summaries) Flush(ctx context.Context, c *eventlog.Conn) error {
	if err := s.Table.Flush(ctx, c); err != nil {
		return err
	}
	for who := range s.gone {
		if left, err := c.Has(ctx, eventlog.ID{Column: "user", Account: who.account, Value: who.name}); err != nil {
			return err
		} else if left {
			continue
		}
		n, err := c.Exec(ctx, "DELETE FROM summary_users WHERE account = ? AND name = ?", who.account, who.name)
		if err != nil {
			return err
		}
		if n > 0 {
			delete(s.ids, who)
		}
	}
	clear(s.gone)
	if len(s.ids) > maxUserIDs {
		s.ids = map[userKey]int64{}
	}
	return nil
}
