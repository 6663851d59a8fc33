// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// ReplayOrder says what is sent again: one event, or those of a span of time.
type ReplayOrder struct {
	Hook         string    // empty: to every hook
	EventID      string    // one event, whatever the hook's types
	Since, Until time.Time // stored at or after, stored before; zero Until: now
}

// Replay is an order that was taken.
type Replay struct {
	ID   int64  `json:"id"`
	Hook string `json:"hook"`
}

// Replay orders events to be sent again, beside what is new and marked as such.
// The order is kept until it is done, also over a restart. It fails with
// fault.FieldInvalid, fault.FieldMissing, fault.EventNotFound and
// fault.StoreUnavailable.
func (s *Sinks) Replay(ctx context.Context, o ReplayOrder) ([]Replay, error) {
	hooks := s.hooks
	if o.Hook != "" {
		h, err := s.hook(o.Hook)
		if err != nil {
			return nil, err
		}
		hooks = []*hook{h}
	}
	if o.EventID == "" && o.Since.IsZero() {
		return nil, fault.FieldMissing.New("field", "event_id or since")
	}
	if o.EventID != "" && !(o.Since.IsZero() && o.Until.IsZero()) {
		return nil, fault.FieldInvalid.New("field", "event_id", "reason", "cannot be together with since or until")
	}
	if !o.Until.IsZero() && !o.Since.Before(o.Until) {
		return nil, fault.FieldInvalid.New("field", "until", "reason", "is not after since")
	}
	if len(hooks) == 0 {
		return []Replay{}, nil
	}
	r := replay{since: o.Since, until: o.Until}
	if o.EventID != "" {
		e, err := s.cfg.Events.Store().Get(ctx, o.EventID)
		if err == nil && s.cfg.Account != "" && e.AccountID != s.cfg.Account {
			err = fault.EventNotFound.New() // as if there were none
		}
		if err != nil {
			return nil, err
		}
		r.pos, r.upto = e.Seq-1, e.Seq
	} else {
		last, err := s.cfg.Events.Store().Last(ctx)
		if err != nil {
			return nil, err
		}
		r.upto = last
	}
	orders := []Replay{}
	for _, h := range hooks {
		id, err := s.deliveries.addReplay(ctx, h.Name, r)
		if err != nil {
			return nil, err
		}
		orders = append(orders, Replay{ID: id, Hook: h.Name})
		select {
		case h.ordered <- struct{}{}:
		default: // it is told already
		}
	}
	return orders, nil
}

// replays carries out orders until the context ends.
func (h *hook) replays(ctx context.Context) {
	for {
		r, found, err := h.deliveries.nextReplay(ctx, h.Name)
		if err == nil && found {
			err = h.replay(ctx, r)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			h.log.Error("a replay does not get on", "fault", fault.From(err, fault.OpReport))
			if sleep(ctx, storePause) != nil {
				return
			}
		case !found:
			select {
			case <-h.ordered:
			case <-ctx.Done():
				return
			}
		}
	}
}

// replay carries out one order.
func (h *hook) replay(ctx context.Context, r replay) error {
	q := h.follower.query // a copy: its types and account
	q.Since, q.Until, q.After = r.since, r.until, r.pos
	if r.upto == r.pos+1 {
		q.Types = nil // it was asked for by id
		q.Limit = 1
	}
	for q.After < r.upto {
		page, err := h.follower.events.Store().Query(ctx, q)
		if err != nil {
			return err
		}
		events := slices.DeleteFunc(page.Events, func(e event.Event) bool { return e.Seq > r.upto })
		if len(events) == 0 {
			break
		}
		err = h.deliverAll(ctx, events, eventMessage, r.id, func(seq int64) {
			q.After = seq
			if err := h.deliveries.markReplay(context.WithoutCancel(ctx), r.id, seq); err != nil {
				h.log.Error("the place reached could not be noted", "fault", fault.From(err, fault.OpReport))
			}
		})
		if err != nil {
			return err
		}
	}
	return h.deliveries.endReplay(ctx, r.id)
}
