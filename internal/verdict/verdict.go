// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package verdict gives every stored failure its verdict, once both of its halves
// have had their time.
//
// The store is the queue: failures are taken in the order of their places, and how
// far that has come is on disk with the verdicts. So a flood of failures waits where
// it is stored anyway, nothing is held in memory, no event waits for a verdict to be
// acknowledged, and what the last process left is done by the next.
package verdict

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/explain"
)

// After is when a failure gets its verdict: when nothing can join it any more, and
// what was about to be written has been.
const After = event.PairWindow + 10*time.Second

const (
	lookEvery  = 5 * time.Second       // how often is looked what is due
	countEvery = 15 * time.Second      // how often the backlog is counted
	batch      = 16                    // verdicts of one transaction, which appending has to wait for
	pause      = 20 * time.Millisecond // between two, so that others get their turn

	longestRest = 300 * time.Millisecond // after a verdict
	retryAfter  = 10 * time.Second       // after the store could not be read or written
	stride      = 1000                   // places without a failure that may pass before that is noted
	maxTries    = 3                      // of what is near a failure, before it is explained without
	patience    = 30 * time.Second       // for one case
)

// Config is what a Giver needs; Events is required.
type Config struct {
	Events  *event.Recorder
	After   time.Duration         // when a failure is due; 0 is After
	Log     *slog.Logger          // nil: silent
	Metrics prometheus.Registerer // nil: none
}

// Giver gives verdicts until it is closed.
type Giver struct {
	cfg   Config
	store event.Diagnoser
	m     *metrics
	stop  context.CancelFunc
	done  chan struct{}

	judge func(*diagnose.Case) diagnose.Verdict // diagnose.Explain, but for tests

	waited  int       // events to be stored, the most of late
	noted   int64     // place that is on disk
	counted time.Time // when the backlog was counted last
	stuck   int64     // place of a failure whose case could not be read
	tries   int       // how often that was so
}

// Start begins to give verdicts. A store that keeps none is left alone.
func Start(cfg Config) *Giver {
	return start(cfg, diagnose.Explain)
}

func start(cfg Config, judge func(*diagnose.Case) diagnose.Verdict) *Giver {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.After = cmp.Or(cfg.After, After)
	g := &Giver{cfg: cfg, judge: judge, stop: func() {}, done: make(chan struct{})}
	var ok bool
	if g.store, ok = cfg.Events.Store().(event.Diagnoser); !ok {
		close(g.done)
		return g
	}
	g.m = newMetrics(cfg.Metrics)
	var ctx context.Context
	ctx, g.stop = context.WithCancel(context.Background())
	go g.run(ctx)
	return g
}

// Close stops it, and returns when it has stopped or the context ends. What waits for
// a verdict is given one after the next Start.
func (g *Giver) Close(ctx context.Context) error {
	g.stop()
	select {
	case <-g.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *Giver) run(ctx context.Context) {
	background.Thread()
	defer close(g.done)
	failing := false
	for {
		more, err := g.some(ctx, time.Now())
		g.count(ctx, time.Now())
		wait := min(lookEvery, max(g.cfg.After/4, pause))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wait = retryAfter
			if !failing {
				g.cfg.Log.Error("failures get no verdicts for now", "fault", fault.From(err, fault.OpReport))
			}
		case failing:
			g.cfg.Log.Info("failures get verdicts again")
		}
		if failing = err != nil; more && err == nil {
			wait = pause
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// some gives the next verdicts that are due; more tells whether there may be others.
func (g *Giver) some(ctx context.Context, now time.Time) (more bool, err error) {
	u, err := g.store.Undiagnosed(ctx, now.Add(-g.cfg.After), batch)
	if err != nil {
		return false, err
	}
	if len(u.Events) == 0 && u.Upto-g.noted < stride {
		return false, nil
	}
	verdicts := make([]event.Verdict, 0, len(u.Events))
	for i := range u.Events {
		began := time.Now()
		v, err := g.explain(ctx, &u.Events[i])
		if err != nil {
			return false, err
		}
		g.rest(ctx, time.Since(began))
		verdicts = append(verdicts, event.Verdict{Seq: u.Events[i].Seq, Diagnosis: v})
	}
	if err := g.cfg.Events.Diagnose(ctx, verdicts, u.Upto); err != nil {
		return false, err
	}
	moved := u.Upto > g.noted
	g.noted = u.Upto
	for i := range verdicts {
		g.m.gave(&verdicts[i].Diagnosis, u.Events[i].Injected)
	}
	return moved && len(u.Events) > 0, nil
}

// rest leaves the processor to others for as long as a verdict took, and for longer the
// more events have waited to be stored of late: who reports waits for an answer, and nobody
// for a verdict. They are stored many at a time, so that just now none may wait.
func (g *Giver) rest(ctx context.Context, took time.Duration) {
	g.waited = max(g.cfg.Events.Waiting(), g.waited*4/5)
	times := 1 + min(g.waited/4, 19)
	select {
	case <-time.After(min(time.Duration(times)*took, longestRest)):
	case <-ctx.Done():
	}
}

// explain gives the verdict on one failure. Where what is near it cannot be read again
// and again, as when a document was damaged from outside, it rests on the failure alone.
func (g *Giver) explain(ctx context.Context, e *event.Event) (d event.Diagnosis, err error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := explain.Case(limited, g.cfg.Events.Store(), e)
	if err != nil {
		if g.stuck != e.Seq {
			g.stuck, g.tries = e.Seq, 0
		}
		if g.tries++; g.tries < maxTries || ctx.Err() != nil {
			return d, err
		}
		g.cfg.Log.Warn("a failure is explained without what is near it, which cannot be read", "event", e.ID, "fault", fault.From(err, fault.OpReport))
		c = &diagnose.Case{V: diagnose.CaseVersion, At: time.Now().UTC(), Failure: explain.Failure(e), Window: true}
	}
	return g.judged(c), nil
}

// judged is what is kept of the verdict on a case. A rule that panics must not end the
// calls of everybody, and again after each start.
func (g *Giver) judged(c *diagnose.Case) (d event.Diagnosis) {
	defer func() {
		if p := recover(); p != nil {
			g.cfg.Log.Error("a rule of diagnosis panicked", "event", c.Failure.ID, "panic", p, "stack", string(debug.Stack()))
			d = event.Diagnosis{Confidence: string(diagnose.NotKnown), Rules: diagnose.Version}
		}
	}()
	return Kept(g.judge(c))
}

// Kept is what is kept of a verdict.
func Kept(v diagnose.Verdict) event.Diagnosis {
	return event.Diagnosis{Cause: v.Cause, Confidence: string(v.Confidence), Rules: v.Rules}
}

// count counts the backlog now and then.
func (g *Giver) count(ctx context.Context, now time.Time) {
	if g.m == nil || now.Sub(g.counted) < countEvery {
		return
	}
	g.counted = now
	n, oldest, err := g.store.CountUndiagnosed(ctx)
	if err != nil {
		return // run tells of it
	}
	g.m.waiting.Set(float64(n))
	behind := time.Duration(0)
	if n > 0 {
		behind = max(0, now.Sub(oldest)-g.cfg.After)
	}
	g.m.behind.Set(behind.Seconds())
}
