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
	cells    map[Key]*Cell // of hours
	spare    []Cell        // for the next ones
	outdated bool          // there are counts of an earlier version
}

// Create makes the tables where they are missing, and has whoever counts events in
// them take in those up to a place.
func (t *Table) Create(ctx context.Context, tx eventlog.Tx, upto int64, counts eventlog.Derived) error {
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	_, done, err := tx.Meta(ctx, "summary")
	if err != nil || done {
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
func (t *Table) Load(ctx context.Context, c *eventlog.Conn) (err error) {
	t.cells = map[Key]*Cell{}
	t.outdated, err = isOutdated(ctx, c)
	return err
}

// Expired removes the counts of joins of hours and days that lie wholly before a
// time: those of events go with the events.
func (t *Table) Expired(ctx context.Context, c *eventlog.Conn, before time.Time, accounts []int64) error {
	for _, account := range accounts {
		for level := range levels {
			var old []step
			err := c.Each(ctx, "SELECT dim, at FROM summary_steps WHERE account = ? AND dim BETWEEN 0 AND ? AND level = ? AND at < ?", func(row eventlog.Scanner) error {
				s := step{account: account, level: level}
				err := row.Scan(&s.dim, &s.at)
				old = append(old, s)
				return err
			}, account, len(Dims), level, Step(level, before))
			if err != nil {
				return err
			}
			for _, s := range old {
				if err := expire(ctx, c, s); err != nil {
					return err
				}
			}
		}
	}
	return t.expireOutdated(ctx, c, before, accounts)
}

// expire removes the joins of a step.
func expire(ctx context.Context, c *eventlog.Conn, s step) error {
	row, _, err := s.read(ctx, c)
	if err != nil {
		return err
	}
	var gone []change
	_ = eachCell(row, func(value []byte, typ int64, p packed) { // of damaged ones, what can be read
		if typ == JoinsDone {
			gone = append(gone, change{cellKey{string(value), typ}, &Cell{N: -p.n}})
		}
	})
	if len(gone) == 0 {
		return nil
	}
	return s.write(ctx, c, merge(row, gone))
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
		c := t.Cell(k)
		c.N += n
		if visit != nil {
			visit(c)
		}
	}
}

// Cell is how a count of an hour changes, to be added to.
func (t *Table) Cell(k Key) *Cell {
	c := t.cells[k]
	if c == nil {
		if t.cells == nil {
			t.cells = map[Key]*Cell{}
		}
		if len(t.spare) == 0 {
			t.spare = make([]Cell, 64)
		}
		c, t.spare = &t.spare[0], t.spare[1:]
		t.cells[k] = c
	}
	return c
}

// Flush writes what was added, and forgets it.
func (t *Table) Flush(ctx context.Context, c *eventlog.Conn) error {
	if len(t.cells) == 0 {
		return nil
	}
	steps := map[step][]change{}
	for k, of := range t.cells {
		s := step{k.Account, k.Dim, k.Level, k.At}
		steps[s] = append(steps[s], change{cellKey{k.Value, k.Type}, of})
	}
	for s, changes := range steps {
		if err := t.change(ctx, c, s, changes); err != nil {
			return err
		}
	}
	if len(t.cells) > maxCells {
		t.cells = map[Key]*Cell{}
	}
	clear(t.cells)
	return nil
}

// maxCells is how many counts may be in one flush and their place kept for the next.
const maxCells = 20_000

// step is an hour or a day in one dimension: a row.
type step struct{ account, dim, level, at int64 }

// change is how one count of a step changes.
type change struct {
	cellKey
	of *Cell
}

// change changes counts of an hour, and of its day where that has been added up.
func (t *Table) change(ctx context.Context, c *eventlog.Conn, hour step, changes []change) error {
	was, err := t.takeOutdated(ctx, c, hour)
	if err != nil {
		return err
	}
	changes = append(was, changes...)
	day := step{hour.account, hour.dim, Days, floor(hour.at, 24)}
	for _, s := range []step{hour, day} {
		row, found, err := s.read(ctx, c)
		if err != nil {
			return err
		}
		if s.level == Days && !found {
			continue
		}
		if err := s.write(ctx, c, merge(row, changes)); err != nil {
			return err
		}
	}
	return nil
}

const thatStep = " WHERE account = ? AND dim = ? AND level = ? AND at = ?"

// read reads the counts of a step.
func (s step) read(ctx context.Context, c *eventlog.Conn) (row []byte, found bool, err error) {
	err = c.Row(ctx, "SELECT cells FROM summary_steps"+thatStep, s.account, s.dim, s.level, s.at).Scan(&row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return row, err == nil, err
}

// write writes the counts of a step; nil for none.
func (s step) write(ctx context.Context, c *eventlog.Conn, row []byte) (err error) {
	if row != nil {
		_, err = c.Exec(ctx, `INSERT INTO summary_steps(account, dim, level, at, cells) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT(account, dim, level, at) DO UPDATE SET cells = excluded.cells`, s.account, s.dim, s.level, s.at, row)
	} else {
		_, err = c.Exec(ctx, "DELETE FROM summary_steps"+thatStep, s.account, s.dim, s.level, s.at)
	}
	return err
}
