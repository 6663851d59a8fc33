// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
)

// ErrChanged is what a transaction fails with when an event is no longer what was
// read.
var ErrChanged = errors.New("an event has changed since it was read")

// Tx is a transaction of the writer.
type Tx struct {
	*Conn
	log *Log
}

// Change runs f in a transaction, all of it or nothing, and has it on disk when
// it returns. Once begun it is finished: a caller that gives up would otherwise
// undo what others wait for. It fails with ErrChanged and fault.StoreUnavailable.
func (l *Log) Change(ctx context.Context, f func(ctx context.Context, tx Tx) error) error {
	return l.change(ctx, f, true)
}

// Rearrange is Change for what loses nothing when a crash undoes it: it is on disk no
// sooner than the next Change, and nobody who writes has to wait for the disk meanwhile.
// Whoever rearranges takes turns with the others who do, so that who stores an event waits for
// one of them at most, however many there are.
func (l *Log) Rearrange(ctx context.Context, f func(ctx context.Context, tx Tx) error) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.change(ctx, f, false)
}

func (l *Log) change(ctx context.Context, f func(ctx context.Context, tx Tx) error, flushed bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.unavailable(ctx, sql.ErrConnDone)
	}
	ctx = context.WithoutCancel(ctx)
	err := l.transactAs(ctx, flushed, func() error { return f(ctx, Tx{l.writer, l}) })
	if err == nil || errors.Is(err, ErrChanged) {
		return err
	}
	return l.unavailable(ctx, err)
}

// flush has the transactions to come wait for the disk, or not. SQLite writes them in
// order all the same, so that none is there without those before it
// (https://www.sqlite.org/pragma.html#pragma_synchronous, NORMAL).
func (c *Conn) flush(ctx context.Context, flushed bool) error {
	if c.relaxed == !flushed {
		return nil
	}
	level := "NORMAL"
	if flushed {
		level = "FULL"
	}
	// Never prepared: it has its effect when it is compiled, not when it is run.
	if _, err := c.ExecContext(ctx, "PRAGMA synchronous = "+level); err != nil {
		return err
	}
	c.relaxed = !flushed
	return nil
}

// transact runs f in a transaction of the writer, which is on disk when it returns.
func (l *Log) transact(ctx context.Context, f func() error) error {
	return l.transactAs(ctx, true, f)
}

// transactAs runs f in a transaction of the writer. Whatever goes wrong, what is
// kept in memory is read again from the file.
func (l *Log) transactAs(ctx context.Context, flushed bool, f func() error) error {
	if err := l.writer.flush(ctx, flushed); err != nil {
		return err
	}
	c := l.writer
	if _, err := c.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	last, began := l.last, time.Now()
	err := f()
	if err == nil {
		err = l.docs.flush(ctx)
	}
	if err == nil {
		err = l.runs.flush(ctx, l.last, l.names.made)
	}
	if err == nil {
		err = l.names.flush(ctx)
	}
	for _, d := range l.derived {
		if err != nil {
			break
		}
		err = d.Flush(ctx, c)
	}
	if err == nil {
		_, err = c.Exec(ctx, "COMMIT")
	}
	if err == nil {
		l.runs.tail.settled()
		if l.last > last {
			l.runs.took = time.Since(began)
		}
		l.checkpoints.wrote(l.last-last, l.runs.rows/rowsOfPage)
		l.runs.rows = 0
		return nil
	}
	_, _ = c.Exec(ctx, "ROLLBACK") // SQLite may have done so itself
	l.docs.reset()
	c.held.drop()
	bad := l.load(ctx)
	if bad == nil {
		bad = l.loadDerived(ctx)
	}
	return errors.Join(err, bad)
}

// Account gives an account its number, a new one where it has none.
func (tx Tx) Account(ctx context.Context, name string) (int64, error) {
	return tx.log.Accounts.make(ctx, tx.Conn, name)
}

// Last is the place of the newest event ever.
func (tx Tx) Last() int64 { return tx.log.last }

// Logger is where a log tells what it does.
func (tx Tx) Logger() *slog.Logger { return tx.log.log }

// rebuildBatch is how many events Rebuild takes in between two flushes.
const rebuildBatch = 5000

// Rebuild has an index take in every event up to a place. It tells how many there
// were, and the place of the last.
func (tx Tx) Rebuild(ctx context.Context, d Derived, upto int64) (n int, last int64, err error) {
	for {
		rows, err := readRows(ctx, tx.Conn, tx.log.words, rowColumns+"WHERE events.seq > ? AND events.seq <= ? ORDER BY events.seq LIMIT ?", last, upto, rebuildBatch)
		if err != nil || len(rows) == 0 {
			return n, last, err
		}
		for i := range rows {
			if err := d.Stored(ctx, tx.Conn, &rows[i]); err != nil {
				return n, last, err
			}
		}
		n, last = n+len(rows), rows[len(rows)-1].Seq
		if err := d.Flush(ctx, tx.Conn); err != nil {
			return n, last, err
		}
	}
}

// Remember makes ids those of reports that became part of the event at a place.
func (tx Tx) Remember(ctx context.Context, seq int64, ids ...string) error {
	for _, text := range ids {
		id, err := uuid.Parse(text)
		if err != nil {
			return fmt.Errorf("event id %q: %w", strings.ToValidUTF8(text, "?"), err)
		}
		n, err := tx.Exec(ctx, "INSERT INTO aliases VALUES (?, ?) ON CONFLICT(id) DO NOTHING", id[:], seq)
		if err != nil {
			return err
		}
		tx.log.aliases += n
	}
	return nil
}

// Forget drops ids that Remember and Evict have kept: those of a condition on the
// table aliases.
func (tx Tx) Forget(ctx context.Context, condition string, args ...any) (int64, error) {
	n, err := tx.Exec(ctx, "DELETE FROM aliases WHERE "+condition, args...)
	tx.log.aliases -= n
	return n, err
}

// Evict lets the row of an event leave and keeps its id. It fails with
// [ErrChanged] when the event is not as it was read.
func (tx Tx) Evict(ctx context.Context, r *Record) error {
	found, err := tx.log.names.deleteRow(ctx, "seq = ? AND source = ? AND confidence IS ?", r.Seq, sourceCodes[r.Source], verdictOf(r.Diagnosis).confidence)
	if err != nil {
		return err
	}
	if !found {
		return ErrChanged
	}
	if err := tx.log.docs.remove(ctx, r.Seq); err != nil {
		return err
	}
	if err := tx.Remember(ctx, r.Seq, r.ID); err != nil {
		return err
	}
	account, ok := tx.log.Accounts.ID(r.AccountID)
	if !ok {
		return fmt.Errorf("account %q is not known", r.AccountID)
	}
	row := &tx.log.row
	row.set(r.Seq, account, TypeCodes[r.Type], &r.Event, 0)
	return tx.log.removed(ctx, row, &event.Removal{})
}

// Evicted notes that rows up to a place have left. New events get places after
// it.
func (tx Tx) Evicted(ctx context.Context, upto int64) error {
	l := tx.log
	l.evicted = max(l.evicted, upto)
	if upto > l.last {
		l.last = upto
		if err := keepLast(ctx, tx.Conn, l.last); err != nil {
			return err
		}
	}
	return tx.SetMeta(ctx, "shed", l.evicted)
}

// EvictedUpTo is the place up to which rows have left.
func (tx Tx) EvictedUpTo() int64 { return tx.log.evicted }

// EvictedUpTo is the place up to which rows have left.
func (l *Log) EvictedUpTo() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.evicted
}

func (l *Log) stored(ctx context.Context, row *Row) error {
	for _, d := range l.derived {
		if err := d.Stored(ctx, l.writer, row); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) changed(ctx context.Context, was, is *Row) error {
	for _, d := range l.derived {
		if err := d.Changed(ctx, l.writer, was, is); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) removed(ctx context.Context, row *Row, why *event.Removal) error {
	for _, d := range l.derived {
		if err := d.Removed(ctx, l.writer, row, why); err != nil {
			return err
		}
	}
	return nil
}
