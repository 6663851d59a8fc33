// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver; no cgo

	"github.com/redial-rtc/redial/fault"
)

// Quick is how long a database is looked at when it is opened. What is larger
// than can be read in that time is looked at in part.
const Quick = 5 * time.Second

// querier runs a query: *sql.DB or *sql.Conn.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// QuickCheck looks for damaged pages in an open database, for at most a while,
// and says whether it has seen all of them. It fails with fault.StoreDamaged.
func QuickCheck(ctx context.Context, db querier, path string, within time.Duration) (whole bool, err error) {
	some, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err = verdict(some, db, path, "quick_check(1)")
	if err != nil && some.Err() != nil && ctx.Err() == nil {
		return false, nil // found nothing so far
	}
	return err == nil, err
}

// verdict runs one of SQLite's checks.
func verdict(ctx context.Context, db querier, path, pragma string) error {
	rows, err := db.QueryContext(ctx, "PRAGMA "+pragma)
	if err != nil {
		return Fault(path, err)
	}
	defer func() { _ = rows.Close() }() // Err below tells
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return Fault(path, err)
		}
		if line != "ok" {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if err := rows.Err(); err != nil {
		return Fault(path, err)
	}
	if len(found) > 0 {
		err := fmt.Errorf("%s (%s): %s", path, facts(path, fault.StoreDamaged), strings.Join(found, "; "))
		return fault.StoreDamaged.Wrap(fault.StoreUnavailable.Wrap(err))
	}
	return nil
}

// Check reads all of a database, without changing it, also while a server uses
// it: every page, every index against its table. It fails with fault.StoreDamaged
// naming up to ten of the places, or with what else keeps it from reading.
func Check(ctx context.Context, path string) error {
	db, err := OpenReadOnly(path)
	if err != nil {
		return err
	}
	return errors.Join(verdict(ctx, db, path, "integrity_check(10)"), db.Close())
}

// OpenReadOnly opens a database that has to be there, for one reader at a time. Readers of a database with a
// write-ahead log share memory in a file beside it; where that cannot be made,
// nobody else can write either, and none is needed unless there is such a log.
func OpenReadOnly(path string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, Fault(path, err)
	}
	options := "?mode=ro&_pragma=busy_timeout(10000)"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) && access(filepath.Dir(path)) != nil {
		options += "&immutable=1"
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+options)
	if err != nil {
		return nil, Fault(path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}
