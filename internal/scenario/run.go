// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// Injections starts and ends faults; admin.Injections is one.
type Injections interface {
	// Check tells what the injections would be; it fails as the first would that
	// the server would refuse, with the detail "index".
	Check(ctx context.Context, all []admin.Injection) ([]admin.InjectionRule, error)
	// Create starts one.
	Create(ctx context.Context, one admin.Injection) (admin.InjectionRule, error)
	// Remove ends one; that it has ended already is
	// fault.InjectionNotFound.
	Remove(ctx context.Context, id string) error
}

// Events is what is on record; admin.Events is one.
type Events interface {
	// All yields it, oldest first.
	All(ctx context.Context, f admin.EventFilter) iter.Seq2[admin.Event, error]
}

// Target is whom a scenario is about, but for steps that say otherwise. Empty
// fields match everybody.
type Target struct{ Room, Peer, User, Role string }

// Kind is what kind of progress is reported.
type Kind string

// The kinds of progress.
const (
	Began    Kind = "began"    // a fault is provoked
	Ended    Kind = "ended"    // and is over
	Waits    Kind = "waits"    // an event is waited for
	Seen     Kind = "seen"     // it came
	Unseen   Kind = "unseen"   // what must not come did not
	Said     Kind = "said"     // a step that tells something
	Restored Kind = "restored" // everything was ended
	Finished Kind = "finished" // the scenario is over
)

// Progress is one thing that happened while a scenario ran.
type Progress struct {
	Kind  Kind
	At    time.Duration // since the beginning, on the scenario's own clock
	Step  Step
	Rule  admin.InjectionRule // Began, Ended
	Event admin.Event         // Seen
}

// Run is one run of a scenario.
type Run struct {
	Scenario   *Scenario
	Injections Injections
	Events     Events
	Target     Target
	Speed      float64        // times faster than it is written; 0 is 1
	Report     func(Progress) // called one at a time; may be nil

	report sync.Mutex
	began  time.Time
	since  time.Time // the server's clock at the beginning
	room   string    // id, once the server has told it
	mu     sync.Mutex
	left   map[string]running // injections that may still be at work, by id
}

type running struct {
	rule  admin.InjectionRule
	step  Step
	timer *time.Timer
}

// patience is how long is spent on cleaning up.
const patience = 15 * time.Second

// pollEvery is how often events are asked for while one is waited for.
const pollEvery = 300 * time.Millisecond

// Check tells whether the run could begin now: the server is asked about every
// step, and nothing happens. It fails with [Problems] as the cause when the
// server would refuse a step, and with fault.FieldMissing or FieldInvalid for a
// missing target or a speed out of range.
func (r *Run) Check(ctx context.Context) error {
	switch {
	case r.Target.Room == "":
		return fault.FieldMissing.New("field", "room", "want", "the id or name of a room")
	case r.Scenario.OnePeer && r.Target.Peer == "" && r.Target.User == "":
		return fault.FieldMissing.New("field", "peer", "want", "a peer or a user: the scenario is about one")
	case r.Speed < 0 || r.Speed > r.Scenario.Fastest:
		return fault.FieldInvalid.New("field", "speed", "got", r.Speed, "want", fmt.Sprintf("up to %v: the timers of clients are not faster", r.Scenario.Fastest))
	}
	if r.Speed == 0 {
		r.Speed = 1
	}
	var all []admin.Injection
	var steps []Step
	for _, s := range r.Scenario.Steps {
		switch s.Do {
		case DoRestore:
			for i := range all {
				cutAt(&all[i], r.scaled(s.At))
			}
		case DoInject:
			in := r.injection(s)
			if at := r.scaled(s.At); at > 0 {
				in.After = at
			}
			all, steps = append(all, in), append(steps, s)
		}
	}
	rules, err := r.Injections.Check(ctx, all)
	if err != nil {
		return r.blame(err, steps)
	}
	if len(rules) != len(all) {
		return fmt.Errorf("the server answers about %d of %d injections", len(rules), len(all))
	}
	r.room = rules[0].Room
	r.since = rules[0].Begins.Add(-r.scaled(steps[0].At))
	return nil
}

// cutAt ends an injection at a time at the latest, where it says how long it is.
func cutAt(in *admin.Injection, end time.Duration) {
	if in.For > 0 && in.After+in.For > end {
		in.For = max(end-in.After, time.Nanosecond)
	}
}

// blame says which step the server would refuse.
func (r *Run) blame(err error, steps []Step) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	i, ok := index(f)
	if !ok || i < 0 || i >= len(steps) {
		return err
	}
	s := steps[i]
	p := Problem{r.Scenario.File, s.Line, fmt.Sprintf("at %v: %s", s.At, s.Text), err.Error(), ""}
	return f.Kind.Wrap(Problems{p}, "file", r.Scenario.File, "line", s.Line)
}

func index(f *fault.Error) (int, bool) {
	switch n := f.Detail("index").(type) {
	case int:
		return n, true
	case float64:
		return int(n), true
	case string:
		i, err := strconv.Atoi(n)
		return i, err == nil
	}
	return 0, false
}

func (r *Run) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) / r.Speed) }

// injection is what a step asks of the server.
func (r *Run) injection(s Step) admin.Injection {
	in := s.Inject
	in.Room = r.Target.Room
	if in.Peer == "" && in.User == "" && in.Role == "" {
		in.Peer, in.User, in.Role = r.Target.Peer, r.Target.User, r.Target.Role
	}
	in.For = r.scaled(in.For)
	return in
}

// Go runs the scenario to its end. It fails as Check does before anything has
// happened, with an [Unmet] when an expectation is not met, with the context's
// error, and with what the server refused. In each case everything it provoked
// has been removed, or the error says what has not.
func (r *Run) Go(ctx context.Context) (err error) {
	if err := r.Check(ctx); err != nil {
		return err
	}
	r.left = map[string]running{}
	ctx, stop := context.WithCancelCause(ctx)
	r.began = time.Now()
	var waiting sync.WaitGroup
	defer func() {
		stop(nil)
		waiting.Wait()
		if left := r.restore(context.WithoutCancel(ctx)); left != nil {
			err = errors.Join(err, left)
		}
	}()
	last := r.since // expectations look from the fault before them
	for _, s := range r.Scenario.Steps {
		if err := r.until(ctx, s.At); err != nil {
			return err
		}
		switch s.Do {
		case DoInject:
			rule, err := r.start(ctx, s)
			if err != nil {
				return err
			}
			last = rule.Begins
		case DoExpect:
			since := last
			r.tell(Progress{Kind: Waits, Step: s})
			waiting.Go(func() {
				if err := r.await(ctx, s, since); err != nil {
					stop(err)
				}
			})
		case DoRestore:
			if err := r.restore(ctx); err != nil {
				return err
			}
			r.tell(Progress{Kind: Restored, Step: s})
		case DoSay:
			r.tell(Progress{Kind: Said, Step: s})
		}
	}
	done := make(chan struct{})
	go func() { waiting.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if n := len(r.Scenario.Steps); r.Scenario.Steps[n-1].Do != DoEnd {
		if err := r.until(ctx, r.Scenario.Length()); err != nil {
			return err
		}
	}
	if err := r.restore(ctx); err != nil {
		return err
	}
	r.tell(Progress{Kind: Finished})
	return nil
}

// until waits for a time on the scenario's clock.
func (r *Run) until(ctx context.Context, at time.Duration) error {
	t := time.NewTimer(time.Until(r.began.Add(r.scaled(at))))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// start provokes a fault.
func (r *Run) start(ctx context.Context, s Step) (admin.InjectionRule, error) {
	// Even when the context ends meanwhile the answer is needed: it has the id.
	rule, err := r.Injections.Create(context.WithoutCancel(ctx), r.injection(s))
	if err != nil {
		return admin.InjectionRule{}, fmt.Errorf("%s:%d: at %v: %s: %w", r.Scenario.File, s.Line, s.At, s.Text, err)
	}
	r.tell(Progress{Kind: Began, Step: s, Rule: rule})
	if rule.State == "done" {
		return rule, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left[rule.ID] = running{rule, s, time.AfterFunc(rule.Ends.Sub(rule.Begins), func() {
		r.mu.Lock()
		_, there := r.left[rule.ID]
		delete(r.left, rule.ID)
		r.mu.Unlock()
		if there {
			r.tell(Progress{Kind: Ended, Step: s, Rule: rule})
		}
	})}
	return rule, nil
}

// restore ends everything that may be at work.
func (r *Run) restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r.mu.Lock()
	left := r.left
	r.left = map[string]running{}
	r.mu.Unlock()
	var all []error
	for id, x := range left {
		x.timer.Stop()
		err := r.Injections.Remove(ctx, id)
		if err != nil && !errors.Is(err, fault.InjectionNotFound) {
			all = append(all, fmt.Errorf("%q goes on until %s: it could not be removed: %w", x.step.Text, x.rule.Ends.Format(time.TimeOnly), err))
			continue
		}
		r.tell(Progress{Kind: Ended, Step: x.step, Rule: x.rule})
	}
	return errors.Join(all...)
}

// Unmet is an expectation that was not met.
type Unmet struct {
	File  string
	Step  Step
	Event *admin.Event // what came and must not
}

func (u *Unmet) Error() string {
	if u.Event != nil {
		return fmt.Sprintf("%s:%d: at %v: %s: it came, as %s %d %s", u.File, u.Step.Line, u.Step.At, u.Step.Text,
			u.Event.Type, u.Event.Data.Code, u.Event.Redial.Fault)
	}
	return fmt.Sprintf("%s:%d: at %v: %s: it did not come", u.File, u.Step.Line, u.Step.At, u.Step.Text)
}

// await waits for the event of an expectation, or for its absence.
func (r *Run) await(ctx context.Context, s Step, since time.Time) error {
	deadline := time.NewTimer(s.Expect.Within)
	defer deadline.Stop()
	if s.Expect.None { // from now on, by the server's clock
		since = r.since.Add(time.Since(r.began))
	}
	for over := false; ; {
		found, err := r.look(ctx, s, since)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && over:
			return fmt.Errorf("%s:%d: the events cannot be read: %w", r.Scenario.File, s.Line, err)
		case found != nil && s.Expect.None:
			return &Unmet{r.Scenario.File, s, found}
		case found != nil && !s.Expect.None:
			r.tell(Progress{Kind: Seen, Step: s, Event: *found})
			return nil
		case over && s.Expect.None:
			r.tell(Progress{Kind: Unseen, Step: s})
			return nil
		case over:
			return &Unmet{File: r.Scenario.File, Step: s}
		}
		select {
		case <-deadline.C:
			over = true // and one last look
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look finds an event that an expectation is about.
func (r *Run) look(ctx context.Context, s Step, since time.Time) (*admin.Event, error) {
	for e, err := range r.Events.All(ctx, admin.EventFilter{RoomID: r.room, Errors: true, Since: since}) {
		if err != nil {
			return nil, err
		}
		if e.Redial.Injected && s.Expect.matches(e) && r.concerns(e) {
			return &e, nil
		}
	}
	return nil, nil
}

// concerns tells whether an event is about the target.
func (r *Run) concerns(e admin.Event) bool {
	t, d := r.Target, e.Data
	return (t.Peer == "" || t.Peer == d.Peer || t.Peer == d.UserName || d.UserName == "") &&
		(t.User == "" || t.User == d.User) && (t.Role == "" || d.Role == "" || t.Role == d.Role)
}

func (r *Run) tell(p Progress) {
	if r.Report == nil {
		return
	}
	r.report.Lock()
	defer r.report.Unlock()
	p.At = time.Duration(float64(time.Since(r.began)) * r.Speed)
	r.Report(p)
}
