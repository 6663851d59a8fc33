// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// drawer is an intake that remembers what is in it, and fails when told to.
type drawer struct {
	mu   sync.Mutex
	in   map[int64]Event
	last int64
	left []Event
	keep error         // what Keep fails with
	take error         // what Remove fails with
	gate chan struct{} // when not nil, Keep waits until it is closed
	kept []int         // how many events each Keep had
}

func (d *drawer) Keep(_ context.Context, events []Event) (int64, error) {
	d.mu.Lock()
	gate := d.gate
	d.mu.Unlock()
	if gate != nil {
		<-gate
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keep != nil {
		return 0, d.keep
	}
	d.kept = append(d.kept, len(events))
	for _, e := range events {
		d.last++
		d.in[d.last] = e
	}
	return d.last, nil
}

// shut has Keep wait until the gate, a channel, is closed.
func (d *drawer) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate = make(chan struct{})
}

func (d *drawer) Remove(_ context.Context, from, to int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.take != nil {
		return d.take
	}
	maps.DeleteFunc(d.in, func(n int64, _ Event) bool { return from <= n && n <= to })
	return nil
}

func (d *drawer) Left() []Event { return d.left }

// names are those in the drawer, in order.
func (d *drawer) names() (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(d.in)) {
		names = append(names, d.in[n].UserName)
	}
	return names
}

func (d *drawer) fail(keep, take error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keep, d.take = keep, take
}

// shut has appends wait until the gate, a channel, is closed.
func (m *memory) shut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gate = make(chan struct{})
}

func (m *memory) failWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// names are those that are stored, in order.
func (m *memory) names() (names []string) {
	for _, e := range m.stored() {
		names = append(names, e.UserName)
	}
	return names
}

// receiving runs a test with a recorder that has an intake, over a memory.
func receiving(t *testing.T, cfg RecorderConfig, m *memory, d *drawer, test func(t *testing.T, r *Recorder)) {
	t.Helper()
	d.in = map[int64]Event{}
	for _, e := range d.left {
		d.in[e.Seq] = e
		d.last = e.Seq
	}
	cfg.Intake = d
	recording(t, cfg, m, test)
}

func wantNames(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// Who appends waits for the intake and not for the store, who keeps for both. The intake is
// empty once the store has the events.
func TestWhoAppendsWaitsForTheIntakeAlone(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{Account: "acme"}, m, d, func(t *testing.T, r *Recorder) {
		m.shut()
		if err := r.Append(t.Context(), named("a"), named("b")); err != nil {
			t.Fatal(err)
		}
		wantNames(t, "in the intake", d.names(), "a", "b")
		if e := d.in[1]; e.ID == "" || e.AccountID != "acme" || !e.Time.Equal(time.Now()) || e.Failure.Message != "from redacted-ip.invalid" {
			t.Errorf("in the intake is %+v", e)
		}
		wantNames(t, "stored", m.names())
		kept := make(chan []Outcome, 1)
		go func() {
			outcomes, err := r.Keep(t.Context(), named("c"))
			if err != nil {
				t.Error(err)
			}
			kept <- outcomes
		}()
		synctest.Wait()
		select {
		case <-kept:
			t.Error("Keep returned before the store had the event")
		default:
		}
		close(m.gate)
		if outcomes := <-kept; len(outcomes) != 1 || outcomes[0].State != Stored {
			t.Errorf("%+v", outcomes)
		}
		synctest.Wait()
		wantNames(t, "stored", m.names(), "a", "b", "c")
		wantNames(t, "in the intake", d.names())
		if r.Waiting() != 0 || r.waitingBytes.Load() != 0 {
			t.Errorf("%d events of %d bytes wait", r.Waiting(), r.waitingBytes.Load())
		}
	})
}

// While nobody waits, what arrives is stored together; somebody who waits, or reads, does
// not wait for others to arrive.
func TestTheStoreIsWrittenInLargerSteps(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		for range 10 {
			if err := r.Append(t.Context(), named("x")); err != nil {
				t.Fatal(err)
			}
			r.Record(named("y"))
			time.Sleep(gatherFor / 20)
		}
		synctest.Wait()
		wantNames(t, "stored at once", m.names())
		time.Sleep(gatherFor)
		synctest.Wait()
		if len(m.batches) != 1 || len(m.batches[0]) != 20 {
			t.Errorf("stored in %d steps", len(m.batches))
		}
		began := time.Now()
		if err := r.Append(t.Context(), named("early")); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Keep(t.Context(), named("waits")); err != nil {
			t.Fatal(err)
		}
		if err := r.Append(t.Context(), named("read")); err != nil {
			t.Fatal(err)
		}
		r.Settle(t.Context())
		if took := time.Since(began); took != 0 {
			t.Errorf("who waits and who reads waited for %v", took)
		}
		wantNames(t, "after Settle", m.names()[20:], "early", "waits", "read")
		r.Settle(t.Context()) // there is nothing
	})
}

// Reading does not hang where the store does not take anything, nor for longer than the
// reader likes.
func TestSettleEndsWhileTheStoreFails(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		m.failWith(fault.StoreUnavailable.New())
		if err := r.Append(t.Context(), named("a")); err != nil {
			t.Fatal(err)
		}
		r.Settle(t.Context())
		m.failWith(nil)
		time.Sleep(2 * retryEvery)
		m.shut()
		if err := r.Append(t.Context(), named("b")); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		if r.Settle(ctx); time.Since(began) != time.Second {
			t.Errorf("it ended after %v", time.Since(began))
		}
		close(m.gate)
	})
}

// What cannot be put into the intake is not acknowledged and not stored. What nobody waits
// for goes to the store all the same.
func TestAnIntakeThatFails(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		d.fail(fault.StoreFull.Wrap(fault.StoreUnavailable.New()), nil)
		if err := r.Append(t.Context(), named("a")); !errors.Is(err, fault.StoreUnavailable) {
			t.Errorf("%v", err)
		}
		if r.Healthy(t.Context()) == nil {
			t.Error("it is healthy")
		}
		r.Record(named("seen"))
		r.Settle(t.Context())
		if _, err := r.Keep(t.Context(), named("kept")); err != nil { // the store has it
			t.Error(err)
		}
		d.fail(nil, nil)
		if err := r.Append(t.Context(), named("b")); err != nil {
			t.Error(err)
		}
		r.Settle(t.Context())
		wantNames(t, "stored", m.names(), "seen", "kept", "b")
		if r.Waiting() != 0 || r.waitingBytes.Load() != 0 {
			t.Errorf("%d events of %d bytes wait", r.Waiting(), r.waitingBytes.Load())
		}
	})
}

// What was acknowledged is kept when the store refuses it, for whatever reason, and tried
// again. Meanwhile nothing is acknowledged that the store does not have.
func TestAStoreThatFailsLosesNothing(t *testing.T) {
	for _, why := range []error{fault.StoreUnavailable.New(), fault.StoreFull.Wrap(fault.StoreUnavailable.New())} {
		m, d := &memory{}, &drawer{}
		receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
			m.failWith(why)
			if err := r.Append(t.Context(), named("acknowledged")); err != nil {
				t.Fatal(err)
			}
			r.Settle(t.Context())
			if err := r.Append(t.Context(), named("refused")); !errors.Is(err, fault.StoreUnavailable) {
				t.Errorf("acknowledged, and the store takes nothing: %v", err)
			}
			wantNames(t, "in the intake", d.names(), "acknowledged")
			m.failWith(nil)
			time.Sleep(2 * retryEvery)
			synctest.Wait()
			wantNames(t, "stored", m.names(), "acknowledged")
			wantNames(t, "in the intake", d.names())
			if err := r.Append(t.Context(), named("later")); err != nil {
				t.Error(err)
			}
			m.shut() // it is acknowledged early again
			if err := r.Append(t.Context(), named("last")); err != nil {
				t.Error(err)
			}
			close(m.gate)
		})
		wantNames(t, "in the end", m.names(), "acknowledged", "later", "last")
	}
}

// picky takes everything but events of one name.
type picky struct {
	*memory
	not string
}

func (p picky) Append(ctx context.Context, events []Event) ([]Outcome, error) {
	for _, e := range events {
		if e.UserName == p.not {
			return nil, fault.StoreUnavailable.New()
		}
	}
	return p.memory.Append(ctx, events)
}

// One event that the store never takes stands in no other's way, and stays in the intake.
func TestOneEventThatCannotBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, d := &memory{}, &drawer{in: map[int64]Event{}}
		r := NewRecorder(picky{m, "bad"}, RecorderConfig{Intake: d})
		var wait sync.WaitGroup
		for _, name := range []string{"a", "bad", "c"} {
			wait.Go(func() {
				if err := r.Append(t.Context(), named(name)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		time.Sleep(2 * retryEvery)
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
		got := m.names()
		slices.Sort(got)
		wantNames(t, "stored", got, "a", "c")
		wantNames(t, "in the intake", d.names(), "bad")
		if r.Waiting() != 0 {
			t.Errorf("%d events wait", r.Waiting())
		}
	})
}

// What an earlier process left is stored before anything else, and read as if it were.
func TestWhatIsLeftInTheIntakeIsStoredFirst(t *testing.T) {
	a, b := named("a"), named("b")
	a.Seq, b.Seq = 3, 5
	m, d := &memory{}, &drawer{left: []Event{a, b}}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		r.Settle(t.Context())
		wantNames(t, "stored", m.names(), "a", "b")
		wantNames(t, "in the intake", d.names())
		if err := r.Append(t.Context(), named("c")); err != nil {
			t.Error(err)
		}
		if n := m.stored()[0].Seq; n != 0 {
			t.Errorf("it came with the place %d", n)
		}
	})
	wantNames(t, "in the end", m.names(), "a", "b", "c")
}

// What the store never takes is still in the intake when the process ends: the next one
// finds it.
func TestWhatCannotBeStoredStaysInTheIntake(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		m.failWith(fault.StoreFull.Wrap(fault.StoreUnavailable.New()))
		if err := r.Append(t.Context(), named("a")); err != nil {
			t.Fatal(err)
		}
		r.Settle(t.Context())
	})
	wantNames(t, "in the intake", d.names(), "a")
}

// Nothing is put into an intake that nothing can be taken out of.
func TestAnIntakeThatCannotBeEmptied(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		d.fail(nil, fault.StoreUnavailable.New())
		for _, name := range []string{"a", "b", "c"} {
			if err := r.Append(t.Context(), named(name)); err != nil {
				t.Fatal(err)
			}
			r.Settle(t.Context())
		}
		wantNames(t, "in the intake", d.names(), "a")
		d.fail(nil, nil)
		if err := r.Append(t.Context(), named("d")); err != nil {
			t.Fatal(err)
		}
		r.Settle(t.Context()) // it is told once "d" is stored, before "a" is taken out
		wantNames(t, "in the intake", d.names())
	})
	wantNames(t, "stored", m.names(), "a", "b", "c", "d")
}

// Reports come no faster than they can be stored: only so many are ahead of the store.
func TestReportsComeNoFasterThanTheyAreStored(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{Queue: 8 * mostAhead}, m, d, func(t *testing.T, r *Recorder) {
		m.shut()
		var done sync.WaitGroup
		var mu sync.Mutex
		acknowledged := 0
		for range 6 * mostAhead {
			done.Go(func() {
				if err := r.Append(t.Context(), named("x")); err != nil {
					t.Error(err)
				}
				mu.Lock()
				acknowledged++
				mu.Unlock()
			})
		}
		synctest.Wait()
		// What the writer has in hand, what is ahead of it, and what is about to be.
		if most := maxBatch + mostAhead + maxBatch; acknowledged == 0 || acknowledged > most {
			t.Errorf("%d are acknowledged and none is stored; at most %d", acknowledged, most)
		}
		close(m.gate)
		done.Wait()
	})
	if n := len(m.stored()); n != 6*mostAhead {
		t.Errorf("%d are stored", n)
	}
}

// An event that was acknowledged before its user is erased does not come after that.
func TestErasingWaitsForWhatWasAcknowledged(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		if err := r.Append(t.Context(), named("a")); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Erase(t.Context(), "acme", "u", ProofToken); err != nil {
			t.Fatal(err)
		}
		wantNames(t, "stored when the erasure returned", m.names(), "a")
		wantNames(t, "in the intake", d.names())
	})
}

// Whatever arrives while the disk is written is written together afterwards; what the server
// has seen itself waits for no disk, and neither does closing for longer than it may.
func TestASlowDiskIsWrittenForManyAtOnce(t *testing.T) {
	m, d := &memory{}, &drawer{}
	receiving(t, RecorderConfig{}, m, d, func(t *testing.T, r *Recorder) {
		d.shut()
		var wait sync.WaitGroup
		report := func() {
			wait.Go(func() {
				if err := r.Append(t.Context(), named("told")); err != nil {
					t.Error(err)
				}
			})
		}
		report()
		synctest.Wait()
		for range 100 {
			report()
			r.Record(named("seen"))
		}
		synctest.Wait()
		close(d.gate)
		wait.Wait()
		r.Settle(t.Context())
		if len(d.kept) != 2 || d.kept[0] != 1 || d.kept[1] != 200 {
			t.Errorf("written in steps of %d", d.kept)
		}
		if n := len(m.stored()); n != 201 {
			t.Errorf("%d are stored", n)
		}

		d.shut()
		report()
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := r.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closing ended with %v", err)
		}
		if err := r.Append(t.Context(), named("late")); !errors.Is(err, fault.Draining) {
			t.Errorf("after closing: %v", err)
		}
		close(d.gate)
		wait.Wait()
	})
	if n := len(m.stored()); n != 202 {
		t.Errorf("%d are stored", n)
	}
}
