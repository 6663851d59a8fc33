// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/redial-rtc/redial/fault"
)

// Fault says what the failure of a file means: fault.StoreFull, StoreReadOnly,
// StoreDenied, StoreDamaged, StoreLocked, or fault.StoreUnavailable for anything
// else. Each of them is a fault.StoreUnavailable to errors.Is as well. The path,
// its owner and the user of this process are in the cause, which is for the
// operator: peers are not to learn them. A fault passes as it is, and what the
// database refuses for what was asked, such as a constraint, is fault.Internal.
func Fault(path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	kind := kindOf(path, err)
	if kind == fault.Internal {
		return kind.Wrap(fmt.Errorf("%s: %w", path, err))
	}
	cause := fault.StoreUnavailable.Wrap(fmt.Errorf("%s (%s): %w", path, facts(path, kind), err))
	if kind == fault.StoreUnavailable {
		return cause
	}
	return kind.Wrap(cause)
}

// kindOf tells what is wrong from what SQLite or the system says and, where
// SQLite does not say why, from the file.
func kindOf(path string, err error) *fault.Kind {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.StoreFull
	case errors.Is(err, syscall.EROFS):
		return fault.StoreReadOnly
	case errors.Is(err, fs.ErrPermission):
		return fault.StoreDenied
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return fault.StoreUnavailable
	}
	switch e.Code() & 0xff { // the upper bits say more about the same (sqlite.org/rescode.html)
	case sqlite3.SQLITE_FULL:
		return fault.StoreFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return fault.StoreDamaged
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fault.StoreLocked
	case sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fault.StoreDenied
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR:
		return notWritable(path)
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISUSE:
		return fault.Internal
	}
	return fault.StoreUnavailable
}

// notWritable asks the system why a file cannot be written: SQLite says the same
// for several reasons.
func notWritable(path string) *fault.Kind {
	for _, p := range []string{path, path + "-wal", path + "-shm", filepath.Dir(path)} {
		switch err := access(p); {
		case errors.Is(err, syscall.EROFS):
			return fault.StoreReadOnly
		case errors.Is(err, fs.ErrPermission):
			return fault.StoreDenied
		}
	}
	if free, _, ok := Space(filepath.Dir(path)); ok && free < 64<<10 {
		return fault.StoreFull
	}
	return fault.StoreUnavailable
}

// facts are what an operator needs beside the path.
func facts(path string, kind *fault.Kind) string {
	if kind == fault.StoreFull {
		if free, _, ok := Space(filepath.Dir(path)); ok {
			return fmt.Sprintf("%d bytes are free there", free)
		}
	}
	at := path
	info, err := os.Stat(at)
	if err != nil {
		at = filepath.Dir(path)
		info, err = os.Stat(at)
	}
	me := userName(os.Geteuid())
	if err != nil {
		return "this process runs as " + me
	}
	of := ""
	if at != path {
		of = at + " "
	}
	if uid, ok := owner(info); ok {
		return fmt.Sprintf("%sowned by %s, mode %s; this process runs as %s", of, userName(uid), info.Mode(), me)
	}
	return fmt.Sprintf("%smode %s; this process runs as %s", of, info.Mode(), me)
}

func userName(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username + " (" + id + ")"
	}
	return "user " + id
}

// Mendable tells a failure that passes once an operator has made room, or given the
// file back, from one that comes back however often it is tried.
func Mendable(err error) bool {
	for _, k := range []*fault.Kind{fault.StoreFull, fault.StoreReadOnly, fault.StoreDenied, fault.StoreLocked} {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}
