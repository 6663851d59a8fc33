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
// Where events come in faster than that, an append takes in some of the tail once it is
// as long as maxTail.
const (
	flushAt = 500
	maxTail = 2000
)

// The deferred indexes, by their place in the list.
const (
	ofSummaries = iota
	ofBitmaps
	ofPeople
)

// What the table meta has of how far each is.
const (
	summariesTo = "folded.summaries"
	bitmapsTo   = "folded"
	peopleTo    = "folded.people"
)

// peopleSlice is how many events the index of people takes in at a time: nearly each is a
// row of its own there, so that few cost no more for each than many.
const peopleSlice = 16

// deferred has indexes take in new events many at a time, each index at its own pace.
type deferred struct {
	list  []*part
	words event.Vocabulary
	at    int           // how long the tail may become: maxTail; tests choose others
	due   chan struct{} // holds one: the tail is as long as flushAt

	unindexed []unindexed // what at least one index does not have yet
	fresh     int         // events of the transaction under way
}

// part is one of the indexes.
type part struct {
	eventlog.Derived
	meta  string // the table meta has, by this name, the place up to which events are in it
	slice int    // so many events are taken in before it is looked whether others wait; 0 for all of the tail
	upto  int64  // that place
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
	flushed, found, err := tx.Meta(ctx, bitmapsTo)
	if err != nil {
		return err
	}
	if !found {
		flushed = math.MaxInt64
	}
	for _, p := range f.list {
		to, known, err := tx.Meta(ctx, p.meta)
		if err != nil {
			return err
		}
		if !known { // of a version in which all were at one place, or of none
			to = flushed
		}
		if err := p.Prepare(ctx, tx, min(upto, to)); err != nil {
			return err
		}
		if err := tx.SetMeta(ctx, p.meta, min(to, tx.Last())); err != nil {
			return err
		}
	}
	return nil
}

// Load reads the unindexed events from the file.
func (f *deferred) Load(ctx context.Context, c *eventlog.Conn) (err error) {
	f.fresh = 0
	for _, p := range f.list {
		if p.upto, _, err = c.Meta(ctx, p.meta); err != nil {
			return err
		}
	}
	if f.unindexed, err = loadUnindexed(ctx, c, f.words, f.upto()); err != nil {
		return err
	}
	for _, p := range f.list {
		if err := p.Load(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// upto is the place up to which all indexes have all events.
func (f *deferred) upto() int64 {
	least := int64(math.MaxInt64)
	for _, p := range f.list {
		least = min(least, p.upto)
	}
	return least
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

// find gives the unindexed event at a place, or the first after it, by its number.
func (f *deferred) find(seq int64) (i int, found bool) {
	return slices.BinarySearchFunc(f.unindexed, seq, func(u unindexed, seq int64) int { return int(u.row.Seq - seq) })
}

func (f *deferred) Stored(_ context.Context, _ *eventlog.Conn, row *eventlog.Row) error {
	f.fresh++
	f.unindexed = append(f.unindexed, hold(row))
	return nil
}

func (f *deferred) Changed(ctx context.Context, c *eventlog.Conn, was, is *eventlog.Row) error {
	if i, found := f.find(was.Seq); found {
		f.unindexed[i] = hold(is)
	}
	if was.Event == is.Event { // the indexes know nothing of documents
		return nil
	}
	for _, p := range f.list {
		if was.Seq > p.upto {
			continue
		}
		if err := p.Changed(ctx, c, was, is); err != nil {
			return err
		}
	}
	return nil
}

func (f *deferred) Removed(ctx context.Context, c *eventlog.Conn, row *eventlog.Row, why *event.Removal) error {
	if i, found := f.find(row.Seq); found {
		f.unindexed = slices.Delete(f.unindexed, i, i+1)
	}
	for _, p := range f.list {
		if row.Seq > p.upto {
			if left, has := p.Derived.(interface{ Left(*eventlog.Row) }); has {
				left.Left(row)
			}
			continue
		}
		if err := p.Removed(ctx, c, row, why); err != nil {
			return err
		}
	}
	return nil
}

func (f *deferred) Expired(ctx context.Context, c *eventlog.Conn, before time.Time, accounts []int64) error {
	for _, p := range f.list {
		if err := p.Expired(ctx, c, before, accounts); err != nil {
			return err
		}
	}
	return nil
}

func (f *deferred) Erased(ctx context.Context, c *eventlog.Conn, why *event.Removal, accounts []int64) error {
	for _, p := range f.list {
		if err := p.Erased(ctx, c, why, accounts); err != nil {
			return err
		}
	}
	return nil
}

// Flush indexes unindexed events when there are as many as may be. An index that is done in
// slices takes in twice as many as have come, so that nobody waits for all of a long tail.
func (f *deferred) Flush(ctx context.Context, c *eventlog.Conn) error {
	for _, p := range f.list {
		n := 0
		if p.slice > 0 {
			n = max(2*f.fresh, p.slice)
		}
		if behind := f.behind(p); behind > 0 && behind >= f.at {
			if err := f.take(ctx, c, p, math.MaxInt64, n); err != nil {
				return err
			}
		}
		if err := p.Flush(ctx, c); err != nil {
			return err
		}
	}
	f.fresh = 0
	if len(f.unindexed) >= flushAt {
		select {
		case f.due <- struct{}{}:
		default:
		}
	}
	return nil
}

// behind is how many events an index does not have yet.
func (f *deferred) behind(p *part) int {
	i, _ := f.find(p.upto + 1)
	return len(f.unindexed) - i
}

// take has an index take in the unindexed events up to a place, the first n of them; 0 for
// all.
func (f *deferred) take(ctx context.Context, c *eventlog.Conn, p *part, to int64, n int) error {
	from, _ := f.find(p.upto + 1)
	upto := from
	for ; upto < len(f.unindexed) && f.unindexed[upto].row.Seq <= to && (n == 0 || upto < from+n); upto++ {
		u := &f.unindexed[upto]
		u.row.Event = &u.e
		if err := p.Stored(ctx, c, &u.row); err != nil {
			return err
		}
	}
	if upto == from {
		return nil
	}
	p.upto = f.unindexed[upto-1].row.Seq
	if err := c.SetMeta(ctx, p.meta, p.upto); err != nil {
		return err
	}
	done, _ := f.find(f.upto() + 1)
	f.unindexed = slices.Delete(f.unindexed, 0, done)
	return nil
}
