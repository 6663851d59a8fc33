// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"log/slog"
	"time"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

const (
	batch  = 500                   // events of one transaction
	pause  = 10 * time.Millisecond // between two, so that writers are not held up
	report = 10 * time.Second      // how often progress is logged
)

// Start takes in, beside everything else, the events of before there was an index, the
// newest first. How far that has come is in the file, so that the next start goes on
// from there. Stop ends it.
func (x *Index) Start(l *eventlog.Log, log *slog.Logger) {
	x.stop, x.done = make(chan struct{}), make(chan struct{})
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	go x.backfill(l, log)
}

// Stop returns when nothing more is taken in.
func (x *Index) Stop() {
	if x.stop != nil {
		close(x.stop)
		<-x.done
		x.stop = nil
	}
}

func (x *Index) backfill(l *eventlog.Log, log *slog.Logger) {
	defer close(x.done)
	if x.backfillEvents(l, log) {
		x.backfillBests(l, log)
	}
}

// backfillBests tells attempts of before there was one their best failure; searches look for
// that of the others.
func (x *Index) backfillBests(l *eventlog.Log, log *slog.Logger) {
	for {
		more, err := x.fillBests(l)
		if err != nil {
			log.Error("searches for people of long ago take longer until the next start", "error", err)
		}
		if err != nil || !more {
			return
		}
		if x.pause() {
			return
		}
	}
}

// pause waits between two transactions, and tells whether to end.
func (x *Index) pause() (stopped bool) {
	select {
	case <-time.After(pause):
		return false
	case <-x.stop:
		return true
	}
}

// backfillEvents takes in earlier events, and tells whether there are none left.
func (x *Index) backfillEvents(l *eventlog.Log, log *slog.Logger) bool {
	began, told, total := time.Now(), time.Now(), 0
	for {
		left, n, err := x.backfillSome(l)
		switch total += n; {
		case err != nil:
			log.Error("people of earlier events cannot all be searched for until the next start", "error", err, "left", left)
			return false
		case left == 0:
			if total > 0 {
				log.Info("people of all events can be searched for", "events", total, "took", time.Since(began).Round(time.Second))
			}
			return true
		case total == n:
			log.Info("people of earlier events are put into an index in the background, the newest first", "left", left)
		case time.Since(told) >= report:
			told = time.Now()
			log.Info("people of earlier events are put into an index", "events", total, "left", left)
		}
		if x.pause() {
			return false
		}
	}
}

// backfillSome takes in some events, and tells up to which place there are more.
func (x *Index) backfillSome(l *eventlog.Log) (left int64, n int, err error) {
	err = l.Change(context.Background(), func(ctx context.Context, tx eventlog.Tx) error {
		left = x.pending
		if left == 0 {
			return nil
		}
		rows, err := tx.RowsBelow(ctx, left, batch)
		if err != nil {
			return err
		}
		if n, left = len(rows), 0; n == batch {
			left = rows[n-1].Seq - 1
		}
		for i := range rows {
			x.event(&rows[i], 1)
		}
		if err := tx.SetMeta(ctx, indexedTo, left); err != nil {
			return err
		}
		x.pending = left // read again from the file where this fails
		return nil
	})
	return left, n, err
}
