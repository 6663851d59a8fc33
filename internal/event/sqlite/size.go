// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// Scopes of the table counts beside those of events.
const (
	ofBytes   = 4 // bytes of documents before they are packed, of the account
	ofEvicted = 5 // events that went for want of room, of the account
)

// sizes is how many bytes the events of each account take.
type sizes struct {
	eventlog.Base
	tally eventlog.Tally
}

// Prepare measures the events that were stored before they were measured.
func (n *sizes) Prepare(ctx context.Context, tx eventlog.Tx, upto int64) error {
	_, known, err := tx.Meta(ctx, "bytes")
	if err != nil || known {
		return err
	}
	n.tally = eventlog.Tally{}
	if _, _, err := tx.Rebuild(ctx, n, upto); err != nil {
		return err
	}
	return tx.SetMeta(ctx, "bytes", 1)
}

// Load forgets what was not written.
func (n *sizes) Load(context.Context, *eventlog.Conn) error {
	n.tally = eventlog.Tally{}
	return nil
}

// Stored adds the document of a new event.
func (n *sizes) Stored(_ context.Context, _ *eventlog.Conn, row *eventlog.Row) error {
	n.add(row, row.Size)
	return nil
}

// Changed adds what a document has grown by.
func (n *sizes) Changed(_ context.Context, _ *eventlog.Conn, was, is *eventlog.Row) error {
	n.add(is, is.Size-was.Size)
	return nil
}

// Removed takes a document off.
func (n *sizes) Removed(_ context.Context, _ *eventlog.Conn, row *eventlog.Row, why *event.Removal) error {
	n.add(row, -row.Size)
	if why.Oldest {
		n.tally[eventlog.Count{Account: row.Account, Scope: ofEvicted, Type: row.Type}]++
	}
	return nil
}

// Flush writes what has changed.
func (n *sizes) Flush(ctx context.Context, c *eventlog.Conn) error { return n.tally.Write(ctx, c) }

func (n *sizes) add(row *eventlog.Row, bytes int) {
	n.tally[eventlog.Count{Account: row.Account, Scope: ofBytes, Type: row.Type}] += int64(bytes)
}

// Size tells how large the file is, without the pages that are free in it.
func (s *Store) Size(ctx context.Context) (event.Size, error) {
	size := event.Size{Accounts: map[string]int64{}}
	err := s.Read(ctx, func(c *eventlog.Conn) (err error) {
		if size.Bytes, err = eventlog.FileSize(ctx, c); err != nil {
			return err
		}
		return c.Each(ctx, "SELECT account, sum(n) FROM counts WHERE scope = ? AND account IN (SELECT id FROM accounts) GROUP BY account", func(row eventlog.Scanner) error {
			var account, n int64
			err := row.Scan(&account, &n)
			size.Accounts[s.Accounts.Name(account)] = n
			return err
		}, ofBytes)
	})
	return size, err
}

// Evicted is how many events of an account went for want of room, ever.
func (s *Store) Evicted(ctx context.Context, account string) (n int64, err error) {
	id, known := s.Accounts.ID(account)
	if !known {
		return 0, nil
	}
	err = s.Read(ctx, func(c *eventlog.Conn) error {
		return c.Row(ctx, "SELECT coalesce(sum(n), 0) FROM counts WHERE account = ? AND scope = ?", id, ofEvicted).Scan(&n)
	})
	return n, err
}
