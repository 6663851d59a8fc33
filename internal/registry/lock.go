// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/redial-rtc/redial/fault"
)

// lock keeps other processes out of the data directory. It is an exclusive
// transaction on a file of its own, held as long as the process lives: the
// system drops it when the process dies, on every platform.
type lock struct {
	db   *sql.DB
	conn *sql.Conn
}

// takeLock fails with fault.DataDirBusy when another process has the file. It
// waits a little first, for one that is just leaving.
func takeLock(ctx context.Context, path string) (*lock, error) {
	db, err := openDB(path)
	if err != nil {
		return nil, err
	}
	l := &lock{db: db}
	l.conn, err = db.Conn(ctx)
	if err == nil {
		_, err = l.conn.ExecContext(ctx, `PRAGMA busy_timeout = 2000; BEGIN EXCLUSIVE`)
	}
	if err == nil {
		return l, nil
	}
	closed := l.release()
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code() == sqlite3.SQLITE_BUSY {
		return nil, fault.DataDirBusy.Wrap(errors.Join(err, closed), "file", path)
	}
	return nil, errors.Join(broken(ctx, path, err), closed)
}

func (l *lock) release() error {
	if l.conn != nil {
		_ = l.conn.Close() // closing the pool ends the transaction as well
	}
	return l.db.Close()
}
