// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event/docpack"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Events of files of earlier versions have ids in their row: as bytes or, up to version 2, as
// text. Those have their document, plain, in a column of the row as well; those of version 1
// the words of the readers' vocabulary and one half of what was told twice besides. They are read as they are, and written anew
// beside everything else while the store serves. How far that has come is in the file,
// so that the next start goes on from there.
const (
	packedFrom    = 3                     // the version from which on documents are packed
	summedFrom    = 4                     // the version from which on counts for summaries are as they are now
	refsFrom      = 5                     // the version from which on ids are references
	groupedFrom   = 6                     // the version from which on sets of filters are in groups
	runsFrom      = 7                     // the version from which on events of ids are in runs
	upgradedTo    = "documents.upto"      // meta: place up to which events are of this version
	upgradeBatch  = 256                   // events of one transaction
	upgradePause  = 10 * time.Millisecond // between two, so that writers are not held up
	upgradeReport = 10 * time.Second      // how often progress is logged
)

// upgrading is the rewriting of events in the background.
type upgrading struct {
	upto  int64         // the last place that may be of an earlier version; 0 when there is none
	left  atomic.Int64  // places that it has not come to
	mixed atomic.Bool   // ids of an earlier version may be there: see Conn.Is
	done  chan struct{} // closed when it has ended; nil when there was nothing to do
}

// prepareUpgrade finds out whether there are events of an earlier version.
func (l *Log) prepareUpgrade(ctx context.Context, version int) error {
	c := l.writer
	if version != schemaVersion {
		err := l.transact(ctx, func() error {
			// With the version, no earlier program takes the file, which it would misread.
			if _, err := c.ExecContext(ctx, readableSchema+fmt.Sprintf("; PRAGMA user_version = %d", schemaVersion)); err != nil || version >= refsFrom {
				return err
			}
			if err := c.SetMeta(ctx, upgradedTo+".last", l.last); err != nil {
				return err
			}
			return c.SetMeta(ctx, upgradedTo, 0)
		})
		if err != nil {
			return err
		}
	}
	upto, found, err := c.Meta(ctx, upgradedTo+".last")
	if err != nil || !found {
		return err
	}
	at, _, err := c.Meta(ctx, upgradedTo)
	l.upgrading.upto, c.mixed = upto, true
	l.upgrading.left.Store(upto - at)
	l.upgrading.mixed.Store(true)
	return err
}

// startUpgrade begins.
func (l *Log) startUpgrade() {
	if l.upgrading.upto > 0 {
		l.upgrading.done = make(chan struct{})
		go l.upgrade()
	}
}

// Upgrading is how many events, at most, are still of an earlier version.
func (l *Log) Upgrading() int64 { return l.upgrading.left.Load() }

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
		if from > 0 && from < packedFrom {
			steps = append(steps, "events are written anew and packed, in the background while the server serves; earlier versions then refuse the file")
		}
		if from >= packedFrom && from < refsFrom {
			steps = append(steps, "ids of rooms, sessions, peers and users are written anew as references, in the background while the server serves; earlier versions then refuse the file")
		}
		if from > 0 && from < summedFrom {
			steps = append(steps, "counts for summaries are written anew and packed, in the background while the server serves; earlier versions then refuse the file")
		}
		if from > 0 && from < groupedFrom {
			steps = append(steps, "sets that filters are answered from are put together, in the background while the server serves; earlier versions then refuse the file")
		}
		if from > 0 && from < runsFrom {
			steps = append(steps, "the indexes of rooms, sessions, peers and users become lists, in the background while the server serves; earlier versions then refuse the file")
		}
		among, err := blocksAmongKeys(ctx, db.QueryRowContext)
		if err != nil {
			return schemaVersion, nil, err
		}
		if among {
			steps = append(steps, "lists of events are written anew before the server starts, some 3 s for 10 million events")
		}
		has, err := hasDiagnoses(func(query string) row { return db.QueryRowContext(ctx, query) })
		if err == nil && !has && from > 0 {
			steps = append(steps, "failures get columns for why they happened")
		}
		if err == nil && from > 0 {
			if has, err = hasColumn(func(query string) row { return db.QueryRowContext(ctx, query) }, "happened"); err == nil && !has {
				steps = append(steps, "events get a column for when they happened, filled in the background while the server serves")
			}
		}
		return schemaVersion, steps, err
	})
}

// upgrade rewrites events until there are no more or the log is closed.
func (l *Log) upgrade() {
	defer close(l.upgrading.done)
	ctx := context.Background()
	l.log.Info("events of an earlier version are written anew in the background", "left", l.Upgrading())
	began, told, total := time.Now(), time.Now(), 0
	for {
		at, n, err := l.upgradeSome(ctx)
		total += n
		switch {
		case err != nil:
			l.log.Error("events of an earlier version stay as they are until the next start; they can be read", "error", err)
			return
		case at >= l.upgrading.upto:
			l.log.Info("all events are of this version", "written", total, "took", time.Since(began).Round(time.Second))
			return
		case time.Since(told) >= upgradeReport:
			told = time.Now()
			l.log.Info("events of an earlier version are written anew", "left", l.Upgrading(), "written", total)
		}
		select {
		case <-time.After(upgradePause):
		case <-l.stopping:
			return
		}
	}
}

// upgradeSome rewrites the next events and tells how far they go.
func (l *Log) upgradeSome(ctx context.Context) (at int64, n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.upgrading.upto, 0, nil
	}
	err = l.transact(ctx, func() error {
		at, n, err = l.rewriteSome(ctx)
		return err
	})
	if err != nil {
		return at, n, err
	}
	l.upgrading.left.Store(l.upgrading.upto - at)
	if at >= l.upgrading.upto {
		l.writer.mixed = false
		l.upgrading.mixed.Store(false)
	}
	return at, n, nil
}

func (l *Log) rewriteSome(ctx context.Context) (at int64, n int, err error) {
	c := l.writer
	if at, _, err = c.Meta(ctx, upgradedTo); err != nil {
		return 0, 0, err
	}
	var rows []oldRow
	err = c.Each(ctx, "SELECT seq, account, doc, room, session, peer, user FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", func(row Scanner) error {
		var r oldRow
		err := row.Scan(&r.seq, &r.account, &r.doc, &r.ids[0], &r.ids[1], &r.ids[2], &r.ids[3])
		rows, at = append(rows, r), r.seq
		return err
	}, at, l.upgrading.upto, upgradeBatch)
	if err != nil {
		return 0, 0, err
	}
	if len(rows) < upgradeBatch {
		at = l.upgrading.upto
	}
	var docs []docpack.Doc
	for _, r := range rows {
		if len(r.doc) > 0 { // else a second half has joined it since, and it is packed
			doc, err := l.rewriteDoc(ctx, r.seq, r.doc)
			if err != nil {
				return 0, 0, err
			}
			docs = append(docs, docpack.Doc{Seq: r.seq, Text: doc})
		}
		var refs [4]any
		for i, column := range idColumns {
			if refs[i], err = l.names.renew(ctx, column, r.account, r.ids[i]); err != nil {
				return 0, 0, err
			}
		}
		if _, err := c.Exec(ctx, "UPDATE events SET doc = '', room = ?, session = ?, peer = ?, user = ? WHERE seq = ?", refs[0], refs[1], refs[2], refs[3], r.seq); err != nil {
			return 0, 0, err
		}
		n++
	}
	if len(docs) > 0 {
		if err := l.docs.writeBlocks(ctx, docs); err != nil {
			return 0, 0, err
		}
	}
	if at >= l.upgrading.upto {
		_, err := c.Exec(ctx, "DELETE FROM meta WHERE key IN (?, ?)", upgradedTo, upgradedTo+".last")
		return at, n, err
	}
	return at, n, c.SetMeta(ctx, upgradedTo, at)
}

// oldRow is what of a row is written in another form.
type oldRow struct {
	seq, account int64
	doc          []byte
	ids          [4]any // as idColumns
}

// renew gives a column the reference of what it has; it may have one since a second half
// has joined the event.
func (n *names) renew(ctx context.Context, column string, account int64, value any) (any, error) {
	if ref, is := value.([]byte); value == nil || is && len(ref) <= maxRef {
		return value, nil
	}
	var id idText
	if err := id.Scan(value); err != nil {
		return nil, err
	}
	return n.ref(ctx, column, account, string(id))
}

// rewriteDoc gives the document that an event is to have in place of a plain one.
func (l *Log) rewriteDoc(ctx context.Context, seq int64, doc []byte) ([]byte, error) {
	if !eventjson.Outdated(doc) {
		return doc, nil
	}
	was, _, err := l.rowAt(ctx, l.writer, seq)
	if err != nil || was.Event == nil { // damaged from outside: it stays as it is
		return doc, err
	}
	doc = eventjson.AppendStored(nil, was.Event, l.words)
	is := was
	is.Size = len(doc)
	return doc, l.changed(ctx, &was, &is)
}

// stopUpgrade returns when the rewriting has ended, if it ever began.
func (l *Log) stopUpgrade() {
	if l.upgrading.done != nil {
		<-l.upgrading.done
	}
}
