// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/internal/event"
)

// The scopes of a count in the table counts. Numbers from 4 are those of other
// [Derived], which use the table by a [Tally] of their own.
const (
	OfAccount = 0
	OfRoom    = 1
	OfSession = 2
	OfUser    = 3

	ofPeer = -1 // in no table
)

// Count is what is counted in one row of the table counts.
type Count struct {
	Account, Scope, Type int64
	Key                  string // the room, session or user
}

func (k Count) compare(other Count) int {
	return cmp.Or(cmp.Compare(k.Account, other.Account), cmp.Compare(k.Scope, other.Scope), strings.Compare(k.Key, other.Key), cmp.Compare(k.Type, other.Type))
}

// Tally collects how a transaction changes the counts, so that each is written
// once.
type Tally map[Count]int64

// Write writes the changes and forgets them.
func (t Tally) Write(ctx context.Context, c *Conn) error {
	keys := slices.SortedFunc(maps.Keys(t), Count.compare) // neighbours are on one page of the table
	for _, k := range keys {
		n := t[k]
		if n == 0 {
			continue
		}
		if _, err := c.Exec(ctx, `INSERT INTO counts(account, scope, key, type, n) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT(account, scope, key, type) DO UPDATE SET n = n + excluded.n`, k.Account, k.Scope, k.Key, k.Type, n); err != nil {
			return err
		}
		if n < 0 {
			if _, err := c.Exec(ctx, "DELETE FROM counts WHERE account = ? AND scope = ? AND key = ? AND type = ? AND n <= 0",
				k.Account, k.Scope, k.Key, k.Type); err != nil {
				return err
			}
		}
	}
	clear(t)
	return nil
}

// keptCounts reads counts of the table, by type.
func (c *Conn) keptCounts(ctx context.Context, account, scope int64, key string) (map[int64]int64, error) {
	counts := make(map[int64]int64, len(TypeCodes))
	err := c.Each(ctx, "SELECT type, n FROM counts WHERE account = ? AND scope = ? AND key = ?", func(row Scanner) error {
		var t, n int64
		err := row.Scan(&t, &n)
		counts[t] = n
		return err
	}, account, scope, key)
	return counts, err
}

// counts is how many events an account has of each type; and, while a file has ordered
// indexes, a room, session and user.
type counts struct {
	Base
	tally Tally
	runs  *runs
}

func (n *counts) Load(context.Context, *Conn) error {
	n.tally = Tally{}
	return nil
}

func (n *counts) Stored(_ context.Context, _ *Conn, row *Row) error {
	n.add(row, 1)
	return nil
}

func (n *counts) Changed(_ context.Context, _ *Conn, was, is *Row) error {
	n.add(was, -1)
	n.add(is, 1)
	return nil
}

func (n *counts) Removed(_ context.Context, _ *Conn, row *Row, _ *event.Removal) error {
	n.add(row, -1)
	return nil
}

func (n *counts) Flush(ctx context.Context, c *Conn) error { return n.tally.Write(ctx, c) }

func (n *counts) add(row *Row, by int64) {
	n.tally[Count{row.Account, OfAccount, row.Type, ""}] += by
	if n.runs.c.tail != nil { // those of the others are known from their postings
		return
	}
	if row.Room != "" {
		n.tally[Count{row.Account, OfRoom, row.Type, row.Room}] += by
	}
	if row.Session != "" {
		n.tally[Count{row.Account, OfSession, row.Type, row.Session}] += by
	}
	if row.User != "" {
		n.tally[Count{row.Account, OfUser, row.Type, row.User}] += by
	}
}
