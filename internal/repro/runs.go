// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package repro

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// How many reproductions there are.
const (
	MaxRunning = 3  // at once
	maxKept    = 64 // the latest, until the process ends
)

// Config is what reproductions need of a server.
type Config struct {
	Registry *registry.Registry
	Rooms    *room.Hub
	Events   *event.Recorder
	Inject   *inject.Plan
	Key      token.Key                                 // of Account: the server believes what it signs
	Door     func() (url string, shut func(), _ error) // opens a way in that this machine reaches
	Written  func(context.Context) error               // returns when sessions are on the disk
	Log      *slog.Logger
}

// Runs are the reproductions of a server.
type Runs struct {
	cfg Config
	ctx context.Context
	end context.CancelCauseFunc

	mu     sync.Mutex
	kept   []*run // the oldest first; one of each failure
	closed bool
	tidied chan struct{} // closed when what an earlier process left is removed
}

// View is a reproduction as others see it, or what one would be.
type View struct {
	ID     string    `json:"id,omitempty"` // "" before the first
	Event  string    `json:"event"`
	Cause  string    `json:"cause,omitempty"` // what is brought about: the cause, or else the fault
	Title  string    `json:"title,omitempty"`
	Way    Way       `json:"way,omitempty"`     // "" where there is none
	About  string    `json:"about,omitempty"`   // what is done
	WhyNot string    `json:"why_not,omitempty"` // why there is no way
	State  State     `json:"state,omitempty"`   // "" before the first
	Began  time.Time `json:"began,omitzero"`
	Ends   time.Time `json:"ends,omitzero"` // at the latest
	Ended  time.Time `json:"ended,omitzero"`

	Problem string `json:"problem,omitempty"` // why it could not be made
	Steps   []Step `json:"steps,omitempty"`
	In      bool   `json:"got_in,omitempty"` // the test participant got in
	Means   string `json:"means,omitempty"`
	Facts   []Fact `json:"facts,omitempty"`
}

// New returns the reproductions of a server, and removes the rooms that those of an
// earlier process have left.
func New(cfg Config) *Runs {
	all := &Runs{cfg: cfg, tidied: make(chan struct{})}
	all.ctx, all.end = context.WithCancelCause(context.Background())
	go func() {
		defer close(all.tidied)
		if err := cfg.Registry.RemoveRooms(all.ctx, Account, ""); err != nil && all.ctx.Err() == nil {
			cfg.Log.Error("rooms of earlier tests could not be removed", "err", err)
		}
	}()
	return all
}

// outline is what a reproduction of a failure would be.
func outline(f *Failure, p plan) View {
	v := View{Event: f.Event.ID, Cause: f.id(), Title: title(f.id()), Way: p.way(), WhyNot: p.whyNot}
	switch {
	case p.retrace != nil:
		v.About = p.retrace.says
	case p.provoke != nil:
		v.About = p.provoke.About
	}
	return v
}

// Start begins to reproduce a failure; where that is under way already it is that one. It
// fails with fault.InjectionImpossible, which says why, fault.QueueFull and fault.Draining.
func (all *Runs) Start(f Failure, v *diagnose.Verdict) (View, error) {
	p := planFor(&f)
	if p.whyNot != "" {
		return View{}, fault.InjectionImpossible.New("cause", f.id(), "reason", p.whyNot)
	}
	<-all.tidied
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.closed {
		return View{}, fault.Draining.New()
	}
	running := 0
	for _, r := range all.kept {
		if r.running() {
			running++
			if r.event == f.Event.ID {
				return r.view(&f, v), nil
			}
		}
	}
	if running >= MaxRunning {
		return View{}, fault.QueueFull.New("limit", "reproductions", "max", MaxRunning)
	}
	ctx, stop := context.WithCancelCause(all.ctx)
	r := &run{
		id: uuid.NewString(), event: f.Event.ID, cause: f.id(), cfg: &all.cfg, failure: f, plan: p, words: wordsOf(f.Event), began: time.Now().UTC(),
		state: Running, stop: stop, over: make(chan struct{}),
	}
	all.kept = append(slices.DeleteFunc(all.kept, func(o *run) bool { return o.event == f.Event.ID }), r)
	if i := slices.IndexFunc(all.kept, func(o *run) bool { return !o.running() }); len(all.kept) > maxKept && i >= 0 {
		all.kept = slices.Delete(all.kept, i, i+1)
	}
	go r.do(ctx)
	return r.view(&f, v), nil
}

func (r *run) running() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state == Running
}

// Of is the latest reproduction of a failure, or what one would be.
func (all *Runs) Of(f Failure, v *diagnose.Verdict) View {
	if r := all.find(f.Event.ID); r != nil {
		return r.view(&f, v)
	}
	return outline(&f, planFor(&f))
}

// Stop stops the reproduction of a failure and waits until nothing of it is left. To stop
// none is no error.
func (all *Runs) Stop(ctx context.Context, event string) {
	r := all.find(event)
	if r == nil {
		return
	}
	r.stop(errStopped)
	select {
	case <-r.over:
	case <-ctx.Done():
	}
}

func (all *Runs) find(event string) *run {
	all.mu.Lock()
	defer all.mu.Unlock()
	i := slices.IndexFunc(all.kept, func(r *run) bool { return r.event == event })
	if i < 0 {
		return nil
	}
	return all.kept[i]
}

// Close stops all of them and takes no more. It returns when nothing of them is left, or
// the context ends.
func (all *Runs) Close(ctx context.Context) error {
	all.mu.Lock()
	all.closed = true
	kept := slices.Clone(all.kept)
	all.mu.Unlock()
	all.end(errStopped)
	over := []<-chan struct{}{all.tidied}
	for _, r := range kept {
		over = append(over, r.over)
	}
	for _, one := range over {
		select {
		case <-one:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
