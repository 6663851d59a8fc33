// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/redial-rtc/redial/internal/event/docpack"
)

// Conn is a connection with its prepared statements. One goroutine at a time
// uses it.
type Conn struct {
	*sql.Conn
	driver driver.ConnPrepareContext // the same connection; nil once it is closed
	stmts  map[string]*prepared
	args   []driver.NamedValue // of the statement that begins

	packer *docpack.Packer
	writes *documents // of the writer; nil for readers
	held   held
	mixed  bool  // ids of earlier versions may be in what it sees: see Is
	tail   *runs // of the writer, while the newest postings are in memory; nil for readers

	newer   *tail // of readers: the same of the writer's
	version int64 // that it had before their state of the file was fixed; 0: it cannot serve them

	counted map[ID]*counted // of readers, for as long as they see one state of the file

	relaxed bool // its transactions do not wait for the disk: see flush
}

// connect opens one more connection to the file.
func (l *Log) connect(ctx context.Context, option string, pragmas ...string) (*Conn, error) {
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(l.path)}).EscapedPath() + "?" + option + "&_pragma=busy_timeout(10000)"
	for _, p := range pragmas {
		dsn += "&_pragma=" + url.QueryEscape(p)
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	l.dbs = append(l.dbs, db)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c, err := newConn(conn)
	if err == nil {
		c.packer = l.docs.packer
	}
	return c, err
}

// newConn takes a connection over, which is nobody else's until it is closed.
func newConn(conn *sql.Conn) (*Conn, error) {
	c := &Conn{Conn: conn, stmts: map[string]*prepared{}}
	err := conn.Raw(func(d any) error {
		c.driver = d.(driver.ConnPrepareContext)
		return nil
	})
	return c, err
}

// close closes the statements with the connection. SQLite keeps a connection,
// and its files, for as long as one of them is left (sqlite3_close_v2).
func (c *Conn) close() error {
	c.forget()
	c.driver = nil
	return c.Conn.Close()
}

// Exec runs a statement, which stays prepared, and gives the number of rows that
// it changed.
func (c *Conn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := c.run(ctx, query, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Insert is Exec for one new row, and gives its number.
func (c *Conn) Insert(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := c.run(ctx, query, args)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// Lookup gives the number that a query finds, if it finds one.
func (c *Conn) Lookup(ctx context.Context, query string, args ...any) (n int64, found bool, err error) {
	err = c.Row(ctx, query, args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return n, err == nil, err
}

// Places reads the numbers that a query gives.
func (c *Conn) Places(ctx context.Context, query string, args ...any) (places []int64, err error) {
	err = c.Each(ctx, query, func(row Scanner) error {
		var seq int64
		err := row.Scan(&seq)
		places = append(places, seq)
		return err
	}, args...)
	return places, err
}

// SetMeta keeps a number in the file under a name.
func (c *Conn) SetMeta(ctx context.Context, name string, n int64) error {
	_, err := c.Exec(ctx, "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", name, n)
	return err
}

// Meta reads a number that SetMeta has kept.
func (c *Conn) Meta(ctx context.Context, name string) (n int64, found bool, err error) {
	return c.Lookup(ctx, "SELECT value FROM meta WHERE key = ?", name)
}

// Scanner is a row that was found.
type Scanner interface{ Scan(...any) error }

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Placeholders is a list of n question marks.
func Placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// Args is a list as the arguments of a statement.
func Args[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
