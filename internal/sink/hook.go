// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// maxRefusals is how often an event is offered to a hook that refuses it for
// what it is.
const maxRefusals = 5

// hook sends events to one receiver.
type hook struct {
	Hook
	sink       string // in faults
	label      string // in metrics
	shared     bool   // the label is that of many, so that it has no state
	client     *http.Client
	deliveries *deliveries
	metrics    *metrics
	log        *slog.Logger
	pauseAfter time.Duration
	slots      chan struct{} // requests that may be under way at once
	health     *breaker
	follower   *follower     // what it follows
	ordered    chan struct{} // signals that there is a replay

	mu     sync.Mutex
	paused bool
	skip   string // id of the event that is not to be tried again
}

func newHook(h Hook, s *Sinks, dial dialFunc) *hook {
	one := &hook{
		Hook: h, sink: "webhook:" + h.Name, label: h.Name, deliveries: s.deliveries, metrics: s.metrics, log: s.cfg.Log.With("hook", h.Name),
		pauseAfter: s.cfg.PauseAfter,
		slots:      make(chan struct{}, s.cfg.Concurrency), health: newBreaker(), ordered: make(chan struct{}, 1),
		client: newClient(dial, s.cfg.Timeout, s.cfg.Concurrency),
	}
	return one
}

// page implements follower.page.
func (h *hook) page(ctx context.Context, events []event.Event, done func(int64)) error {
	return h.deliverAll(ctx, events, eventMessage, 0, done)
}

// verdicts implements follower.page for the verdicts on events.
func (h *hook) verdicts(ctx context.Context, events []event.Event, done func(int64)) error {
	return h.deliverAll(ctx, events, verdictMessage, 0, done)
}

// deliverAll has up to as many requests under way as there are slots, begun in
// the order of the events, and marks each event once it and all before it are
// done with.
func (h *hook) deliverAll(ctx context.Context, events []event.Event, as func(*event.Event) message, replayID int64, done func(int64)) error {
	ctx, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer stop()
	results := make([]chan error, len(events))
	for i := range results {
		results[i] = make(chan error, 1)
	}
	sending.Go(func() {
		for i := range events {
			select {
			case h.slots <- struct{}{}:
			case <-ctx.Done():
				results[i] <- ctx.Err()
				continue
			}
			sending.Go(func() {
				defer func() { <-h.slots }()
				results[i] <- h.deliver(ctx, as(&events[i]), replayID)
			})
		}
	})
	for i := range events {
		if err := <-results[i]; err != nil {
			return err
		}
		done(events[i].Seq)
	}
	return nil
}

// deliver tries until the message is delivered or given up. It returns an error
// only when the context has ended.
func (h *hook) deliver(ctx context.Context, m message, replayID int64) error {
	refusals := 0
	for n := 1; ; n++ {
		leave, err := h.health.enter(ctx)
		if err != nil {
			return err
		}
		d := Delivery{Hook: h.Name, EventID: m.event, Type: m.kind, Attempt: n, At: time.Now(), ReplayID: replayID}
		if h.skips(m.event) {
			leave()
			d.Outcome = Skipped
			h.note(ctx, d)
			return nil
		}
		a := h.attempt(ctx, &m, n, replayID)
		if a.err != nil && ctx.Err() != nil {
			leave()
			return ctx.Err() // it was cut short by us
		}
		d.Took, d.Status, d.Outcome = time.Since(d.At).Milliseconds(), a.status, Delivered
		switch {
		case a.err == nil:
			h.works()
		case a.refused():
			refusals++
			h.works()
			d.Outcome, d.Error = Failed, a.err.Error()
			if refusals >= maxRefusals {
				d.Outcome = Refused
				h.log.Warn("a hook refuses an event, which is set aside", "event", m.event, "status", a.status)
			}
		default:
			d.Outcome, d.Error = Failed, a.err.Error()
			h.fails(a)
		}
		leave()
		h.metrics.attempt(h.label, d.Outcome, time.Since(d.At))
		h.note(ctx, d)
		if d.Outcome != Failed {
			return nil
		}
		if a.refused() {
			if err := sleep(ctx, backoff(refusals)); err != nil {
				return err
			}
		}
	}
}

func (h *hook) note(ctx context.Context, d Delivery) {
	if err := h.deliveries.note(context.WithoutCancel(ctx), d); err != nil {
		h.log.Error("a delivery could not be logged", "fault", fault.From(err, fault.OpReport))
	}
}

// state counts how the receiver is: 0 working, 1 failing, 2 paused.
func (h *hook) state(code float64) {
	if !h.shared {
		h.metrics.state(h.label, code)
	}
}

// works notes that the receiver answers.
func (h *hook) works() {
	since := h.health.ok()
	h.mu.Lock()
	was := h.paused
	h.paused = false
	h.mu.Unlock()
	if !since.IsZero() {
		h.state(0)
		level := slog.LevelInfo
		if was {
			level = slog.LevelWarn // whoever read that it is paused reads that it is over
		}
		h.log.Log(context.Background(), level, "the hook works again", "after", time.Since(since))
	}
}

// fails notes that it does not, and pauses it when that has lasted.
func (h *hook) fails(a answer) {
	since := h.health.failed(a.err, a.retryAfter)
	lasted := time.Since(since)
	h.mu.Lock()
	begins := !h.paused && lasted >= h.pauseAfter
	h.paused = h.paused || begins
	paused := h.paused
	h.mu.Unlock()
	switch {
	case begins:
		h.state(2)
		h.log.Error("a hook is paused", "fault", fault.From(fault.SinkFailing.Wrap(a.err, "sink", h.sink, "since", since.UTC().Format(time.RFC3339)), fault.OpReport))
	case !paused:
		h.state(1)
	}
}

// skips tells, once, whether an event is not to be tried again.
func (h *hook) skips(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.skip != id {
		return false
	}
	h.skip = ""
	return true
}
