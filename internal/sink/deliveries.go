// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver; no cgo

	"github.com/redial-rtc/redial/internal/datafile"
)

// File is the name of the database in the data directory.
const File = "sinks.db"

// schemaVersion is kept in the file (PRAGMA user_version). A file of an older one is
// brought to it: the schema makes what is not there. One of a newer is refused.
const schemaVersion = 2

//go:embed schema.sql
var schema string

// maxLog bounds the log of deliveries, whatever its retention.
const maxLog = 200_000

// deliveries remembers what each sink has done. It may lose its last moments in a
// power cut (synchronous=NORMAL), which repeats deliveries and loses none; an order
// to replay is on the disk when it is acknowledged.
type deliveries struct {
	db   *sql.DB
	path string
}

// Upgrade tells what opening such a file would do to it, and changes nothing.
func Upgrade(ctx context.Context, path string) datafile.Upgrade {
	return datafile.Look(ctx, path, func(_ *sql.DB, from int) (int, []string, error) {
		switch from {
		case 0:
			return schemaVersion, []string{"a new file"}, nil
		case 1:
			return schemaVersion, []string{"callbacks of projects wait here until they are delivered"}, nil
		}
		return schemaVersion, nil, nil
	})
}

func openDeliveries(ctx context.Context, dir string) (_ *deliveries, err error) {
	path := filepath.Join(dir, File)
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() +
		"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, datafile.Fault(path, err)
	}
	db.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			err = errors.Join(datafile.Fault(path, err), db.Close())
		}
	}()
	if _, err := datafile.QuickCheck(ctx, db, path, datafile.Quick); err != nil {
		return nil, err
	}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return nil, err
	}
	switch {
	case version == schemaVersion:
	case version < schemaVersion:
		if _, err := db.ExecContext(ctx, fmt.Sprintf("BEGIN;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", schema, schemaVersion)); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("the file has schema version %d, this program knows %d", version, schemaVersion)
	}
	return &deliveries{db, path}, nil
}

func (j *deliveries) close() error { return j.db.Close() }

// offset is where a sink has come to.
func (j *deliveries) offset(ctx context.Context, sink string) (seq int64, known bool, err error) {
	err = j.db.QueryRowContext(ctx, "SELECT seq FROM places WHERE sink = ?", sink).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return seq, err == nil, j.unavailable(err)
}

func (j *deliveries) commitOffset(ctx context.Context, sink string, seq int64) error {
	return j.exec(ctx, "INSERT INTO places VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq", sink, seq)
}

func (j *deliveries) exec(ctx context.Context, query string, args ...any) error {
	_, err := j.db.ExecContext(ctx, query, args...)
	return j.unavailable(err)
}

func (j *deliveries) unavailable(err error) error { return datafile.Fault(j.path, err) }

// Outcome is what became of one attempt.
type Outcome string

// The outcomes.
const (
	Delivered Outcome = "delivered" // answered with 2xx
	Failed    Outcome = "failed"    // not answered so; it is tried again
	Refused   Outcome = "refused"   // refused for what it is, several times; not tried again
	Skipped   Outcome = "skipped"   // not tried again because an operator said so
)

// Outcomes lists every outcome.
var Outcomes = []Outcome{Delivered, Failed, Refused, Skipped}

// Delivery is one attempt to deliver one event.
type Delivery struct {
	ID       int64     `json:"id"`
	Hook     string    `json:"hook"`
	EventID  string    `json:"event_id"`
	Type     string    `json:"type"`
	Attempt  int       `json:"attempt"` // from 1, counted anew when the process starts
	At       time.Time `json:"at"`      // when it began
	Took     int64     `json:"took_ms"`
	Status   int       `json:"status,omitempty"` // HTTP status; 0 when there was no answer
	Outcome  Outcome   `json:"outcome"`
	Error    string    `json:"error,omitempty"` // why there was no answer, or none that counts
	ReplayID int64     `json:"replay_id,omitempty"`
}

func (j *deliveries) note(ctx context.Context, d Delivery) error {
	return j.exec(ctx, `INSERT INTO deliveries (hook, event_id, type, attempt, at, took, status, outcome, error, replay)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.Hook, d.EventID, d.Type, d.Attempt, d.At.UnixMicro(), d.Took, d.Status, string(d.Outcome), d.Error, d.ReplayID)
}

// LogQuery says which deliveries are wanted. Every filter that is set must
// match.
type LogQuery struct {
	Hook, EventID string
	Outcome       Outcome
	Since, Until  time.Time // begun at or after, begun before
	Limit         int       // 0 = 10
	Start         int64     // the Next of the page before
}

// LogPage is one page of the log, the newest first.
type LogPage struct {
	Deliveries []Delivery
	Next       int64 // 0 on the last page
}

func (j *deliveries) log(ctx context.Context, q LogQuery) (LogPage, error) {
	var where []string
	var args []any
	and := func(wanted bool, cond string, arg any) {
		if wanted {
			where, args = append(where, cond), append(args, arg)
		}
	}
	and(true, "id > ?", 0)
	and(q.Start > 0, "id < ?", q.Start)
	and(q.Hook != "", "hook = ?", q.Hook)
	and(q.EventID != "", "event_id = ?", q.EventID)
	and(q.Outcome != "", "outcome = ?", string(q.Outcome))
	and(!q.Since.IsZero(), "at >= ?", q.Since.UnixMicro())
	and(!q.Until.IsZero(), "at < ?", q.Until.UnixMicro())
	if q.Limit == 0 {
		q.Limit = 10
	}
	rows, err := j.db.QueryContext(ctx, `SELECT id, hook, event_id, type, attempt, at, took, status, outcome, error, replay
		FROM deliveries WHERE `+strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", append(args, q.Limit+1)...)
	if err != nil {
		return LogPage{}, j.unavailable(err)
	}
	defer func() { _ = rows.Close() }() // Err below tells
	page := LogPage{Deliveries: []Delivery{}}
	for rows.Next() {
		var d Delivery
		var at int64
		if err := rows.Scan(&d.ID, &d.Hook, &d.EventID, &d.Type, &d.Attempt, &at, &d.Took, &d.Status, &d.Outcome, &d.Error, &d.ReplayID); err != nil {
			return LogPage{}, j.unavailable(err)
		}
		d.At = time.UnixMicro(at).UTC()
		page.Deliveries = append(page.Deliveries, d)
	}
	if len(page.Deliveries) > q.Limit {
		page.Deliveries = page.Deliveries[:q.Limit]
		page.Next = page.Deliveries[q.Limit-1].ID
	}
	return page, j.unavailable(rows.Err())
}

// trim removes deliveries from before a time, and those beyond maxLog.
func (j *deliveries) trim(ctx context.Context, before time.Time) error {
	if err := j.exec(ctx, "DELETE FROM deliveries WHERE at < ?", before.UnixMicro()); err != nil {
		return err
	}
	return j.exec(ctx, "DELETE FROM deliveries WHERE id <= (SELECT max(id) FROM deliveries) - ?", maxLog)
}

// replay is an order to send events again: those after pos up to a place, of
// a span of time.
type replay struct {
	id           int64
	since, until time.Time
	pos, upto    int64
}

func (j *deliveries) addReplay(ctx context.Context, hook string, r replay) (_ int64, err error) {
	c, err := j.db.Conn(ctx) // the only one
	if err != nil {
		return 0, j.unavailable(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
		return 0, j.unavailable(err)
	}
	defer func() {
		if _, again := c.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = NORMAL"); err == nil {
			err = j.unavailable(again)
		}
	}()
	res, err := c.ExecContext(ctx, "INSERT INTO replays (hook, since, until, pos, upto) VALUES (?, ?, ?, ?, ?)",
		hook, instant(r.since), instant(r.until), r.pos, r.upto)
	if err != nil {
		return 0, j.unavailable(err)
	}
	id, err := res.LastInsertId()
	return id, j.unavailable(err)
}

// nextReplay gives the oldest order of a hook that is not done.
func (j *deliveries) nextReplay(ctx context.Context, hook string) (r replay, found bool, err error) {
	var since, until int64
	err = j.db.QueryRowContext(ctx, "SELECT id, since, until, pos, upto FROM replays WHERE hook = ? ORDER BY id LIMIT 1", hook).
		Scan(&r.id, &since, &until, &r.pos, &r.upto)
	if errors.Is(err, sql.ErrNoRows) {
		return replay{}, false, nil
	}
	r.since, r.until = fromInstant(since), fromInstant(until)
	return r, err == nil, j.unavailable(err)
}

func (j *deliveries) countReplays(ctx context.Context, hook string) (n int, err error) {
	err = j.db.QueryRowContext(ctx, "SELECT count(*) FROM replays WHERE hook = ?", hook).Scan(&n)
	return n, j.unavailable(err)
}

func (j *deliveries) markReplay(ctx context.Context, id, pos int64) error {
	return j.exec(ctx, "UPDATE replays SET pos = ? WHERE id = ?", pos, id)
}

func (j *deliveries) endReplay(ctx context.Context, id int64) error {
	return j.exec(ctx, "DELETE FROM replays WHERE id = ?", id)
}

// instant keeps a time as Unix nanoseconds, and the zero time as 0.
func instant(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromInstant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
