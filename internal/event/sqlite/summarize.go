// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// Summarize counts.
func (s *Store) Summarize(ctx context.Context, q event.SummaryQuery) (sum event.Summary, err error) {
	err = s.Read(ctx, func(c *eventlog.Conn) error {
		r := reader{Reader: rollup.NewReader(ctx, s.Log, c, &q), ctx: ctx, c: c}
		if err := r.loadUnindexed(s.words); err != nil {
			return err
		}
		r.Late = &r
		if sum, err = r.Summarize(); err != nil || !q.Users {
			return err
		}
		return r.users(&sum)
	})
	return sum, err
}

// reader answers one question.
type reader struct {
	*rollup.Reader
	ctx context.Context
	c   *eventlog.Conn

	unindexed []unindexed // what no count has yet
	failed    []bool      // which of them are failed joins
}

// users counts the users of the total and of the groups that are shown.
func (r *reader) users(sum *event.Summary) error {
	all, err := r.usersOf(event.ByNothing, []string{""})
	if err != nil {
		return err
	}
	sum.Total.Counts.Users = all("")
	if len(sum.Groups) == 0 {
		return nil
	}
	values := make([]string, len(sum.Groups))
	for i, g := range sum.Groups {
		values[i] = g.Value
	}
	of, err := r.usersOf(r.Query.By, values)
	if err != nil {
		return err
	}
	for i := range sum.Groups {
		sum.Groups[i].Counts.Users = of(sum.Groups[i].Value)
	}
	return nil
}

// usersOf gives how many users each of some values has.
func (r *reader) usersOf(by event.Dimension, values []string) (func(value string) int64, error) {
	known, err := r.Users(by, values)
	if err != nil {
		return nil, err
	}
	named, err := r.addUnindexedUsers(by, values, known)
	return func(value string) int64 { return known.Len(value) + int64(len(named[value])) }, err
}

// loadUnindexed reads the events that no count has yet, and finds out which of them
// are failed joins.
func (r *reader) loadUnindexed(v event.Vocabulary) error {
	flushed, _, err := r.c.Meta(r.ctx, summariesTo)
	if err != nil {
		return err
	}
	if r.unindexed, err = loadUnindexed(r.ctx, r.c, v, flushed); err != nil {
		return err
	}
	r.failed = make([]bool, len(r.unindexed))
	counted := map[userKey]bool{} // peers of an account
	for i := range r.unindexed {
		u := &r.unindexed[i]
		if !u.e.FailsJoin() {
			continue
		}
		who := userKey{u.row.Account, u.e.PeerID}
		if who.name != "" {
			if counted[who] {
				continue
			}
			counted[who] = true
			before, err := rollup.HasFailed(r.ctx, r.c, u.e.PeerID, u.row.Account)
			if err != nil {
				return err
			}
			if before {
				continue
			}
		}
		r.failed[i] = true
	}
	return nil
}

// eachUnindexed calls f for every unindexed event that a question is about, with
// the value it has in a dimension.
func (r *reader) eachUnindexed(by event.Dimension, values map[string]bool, f func(i int, u *unindexed, value string)) {
	for i := range r.unindexed {
		u := &r.unindexed[i]
		at := u.e.Time.Truncate(time.Hour)
		if !slices.Contains(r.Accounts, u.row.Account) || at.Before(r.Query.Since.Truncate(time.Hour)) || !at.Before(r.Query.Until.Truncate(time.Hour)) {
			continue
		}
		value, in := by.Value(&u.e)
		if in && (values == nil || values[value]) {
			f(i, u, value)
		}
	}
}

// Count adds the unindexed events to what the tables have.
func (r *reader) Count(by event.Dimension, values []string, groups rollup.Groups) {
	r.eachUnindexed(by, set(values), func(i int, u *unindexed, value string) {
		if slices.Contains(r.Types, u.row.Type) {
			groups.Add(value, u.e.Time, u.row.Type, 1)
		}
		if r.failed[i] && by != event.ByType {
			groups.Add(value, u.e.Time, rollup.JoinsFailed, 1)
		}
	})
}

// addUnindexedUsers adds the users of unindexed events to those that the tables have.
// Those that have no number yet are given by their names.
func (r *reader) addUnindexedUsers(by event.Dimension, values []string, into rollup.Users) (named map[string]map[userKey]bool, err error) {
	named = map[string]map[userKey]bool{}
	r.eachUnindexed(by, set(values), func(_ int, u *unindexed, value string) {
		if u.e.UserID == "" || !u.e.Type.IsError() || !slices.Contains(r.Types, u.row.Type) || err != nil {
			return
		}
		who := userKey{u.row.Account, u.e.UserKey()}
		id, known, bad := r.c.Lookup(r.ctx, findUser, who.account, who.name)
		switch {
		case bad != nil:
			err = bad
		case known:
			into.Chunk(value, id/bitset.Size).Put(id%bitset.Size, true)
		default:
			if named[value] == nil {
				named[value] = map[userKey]bool{}
			}
			named[value][who] = true
		}
	})
	return named, err
}

// Oldest gives the earlier of a time and the hour of the oldest unindexed
// event.
func (r *reader) Oldest(oldest time.Time) time.Time {
	for i := range r.unindexed {
		u := &r.unindexed[i]
		if t := u.e.Time.Truncate(time.Hour).UTC(); slices.Contains(r.Accounts, u.row.Account) && (oldest.IsZero() || t.Before(oldest)) {
			oldest = t
		}
	}
	return oldest
}

func set(values []string) map[string]bool {
	if values == nil {
		return nil
	}
	m := make(map[string]bool, len(values))
	for _, v := range values {
		m[v] = true
	}
	return m
}
