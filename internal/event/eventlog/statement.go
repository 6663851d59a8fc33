// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/redial-rtc/redial/internal/datafile"
)

// Statements are run by the driver and not by database/sql, which for each of them locks,
// looks values up by reflection and allocates: storing an event took a twentieth longer, and
// a quarter of all that was allocated was for it. What a connection does once is left to
// database/sql, whose connection this is.

// prepared is a statement of one connection, and the row that it gave last.
type prepared struct {
	driver.Stmt
	row     []driver.Value
	err     error // in place of the row
	reading bool  // by Each; it cannot be run meanwhile
}

// maxStmts bounds the statements kept. The shapes of queries are few, so this
// is only ever reached by somebody who tries.
const maxStmts = 200

// prepare gives a statement, which stays prepared.
func (c *Conn) prepare(ctx context.Context, query string) (*prepared, error) {
	if st, ok := c.stmts[query]; ok {
		if st.reading {
			return nil, fmt.Errorf("rows are still being read of %q", query)
		}
		return st, nil
	}
	if c.driver == nil {
		return nil, sql.ErrConnDone
	}
	if len(c.stmts) >= maxStmts {
		c.forget()
	}
	st, err := c.driver.PrepareContext(ctx, datafile.ToKeep(query))
	if err != nil {
		return nil, fmt.Errorf("%w in %q", err, query)
	}
	p := &prepared{Stmt: st}
	c.stmts[query] = p
	return p, nil
}

// forget closes the statements, but those whose rows are being read.
func (c *Conn) forget() {
	for query, st := range c.stmts {
		if !st.reading {
			_ = st.Close()
			delete(c.stmts, query)
		}
	}
}

// values are arguments as drivers take them, lent until the next call.
func (c *Conn) values(query string, args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, arg := range args {
		value, err := valueOf(arg)
		if err != nil {
			return nil, fmt.Errorf("value %d of %q: %w", i+1, query, err)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: value})
	}
	return c.args, nil
}

func valueOf(arg any) (driver.Value, error) {
	switch v := arg.(type) {
	case nil, int64, float64, bool, string, []byte:
		return v, nil
	case int:
		return int64(v), nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}

// run runs a statement that gives no rows.
func (c *Conn) run(ctx context.Context, query string, args []any) (driver.Result, error) {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	values, err := c.values(query, args)
	if err != nil {
		return nil, err
	}
	defer clear(values)
	return st.Stmt.(driver.StmtExecContext).ExecContext(ctx, values)
}

// query begins a query, with a place for a row of it.
func (c *Conn) query(ctx context.Context, query string, args []any) (*prepared, driver.Rows, error) {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	values, err := c.values(query, args)
	if err != nil {
		return nil, nil, err
	}
	defer clear(values)
	rows, err := st.Stmt.(driver.StmtQueryContext).QueryContext(ctx, values)
	if err != nil {
		return nil, nil, err
	}
	if n := len(rows.Columns()); len(st.row) != n {
		st.row = make([]driver.Value, n)
	}
	return st, rows, nil
}

// Row gives the one row of a query, which is read before the next one; what went wrong is in
// its Scan. It is for what is found by a key or counted up to a bound: a query that has begun
// is not given up, since a goroutine would have to wait for that beside each of them, and on a
// busy machine the query would wait for a processor behind it. Each can be given up.
func (c *Conn) Row(ctx context.Context, query string, args ...any) Scanner {
	if err := ctx.Err(); err != nil {
		return failed{err}
	}
	st, rows, err := c.query(context.WithoutCancel(ctx), query, args)
	if err != nil {
		return failed{err}
	}
	if st.err = rows.Next(st.row); errors.Is(st.err, io.EOF) {
		st.err = sql.ErrNoRows
	}
	if err := rows.Close(); st.err == nil {
		st.err = err
	}
	return st
}

// Each calls f for every row. It fails with what the context fails with.
func (c *Conn) Each(ctx context.Context, query string, f func(Scanner) error, args ...any) error {
	st, rows, err := c.query(ctx, query, args)
	if err != nil {
		return err
	}
	st.err, st.reading = nil, true
	defer func() {
		st.reading = false
		clear(st.row)
		_ = rows.Close()
	}()
	for {
		if err := rows.Next(st.row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := f(st); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// Scan gives the columns of the row. Bytes belong to the caller.
func (st *prepared) Scan(dest ...any) error {
	if st.err != nil {
		return st.err
	}
	if !st.reading { // a row by itself is read once
		defer clear(st.row)
	}
	if len(dest) != len(st.row) {
		return fmt.Errorf("a row of %d columns was to be read into %d variables", len(st.row), len(dest))
	}
	for i, value := range st.row {
		if err := set(dest[i], value); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// set gives a variable the value of a column.
func set(dest any, value driver.Value) error {
	switch d := dest.(type) {
	case *int64:
		if v, ok := value.(int64); ok {
			*d = v
			return nil
		}
	case *string:
		switch v := value.(type) {
		case string:
			*d = v
			return nil
		case []byte:
			*d = string(v)
			return nil
		}
	case *[]byte:
		switch v := value.(type) {
		case []byte:
			*d = v
			return nil
		case string:
			*d = []byte(v)
			return nil
		case nil:
			*d = nil
			return nil
		}
	case *bool:
		if v, ok := value.(int64); ok {
			*d = v != 0
			return nil
		}
	case *any:
		*d = value
		return nil
	case sql.Scanner:
		return d.Scan(value)
	default:
		return setKind(reflect.ValueOf(dest), value)
	}
	return fmt.Errorf("%T into %T", value, dest)
}

// setKind is set for a variable whose type is not looked for by name.
func setKind(dest reflect.Value, value driver.Value) error {
	if dest.Kind() == reflect.Pointer && !dest.IsNil() {
		of, is := dest.Elem(), reflect.ValueOf(value)
		switch v, whole := value.(int64); {
		case of.Kind() == reflect.Pointer && value == nil: // NULL is no variable
			of.SetZero()
			return nil
		case of.Kind() == reflect.Pointer:
			to := reflect.New(of.Type().Elem())
			of.Set(to)
			return set(to.Interface(), value)
		case whole && of.CanInt() && !of.OverflowInt(v):
			of.SetInt(v)
			return nil
		case whole && of.CanUint() && v >= 0 && !of.OverflowUint(uint64(v)):
			of.SetUint(uint64(v))
			return nil
		case whole && of.CanFloat():
			of.SetFloat(float64(v))
			return nil
		case is.IsValid() && is.Kind() == of.Kind() && is.CanConvert(of.Type()): // text, bytes and real numbers by other names
			of.Set(is.Convert(of.Type()))
			return nil
		}
	}
	return fmt.Errorf("%T into %s", value, dest.Type())
}
