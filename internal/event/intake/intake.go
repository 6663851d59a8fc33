// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package intake keeps events on disk from when they arrive until their store has
// them, so that nobody who reports has to wait for what a store does beside
// storing: its indexes, its counts, its turn.
//
// It is one SQLite file of its own, since one writer at a time is all that a file
// can have. Nothing is looked for in it: it is written, emptied, and read once,
// when it is opened.
package intake

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"sync"

	_ "modernc.org/sqlite" // the driver; no cgo

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// File is the name of the database in the data directory.
const File = "intake.db"

// schemaVersion is kept in the file (PRAGMA user_version). A file of a newer version
// is refused.
const schemaVersion = 1

//go:embed schema.sql
var schema string

// The statements, by their place in the list.
const (
	begin = iota
	commit
	rollback
	insert
	remove
)

var statements = []string{
	begin:    "BEGIN IMMEDIATE",
	commit:   "COMMIT",
	rollback: "ROLLBACK",
	insert:   "INSERT INTO arrived VALUES (?, ?)",
	remove:   "DELETE FROM arrived WHERE n BETWEEN ? AND ?",
}

// Intake is an open intake. Its methods may be called at once from several goroutines.
type Intake struct {
	path string
	db   *sql.DB
	left []event.Event

	mu    sync.Mutex
	conn  *sql.Conn
	stmts []*sql.Stmt
	last  int64  // number of the newest event ever
	doc   []byte // lent
}

// Upgrade tells what opening such a file would do to it, and changes nothing.
func Upgrade(ctx context.Context, path string) datafile.Upgrade {
	return datafile.Look(ctx, path, func(_ *sql.DB, from int) (int, []string, error) {
		if from == 0 {
			return schemaVersion, []string{"a new file"}, nil
		}
		return schemaVersion, nil, nil
	})
}

// Open opens or creates the intake of a data directory. It fails with
// fault.StoreUnavailable.
func Open(ctx context.Context, dir string, log *slog.Logger) (_ *Intake, err error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Intake{path: filepath.Join(dir, File)}
	b.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(b.path)}).EscapedPath()+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, datafile.Fault(b.path, err)
	}
	b.db.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			err = errors.Join(datafile.Fault(b.path, err), b.Close())
		}
	}()
	if _, err := datafile.QuickCheck(ctx, b.db, b.path, datafile.Quick); err != nil {
		return nil, err
	}
	if b.conn, err = b.db.Conn(ctx); err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	return b, b.read(ctx, log)
}

func (b *Intake) prepare(ctx context.Context) error {
	var version int
	if err := b.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("the file has schema version %d, this program knows %d", version, schemaVersion)
	}
	if version < schemaVersion {
		if _, err := b.conn.ExecContext(ctx, fmt.Sprintf("BEGIN;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", schema, schemaVersion)); err != nil {
			return err
		}
	}
	for _, text := range statements {
		st, err := b.conn.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		b.stmts = append(b.stmts, st)
	}
	return nil
}

// read reads what is left from before. What cannot be read is put aside, and stays.
func (b *Intake) read(ctx context.Context, log *slog.Logger) error {
	rows, err := b.conn.QueryContext(ctx, "SELECT n, doc FROM arrived WHERE n > 0 ORDER BY n")
	if err != nil {
		return err
	}
	defer rows.Close()
	var bad []int64
	for rows.Next() {
		var doc sql.RawBytes
		if err := rows.Scan(&b.last, &doc); err != nil {
			return err
		}
		var e event.Event
		if err := eventjson.Decode(doc, &e); err != nil {
			log.Error("an acknowledged event cannot be read and is put aside", "file", b.path, "n", b.last, "err", err)
			bad = append(bad, b.last)
			continue
		}
		e.Seq, e.Key = b.last, e.ID // so that it is looked for, however it was stored
		b.left = append(b.left, e)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	for _, n := range bad {
		if _, err := b.conn.ExecContext(ctx, "UPDATE arrived SET n = (SELECT min(0, min(n)) - 1 FROM arrived) WHERE n = ?", n); err != nil {
			return err
		}
	}
	return nil
}

// Left gives the events that were there when the intake was opened, in the order in
// which they came, each with its number as its Seq, and forgets them.
func (b *Intake) Left() []event.Event {
	left := b.left
	b.left = nil
	return left
}

// Keep has events on disk when it returns, all of them or none, and gives the number
// of the last; those before it have the numbers before. It fails with
// fault.StoreUnavailable.
func (b *Intake) Keep(ctx context.Context, events []event.Event) (last int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	err = b.transact(ctx, func(ctx context.Context) error {
		for i := range events {
			b.doc = eventjson.AppendStored(b.doc[:0], &events[i], nil)
			if _, err := b.stmts[insert].ExecContext(ctx, b.last+1+int64(i), b.doc); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	b.last += int64(len(events))
	return b.last, nil
}

// Remove forgets the events of these numbers, which are elsewhere. It fails with
// fault.StoreUnavailable.
func (b *Intake) Remove(ctx context.Context, from, to int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.transact(ctx, func(ctx context.Context) error {
		_, err := b.stmts[remove].ExecContext(ctx, from, to)
		return err
	})
}

// transact runs f in a transaction. Once begun it is finished.
func (b *Intake) transact(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.conn == nil {
		return datafile.Fault(b.path, sql.ErrConnDone)
	}
	ctx = context.WithoutCancel(ctx)
	_, err := b.stmts[begin].ExecContext(ctx)
	if err == nil {
		if err = f(ctx); err == nil {
			_, err = b.stmts[commit].ExecContext(ctx)
		}
		if err != nil {
			_, _ = b.stmts[rollback].ExecContext(ctx) // SQLite may have done so itself
		}
	}
	return datafile.Fault(b.path, err)
}

// Close closes the intake. What is in it is there when it is opened again.
func (b *Intake) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, st := range b.stmts {
		errs = append(errs, st.Close())
	}
	b.stmts = nil
	if b.conn != nil {
		errs = append(errs, b.conn.Close())
		b.conn = nil
	}
	return errors.Join(append(errs, b.db.Close())...)
}

// batch is how many events Empty has stored at a time.
const batch = 1000

// Empty has a store take what was left, where there is no recorder that does. It fails with
// fault.StoreUnavailable.
func (b *Intake) Empty(ctx context.Context, store event.Store) error {
	for some := range slices.Chunk(b.Left(), batch) {
		from, to := some[0].Seq, some[len(some)-1].Seq
		for i := range some {
			some[i].Seq = 0
		}
		if _, err := store.Append(ctx, some); err != nil {
			return err
		}
		if err := b.Remove(ctx, from, to); err != nil {
			return err
		}
	}
	return nil
}
