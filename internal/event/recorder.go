// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/background"
)

// RecorderConfig sets up a Recorder. The zero value is usable.
type RecorderConfig struct {
	Log           *slog.Logger          // nil: silent
	Metrics       prometheus.Registerer // nil: none
	Account       string                // of events that name none
	Queue         int                   // events that may wait; 0 is 4096
	QueueBytes    int                   // bytes that may wait, roughly; 0 is 32 MiB
	Retention     time.Duration         // events are removed at this age; 0 keeps them for ever
	MaxBytes      int64                 // the oldest events go when a Sized store is larger; 0 is no bound
	Retentions    Retentions            // accounts with an age of their own; nil: none
	KeepAddresses bool                  // do not mask IP addresses
	Quotas        Quotas                // bound what others hand in; the zero value bounds nothing
	MarkInjected  func(*Event)          // sets Injected on what was provoked; nil marks nothing
	Intake        Intake                // has events on disk before the store does; nil: the store has them first
}

const (
	defaultQueue      = 4096
	defaultQueueBytes = 32 << 20
	maxBatch          = 1024 // events of one transaction
)

// Recorder prepares events and hands them to a Store in batches: one goroutine
// writes, and whatever arrives while it does becomes the next batch, so that one
// flush to disk serves everybody who waits. With an [Intake] another goroutine has
// them on disk before that, likewise in batches, and who needs to know no more than that
// does not wait for the store.
type Recorder struct {
	store Store
	cfg   RecorderConfig
	m     *metrics
	quota *quotas

	mu     sync.RWMutex // held for reading while sending to taken where there is no intake
	closed bool
	intake reception
	taken  chan item // what the writer writes

	waiting      atomic.Int64 // events taken and not yet stored
	waitingBytes atomic.Int64
	dropped      atomic.Int64 // since the last log line about it
	droppedAt    atomic.Int64 // time of that line, Unix nanoseconds

	done    chan struct{} // closed when the writer has stopped
	stop    context.CancelFunc
	changed notifier

	unwritten unwritten
	witnesses *witnesses

	joins joins
	kick  chan struct{} // wakes the sweeper
	grown int64         // bytes stored since it was last woken; the writer's own
}

// item is what one call handed over.
type item struct {
	events []Event
	told   *testimony // in place of events
	bytes  int
	done   chan kept // nil when nobody waits
	early  bool      // who waits need not know what became of the events
	number int64     // of its last event in the intake; 0: it is not there
}

// n is how many places in the queue it takes.
func (it *item) n() int { return max(1, len(it.events)) }

// kept is what became of an item.
type kept struct {
	outcomes []Outcome // one of each event
	err      error
}

// NewRecorder starts a recorder. Close stops it; the store stays open.
func NewRecorder(s Store, cfg RecorderConfig) *Recorder {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Queue <= 0 {
		cfg.Queue = defaultQueue
	}
	if cfg.QueueBytes <= 0 {
		cfg.QueueBytes = defaultQueueBytes
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Recorder{
		store: s, cfg: cfg, quota: newQuotas(cfg.Quotas), witnesses: newWitnesses(),
		done: make(chan struct{}),
		stop: stop,
		kick: make(chan struct{}, 1),
	}
	r.m = newMetrics(cfg.Metrics, func() float64 { return float64(r.waiting.Load()) })
	if cfg.Intake != nil {
		r.open()
	} else {
		r.taken = make(chan item, cfg.Queue) // each item is at least one event, so a reserved place is free
	}
	go r.write()
	go r.countJoins(ctx)
	if cfg.Retention > 0 || cfg.Retentions != nil || cfg.MaxBytes > 0 {
		go r.sweep(ctx)
	}
	return r
}

// Record takes an event that the server has seen, without waiting. When the queue
// is full, or the peer has been seen too often, the event is dropped and counted.
func (r *Recorder) Record(e Event) {
	if err := r.quota.told(&e); err != nil {
		r.m.refuse(err)
		r.drop(1, err)
		return
	}
	if err := r.take(item{events: []Event{e}}); err != nil {
		r.drop(1, err)
	}
}

// Report takes an event that somebody reports, without waiting for it to be
// stored. It fails with fault.EventQuota, which names the limit and when to try
// again; when the queue is full the event is dropped and counted, as by Record.
func (r *Recorder) Report(by Reporter, e Event) error {
	e, err := r.allowed(by, e)
	if err != nil {
		return err
	}
	if err := r.take(item{events: []Event{e}}); err != nil {
		r.drop(1, err)
	}
	return nil
}

// KeepReported is Keep for what somebody reports: events beyond a quota are
// refused one by one, and the others are stored. The events are no longer the caller's.
func (r *Recorder) KeepReported(ctx context.Context, by Reporter, events ...Event) ([]Outcome, error) {
	all := make([]Outcome, len(events))
	taken := events[:0]
	var places []int
	for i := range events {
		e, err := r.allowed(by, events[i])
		if err != nil {
			all[i] = Outcome{State: Refused, Err: err}
			continue
		}
		taken, places = append(taken, e), append(places, i)
	}
	outcomes, err := r.hand(ctx, taken, false)
	if err != nil {
		return nil, err
	}
	for i, o := range outcomes {
		all[places[i]] = o
	}
	return all, nil
}

// AppendReported is Append for what somebody reports: events beyond a quota are left
// out, and the others are stored. It then fails with the fault.EventQuota of the first. The
// events are no longer the caller's.
func (r *Recorder) AppendReported(ctx context.Context, by Reporter, events ...Event) error {
	taken := events[:0]
	var refused error
	for i := range events {
		e, err := r.allowed(by, events[i])
		if err != nil {
			refused = cmp.Or(refused, err)
			continue
		}
		taken = append(taken, e)
	}
	if _, err := r.hand(ctx, taken, true); err != nil {
		return err
	}
	return refused
}

// allowed is an event as it is counted for whoever reports it, or why it is refused.
func (r *Recorder) allowed(by Reporter, e Event) (Event, error) {
	if e.AccountID == "" {
		e.AccountID = r.cfg.Account
	}
	err := r.quota.reported(by, &e)
	if err != nil {
		r.m.refuse(err)
	}
	return e, err
}

// Append returns when the events are durable. It fails with fault.FieldInvalid
// for an event that cannot be stored, with fault.QueueFull when too many wait,
// with fault.StoreUnavailable, and with fault.Draining after Close; none of the
// events is then promised to be stored, and sending those with a Key again is
// safe.
func (r *Recorder) Append(ctx context.Context, events ...Event) error {
	_, err := r.hand(ctx, slices.Clone(events), true)
	return err
}

// Keep is Append that tells what became of each event: whether it is new, or
// was known already, or is the second account of another. The store has them when it
// returns.
func (r *Recorder) Keep(ctx context.Context, events ...Event) ([]Outcome, error) {
	return r.hand(ctx, slices.Clone(events), false)
}

// hand hands events over, which are no longer the caller's, and waits until they are
// durable. Early is for who need not know what became of them.
func (r *Recorder) hand(ctx context.Context, events []Event, early bool) ([]Outcome, error) {
	if len(events) == 0 {
		return nil, nil
	}
	done := make(chan kept, 1)
	if err := r.take(item{events: events, done: done, early: early}); err != nil {
		return nil, err
	}
	select {
	case k := <-done:
		return k.outcomes, k.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Erase removes everything about a user of an account whose id has a proof, and
// returns how many events that was. Who only claims the id is somebody else.
func (r *Recorder) Erase(ctx context.Context, account, user, proof string) (int, error) {
	what := Removal{AccountID: account, UserID: user, UserProof: proof}
	r.witnesses.erase(account, what.UserKey())
	r.Settle(ctx)
	return r.remove(ctx, what)
}

// Waiting is how many events wait to be stored.
func (r *Recorder) Waiting() int { return int(r.waiting.Load()) }

// Store is where the events can be read. Those that were acknowledged a moment ago are there
// once Settle has returned.
func (r *Recorder) Store() Store { return r.store }

// News returns a channel that is closed when more has been stored, or when the
// recorder has been closed.
func (r *Recorder) News() <-chan struct{} { return r.changed.wait() }

// Close takes no more events, stores those that wait, and returns when that is
// done or the context ends.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		if r.cfg.Intake != nil {
			r.intake.close()
		} else {
			close(r.taken)
		}
		r.stop()
	}
	r.mu.Unlock()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take prepares the events of an item and queues it, or says why it cannot.
func (r *Recorder) take(it item) error {
	for i := range it.events {
		e := &it.events[i]
		if err := e.prepare(r.cfg.Account, r.cfg.KeepAddresses); err != nil {
			return err
		}
		if r.cfg.MarkInjected != nil {
			r.cfg.MarkInjected(e)
		}
		it.bytes += e.size()
	}
	return r.enqueue(it)
}

func (r *Recorder) enqueue(it item) error {
	n := int64(it.n())
	if r.waiting.Add(n) > int64(r.cfg.Queue) {
		r.waiting.Add(-n)
		return fault.QueueFull.New("limit", r.cfg.Queue)
	}
	if r.waitingBytes.Add(int64(it.bytes)) > int64(r.cfg.QueueBytes) {
		r.leave(it)
		return fault.QueueFull.New("limit_bytes", r.cfg.QueueBytes)
	}
	err := r.send(it)
	if err != nil {
		r.leave(it)
	}
	return err
}

// leave gives the place of an item in the queue back.
func (r *Recorder) leave(it item) {
	r.waiting.Add(-int64(it.n()))
	r.waitingBytes.Add(-int64(it.bytes))
}

// send hands an item, for which there is a place, to whoever is next.
func (r *Recorder) send(it item) error {
	if r.cfg.Intake != nil {
		return r.arrive(it)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return fault.Draining.New()
	}
	r.taken <- it
	return nil
}

// write is the one writer.
func (r *Recorder) write() {
	background.Thread()
	defer close(r.done)
	defer r.changed.notify()
	defer r.writeJoins()
	defer r.giveUp()
	r.writeLeft()
	var items []item
	var batch []Event
	var told []*testimony
	for {
		it, ok := r.next()
		if !ok {
			return
		}
		items, batch, told = r.gather(append(items[:0], it)), batch[:0], told[:0]
		for _, it := range items {
			batch = append(batch, it.events...)
			if it.told != nil {
				r.witnesses.hear(it.told)
				told = append(told, it.told)
			}
		}
		r.amend(told)
		outcomes, err := r.appendOutcomes(batch)
		for _, it := range items {
			var own []Outcome
			if err == nil {
				own, outcomes = outcomes[:len(it.events)], outcomes[len(it.events):]
			}
			if it.told == nil && it.done == nil && r.hold(it, err) {
				continue
			}
			r.leave(it)
			switch {
			case it.done != nil:
				it.done <- kept{own, err}
			case err != nil && it.told == nil:
				r.drop(len(it.events), err)
			}
		}
		if err == nil {
			r.forget(items)
			r.writeHeld()
		}
		r.intake.wrote(len(items))
		clear(items)
		clear(batch)
	}
}

// stamp tells when events that have no time were told: now.
func stamp(events []Event) {
	for i := range events {
		if events[i].Time.IsZero() {
			events[i].Time = time.Now().UTC()
		}
	}
}

// appendOutcomes stamps a batch and stores it.
func (r *Recorder) appendOutcomes(batch []Event) ([]Outcome, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	stamp(batch)
	for i := range batch {
		r.witnesses.attach(&batch[i])
	}
	began := time.Now()
	outcomes, err := r.store.Append(context.Background(), batch)
	r.m.appended(batch, outcomes, time.Since(began), err)
	r.unwritten.note(err)
	r.intake.failing.Store(err != nil)
	if err != nil {
		return nil, err
	}
	r.witnesses.stored(batch, outcomes)
	r.grow(batch)
	r.changed.notify()
	return outcomes, nil
}

// drop counts events that were lost, and says so at most once a second.
func (r *Recorder) drop(n int, err error) {
	r.m.drop(n, err)
	total := r.dropped.Add(int64(n))
	now, last := time.Now().UnixNano(), r.droppedAt.Load()
	if now-last < int64(time.Second) || !r.droppedAt.CompareAndSwap(last, now) {
		return
	}
	r.dropped.Add(-total)
	r.cfg.Log.Error("events dropped", "fault", fault.From(fault.EventsDropped.Wrap(err, "events", total), fault.OpReport))
}

// notifier wakes everybody who waits for more.
type notifier struct {
	mu sync.Mutex
	ch chan struct{}
}

func (n *notifier) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}
