// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// connected is a connection to a new file.
func connected(t testing.TB) *Conn {
	t.Helper()
	c, err := (&Log{path: filepath.Join(t.TempDir(), File)}).connect(t.Context(), "_txlock=deferred")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.close() })
	return c
}

// A column is read into the variables that fit it, and into no other.
func TestScan(t *testing.T) {
	type word string
	c, ctx := connected(t), t.Context()
	var (
		n     int64
		small int8
		count uint
		text  string
		named word
		bytes []byte
		is    bool
		real  float64
		maybe *int64
		some  *string
		any   any
		null  sql.NullString
	)
	err := c.Row(ctx, "SELECT ?, 7, 8, 'text', 'word', x'0102', 1, 2, 3, NULL, 'x', 'y'", int64(6)).Scan(
		&n, &small, &count, &text, &named, &bytes, &is, &real, &maybe, &some, &any, &null)
	if err != nil {
		t.Fatal(err)
	}
	if n != 6 || small != 7 || count != 8 || text != "text" || named != "word" || string(bytes) != "\x01\x02" || !is || real != 2 ||
		maybe == nil || *maybe != 3 || some != nil || any != "x" || null.String != "y" {
		t.Errorf("read %v %v %v %q %q %v %v %v %v %v %v %v", n, small, count, text, named, bytes, is, real, maybe, some, any, null)
	}
	for what, scan := range map[string]func(string) error{
		"SELECT 300":    func(q string) error { return c.Row(ctx, q).Scan(&small) },
		"SELECT -1":     func(q string) error { return c.Row(ctx, q).Scan(&count) },
		"SELECT 'text'": func(q string) error { return c.Row(ctx, q).Scan(&n) },
		"SELECT 1":      func(q string) error { return c.Row(ctx, q).Scan(&text) },
		"SELECT NULL":   func(q string) error { return c.Row(ctx, q).Scan(&text) },
		"SELECT 1.5":    func(q string) error { return c.Row(ctx, q).Scan(&n) },
		"SELECT 1, 2":   func(q string) error { return c.Row(ctx, q).Scan(&n) },
		"SELECT 2":      func(q string) error { return c.Row(ctx, q).Scan(n) },
	} {
		if err := scan(what); err == nil || errors.Is(err, sql.ErrNoRows) {
			t.Errorf("%s was read: %v", what, err)
		}
	}
	if err := c.Row(ctx, "SELECT 1 WHERE false").Scan(&n); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row was read: %v", err)
	}
}

// Rows are read one after the other, beside other statements, and until whoever asks has enough.
func TestEach(t *testing.T) {
	const three = "VALUES (1), (2), (3)"
	c, ctx := connected(t), t.Context()
	read := func(ctx context.Context, inner func(int64) error) (list []int64, err error) {
		err = c.Each(ctx, three, func(row Scanner) error {
			var n int64
			if err := row.Scan(&n); err != nil {
				return err
			}
			list = append(list, n)
			return inner(n)
		})
		return list, err
	}
	other := func(n int64) error {
		var is int64
		return c.Row(ctx, "SELECT ?", n).Scan(&is)
	}
	if list, err := read(ctx, other); err != nil || !slices.Equal(list, []int64{1, 2, 3}) {
		t.Errorf("%v, %v", list, err)
	}
	enough := errors.New("enough")
	for range 2 { // it begins anew
		if list, err := read(ctx, func(n int64) error { return enough }); err != enough || !slices.Equal(list, []int64{1}) {
			t.Errorf("%v, %v", list, err)
		}
	}
	given, stop := context.WithCancel(ctx)
	if list, err := read(given, func(int64) error { stop(); return nil }); !errors.Is(err, context.Canceled) || len(list) != 1 {
		t.Errorf("given up: %v, %v", list, err)
	}
	if _, err := read(ctx, func(int64) error { return c.Each(ctx, three, func(Scanner) error { return nil }) }); err == nil || !strings.Contains(err.Error(), "still being read") {
		t.Errorf("a statement was run while its rows are read: %v", err)
	}
	// However many statements somebody thinks of, the one that is read stays.
	list, err := read(ctx, func(n int64) error {
		for i := range maxStmts {
			var x int64
			if err := c.Row(ctx, "SELECT "+strings.Repeat(" ", i)+"1").Scan(&x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(list) != 3 || len(c.stmts) > maxStmts {
		t.Errorf("%v, %v, %d statements", list, err, len(c.stmts))
	}
}

// A connection that is closed says so.
func TestClosedConnection(t *testing.T) {
	c := connected(t)
	if _, err := c.Exec(t.Context(), "CREATE TABLE t (n)"); err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	var n int64
	_, err := c.Exec(t.Context(), "INSERT INTO t VALUES (1)")
	for _, err := range []error{err, c.Row(t.Context(), "SELECT 1").Scan(&n), c.Each(t.Context(), "SELECT 1", func(Scanner) error { return nil })} {
		if !errors.Is(err, sql.ErrConnDone) {
			t.Errorf("told %v", err)
		}
	}
}

func BenchmarkStatement(b *testing.B) {
	c, ctx := connected(b), b.Context()
	if _, err := c.Exec(ctx, "CREATE TABLE t (id INTEGER PRIMARY KEY, n, s)"); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Exec(ctx, "INSERT INTO t VALUES (1, 2, 'text')"); err != nil {
		b.Fatal(err)
	}
	b.Run("exec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Exec(ctx, "UPDATE t SET n = ? WHERE id = ?", int64(3000), int64(1)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("row", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var n int64
			var s string
			if err := c.Row(ctx, "SELECT n, s FROM t WHERE id = ?", int64(1)).Scan(&n, &s); err != nil {
				b.Fatal(err)
			}
		}
	})
}
