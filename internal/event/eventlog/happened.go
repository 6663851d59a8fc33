// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"math"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// When an event happened is a column where that is not when it was taken. Events of
// files from before there was one, and those that a program without it has stored since,
// get it in the background, the newest first. How far that has come is in the file.
const (
	placedByUs = "happened"      // meta: place up to which programs that know the column have stored
	unplaced   = "happened.upto" // meta: place up to which events may lack it
	placeBatch = 256             // events of one transaction
	placeAgain = time.Minute     // after one that failed, for want of room on the disk, say
)

// placing is that work.
type placing struct {
	log  *Log
	due  bool          // there may be such events
	done chan struct{} // closed when it has ended; nil when it never began
}

// Happened is when the events of a plan are to have happened: in [Since, Until), as Unix
// nanoseconds. Ranges is where events can be that were taken then.
type Happened struct {
	Since, Until int64
	Ranges       []Range
}

// HappenedAt is when an event happened. A failure that both sides tell of may have happened
// after the first of them told, by event.PairWindow at most; nothing else does.
const HappenedAt = "coalesce(happened, time)"

func happenedColumn(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// filterHappened adds the condition on when events happened, and tells up to which place
// that is not known yet.
func (p *Plan) filterHappened(ctx context.Context, c *Conn, l *Log, q *event.Query) (unplacedTo int64, err error) {
	if !q.ByHappened() {
		return 0, nil
	}
	since, until := span(q.HappenedSince, q.HappenedUntil)
	p.and(HappenedAt+" >= ? AND "+HappenedAt+" < ?", since, until)
	unplacedTo, _, err = c.Meta(ctx, unplaced) // which also fixes the state of the file, before the ranges are asked for
	if err != nil {
		return 0, err
	}
	p.Happened = &Happened{Since: since, Until: until, Ranges: l.segments.between(since, until)}
	if !q.HappenedSince.IsZero() {
		later := l.segments.between(since-int64(event.PairWindow), math.MaxInt64)
		if len(later) == 0 {
			p.Upto = 0
			return 0, nil
		}
		p.Above = later[0].First - 1
	}
	return unplacedTo, nil
}

// placedFrom fails with fault.FieldInvalid where it is not known yet of events that may
// be asked for when they happened: of those up to a place.
func (p *Plan) placedFrom(q *event.Query, unplacedTo int64) error {
	if unplacedTo > p.Above && p.Above < p.Upto {
		return eventjson.NotByHappened(q,
			"reaches back to events of an earlier version, for which it is still being found out when they happened; ask for a later time, by since and until, or again in some minutes")
	}
	return nil
}

// addHappened gives a file from before there was the column.
func addHappened(ctx context.Context, c *Conn) error {
	if has, err := hasColumn(func(query string) row { return c.Row(ctx, query) }, "happened"); err != nil || has {
		return err
	}
	_, err := c.ExecContext(ctx, "ALTER TABLE events ADD COLUMN happened INTEGER")
	return err
}

// keepLast writes which place is the last, and that its program knows the column.
func keepLast(ctx context.Context, c *Conn, last int64) error {
	if err := c.SetMeta(ctx, "last_seq", last); err != nil {
		return err
	}
	return c.SetMeta(ctx, placedByUs, last)
}

// prepare finds out whether there may be events without the column.
func (p *placing) prepare(ctx context.Context, l *Log) error {
	p.log = l
	known, _, err := l.writer.Meta(ctx, placedByUs)
	if err != nil {
		return err
	}
	if known != l.last {
		if err := l.transact(ctx, func() error {
			if err := l.writer.SetMeta(ctx, unplaced, l.last); err != nil {
				return err
			}
			return l.writer.SetMeta(ctx, placedByUs, l.last)
		}); err != nil {
			return err
		}
	}
	upto, _, err := l.writer.Meta(ctx, unplaced)
	p.due = upto > 0
	return err
}

// start begins, if there is anything to do.
func (p *placing) start() {
	if p.due {
		p.done = make(chan struct{})
		go p.run()
	}
}

// stop returns when the work has ended, if it ever began.
func (p *placing) stop() {
	if p.done != nil {
		<-p.done
	}
}

// run gives events the column until all have it or the log is closed.
func (p *placing) run() {
	defer close(p.done)
	log, stopping := p.log.log, p.log.stopping
	log.Info("it is found out in the background when earlier events happened, the newest first")
	began, told := time.Now(), time.Now()
	for {
		left, err := p.some(context.Background())
		pause := upgradePause
		select {
		case <-stopping:
			return
		default:
		}
		switch {
		case err != nil:
			log.Error("it could not be found out when earlier events happened, and is tried again; questions by that reach back to the newest only until then", "error", err)
			pause = placeAgain
		case left == 0:
			log.Info("it is known of all events when they happened", "took", time.Since(began).Round(time.Second))
			return
		case time.Since(told) >= upgradeReport:
			told = time.Now()
			log.Info("it is found out when earlier events happened", "left", left)
		}
		select {
		case <-time.After(pause):
		case <-stopping:
			return
		}
	}
}

// some gives the next events the column, and tells up to which place there are more.
func (p *placing) some(ctx context.Context) (left int64, err error) {
	err = p.log.Change(ctx, func(ctx context.Context, tx Tx) error {
		upto, _, err := tx.Meta(ctx, unplaced)
		if err != nil || upto == 0 {
			return err
		}
		rows, err := tx.RowsBelow(ctx, upto, placeBatch)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := p.one(ctx, &rows[i]); err != nil {
				return err
			}
		}
		if left = 0; len(rows) == placeBatch {
			left = rows[len(rows)-1].Seq - 1
		}
		return tx.SetMeta(ctx, unplaced, left)
	})
	return left, err
}

func (p *placing) one(ctx context.Context, was *Row) error {
	if was.Event == nil { // damaged from outside
		return nil
	}
	at := event.HappenedApart(was.Event)
	if at.Equal(was.Happened) {
		return nil
	}
	if _, err := p.log.writer.Exec(ctx, "UPDATE events SET happened = ? WHERE seq = ?", happenedColumn(at), was.Seq); err != nil {
		return err
	}
	is, e := *was, *was.Event // another Event, since this is no matter of the document alone
	is.Happened, is.Event = at, &e
	return p.log.changed(ctx, was, &is)
}
