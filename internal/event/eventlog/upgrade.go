// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"time"

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Documents of schema version 1 had the words of the readers' vocabulary and one
// half of what was told twice. They are read as they are, and written anew
// beside everything else while the store serves. How far that has come is in the
// file, so that the next start goes on from there.
const (
	upgradedTo    = "documents.upto"          // meta: place up to which documents are of this version
	upgradeBatch  = 200                       // documents of one transaction
	upgradePause  = 10 * time.Millisecond     // between two, so that writers are not held up
	upgradeReport = 10 * time.Second          // how often progress is logged
	fromVersion1  = "PRAGMA user_version = 2" // so that no earlier program takes the file, which it would misread
)

// upgrading is the rewriting of documents in the background.
type upgrading struct {
	upto int64         // the last place that may be of an earlier version; 0 when there is none
	done chan struct{} // closed when it has ended; nil when there was nothing to do
}

// prepareUpgrade finds out whether there are documents of an earlier version.
func (l *Log) prepareUpgrade(ctx context.Context, version int) error {
	if version == 1 {
		if err := l.transact(ctx, func() error { return l.writer.SetMeta(ctx, upgradedTo+".last", l.last) }); err != nil {
			return err
		}
		if _, err := l.writer.ExecContext(ctx, fromVersion1); err != nil {
			return err
		}
	}
	upto, found, err := l.writer.Meta(ctx, upgradedTo+".last")
	if err != nil || !found {
		return err
	}
	l.upgrading = upgrading{upto: upto, done: make(chan struct{})}
	go l.upgrade()
	return nil
}

// Upgrade tells what Open would do to a file of events, and changes nothing.
func Upgrade(ctx context.Context, path string) datafile.Upgrade {
	return datafile.Look(ctx, path, func(db *sql.DB, from int) (int, []string, error) {
		if from > schemaVersion {
			return schemaVersion, nil, nil
		}
		var steps []string
		if from == 0 {
			steps = append(steps, "a new file")
		}
		if from == 1 {
			steps = append(steps, "events are written anew, in the background while the server serves; earlier versions then refuse the file")
		}
		has, err := hasDiagnoses(func(query string) row { return db.QueryRowContext(ctx, query) })
		if err == nil && !has && from > 0 {
			steps = append(steps, "failures get columns for why they happened")
		}
		return schemaVersion, steps, err
	})
}

// upgrade rewrites documents until there are no more or the log is closed.
func (l *Log) upgrade() {
	defer close(l.upgrading.done)
	ctx := context.Background()
	l.log.Info("documents of an earlier version are written anew in the background", "upto", l.upgrading.upto)
	told, total := time.Now(), 0
	for {
		at, n, err := l.upgradeSome(ctx)
		total += n
		switch {
		case err != nil:
			l.log.Error("documents of an earlier version stay as they are until the next start; they can be read", "error", err)
			return
		case at >= l.upgrading.upto:
			l.log.Info("all documents are of this version", "written", total)
			return
		case time.Since(told) >= upgradeReport:
			told = time.Now()
			l.log.Info("documents of an earlier version are written anew", "at", at, "upto", l.upgrading.upto, "written", total)
		}
		select {
		case <-time.After(upgradePause):
		case <-l.stopping:
			return
		}
	}
}

// upgradeSome rewrites the next documents and tells how far they go.
func (l *Log) upgradeSome(ctx context.Context) (at int64, n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.upgrading.upto, 0, nil
	}
	c := l.writer
	if at, _, err = c.Meta(ctx, upgradedTo); err != nil {
		return 0, 0, err
	}
	var places []int64
	read := 0
	err = c.Each(ctx, "SELECT seq, doc FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", func(row Scanner) error {
		var doc sql.RawBytes
		if err := row.Scan(&at, &doc); err != nil {
			return err
		}
		if read++; eventjson.Outdated(doc) {
			places = append(places, at)
		}
		return nil
	}, at, l.upgrading.upto, upgradeBatch)
	if err != nil {
		return 0, 0, err
	}
	if read < upgradeBatch {
		at = l.upgrading.upto
	}
	err = l.transact(ctx, func() error {
		for _, seq := range places {
			was, _, err := l.rowAt(ctx, c, seq)
			if err != nil {
				return err
			}
			if was.Event == nil {
				continue // damaged from outside
			}
			l.doc = eventjson.AppendStored(l.doc[:0], was.Event, l.words)
			if _, err := c.Exec(ctx, "UPDATE events SET doc = ? WHERE seq = ?", string(l.doc), seq); err != nil {
				return err
			}
			is := was
			is.Size = len(l.doc)
			if err := l.changed(ctx, &was, &is); err != nil {
				return err
			}
			n++
		}
		if at >= l.upgrading.upto {
			_, err := c.Exec(ctx, "DELETE FROM meta WHERE key IN (?, ?)", upgradedTo, upgradedTo+".last")
			return err
		}
		return c.SetMeta(ctx, upgradedTo, at)
	})
	return at, n, err
}

// stopUpgrade returns when the rewriting has ended, if it ever began.
func (l *Log) stopUpgrade() {
	if l.upgrading.done != nil {
		<-l.upgrading.done
	}
}
