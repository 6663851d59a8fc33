// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// where collects the conditions of a list.
type where struct {
	conds []string
	args  []any
}

func (w *where) add(cond string, args ...any) {
	w.conds = append(w.conds, cond)
	w.args = append(w.args, args...)
}

// text filters by a string unless it is empty.
func (w *where) text(column, value string) {
	if value != "" {
		w.add(column+" = ?", value)
	}
}

// between filters by a time; a zero bound is none. Bounds are inclusive.
func (w *where) between(column string, after, before time.Time) {
	if !after.IsZero() {
		w.add(column+" >= ?", stamp(after))
	}
	if !before.IsZero() {
		w.add(column+" <= ?", stamp(before))
	}
}

func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// limit applies the default and the bounds of a page: fault.FieldInvalid.
func limit(n int) (int, error) {
	switch {
	case n == 0:
		return DefaultLimit, nil
	case n < 0 || n > MaxLimit:
		return 0, fault.FieldInvalid.New("field", "limit", "reason", "not between 1 and 100")
	}
	return n, nil
}

// after continues a list, newest first, behind the row with the id start.
// Fails with fault.FieldInvalid when there is no such row.
func (w *where) after(ctx context.Context, db querier, table, age, start string) error {
	if start == "" {
		return nil
	}
	var at int64
	err := db.QueryRowContext(ctx, `SELECT `+age+` FROM `+table+` WHERE id = ?`, start).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.FieldInvalid.New("field", "start", "reason", "not the id of an entry")
	}
	if err != nil {
		return broken(ctx, File, err)
	}
	w.add(`(`+table+`.`+age+`, `+table+`.id) < (?, ?)`, at, start)
	return nil
}

// list reads rows one by one with scan.
func list[T any](ctx context.Context, db querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, broken(ctx, File, err)
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, broken(ctx, File, err)
		}
		all = append(all, v)
	}
	return all, broken(ctx, File, rows.Err())
}

// row is one result: *sql.Row or *sql.Rows.
type row interface{ Scan(...any) error }

// one reads a single row; without one it fails with absent.
func one[T any](ctx context.Context, scan func(row) (T, error), absent error, r *sql.Row) (T, error) {
	v, err := scan(r)
	if errors.Is(err, sql.ErrNoRows) {
		return v, absent
	}
	return v, broken(ctx, File, err)
}

// page ends a list.
func page[T any](all []T, n int, id func(T) string) Page[T] {
	p := Page[T]{Data: all, Limit: n}
	if len(all) > 0 {
		p.Last = id(all[len(all)-1])
	}
	return p
}
