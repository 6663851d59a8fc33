// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package vitals watches the process itself: whether it stood still, whether its
// clock was set, and how near it is to the limits of its system. What follows for
// a call from a server that stalls looks like the fault of everybody's network.
package vitals

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/evidence"
)

const (
	tick   = 100 * time.Millisecond
	window = 10 * time.Minute // for how long the worst is remembered
	minute = time.Minute      // the unit it is forgotten by
	slack  = 200 * time.Millisecond
)

// Config is what a Watch tells beside what it sees.
type Config struct {
	Version string
	Queue   func() int            // events that wait to be stored; nil: not known
	Metrics prometheus.Registerer // nil: none
}

// Watch watches the process. Its methods may be called from anywhere.
type Watch struct {
	cfg     Config
	started time.Time
	base    system // when it started
	met     *metrics

	mu     sync.Mutex
	last   time.Time // of the ticker, with both clocks
	stalls worst
	steps  worst
	read   system // as it was last read
	readAt time.Time
}

// system is what the system says of the process.
type system struct {
	files, maxFiles int
	lost            uint64 // datagrams for which a socket had no room
}

// New returns a watch that looks when it is asked; Run has it look all the time.
func New(cfg Config) *Watch {
	now := time.Now()
	w := &Watch{cfg: cfg, started: now, last: now, base: readSystem()}
	w.met = newMetrics(cfg.Metrics, func() float64 { return float64(w.Evidence().UDPLost) })
	return w
}

// Run watches until the context ends.
func (w *Watch) Run(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			w.mu.Lock()
			w.look(time.Now())
			w.mu.Unlock()
		}
	}
}

// look compares the clocks with those of the last look; w.mu is held.
func (w *Watch) look(now time.Time) {
	passed := now.Sub(w.last) // of the monotonic clock
	wall := now.Round(0).Sub(w.last.Round(0))
	if late := passed - tick; late > slack {
		w.stalls.see(now, late)
		w.met.stalls.Inc()
		w.met.stalled.Add(late.Seconds())
	}
	if step := wall - passed; step.Abs() > slack {
		w.steps.see(now, step)
		w.met.steps.Inc()
	}
	w.last = now
}

// Evidence is how the process fares now and did within the last 10 minutes.
func (w *Watch) Evidence() *evidence.Self {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.look(now)
	if now.Sub(w.readAt) > time.Second {
		w.read, w.readAt = readSystem(), now
	}
	out := &evidence.Self{
		Version: w.cfg.Version, Started: evidence.Millis(w.started),
		Files: w.read.files, MaxFiles: w.read.maxFiles, UDPLost: w.read.lost - min(w.read.lost, w.base.lost),
	}
	if w.cfg.Queue != nil {
		n := w.cfg.Queue()
		out.Queue = &n
	}
	if by, at := w.stalls.worst(now); by != 0 {
		out.Stall, out.StallAt = by.Milliseconds(), evidence.Millis(at)
	}
	if by, at := w.steps.worst(now); by != 0 {
		out.Step, out.StepAt = by.Milliseconds(), evidence.Millis(at)
	}
	return out
}

// worst remembers the worst of each of the last minutes.
type worst struct {
	slots [window / minute]struct {
		minute int64 // since 1970
		by     time.Duration
		at     time.Time
	}
}

func (w *worst) see(at time.Time, by time.Duration) {
	n := at.Unix() / int64(minute/time.Second)
	s := &w.slots[n%int64(len(w.slots))]
	if s.minute != n || by.Abs() > s.by.Abs() {
		s.minute, s.by, s.at = n, by, at
	}
}

func (w *worst) worst(now time.Time) (by time.Duration, at time.Time) {
	for _, s := range w.slots {
		if s.by.Abs() > by.Abs() && now.Sub(s.at) < window {
			by, at = s.by, s.at
		}
	}
	return by, at
}
