// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/datafile"
)

// Grace is how long after Open the sessions of a previous process can be
// continued. Clients try to reconnect for 60 s; the rest is margin for the
// start.
const Grace = 90 * time.Second

// Registry is the open registry.
type Registry struct {
	log     *slog.Logger
	path    string // of the file
	now     func() time.Time
	process string    // this run of the server
	opened  time.Time // when it began
	grace   time.Duration

	write   *sql.DB // one connection: SQLite has one writer, and waiting in Go is fair
	read    *prepared
	revoked revoked
	lock    *lock

	abandoned func(context.Context, []Abandoned) error // nil: nobody hears of them

	stop    context.CancelFunc
	sweeper sync.WaitGroup
}

// Open opens or creates the registry in dir, for this process alone. It fails
// with fault.DataDirBusy when another process has it, and with
// fault.StoreUnavailable.
func Open(ctx context.Context, dir string, log *slog.Logger) (*Registry, error) {
	return OpenWith(ctx, dir, log, Options{})
}

// Options are what a server may set. The zero value is usable.
type Options struct {
	Grace time.Duration // in place of the constant; 0 is that

	// Abandoned hears of the peers that an earlier process left, when Grace is over
	// and before they count as gone. While it fails it is called again with all of
	// them, every minute and by the next process, so it may hear of one more than
	// once. Those who joined anew, or whose session ended, before Grace was over are
	// not told of by the next process.
	Abandoned func(context.Context, []Abandoned) error
}

// OpenWith is Open with options.
func OpenWith(ctx context.Context, dir string, log *slog.Logger, opt Options) (*Registry, error) {
	return open(ctx, dir, log, time.Now, opt)
}

func open(ctx context.Context, dir string, log *slog.Logger, now func() time.Time, opt Options) (*Registry, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, datafile.Fault(dir, err)
	}
	held, err := takeLock(ctx, filepath.Join(dir, "registry.lock"))
	if err != nil {
		return nil, err
	}
	r := &Registry{log: log, path: filepath.Join(dir, File), now: now, process: uuid.NewString(), opened: now(),
		grace: cmp.Or(opt.Grace, Grace), abandoned: opt.Abandoned, lock: held}
	if err := r.openFile(ctx, r.path); err != nil {
		return nil, errors.Join(err, r.closeFiles())
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	r.sweeper.Go(func() { r.sweepAfterGrace(background) })
	return r, nil
}

func (r *Registry) openFile(ctx context.Context, path string) (err error) {
	// A commit is on the disk when it returns (synchronous=FULL), also when
	// the machine loses power.
	r.write, err = openDB(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")
	if err != nil {
		return err
	}
	r.write.SetMaxOpenConns(1)
	// A damaged file is told now, and not by the calls that need its bad pages.
	if whole, err := datafile.QuickCheck(ctx, r.write, path, datafile.Quick); err != nil {
		return err
	} else if !whole {
		r.log.Warn("the file is large and was checked in part; \"redial check\" reads all of it", "file", path)
	}
	if err := migrate(ctx, r.write, path); err != nil {
		return err
	}
	if err := r.revoked.load(ctx, r.write); err != nil {
		return err
	}
	r.read, err = openReaders(path)
	return err
}

func openDB(path string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, datafile.Fault(path, err)
	}
	return db, nil
}

// Close stops the sweep, flushes and closes. Sessions that run stay open, so
// that the next process can continue them.
func (r *Registry) Close() error {
	r.stop()
	r.sweeper.Wait()
	return r.closeFiles()
}

func (r *Registry) closeFiles() error {
	var errs []error
	if r.read != nil {
		errs = append(errs, r.read.Close())
	}
	if r.write != nil {
		errs = append(errs, r.write.Close())
	}
	return errors.Join(append(errs, r.lock.release())...)
}

// batchKey is under which a context carries the transaction of a Batch.
type batchKey struct{ r *Registry }

// Batch makes one transaction of the writes that f does with the context it is
// given: they are durable together when Batch returns nil, and none of them is
// when it fails. A write of f that fails for itself has changed nothing, and f
// may go on.
func (r *Registry) Batch(ctx context.Context, f func(context.Context) error) error {
	return r.inTx(ctx, func(tx *sql.Tx) error { return f(context.WithValue(ctx, batchKey{r}, tx)) })
}

// inTx runs f in the writer's transaction. What f fails with is returned as
// it is when it is a fault.
func (r *Registry) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	if tx, ok := ctx.Value(batchKey{r}).(*sql.Tx); ok {
		return r.broken(ctx, f(tx))
	}
	tx, err := r.write.BeginTx(ctx, nil)
	if err != nil {
		return r.broken(ctx, err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return r.broken(ctx, err)
	}
	if err := tx.Commit(); err != nil {
		return r.broken(ctx, err)
	}
	return nil
}

// querier is what a transaction and a pool have in common.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// File is the name of the database in the data directory.
const File = "registry.db"

// broken turns what the database says into a fault. Faults, and a caller who
// gave up, pass.
func (r *Registry) broken(ctx context.Context, err error) error { return broken(ctx, r.path, err) }

func broken(ctx context.Context, path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("registry: %w", ctx.Err())
	}
	return datafile.Fault(path, err)
}

// taken tells whether a write failed because a unique value is in use.
func taken(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}
