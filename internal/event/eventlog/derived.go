// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// Derived is what is kept beside the events and can be made from them again:
// counts, indexes, what is remembered of the newest. A log has a list of them
// and tells each, in the order of the list, what becomes of every event, within
// the transaction in which it happens. An error fails that transaction.
//
// Calls come one at a time, and c is the writer's connection. A row is lent for
// the call.
type Derived interface {
	// Prepare makes the tables where they are missing, and takes in the events
	// up to a place that were stored before there were any: see Tx.Rebuild. It
	// is called once, when the log is opened and before Load.
	Prepare(ctx context.Context, tx Tx, upto int64) error

	// Load reads what is kept in memory, and forgets what a transaction that
	// failed has left there.
	Load(ctx context.Context, c *Conn) error

	// Stored takes in a new event.
	Stored(ctx context.Context, c *Conn, row *Row) error

	// Changed tells that an event has become another: a second account has
	// joined it. Where both rows have one Event, only its document was written
	// anew, in another form.
	Changed(ctx context.Context, c *Conn, was, is *Row) error

	// Removed tells that an event is about to be deleted, and on whose behalf.
	Removed(ctx context.Context, c *Conn, row *Row, why *event.Removal) error

	// Expired tells that nothing is left of some accounts from before a time.
	Expired(ctx context.Context, c *Conn, before time.Time, accounts []int64) error

	// Erased tells that no event of some accounts is left of the user of a removal.
	Erased(ctx context.Context, c *Conn, why *event.Removal, accounts []int64) error

	// Flush writes what the transaction has changed. It is the last call of one.
	Flush(ctx context.Context, c *Conn) error
}

// Base is a Derived to which nothing matters, for others to embed.
type Base struct{}

// Prepare does nothing.
func (Base) Prepare(context.Context, Tx, int64) error { return nil }

// Load does nothing.
func (Base) Load(context.Context, *Conn) error { return nil }

// Stored does nothing.
func (Base) Stored(context.Context, *Conn, *Row) error { return nil }

// Changed does nothing.
func (Base) Changed(context.Context, *Conn, *Row, *Row) error { return nil }

// Removed does nothing.
func (Base) Removed(context.Context, *Conn, *Row, *event.Removal) error { return nil }

// Expired does nothing.
func (Base) Expired(context.Context, *Conn, time.Time, []int64) error { return nil }

// Erased does nothing.
func (Base) Erased(context.Context, *Conn, *event.Removal, []int64) error { return nil }

// Flush does nothing.
func (Base) Flush(context.Context, *Conn) error { return nil }
