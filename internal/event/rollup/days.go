// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// How the counts are kept beside everything else.
const (
	tidyEvery = 10 * time.Minute      // how often days are looked for that are over
	tidyPause = 10 * time.Millisecond // between two transactions, so that writers are not held up
	tidyDays  = 64                    // days in a dimension that are looked for at once
)

// Keeper adds up the days of a table that are over, and writes the counts of earlier
// versions anew, while a log is in use.
type Keeper struct {
	t          *Table
	l          *eventlog.Log
	log        *slog.Logger
	stop, done chan struct{}
	once       sync.Once // closes stop
}

// Keep starts a keeper. Stop ends it, before the log is closed.
func (t *Table) Keep(l *eventlog.Log, log *slog.Logger) *Keeper {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{t: t, l: l, log: log, stop: make(chan struct{}), done: make(chan struct{})}
	go k.run()
	return k
}

// Stop returns when nothing more is done.
func (k *Keeper) Stop() {
	if k != nil {
		k.once.Do(func() { close(k.stop) })
		<-k.done
	}
}

func (k *Keeper) run() {
	defer close(k.done)
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		for more := true; more; {
			var err error
			if more, err = k.t.Tidy(context.Background(), k.l, time.Now(), k.stop); err != nil {
				k.log.Warn("counts of events could not be added up by day; they are read by the hour until the next time", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-k.stop:
			return
		}
	}
}

// Tidy writes some of an earlier version's counts anew, or else adds up some days that
// are over at a time, and tells whether there is more to do. It ends early when stop is
// closed. It fails with fault.StoreUnavailable.
func (t *Table) Tidy(ctx context.Context, l *eventlog.Log, now time.Time, stop <-chan struct{}) (more bool, err error) {
	var days []step
	outdated := false
	err = l.Read(ctx, func(c *eventlog.Conn) error {
		if outdated, err = isOutdated(ctx, c); err != nil || outdated {
			return err
		}
		days, err = daysDue(ctx, c, Step(Days, now))
		return err
	})
	if err != nil {
		return false, err
	}
	work := []func(context.Context, eventlog.Tx) error{}
	if outdated {
		work = append(work, func(ctx context.Context, tx eventlog.Tx) error { return t.renewSome(ctx, tx.Conn) })
	}
	for _, day := range days {
		work = append(work, func(ctx context.Context, tx eventlog.Tx) error { return day.addUp(ctx, tx.Conn) })
	}
	for _, some := range work {
		if err := l.Rearrange(ctx, some); err != nil {
			return false, err
		}
		select {
		case <-time.After(tidyPause):
		case <-stop:
			return false, nil
		}
	}
	return outdated || len(days) == tidyDays, nil
}

// daysDue finds days before one that have not been added up.
func daysDue(ctx context.Context, c *eventlog.Conn, today int64) (days []step, err error) {
	err = c.Each(ctx, `SELECT DISTINCT account, dim, at / 24 FROM summary_steps WHERE level = ?1 AND at >= 0 AND at < ?2 * 24
		EXCEPT SELECT account, dim, at FROM summary_steps WHERE level = ?3 LIMIT ?4`, func(row eventlog.Scanner) error {
		s := step{level: Days}
		err := row.Scan(&s.account, &s.dim, &s.at)
		days = append(days, s)
		return err
	}, Hours, today, Days, tidyDays)
	return days, err
}

// addUp makes a day of its hours.
func (s step) addUp(ctx context.Context, c *eventlog.Conn) error {
	_, found, err := s.read(ctx, c)
	if err != nil || found {
		return err
	}
	var day []byte
	err = c.Each(ctx, "SELECT cells FROM summary_steps WHERE account = ? AND dim = ? AND level = ? AND at >= ? AND at < ?", func(row eventlog.Scanner) error {
		var b []byte
		if err := row.Scan(&b); err != nil {
			return err
		}
		var hour []change
		_ = eachCell(b, func(value []byte, typ int64, p packed) { // of damaged ones, what can be read
			of := &Cell{N: p.n}
			eachUser(p.users, func(id int64) { of.Set = append(of.Set, id) })
			hour = append(hour, change{cellKey{string(value), typ}, of})
		})
		day = merge(day, hour)
		return nil
	}, s.account, s.dim, Hours, s.at*24, s.at*24+24)
	if err != nil {
		return err
	}
	return s.write(ctx, c, day)
}
