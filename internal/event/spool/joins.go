// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"context"
	"math"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// CountJoins adds joins that succeeded.
func (s *Spool) CountJoins(ctx context.Context, joins []event.Join) error {
	return s.Change(context.WithoutCancel(ctx), func(ctx context.Context, tx eventlog.Tx) error { return s.joins.CountJoins(ctx, tx, joins) })
}

// JoinCounts hands over the joins of every hour, in no order.
func (s *Spool) JoinCounts(ctx context.Context, f func(rollup.JoinCount) error) error {
	return s.JoinCountsSince(ctx, math.MinInt64, f)
}

// JoinCountsSince hands over the joins of an hour, counted since 1970, and those after it.
func (s *Spool) JoinCountsSince(ctx context.Context, from int64, f func(rollup.JoinCount) error) error {
	return rollup.JoinCounts(ctx, s.Log, from, f)
}

// CopyJoins takes over counts of joins; copying twice counts once.
func (s *Spool) CopyJoins(ctx context.Context, counts []rollup.JoinCount) error {
	return s.joins.CopyJoins(ctx, s.Log, counts)
}

// Joins gives the joins of a summary.
func (s *Spool) Joins(ctx context.Context, q event.SummaryQuery) (sum event.Summary, err error) {
	err = s.Read(ctx, func(c *eventlog.Conn) error {
		sum, err = rollup.NewReader(ctx, s.Log, c, &q).Summarize()
		return err
	})
	return sum, err
}

// failedJoins is which events are counted as failed joins, and which peers had
// one that has left.
type failedJoins struct {
	eventlog.Base
	joins *rollup.Table // whose tables it shares
}

// rememberFailed is how long a failed join is known by its peer after its event
// has left: a client that gave up does not go on for longer.
const rememberFailed = 24 * time.Hour

// Prepare makes the tables where they are missing. The indexes that a store has
// are not kept up here: it makes them again should the file become one.
func (f *failedJoins) Prepare(ctx context.Context, tx eventlog.Tx, upto int64) error {
	if _, err := tx.ExecContext(ctx, `
		-- Peers whose failed join has left, for a while, so that it counts once.
		CREATE TABLE IF NOT EXISTS shed_failed (
			peer    TEXT NOT NULL,
			account INTEGER NOT NULL,
			at      INTEGER NOT NULL, -- when it left, Unix nanoseconds
			PRIMARY KEY (peer, account)
		) WITHOUT ROWID;
		CREATE INDEX IF NOT EXISTS shed_failed_at ON shed_failed(at);
		DROP TABLE IF EXISTS block_sets;
		DROP TABLE IF EXISTS group_sets;
		DROP TABLE IF EXISTS block_times;
		DROP TABLE IF EXISTS block_happened;
		DROP TABLE IF EXISTS set_keys;
		DELETE FROM meta WHERE key IN ('folded', 'set_keys')`); err != nil {
		return err
	}
	return f.joins.Create(ctx, tx, upto, f)
}

// Stored counts a failed join, unless another event of the peer is counted.
func (f *failedJoins) Stored(ctx context.Context, c *eventlog.Conn, row *eventlog.Row) error {
	if !row.FailsJoin() {
		return nil
	}
	if peer := row.Event.PeerID; peer != "" {
		counted, err := rollup.PeerHasFailed(ctx, c, row)
		if err == nil && !counted { // and of what has been shipped
			_, counted, err = c.Lookup(ctx, "SELECT 1 FROM shed_failed WHERE peer = ? AND account = ?", peer, row.Account)
		}
		if err != nil || counted {
			return err
		}
	}
	return rollup.Fail(ctx, c, row.Seq)
}

// Changed counts an event that has become another.
func (f *failedJoins) Changed(ctx context.Context, c *eventlog.Conn, was, is *eventlog.Row) error {
	if _, err := rollup.Unfail(ctx, c, was.Seq); err != nil {
		return err
	}
	return f.Stored(ctx, c, is)
}

// Removed takes an event out.
func (f *failedJoins) Removed(ctx context.Context, c *eventlog.Conn, row *eventlog.Row, _ *event.Removal) error {
	_, err := rollup.Unfail(ctx, c, row.Seq)
	return err
}

// evict remembers the peer of a failed join that leaves.
func (f *failedJoins) evict(ctx context.Context, tx eventlog.Tx, r *eventlog.Record) error {
	if !r.FailsJoin() || r.PeerID == "" {
		return nil
	}
	was, err := rollup.Unfail(ctx, tx.Conn, r.Seq)
	if err != nil || !was {
		return err
	}
	account, err := tx.Account(ctx, r.AccountID)
	if err != nil {
		return err
	}
	now := time.Now()
	if _, err := tx.Exec(ctx, "DELETE FROM shed_failed WHERE at < ?", now.Add(-rememberFailed).UnixNano()); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT OR REPLACE INTO shed_failed VALUES (?, ?, ?)", r.PeerID, account, now.UnixNano())
	return err
}
