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

	"github.com/redial-rtc/redial/fault"
)

// Upgrade is what this program would do to a database that is there.
type Upgrade struct {
	Name     string   // the file, as the directory calls it
	From, To int      // versions of its schema
	Steps    []string // what would become different, for people; none: it is of this version
	Err      error    // why this program cannot use it: fault.StoreUnavailable, fault.StoreDamaged
}

// Look reads the version of a database's schema (user_version) and gives an open
// connection to plan, which returns the version that this program makes of it and
// what changes. Nothing is changed, and a server may use the file meanwhile.
func Look(ctx context.Context, path string, plan func(db *sql.DB, from int) (to int, steps []string, err error)) (u Upgrade) {
	db, err := openUnchanged(path)
	if err != nil {
		u.Err = err
		return u
	}
	defer func() { u.Err = Fault(path, errors.Join(u.Err, db.Close())) }()
	if _, err := QuickCheck(ctx, db, path, Quick); err != nil {
		u.Err = err
		return u
	}
	if u.Err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&u.From); u.Err != nil {
		return u
	}
	u.To, u.Steps, u.Err = plan(db, u.From)
	if u.Err == nil && u.From > u.To {
		u.Err = fault.StoreUnavailable.New("reason", filepath.Base(path)+" was written by a newer version of this program", "file_version", u.From, "known_version", u.To)
	}
	return u
}

// openUnchanged opens a database and makes no file beside it: without a write-ahead
// log nobody has it open, and it can be read as it is.
func openUnchanged(path string) (*sql.DB, error) {
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return OpenReadOnly(path)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, Fault(path, err)
	}
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?mode=ro&immutable=1", (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()))
	return db, Fault(path, err)
}
