// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Intake has events on disk until a store has them. Its methods may be called at once
// from several goroutines.
type Intake interface {
	// Keep has events with an id and a time on disk when it returns, all of them or none,
	// and gives the number of the last; those before it have the numbers before. It fails
	// with fault.StoreUnavailable.
	Keep(ctx context.Context, events []Event) (last int64, err error)

	// Remove forgets the events of these numbers, which the store has. It fails with
	// fault.StoreUnavailable.
	Remove(ctx context.Context, from, to int64) error

	// Left gives what an earlier process left, in order, each with its number as its Seq.
	// The store may have it: each has a Key, so that it counts once.
	Left() []Event
}

const (
	// gatherFor is how long the writer waits for more events while nobody waits for it: what
	// a transaction of the store costs beside its events, it costs however few they are.
	gatherFor = 25 * time.Millisecond

	// mostAhead is how many calls may be in the intake and not in the store. More of them
	// wait, so that reports come no faster than they can be stored.
	mostAhead = 256
)

// reception is where events arrive that go through the intake, and how far they have come.
type reception struct {
	mu      sync.Mutex
	arrived []item        // in the order in which they came; none while nobody receives
	busy    bool          // somebody receives: who brought an item, that one, or the receiver
	closed  bool          // nothing comes any more
	receive chan struct{} // holds one: the receiver is to take what has arrived

	handed  atomic.Int64  // items that the writer was to write
	written atomic.Int64  // of these, what it has written, or has tried to
	news    notifier      // that there are more of them
	hurry   chan struct{} // holds one: somebody waits for the writer

	failing atomic.Bool // the store did not take what it was given last
	clogged atomic.Bool // what the store has could not be taken out of the intake
	owed    []span      // and is to be; the writer's own
}

// span is events with numbers of the intake, the first and the last of them.
type span struct{ from, to int64 }

func (in *reception) hurryUp() { signal(in.hurry) }

// signal puts something into a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wrote notes that the writer is through with n items.
func (in *reception) wrote(n int) {
	in.written.Add(int64(n))
	in.news.notify()
}

// open starts to take events through the intake, those first that are left in it.
func (r *Recorder) open() {
	r.taken = make(chan item, mostAhead)
	r.intake.hurry, r.intake.receive = make(chan struct{}, 1), make(chan struct{}, 1)
	for _, e := range r.cfg.Intake.Left() {
		it := item{number: e.Seq, bytes: e.size()}
		e.Seq = 0
		it.events = []Event{e}
		r.waiting.Add(1)
		r.waitingBytes.Add(int64(it.bytes))
		r.unwritten.items = append(r.unwritten.items, it)
	}
	if len(r.unwritten.items) > 0 {
		r.cfg.Log.Info("events that an earlier process acknowledged are being stored", "events", len(r.unwritten.items))
	}
	r.unwritten.counted()
	r.intake.handed.Add(1) // what is left
	go r.acceptAll()
}

// writeLeft writes what an earlier process left, before anything else.
func (r *Recorder) writeLeft() {
	if r.cfg.Intake != nil {
		r.writeHeld()
		r.intake.wrote(1)
	}
}

// arrive takes an item, or says why it cannot. Who waits for it has it on disk itself where
// nobody receives just then: to have another goroutine do so would be to wait for a processor
// twice. Everything else is for the receiver, which takes all that has arrived at once.
func (r *Recorder) arrive(it item) error {
	in := &r.intake
	in.mu.Lock()
	switch {
	case in.closed:
		in.mu.Unlock()
		return fault.Draining.New()
	case in.busy || it.done == nil || len(r.taken) == cap(r.taken): // the last would block
		in.arrived = append(in.arrived, it)
		if !in.busy {
			in.busy = true
			signal(in.receive)
		}
		in.mu.Unlock()
		return nil
	}
	in.busy = true
	in.mu.Unlock()
	r.accept([]item{it})
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.busy = len(in.arrived) > 0 || in.closed; in.busy {
		signal(in.receive)
	}
	return nil
}

// acceptAll takes what has arrived until the recorder is closed. It is the receiver.
func (r *Recorder) acceptAll() {
	defer r.intake.hurryUp()
	defer close(r.taken)
	in := &r.intake
	var items []item
	for range in.receive {
		for {
			in.mu.Lock()
			items = append(items[:0], in.arrived[:upTo(maxBatch, in.arrived)]...)
			in.arrived = slices.Delete(in.arrived, 0, len(items))
			in.busy = len(items) > 0 || in.closed
			closed := in.closed
			in.mu.Unlock()
			if len(items) > 0 {
				r.accept(items)
				clear(items)
			} else if closed {
				return
			} else {
				break
			}
		}
	}
}

// upTo is how many items have no more than n events, one at least.
func upTo(n int, items []item) int {
	for i := range items {
		if n -= items[i].n(); n < 0 && i > 0 {
			return i
		}
	}
	return len(items)
}

// close has nothing come any more; what has arrived goes on to the writer.
func (in *reception) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	if !in.busy {
		in.busy = true
		signal(in.receive)
	}
}

// accept has items on disk, tells those who wait for nothing else, and hands them to the
// writer. One goroutine at a time does so.
func (r *Recorder) accept(items []item) {
	for _, it := range r.keepEarly(items) {
		r.taken <- it
		if it.done != nil || len(r.taken) > mostAhead/2 {
			r.intake.hurryUp()
		}
	}
}

// keepEarly puts items into the intake and gives those that go on to the writer. Left out are
// those of whoever waits for what the store says; so are all while the store takes nothing:
// who reports waits for it then and hears of it.
func (r *Recorder) keepEarly(items []item) []item {
	for i := range items {
		stamp(items[i].events)
	}
	usable := !r.intake.failing.Load() && !r.intake.clogged.Load()
	var batch []Event
	for i := range items {
		if it := &items[i]; usable && (it.early || it.done == nil) {
			batch = joined(batch, it.events)
		}
	}
	if len(batch) == 0 {
		r.intake.handed.Add(int64(len(items)))
		return items
	}
	began := time.Now()
	last, err := r.cfg.Intake.Keep(context.Background(), batch)
	r.m.received(time.Since(began), err)
	number := last - int64(len(batch))
	var told []item // who waits for no more than this
	on := items[:0]
	for _, it := range items {
		if it.early {
			told = append(told, it)
			if it.done = nil; err != nil {
				r.leave(it)
				continue
			}
		}
		if it.done == nil && it.told == nil && err == nil {
			number += int64(len(it.events))
			it.number = number
		}
		on = append(on, it)
	}
	r.intake.handed.Add(int64(len(on))) // before anybody hears of it, so that Settle waits for it
	for _, it := range told {
		it.done <- kept{err: err}
	}
	if err != nil {
		r.unwritten.note(err)
	}
	return on
}

// joined is some events and more of them. Where there were none it is those, and no copy.
func joined(some, more []Event) []Event {
	if len(some) == 0 {
		return slices.Clip(more)
	}
	return append(some, more...)
}

// gather adds what is to be stored together with an item, up to what one transaction takes.
// Unless somebody waits, more is waited for.
func (r *Recorder) gather(items []item) []item {
	if r.cfg.Intake != nil && items[0].done == nil {
		select {
		case <-time.After(gatherFor):
		case <-r.intake.hurry:
		}
	}
	for n := items[0].n(); n < maxBatch; {
		select {
		case it, ok := <-r.taken:
			if !ok {
				return items
			}
			items, n = append(items, it), n+it.n()
		default:
			return items
		}
	}
	return items
}

// Settle returns once what was acknowledged before is in the store, or the store did not
// take it, or the context ends.
func (r *Recorder) Settle(ctx context.Context) {
	in := &r.intake
	for upto := in.handed.Load(); in.written.Load() < upto; {
		news := in.news.wait()
		if in.written.Load() >= upto {
			return
		}
		in.hurryUp()
		select {
		case <-news:
		case <-r.done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// forget takes out of the intake what the store has. What cannot be taken out is tried again
// with the next, and until then nothing is put in.
func (r *Recorder) forget(items []item) {
	in := &r.intake
	for i := range items {
		it := &items[i]
		if it.number == 0 {
			continue
		}
		one := span{it.number - int64(len(it.events)) + 1, it.number}
		if n := len(in.owed); n > 0 && in.owed[n-1].to+1 == one.from {
			in.owed[n-1].to = one.to
			continue
		}
		in.owed = append(in.owed, one)
	}
	for len(in.owed) > 0 {
		if err := r.cfg.Intake.Remove(context.Background(), in.owed[0].from, in.owed[0].to); err != nil {
			if !in.clogged.Swap(true) {
				r.cfg.Log.Error("stored events cannot be taken out of the intake; others wait for the store meanwhile", "fault", fault.From(err, fault.OpReport))
			}
			return
		}
		in.owed = in.owed[1:]
	}
	in.clogged.Store(false)
}
