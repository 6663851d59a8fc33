// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// flushAt is how many events may stand in the file without being counted in the
// summary and put into the bitmap index. One that is stored alone would touch
// some sixty rows there, nearly all of them rows that the next one touches too,
// so these are written for many at once, in transactions of their own that no append
// waits for. Whoever reads looks at the rest, the tail, itself, and finds nothing missing.
//
// Where events come in faster than that, an append takes in the whole tail once it is
// as long as maxTail.
const (
	flushAt = 500
	maxTail = 2000
)

// flushedTo is the place up to which events are in those indexes, in the table
// meta.
const flushedTo = "folded"

// deferred has indexes take in new events many at a time.
type deferred struct {
	list  []eventlog.Derived
	words event.Vocabulary
	at    int           // how long the tail may become: maxTail; tests choose others
	all   bool          // the transaction indexes whatever there is
	due   chan struct{} // holds one: the tail is as long as flushAt

	upto      int64 // place of the last event that is flushed
	unindexed []unindexed
}

// unindexed is an event that is stored and not yet indexed.
type unindexed struct {
	row eventlog.Row // its Event is e
	e   event.Event
}

func hold(row *eventlog.Row) unindexed {
	u := unindexed{*row, *row.Event}
	u.row.Event = nil // set when it is handed on: u moves
	return u
}

// Prepare prepares the indexes. An index that is new takes in what the others
// have.
func (f *deferred) Prepare(ctx context.Context, tx eventlog.Tx, upto int64) error {
	flushed, found, err := tx.Meta(ctx, flushedTo)
	if err != nil {
		return err
	}
	if !found {
		flushed = math.MaxInt64
	}
	for _, d := range f.list {
		if err := d.Prepare(ctx, tx, min(upto, flushed)); err != nil {
			return err
		}
	}
	if found {
		return nil
	}
	return tx.SetMeta(ctx, flushedTo, tx.Last())
}

// Load reads the unindexed events from the file.
func (f *deferred) Load(ctx context.Context, c *eventlog.Conn) (err error) {
	if f.upto, _, err = c.Meta(ctx, flushedTo); err != nil {
		return err
	}
	if f.unindexed, err = loadUnindexed(ctx, c, f.words, f.upto); err != nil {
		return err
	}
	for _, d := range f.list {
		if err := d.Load(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// loadUnindexed reads the events after a place.
func loadUnindexed(ctx context.Context, c *eventlog.Conn, v event.Vocabulary, after int64) ([]unindexed, error) {
	rows, err := eventlog.RowsAbove(ctx, c, v, after)
	if err != nil {
		return nil, err
	}
	list := make([]unindexed, 0, len(rows))
	for i := range rows {
		if rows[i].Event != nil { // else damaged from outside; the others still count
			list = append(list, hold(&rows[i]))
		}
	}
	return list, nil
}

// find gives the event at a place, nil when it is indexed.
func (f *deferred) find(seq int64) *unindexed {
	i, found := slices.BinarySearchFunc(f.unindexed, seq, func(u unindexed, seq int64) int { return int(u.row.Seq - seq) })
	if !found {
		return nil
	}
	return &f.unindexed[i]
}

func (f *deferred) Stored(_ context.Context, _ *eventlog.Conn, row *eventlog.Row) error {
	f.unindexed = append(f.unindexed, hold(row))
	return nil
}

func (f *deferred) Changed(ctx context.Context, c *eventlog.Conn, was, is *eventlog.Row) error {
	if u := f.find(was.Seq); u != nil {
		*u = hold(is)
		return nil
	}
	if was.Event == is.Event { // the indexes know nothing of documents
		return nil
	}
	for _, d := range f.list {
		if err := d.Changed(ctx, c, was, is); err != nil {
			return err
		}
	}
	return nil
}

func (f *deferred) Removed(ctx context.Context, c *eventlog.Conn, row *eventlog.Row, why *event.Removal) error {
	if f.find(row.Seq) != nil {
		f.unindexed = slices.DeleteFunc(f.unindexed, func(u unindexed) bool { return u.row.Seq == row.Seq })
		for _, d := range f.list {
			if d, has := d.(interface{ Left(*eventlog.Row) }); has {
				d.Left(row)
			}
		}
		return nil
	}
	for _, d := range f.list {
		if err := d.Removed(ctx, c, row, why); err != nil {
			return err
		}
	}
	return nil
}

func (f *deferred) Expired(ctx context.Context, c *eventlog.Conn, before time.Time, accounts []int64) error {
	for _, d := range f.list {
		if err := d.Expired(ctx, c, before, accounts); err != nil {
			return err
		}
	}
	return nil
}

func (f *deferred) Erased(ctx context.Context, c *eventlog.Conn, why *event.Removal, accounts []int64) error {
	for _, d := range f.list {
		if err := d.Erased(ctx, c, why, accounts); err != nil {
			return err
		}
	}
	return nil
}

// Flush indexes the unindexed events when they are enough, or when somebody has asked
// for all of them.
func (f *deferred) Flush(ctx context.Context, c *eventlog.Conn) error {
	n := len(f.unindexed)
	if n > 0 && (n >= f.at || f.all) {
		for i := range f.unindexed {
			u := &f.unindexed[i]
			u.row.Event = &u.e
			for _, d := range f.list {
				if err := d.Stored(ctx, c, &u.row); err != nil {
					return err
				}
			}
		}
		f.upto = f.unindexed[n-1].row.Seq
		if err := c.SetMeta(ctx, flushedTo, f.upto); err != nil {
			return err
		}
		clear(f.unindexed)
		f.unindexed = f.unindexed[:0]
	} else if n >= flushAt {
		select {
		case f.due <- struct{}{}:
		default:
		}
	}
	for _, d := range f.list {
		if err := d.Flush(ctx, c); err != nil {
			return err
		}
	}
	return nil
}
