// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package repro

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/explain"
	"github.com/redial-rtc/redial/internal/inject"
)

// Times of a reproduction.
const (
	limit   = 60 * time.Second // of all of it, but for removing what was made
	window  = 20 * time.Second // in which the test participant tries to come back
	settled = 6 * time.Second  // after which a record that names another cause, or lacks the client's half, is taken as it is
	well    = 3 * time.Second  // for which somebody who was let in is watched
)

// run is one reproduction.
type run struct {
	id      string
	event   string // id of the failure
	cfg     *Config
	failure Failure // its event only while it runs: an erasure leaves nothing of it here
	cause   string  // that is brought about
	plan    plan
	words   *dialect.Dialect
	began   time.Time
	stop    context.CancelCauseFunc
	over    chan struct{} // closed when nothing of it is left

	mu    sync.Mutex
	ended time.Time
	state State
	says  string // why it could not be made
	steps []Step
	in    bool   // the test participant got in, and nothing failed
	found []said // what the record says of the test
}

// Step is something that a reproduction has done.
type Step struct {
	At   time.Time `json:"at"`
	Says string    `json:"says"`
}

func (r *run) step(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, Step{time.Now().UTC(), fmt.Sprintf(format, args...)})
}

// errStopped is that somebody has stopped a reproduction.
var errStopped = errors.New("it was stopped")

// do makes the reproduction and removes what it has made.
func (r *run) do(ctx context.Context) {
	defer close(r.over)
	defer r.stop(nil)
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s := &set{cfg: r.cfg, failure: &r.failure, id: r.id}
	err := r.make(bounded, s)
	if cleared := s.clear(ctx); cleared != nil {
		r.cfg.Log.Error("what a test has made could not be removed", "room", s.room.ID, "err", cleared)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.state, r.failure.Event = time.Now().UTC(), Done, nil
	switch {
	case context.Cause(ctx) != nil:
		r.state, r.found = Stopped, nil
	case errors.Is(err, context.DeadlineExceeded):
		// It was watched to the end, and what was found is what there is.
	case err != nil:
		r.state, r.says = Failed, err.Error()
	}
}

// make has the test participant meet what is to be brought about.
func (r *run) make(ctx context.Context, s *set) error {
	if err := s.build(ctx, r.plan.retrace); err != nil {
		return err
	}
	r.step("A room of its own is made.")
	if r.plan.retrace != nil {
		return r.trace(ctx, s)
	}
	return r.provoke(ctx, s)
}

// trace tries the same in earnest.
func (r *run) trace(ctx context.Context, s *set) error {
	if r.plan.retrace.taken {
		if _, err := s.enter(ctx, s.claims); err != nil {
			return fmt.Errorf("the seat could not be taken: %w", err)
		}
		r.step("A participant takes the seat.")
	}
	if r.plan.retrace.token != nil {
		if err := r.plan.retrace.token(s); err != nil {
			return err
		}
	}
	she, err := s.enter(ctx, s.claims)
	r.joined(err)
	return r.watch(ctx, s, she)
}

// provoke has two participants in the room, or one who is joined by the other, and
// injects the cause.
func (r *run) provoke(ctx context.Context, s *set) error {
	if _, err := s.enter(ctx, s.claims); err != nil {
		return fmt.Errorf("with nothing provoked, the server's own participant does not get in: %w", err)
	}
	asked := inject.Spec{Cause: r.plan.provoke.ID, Room: s.room.ID, By: "test " + r.id}
	second, err := s.enter(ctx, s.claims)
	if err != nil {
		return err
	}
	if err := s.hear(ctx); err != nil {
		return err
	}
	r.step("Two participants hear each other, with nothing provoked.")
	she := second
	if r.plan.provoke.Inside {
		asked.Peer = second.PeerID()
	}
	if _, err := r.cfg.Inject.Add(asked); err != nil {
		return err
	}
	r.step("%s is provoked: %s.", asked.Cause, r.plan.provoke.About)
	if !r.plan.provoke.Inside {
		she, err = s.enter(ctx, s.claims)
		r.joined(err)
	}
	return r.watch(ctx, s, she)
}

func (r *run) joined(err error) {
	if err == nil {
		r.step("The test participant is let in.")
		return
	}
	d := client.Describe(err)
	r.step("The test participant is not let in: %s.", d.Title)
}

// watch waits for the record of what befell the test participant, the last of them to
// enter. In a retrace nobody who was let in and hears others has failed.
func (r *run) watch(ctx context.Context, s *set, she *client.Room) error {
	user := s.users[len(s.users)-1]
	if r.plan.provoke != nil && r.plan.provoke.Inside {
		user = s.users[1]
	}
	var since time.Time // when something was first on record
	began := time.Now()
	for {
		best, err := r.look(ctx, user)
		if err != nil {
			return err
		}
		if best != nil {
			if since.IsZero() {
				since = time.Now()
			}
			r.mu.Lock()
			r.found = best.said
			r.mu.Unlock()
			if best.cause == r.cause && best.told || r.plan.retrace != nil && time.Since(since) > settled || best.cause == r.cause && time.Since(since) > settled {
				r.step("It is on record: %s.", best.title)
				return nil
			}
		}
		if best == nil && r.plan.retrace != nil && she != nil && time.Since(began) > well {
			r.mu.Lock()
			r.in = true
			r.mu.Unlock()
			return nil
		}
		if !pause(ctx, lookEvery) {
			return ctx.Err()
		}
	}
}

// record is what is on record of a test.
type record struct {
	cause string
	title string
	told  bool // by the client too, or hers was not
	said  []said
}

// look finds the failure of the test participant that is most like hers: of the same
// cause, or else the first.
func (r *run) look(ctx context.Context, user string) (*record, error) {
	store := r.cfg.Events.Store()
	page, err := store.Query(ctx, event.Query{AccountID: Account, UserID: user, Errors: true, Limit: event.MaxLimit})
	if err != nil {
		return nil, err
	}
	var best *record
	for i := range page.Events {
		e := &page.Events[i]
		c, err := explain.Case(ctx, store, e)
		if err != nil {
			return nil, err
		}
		v := diagnose.Explain(c)
		one := &record{cause: v.Cause, title: e.Fault, said: describe(e, &v, r.words)}
		hers, _ := r.failure.Event.Halves()
		mine, _ := e.Halves()
		one.told = mine != nil || hers == nil
		if best == nil || one.cause == r.cause && (best.cause != one.cause || !best.told && one.told) {
			best = one
		}
	}
	return best, nil
}

// view is the reproduction as others see it, against what is on record of the failure.
func (r *run) view(f *Failure, v *diagnose.Verdict) View {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := outline(f, r.plan)
	out.ID, out.State, out.Began, out.Ends, out.Ended, out.Problem = r.id, r.state, r.began, r.began.Add(limit), r.ended, r.says
	out.Steps = slices.Clone(r.steps)
	if r.state == Done {
		out.In = r.in
		out.Facts = compare(describe(f.Event, v, r.words), r.found)
		out.Means = r.means(out.Facts)
	}
	return out
}
