// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/event/postings"
)

// Files of before version 7 have ordered indexes of rooms, sessions, peers and users, and a
// table with the counts of these. They serve until all events are in runs, which are made
// in the background, and go then.

const (
	indexedIDs = "indexed" // meta: there are such indexes and counts
	rowsAtOnce = 1000      // of counts that are deleted together
)

// scopes are the counts of an id by its column.
var scopes = map[string]int64{"room": OfRoom, "session": OfSession, "user": OfUser}

// indexed tells whether the file has ordered indexes of ids, and counts.
func (c *Conn) indexed(ctx context.Context) (bool, error) {
	_, found, err := c.Meta(ctx, indexedIDs)
	return found, err
}

// ofIndex hands over events from an ordered index, which has a list for each type.
func (c *Conn) ofIndex(ctx context.Context, id ID, forms []any, in Between, f func(postings.Posting) bool) error {
	query := "SELECT seq, type FROM events INDEXED BY events_" + id.Column + " WHERE account = ? AND " + id.Column + " = ? AND type = ? AND seq > ? AND seq <= ? ORDER BY seq"
	lists := make([]int64, 0, len(CodeTypes))
	for t := range CodeTypes {
		lists = append(lists, t)
	}
	if id.Column == "peer" { // it has one for all
		query, lists = "SELECT seq, type FROM events INDEXED BY events_peer WHERE account = ? AND peer = ? AND ? = 0 AND seq > ? AND seq <= ? ORDER BY seq", []int64{0}
	}
	if in.Desc {
		query += " DESC"
	}
	for n := 64; in.Above < in.Upto; n = min(4*n, 16_384) {
		var found []postings.Posting
		full := false
		for _, list := range lists {
			for _, form := range forms {
				before := len(found)
				err := c.Each(ctx, query+" LIMIT ?", func(row Scanner) error {
					var p postings.Posting
					err := row.Scan(&p.Seq, &p.Type)
					found = append(found, p)
					return err
				}, id.Account, form, list, in.Above, in.Upto, n)
				if err != nil {
					return err
				}
				full = full || len(found)-before == n
			}
		}
		slices.SortFunc(found, func(a, b postings.Posting) int {
			if in.Desc {
				a, b = b, a
			}
			return int(a.Seq - b.Seq)
		})
		if full { // of those that follow some may be missing
			found = found[:n]
		}
		for _, p := range found {
			if !f(p) {
				return nil
			}
		}
		if !full {
			return nil
		}
		if last := found[n-1].Seq; in.Desc {
			in.Upto = last - 1
		} else {
			in.Above = last
		}
	}
	return nil
}

// preparePostings makes the tables of postings. Files of 2026-11-30 have a table whose blocks
// lie among their keys: it is copied. Programs of that day read the new one as well.
func preparePostings(ctx context.Context, c *Conn, log *slog.Logger) error {
	among, err := blocksAmongKeys(ctx, c.QueryRowContext)
	if err != nil {
		return err
	}
	if !among {
		_, err := c.ExecContext(ctx, postingsSchema)
		return err
	}
	began := time.Now()
	log.Info("lists of events are written anew; the server starts when they are")
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE; ALTER TABLE postings RENAME TO postings_before;"+postingsSchema+
		"; INSERT INTO postings SELECT run, ref, first, block FROM postings_before ORDER BY run, ref, first; DROP TABLE postings_before; COMMIT"); err != nil {
		_, _ = c.ExecContext(ctx, "ROLLBACK")
		return err
	}
	log.Info("lists of events are written anew", "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// blocksAmongKeys tells whether the table of postings is one without rowid.
func blocksAmongKeys(ctx context.Context, query func(ctx context.Context, query string, args ...any) *sql.Row) (among bool, err error) {
	err = query(ctx, "SELECT count(*) > 0 FROM pragma_table_list('postings') WHERE wr").Scan(&among)
	return among, err
}

// leaveIndexes does the next part of making runs of a file that has ordered indexes, and of
// dropping these; and tells whether there is more.
func leaveIndexes(ctx context.Context, l *Log) (more bool, err error) {
	err = l.Rearrange(ctx, func(ctx context.Context, tx Tx) error {
		more, err = l.runs.leaveIndexes(ctx, l.names.made)
		return err
	})
	return more, err
}

func (r *runs) leaveIndexes(ctx context.Context, names int64) (more bool, err error) {
	indexed, err := r.c.indexed(ctx)
	if err != nil {
		return false, err
	}
	if !indexed {
		return r.dropIndexes(ctx)
	}
	if r.c.mixed { // ids become references first
		return true, nil
	}
	upto := r.upto
	err = r.read(ctx, r.upto, r.every, func(seq, typ int64, refs [4]int64) {
		upto = seq
		r.hold(seq, typ, refs)
	})
	if err != nil {
		return false, err
	}
	if int64(r.fresh) == r.every {
		return true, r.write(ctx, upto, names)
	}
	if _, err := r.c.Exec(ctx, "DELETE FROM meta WHERE key = ?", indexedIDs); err != nil {
		return false, err
	}
	r.c.tail = r
	return true, nil
}

// dropIndexes drops the next index, or some counts.
func (r *runs) dropIndexes(ctx context.Context) (more bool, err error) {
	for _, column := range idColumns {
		_, found, err := r.c.Lookup(ctx, "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", "events_"+column)
		if err != nil {
			return false, err
		}
		if found {
			_, err := r.c.ExecContext(ctx, "DROP INDEX events_"+column)
			return true, err
		}
	}
	n, err := r.c.Exec(ctx, `DELETE FROM counts WHERE (account, scope, key, type) IN
		(SELECT account, scope, key, type FROM counts WHERE account IN (SELECT id FROM accounts) AND scope BETWEEN ? AND ? LIMIT ?)`, OfRoom, OfUser, rowsAtOnce)
	return n > 0, err
}

// makeRuns leaves the indexes of an earlier version, if there are any, and puts runs together,
// until the log is closed.
func makeRuns(l *Log) {
	background.Thread()
	defer close(l.runs.done)
	ctx := context.Background()
	began, told, leaving, some := time.Now(), time.Now(), true, false
	for {
		more, err := mergeSome(ctx, l)
		if err == nil && !more && leaving {
			more, err = leaveIndexes(ctx, l)
			if some = some || more; some && !more && err == nil {
				l.log.Info("rooms, sessions, peers and users have lists of their events", "took", time.Since(began).Round(time.Second))
			}
			leaving = more || err != nil
		}
		if leaving && some && time.Since(told) >= upgradeReport {
			told = time.Now()
			l.log.Info("lists of the events of rooms, sessions, peers and users are made in the background", "left", notInRuns(l))
		}
		var wake <-chan struct{}
		var again <-chan time.Time
		select {
		case <-l.stopping:
			return
		default:
		}
		switch {
		case err != nil:
			l.log.Warn("lists of the events of rooms, sessions, peers and users could not be made or put together; they are found all the same, with more trouble", "error", err)
			again = time.After(mergeAgain)
		case more:
			again = time.After(mergePause)
		default:
			wake = l.runs.full
		}
		select {
		case <-again:
		case <-wake:
		case <-l.stopping:
			return
		}
	}
}

// notInRuns is how many events are in no run.
func notInRuns(l *Log) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last - l.runs.upto
}
