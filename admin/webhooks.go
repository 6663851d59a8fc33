// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"iter"
	"time"
)

// Webhook is a receiver of events and how it is. They are configured on the server.
type Webhook struct {
	Name         string     `json:"name"`
	Origin       string     `json:"origin"` // scheme and host of its URL; the rest may be secret
	Types        []string   `json:"types"`  // of the events it wants; none: all
	State        string     `json:"state"`  // "working", "failing" or "paused"
	Behind       int64      `json:"behind"` // stored events that it has not come to yet, unwanted ones included
	Replays      int        `json:"replays"`
	FailingSince *time.Time `json:"failing_since,omitempty"`
	RetryAt      *time.Time `json:"retry_at,omitempty"`
	Failures     int        `json:"failures,omitempty"` // in a row
	Error        string     `json:"error,omitempty"`    // the last one
	Fault        string     `json:"fault,omitempty"`    // of a paused one
}

// Delivery is one attempt to deliver one event.
type Delivery struct {
	ID       int64     `json:"id"`
	Hook     string    `json:"hook"`
	EventID  string    `json:"event_id"`
	Type     string    `json:"type"`
	Attempt  int       `json:"attempt"` // from 1, counted anew when the server starts
	At       time.Time `json:"at"`      // when it began
	TookMS   int64     `json:"took_ms"`
	Status   int       `json:"status,omitempty"` // HTTP status; 0 when there was no answer
	Outcome  string    `json:"outcome"`          // "delivered", "failed", "refused" or "skipped"
	Error    string    `json:"error,omitempty"`
	ReplayID int64     `json:"replay_id,omitempty"`
}

// DeliveryFilter chooses deliveries. Everything that is set must match.
type DeliveryFilter struct {
	Hook    string    `query:"hook"`
	EventID string    `query:"event_id"`
	Outcome string    `query:"outcome"`
	Since   time.Time `query:"since"` // begun at or after
	Until   time.Time `query:"until"` // begun before
	Limit   int       `query:"limit"` // 1 to 100; 0: 10
	Start   string    `query:"start"` // Next of the page before
}

// DeliveryPage is one page of the log of deliveries, the newest first.
type DeliveryPage struct {
	Limit      int        `json:"limit"`
	Next       string     `json:"next"` // Start of the next page; "" on the last one
	Deliveries []Delivery `json:"deliveries"`
}

// ReplayOrder says which events are sent again: one, or those of a span of time.
type ReplayOrder struct {
	Hook    string    `json:"hook,omitempty"`     // "": every hook
	EventID string    `json:"event_id,omitempty"` // one event, whatever the hook's types
	Since   time.Time `json:"since,omitzero"`     // stored at or after
	Until   time.Time `json:"until,omitzero"`     // stored before; zero: now
}

// Replay is an order that was taken.
type Replay struct {
	ID   int64  `json:"id"`
	Hook string `json:"hook"`
}

// List returns how each webhook is.
func (c Webhooks) List(ctx context.Context) ([]Webhook, error) {
	found, err := fetch[struct{ Webhooks []Webhook }](ctx, c, get("/api/v1/webhooks"))
	return found.Webhooks, err
}

// Deliveries returns a page of the log of deliveries: [fault.FieldInvalid].
func (c Webhooks) Deliveries(ctx context.Context, f DeliveryFilter) (DeliveryPage, error) {
	return fetch[DeliveryPage](ctx, c, get("/api/v1/webhooks/deliveries").where(parameters(f)))
}

// AllDeliveries yields every delivery of a filter, page by page, until the first
// error.
func (c Webhooks) AllDeliveries(ctx context.Context, f DeliveryFilter) iter.Seq2[Delivery, error] {
	if f.Limit == 0 {
		f.Limit = maxLimit
	}
	return all(ctx, f.Start, func(ctx context.Context, start string) ([]Delivery, string, error) {
		f.Start = start
		p, err := c.Deliveries(ctx, f)
		return p.Deliveries, p.Next, err
	})
}

// Replay has events sent again: [fault.FieldMissing], [fault.FieldInvalid],
// [fault.EventNotFound].
func (c Webhooks) Replay(ctx context.Context, o ReplayOrder) ([]Replay, error) {
	made, err := fetch[struct{ Replays []Replay }](ctx, c, post("/api/v1/webhooks/replay", o))
	return made.Replays, err
}

// ResumeOptions say how a webhook goes on.
type ResumeOptions struct {
	SkipEventID string // not tried again, if it is the event that the webhook fails with
}

// Resume has a failing webhook tried at once. Safe to repeat. It fails with
// [fault.FieldInvalid].
func (c Webhooks) Resume(ctx context.Context, hook string, o ResumeOptions) error {
	return c.call(ctx, post("/api/v1/webhooks/resume", map[string]string{"hook": hook, "skip": o.SkipEventID}).repeatable(), nil)
}
