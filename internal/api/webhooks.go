// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/sink"
)

// webhooks serves how the receivers of events are.
type webhooks struct{ sinks *sink.Sinks }

// WebhookRoutes are the rows of webhooks; give them to Config.
func WebhookRoutes(s *sink.Sinks) []Route {
	w := webhooks{s}
	return []Route{
		{Pattern: "GET /api/v1/webhooks", Serve: w.list},
		{Pattern: "GET /api/v1/webhooks/deliveries", Serve: w.deliveries},
		{Pattern: "POST /api/v1/webhooks/replay", Serve: w.replay},
		{Pattern: "POST /api/v1/webhooks/resume", Serve: w.resume},
	}
}

func (w webhooks) list(c *Call) (any, error) {
	hooks, err := w.sinks.Of(c.Claims.Account).Hooks(c.Context())
	if err != nil {
		return nil, err
	}
	return map[string]any{"webhooks": hooks}, nil
}

// deliveryPage is one page of the log of deliveries.
type deliveryPage struct {
	Limit      int             `json:"limit"` // deliveries of this page
	Next       string          `json:"next"`  // the start of the next page; "" on the last one
	Deliveries []sink.Delivery `json:"deliveries"`
}

// maxDeliveries is the largest page of the log.
const maxDeliveries = 100

func (w webhooks) deliveries(c *Call) (any, error) {
	q := sink.LogQuery{Hook: c.Query("hook"), EventID: c.Query("event_id"), Outcome: sink.Outcome(c.Query("outcome"))}
	var err error
	if q.Since, err = c.QueryTime("since"); err != nil {
		return nil, err
	}
	if q.Until, err = c.QueryTime("until"); err != nil {
		return nil, err
	}
	if q.Limit, err = c.limit(); err != nil {
		return nil, err
	}
	if q.Limit < 0 || q.Limit > maxDeliveries {
		return nil, fault.FieldInvalid.New("field", "limit", "want", "a number from 1 to "+strconv.Itoa(maxDeliveries))
	}
	if q.Outcome != "" && !slices.Contains(sink.Outcomes, q.Outcome) {
		return nil, fault.FieldInvalid.New("field", "outcome", "want", sink.Outcomes)
	}
	if start := c.Query("start"); start != "" {
		if q.Start, err = strconv.ParseInt(start, 10, 64); err != nil || q.Start < 1 {
			return nil, fault.FieldInvalid.New("field", "start", "want", "the next of a page")
		}
	}
	page, err := w.sinks.Of(c.Claims.Account).Deliveries(c.Context(), q)
	if err != nil {
		return nil, err
	}
	body := deliveryPage{Limit: len(page.Deliveries), Deliveries: page.Deliveries}
	if page.Next != 0 {
		body.Next = strconv.FormatInt(page.Next, 10)
	}
	return body, nil
}

func (w webhooks) replay(c *Call) (any, error) {
	var b struct {
		Hook    string `json:"hook"`
		EventID string `json:"event_id"`
		Since   string `json:"since"`
		Until   string `json:"until"`
	}
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	o := sink.ReplayOrder{Hook: b.Hook, EventID: b.EventID}
	var err error
	if o.Since, err = timeOf("since", b.Since); err != nil {
		return nil, err
	}
	if o.Until, err = timeOf("until", b.Until); err != nil {
		return nil, err
	}
	orders, err := w.sinks.Of(c.Claims.Account).Replay(c.Context(), o)
	if err != nil {
		return nil, err
	}
	return Reply{Status: http.StatusAccepted, Body: map[string]any{"replays": orders}}, nil
}

func (w webhooks) resume(c *Call) (any, error) {
	var b struct {
		Hook string `json:"hook"`
		Skip string `json:"skip"`
	}
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	return nil, w.sinks.Of(c.Claims.Account).Resume(b.Hook, b.Skip)
}

// timeOf reads a field that holds a time (RFC 3339), the zero time when it is
// empty: fault.FieldInvalid.
func timeOf(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fault.FieldInvalid.New("field", field, "want", "a time such as 2026-01-31T12:00:00.000Z")
	}
	return t, nil
}
