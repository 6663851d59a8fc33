// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package rollup counts by hour and by day: what a summary reads in place of the
// events. A [Table] takes counts from whoever keeps events, of events or of joins
// alone, and writes each once for a transaction.
package rollup

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

//go:embed summary.sql
var schema string

// Dims are the dimensions in the file; the index is the number. A number
// is never reused. By type needs none of its own, since every count has a type.
var Dims = []event.Dimension{
	event.ByNothing, event.ByFault, event.ByCode, event.BySDK, event.ByVersion, event.ByOS, event.ByBrowser,
	event.ByRole, event.ByTemplate, event.ByRoom, event.ByDiagnosis,
}

// What is counted beside the types of events.
const (
	JoinsDone   = 101
	JoinsFailed = 102
)

// The levels of time in [Key].
const (
	Hours = 1
	Days  = 2
)

// levels are how long a step of each is, in nanoseconds.
var levels = map[int64]int64{Hours: int64(time.Hour), Days: int64(event.Day)}

// Step is the number of the step of a level that t lies in.
func Step(level int64, t time.Time) int64 { return floor(t.UnixNano(), levels[level]) }

// floor divides and rounds down.
func floor(n, by int64) int64 {
	if n < 0 {
		n -= by - 1
	}
	return n / by
}

// Key is one count.
type Key struct {
	Account, Dim, Level, At int64
	Value                   string
	Type                    int64
}

// Cell is how one count changes, and which users come and go there, by their
// numbers.
type Cell struct {
	N          int64
	Set, Unset []int64
}

// Table is the tables of summaries, and what a transaction changes in them.
type Table struct {
	eventlog.Base
	cells map[Key]*Cell // of hours; Flush makes days of them
}

// Create makes the tables where they are missing, and has whoever counts events in
// them take in those up to a place.
func (t *Table) Create(ctx context.Context, tx eventlog.Tx, upto int64, counts eventlog.Derived) error {
	_, done, err := tx.Meta(ctx, "summary")
	if err != nil || done {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	n, _, err := tx.Rebuild(ctx, counts, upto)
	if err != nil {
		return err
	}
	if n > 0 {
		tx.Logger().Info("counted the events for summaries", "events", n)
	}
	return tx.SetMeta(ctx, "summary", 1)
}

// Load forgets what was not written.
func (t *Table) Load(context.Context, *eventlog.Conn) error {
	t.cells = map[Key]*Cell{}
	return nil
}

// Expired removes the counts of joins of hours and days that lie wholly before a
// time: those of events go with the events.
func (t *Table) Expired(ctx context.Context, c *eventlog.Conn, before time.Time, accounts []int64) error {
	for _, account := range accounts {
		for level := range levels {
			for n := range Dims {
				if _, err := c.Exec(ctx, "DELETE FROM summary WHERE account = ? AND dim = ? AND level = ? AND at < ? AND type = ?",
					account, n, level, Step(level, before), JoinsDone); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Add adds n to every count an event has a part in, and shows each to visit.
func (t *Table) Add(account, typ int64, at time.Time, e *event.Event, n int64, visit func(*Cell)) {
	k := Key{Account: account, Level: Hours, At: Step(Hours, at), Type: typ}
	for dim, d := range Dims {
		value, has := d.Value(e)
		if !has || typ == JoinsDone && !d.OfJoins() {
			continue
		}
		k.Dim, k.Value = int64(dim), value
		c := t.cell(k)
		c.N += n
		if visit != nil {
			visit(c)
		}
	}
}

func (t *Table) cell(k Key) *Cell {
	c := t.cells[k]
	if c == nil {
		if t.cells == nil {
			t.cells = map[Key]*Cell{}
		}
		c = &Cell{}
		t.cells[k] = c
	}
	return c
}

// Flush writes what was added, and forgets it.
func (t *Table) Flush(ctx context.Context, c *eventlog.Conn) error {
	if len(t.cells) == 0 {
		return nil
	}
	for _, cells := range []map[Key]*Cell{t.cells, t.days()} {
		for k, of := range cells {
			if err := of.Write(ctx, c, k); err != nil {
				return err
			}
		}
	}
	t.cells = map[Key]*Cell{}
	return nil
}

// days adds the hours up.
func (t *Table) days() map[Key]*Cell {
	sum := make(map[Key]*Cell, len(t.cells))
	for k, of := range t.cells {
		k.Level, k.At = Days, floor(k.At, 24)
		day := sum[k]
		if day == nil {
			day = &Cell{}
			sum[k] = day
		}
		day.N += of.N
		day.Set = append(day.Set, of.Set...)
		day.Unset = append(day.Unset, of.Unset...)
	}
	return sum
}

// Write writes one change.
func (of *Cell) Write(ctx context.Context, c *eventlog.Conn, k Key) error {
	if err := changeSet(ctx, c, k, of.Set, true); err != nil {
		return err
	}
	if err := changeSet(ctx, c, k, of.Unset, false); err != nil {
		return err
	}
	if of.N == 0 {
		return nil
	}
	if _, err := c.Exec(ctx, `INSERT INTO summary(account, dim, level, at, value, type, n) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT(account, dim, level, at, value, type) DO UPDATE SET n = n + excluded.n`, k.Account, k.Dim, k.Level, k.At, k.Value, k.Type, of.N); err != nil || of.N > 0 {
		return err
	}
	const that = " WHERE account = ? AND dim = ? AND level = ? AND at = ? AND value = ? AND type = ?"
	emptied, err := c.Exec(ctx, "DELETE FROM summary"+that+" AND n <= 0", k.Account, k.Dim, k.Level, k.At, k.Value, k.Type)
	if err == nil && emptied > 0 {
		_, err = c.Exec(ctx, "DELETE FROM summary_sets"+that, k.Account, k.Dim, k.Level, k.At, k.Value, k.Type)
	}
	return err
}

// changeSet puts users into a set or takes them out.
func changeSet(ctx context.Context, c *eventlog.Conn, k Key, ids []int64, in bool) error {
	if len(ids) == 0 {
		return nil
	}
	byChunk := map[int64][]int64{}
	for _, id := range ids {
		byChunk[id/bitset.Size] = append(byChunk[id/bitset.Size], id%bitset.Size)
	}
	const that = " WHERE account = ? AND dim = ? AND level = ? AND at = ? AND value = ? AND type = ? AND chunk = ?"
	for n, list := range byChunk {
		where := []any{k.Account, k.Dim, k.Level, k.At, k.Value, k.Type, n}
		var packed []byte
		err := c.Row(ctx, "SELECT bits FROM summary_sets"+that, where...).Scan(&packed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var bits bitset.Set
		bits.Or(packed)
		changed := false
		for _, id := range list {
			changed = bits.Put(id, in) || changed
		}
		if !changed {
			continue
		}
		if now := bits.Pack(); now == nil {
			_, err = c.Exec(ctx, "DELETE FROM summary_sets"+that, where...)
		} else {
			_, err = c.Exec(ctx, "INSERT OR REPLACE INTO summary_sets(account, dim, level, at, value, type, chunk, bits) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", append(where, now)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
