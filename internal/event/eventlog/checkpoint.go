// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"sync/atomic"
)

// Committed pages stand in the write-ahead log until a checkpoint moves them into
// the database (https://www.sqlite.org/wal.html#ckpt), flushes included. Left to
// itself SQLite does that in the commit that makes the log too long, and whoever
// waits for that commit waits for the checkpoint. So a connection of its own does
// it beside the writer, which goes on, and holds the writer up only for what has
// come in meanwhile, so that the log can begin anew.
const (
	checkpointPages = 2000  // of 4 KiB, roughly, in the log: time for a checkpoint
	smallRest       = 300   // so few, by the same measure, can be moved while the writer waits
	largerRest      = 3     // times as many with each pass after which there were more
	backstopPages   = 16000 // SQLite does it itself when the other way has failed so long
	maxPasses       = 4     // beside the writer, before it is left for the next time
)

// checkpointer is the connection and what wakes it.
type checkpointer struct {
	conn *Conn
	due  chan struct{} // holds one
	done chan struct{} // closed when it has ended

	pages atomic.Int64 // in the log since the last checkpoint, roughly
}

// wrote tells of a transaction: of the events, each of which touches its own page, those of its
// indices and some of the counts; and of further pages.
func (p *checkpointer) wrote(rows, pages int64) {
	if p.pages.Add(20+6*rows+pages) < checkpointPages {
		return
	}
	select {
	case p.due <- struct{}{}:
	default:
	}
}

// startCheckpoints opens the connection and begins.
func (l *Log) startCheckpoints(ctx context.Context) (err error) {
	p := &l.checkpoints
	if p.conn, err = l.connect(ctx, "_txlock=deferred"); err != nil {
		return err
	}
	p.due, p.done = make(chan struct{}, 1), make(chan struct{})
	go l.runCheckpoints()
	return nil
}

// stop returns when run has ended, if it ever began.
func (p *checkpointer) stop() {
	if p.done != nil {
		<-p.done
	}
	if p.conn != nil {
		_ = p.conn.close()
	}
}

// runCheckpoints moves pages until the log is closed.
func (l *Log) runCheckpoints() {
	p := &l.checkpoints
	defer close(p.done)
	for {
		select {
		case <-p.due:
		case <-l.stopping:
			return
		}
		for rest, n := int64(smallRest), 0; n < maxPasses; rest, n = rest*largerRest, n+1 {
			p.pages.Store(0)
			if p.pass() != nil {
				break // a full disk, say; the writer will hear of it
			}
			if p.pages.Load() <= rest {
				lastPass(l)
				break
			}
		}
	}
}

// lastPass moves the rest while the writer waits.
func lastPass(l *Log) {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && l.checkpoints.pass() == nil {
		l.checkpoints.pages.Store(0)
	}
}

// pass moves what is there when it begins, and that no reader still needs.
func (p *checkpointer) pass() error {
	var busy, there, moved int64
	return p.conn.Row(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &there, &moved)
}
