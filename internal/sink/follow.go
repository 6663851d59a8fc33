// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// follower reads what is stored, in order, and hands it on page by page. It
// asks for the next page when the page before has been dealt with.
type follower struct {
	name       string
	events     Source
	query      event.Query
	deliveries *deliveries
	log        *slog.Logger

	// page deals with events and calls done with the place of each that is done
	// with, in order. It returns an error only when the context has ended.
	page func(ctx context.Context, events []event.Event, mark func(seq int64)) error

	// last gives the place after which there is nothing yet.
	last func(context.Context) (int64, error)

	at    atomic.Int64 // place reached
	saved int64        // place on disk
}

const (
	storePause = 5 * time.Second // after the store could not be read
	saveEvery  = 1000            // places that may pass by unwanted before that is noted
)

func (s *Sinks) follower(ctx context.Context, name string, types []event.Type, page func(context.Context, []event.Event, func(int64)) error) (*follower, error) {
	f := &follower{
		name: name, events: s.cfg.Events, deliveries: s.deliveries, page: page, log: s.cfg.Log.With("sink", name), last: s.cfg.Events.Store().Last,
		query: event.Query{AccountID: s.cfg.Account, Types: types, Tail: true, Limit: event.MaxLimit},
	}
	return f, f.begin(ctx)
}

// verdictFollower is a follower of the verdicts, which are given in the order of their
// events. It fails as follower does, and with fault.ConfigInvalid where the store keeps
// none.
func (s *Sinks) verdictFollower(ctx context.Context, hook *hook) (*follower, error) {
	store, ok := s.cfg.Events.Store().(event.Diagnoser)
	if !ok {
		return nil, fault.ConfigInvalid.New("setting", "webhooks.hooks.types", "got", Verdicts, "why", "this store of events keeps no verdicts")
	}
	name := "webhook:" + hook.Name + ":" + Verdicts
	f := &follower{
		name: name, events: s.cfg.Events, deliveries: s.deliveries, page: hook.verdicts, log: s.cfg.Log.With("sink", name), last: store.DiagnosedUpTo,
		query: event.Query{AccountID: s.cfg.Account, Errors: true, Diagnosed: true, Tail: true, Limit: event.MaxLimit},
	}
	return f, f.begin(ctx)
}

// begin finds out where to go on, or that this is the beginning.
func (f *follower) begin(ctx context.Context) error {
	last, err := f.last(ctx)
	if err != nil {
		return err
	}
	at, known, err := f.deliveries.offset(ctx, f.name)
	switch {
	case err != nil:
		return err
	case !known:
		at = last // noted at once: what is stored from now on is wanted, even by the next process
		err = f.deliveries.commitOffset(ctx, f.name, at)
	case at > last:
		f.log.Warn("the events were replaced; beginning with the first of the new ones", "reached", at, "last", last)
		at = 0
		err = f.deliveries.commitOffset(ctx, f.name, at)
	}
	f.at.Store(at)
	f.saved = at
	return err
}

// run follows until the context ends.
func (f *follower) run(ctx context.Context) {
	q := f.query // its own copy: replays read the other
	for ctx.Err() == nil {
		news := f.events.News() // asked for before reading, so that nothing falls in between
		upto, err := f.last(ctx)
		var page event.Page
		if err == nil {
			q.After = f.at.Load()
			page, err = f.events.Store().Query(ctx, q)
		}
		if err != nil {
			if ctx.Err() == nil {
				f.log.Error("events could not be read", "fault", fault.From(err, fault.OpReport))
			}
			if sleep(ctx, storePause) != nil {
				return
			}
			continue
		}
		if len(page.Events) > 0 {
			if f.page(ctx, page.Events, func(seq int64) { f.commitOffset(ctx, seq) }) != nil {
				return
			}
		}
		if len(page.Events) == q.Limit {
			continue // there may be more
		}
		if upto > f.at.Load() { // what does not match need not be looked at again
			f.at.Store(upto)
			if upto-f.saved >= saveEvery {
				f.commitOffset(ctx, upto)
			}
		}
		select {
		case <-news:
		case <-ctx.Done():
		}
	}
}

// commitOffset notes the place reached. When that fails the next process begins
// earlier, which repeats events and loses none.
func (f *follower) commitOffset(ctx context.Context, seq int64) {
	f.at.Store(seq)
	if err := f.deliveries.commitOffset(context.WithoutCancel(ctx), f.name, seq); err != nil {
		f.log.Error("the place reached could not be noted", "fault", fault.From(err, fault.OpReport))
		return
	}
	f.saved = seq
}
