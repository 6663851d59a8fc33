// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/skew"
	"github.com/redial-rtc/redial/internal/token"
)

// EventsConfig is what the routes of events are built from.
type EventsConfig struct {
	Recorder *event.Recorder
	Registry *registry.Registry // names the room of a report
	Rooms    *room.Hub          // knows whose a peer is
	Inject   *inject.Plan       // may keep reports from being stored; nil never does
	Clocks   *skew.Clocks       // of the clients; nil: not known
	Known    Known              // what the server knew of what clients tell; nil: nothing
	Grace    time.Duration      // how long after its end a room token may still sign a report; 0 = 30 days

	// Retention is how long the events of accounts are kept that have not chosen
	// themselves; 0 is for ever. It is told, not done: that is the recorder's.
	Retention time.Duration
}

// Known is what the server knew of a peer when something happened that its client
// tells of, nil for nothing.
type Known func(context.Context, token.Claims, *event.Event) *evidence.Record

// Events serves what went wrong: reading it, and taking reports of it.
type Events struct {
	cfg  EventsConfig
	stop chan struct{}
	once sync.Once

	crossing turns // summaries that are counted one by one
}

// NewEvents returns the events' side of the API; give its Routes to Config.
func NewEvents(cfg EventsConfig) *Events {
	if cfg.Grace == 0 {
		cfg.Grace = 30 * 24 * time.Hour
	}
	return &Events{cfg: cfg, stop: make(chan struct{}), crossing: make(turns, searchesAtOnce)}
}

// Close ends the streams, which otherwise last for as long as their readers
// like.
func (e *Events) Close() { e.once.Do(func() { close(e.stop) }) }

// Routes are the rows.
func (e *Events) Routes() []Route {
	return []Route{
		{Pattern: "GET /v2/analytics/events", Serve: e.query},
		{Pattern: "GET /api/v1/events/{id}", Serve: e.get},
		{Pattern: "GET /api/v1/events/stream", Serve: e.stream},
		{Pattern: "GET /api/v1/events/retention", Serve: e.retention},
		{Pattern: "PUT /api/v1/events/retention", Serve: e.setRetention},
		{Pattern: "DELETE /api/v1/events/retention", Serve: e.clearRetention},
		{Pattern: "GET /api/v1/analytics/summary", Serve: e.summary},
		{Pattern: "DELETE /api/v1/users/{user}/events", Serve: e.erase},
		{Pattern: "POST /api/v1/events", Access: Open, Op: fault.OpReport, MaxBody: maxBatchBody, Serve: e.batch},
		{Pattern: "POST /v2/client/report", Access: Open, Op: fault.OpReport, MaxBody: report.MaxBody, Serve: e.report},
		{Pattern: "POST /v2/client/feedback", Access: Open, Op: fault.OpReport, Serve: e.feedback},
	}
}

// usualEvent is how many bytes most events have at most, as they are shown.
const usualEvent = 1536

// eventsPage is one page of a query.
type eventsPage struct {
	Limit  int               `json:"limit"` // events of this page
	Total  int               `json:"total"` // events of the snapshot
	Next   string            `json:"next"`  // the start of the next page; "" on the last one
	Events []json.RawMessage `json:"events"`
}

// parse reads the query of a call, for the caller's own account only, and how the
// caller wants to read what is found.
func (e *Events) parse(c *Call) (q event.Query, view eventView, err error) {
	values, err := queryOf(c)
	if err == nil {
		view, err = parseView(values)
	}
	if err == nil {
		q, err = eventjson.ParseQuery(values)
	}
	q.AccountID = c.Claims.Account
	return q, view, err
}

// queryOf reads the parameters of a call; URL.Query would leave out what is
// malformed.
func queryOf(c *Call) (url.Values, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, fault.FieldInvalid.Wrap(err, "field", "query", "reason", "is not a well-formed query string")
	}
	return values, nil
}

func (e *Events) query(c *Call) (any, error) {
	q, view, err := e.parse(c)
	if err != nil {
		return nil, err
	}
	if accepts(c, ndjson) {
		return e.export(c, q, view)
	}
	page, err := e.cfg.Recorder.Store().Query(c.Context(), q)
	if err != nil {
		return nil, err
	}
	list := make([]json.RawMessage, len(page.Events))
	all := make([]byte, 0, len(list)*usualEvent)
	for i := range page.Events {
		at := len(all)
		all = view.appendEvent(all, &page.Events[i])
		list[i] = all[at:len(all):len(all)]
	}
	return eventsPage{Limit: len(list), Total: page.Total, Next: page.Next, Events: list}, nil
}

// ndjson is the media type of one JSON value on each line.
const ndjson = "application/x-ndjson"

// accepts tells whether the caller asks for a media type by name.
func accepts(c *Call, mediaType string) bool {
	for _, header := range c.Request.Header.Values("Accept") {
		for want := range strings.SplitSeq(header, ",") {
			name, _, _ := strings.Cut(want, ";")
			if strings.EqualFold(strings.TrimSpace(name), mediaType) {
				return true
			}
		}
	}
	return false
}

// export writes the whole snapshot, one event on each line. A failure on the
// way cuts the reply off, which the caller notices because its end is missing.
func (e *Events) export(c *Call, q event.Query, view eventView) (any, error) {
	q.Limit = event.MaxLimit
	begun := false
	for {
		page, err := e.cfg.Recorder.Store().Query(c.Context(), q)
		switch {
		case err != nil && !begun:
			return nil, err
		case err != nil:
			c.Log.Error("an export was cut off", "fault", fault.From(err, fault.OpAPI))
			panic(http.ErrAbortHandler)
		case !begun:
			begun = true
			c.Writer.Header().Set("Content-Type", ndjson)
			c.Writer.WriteHeader(http.StatusOK)
		}
		var lines []byte
		for i := range page.Events {
			lines = append(view.appendEvent(lines, &page.Events[i]), '\n')
		}
		if err := c.push(lines); err != nil || page.Next == "" {
			return Written{}, nil // a caller that has gone is not our trouble
		}
		q.Start = page.Next
	}
}

// pushTimeout is how long a reader of a long reply may take for one portion.
const pushTimeout = 30 * time.Second

// push sends a portion of a reply that is not over yet.
func (c *Call) push(b []byte) error {
	conn := http.NewResponseController(c.Writer)
	_ = conn.SetWriteDeadline(time.Now().Add(pushTimeout)) // where there are no deadlines, it goes without
	if _, err := c.Writer.Write(b); err != nil {
		return err
	}
	return conn.Flush()
}

// get gives one event, with what each side told of it.
func (e *Events) get(c *Call) (any, error) {
	values, err := queryOf(c)
	if err != nil {
		return nil, err
	}
	if !values.Has("halves") {
		values.Set("halves", "true")
	}
	view, err := parseView(values)
	if err != nil {
		return nil, err
	}
	for name := range values {
		return nil, fault.FieldInvalid.New("field", name, "reason", "is not a parameter of this call")
	}
	found, err := e.cfg.Recorder.Store().Get(c.Context(), c.Path("id"))
	if err != nil {
		return nil, err
	}
	if found.AccountID != c.Claims.Account {
		return nil, fault.EventNotFound.New() // as if there were none
	}
	return json.RawMessage(view.appendEvent(nil, &found)), nil
}

// erase removes everything about a user, as privacy law demands of whoever
// keeps it.
func (e *Events) erase(c *Call) (any, error) {
	proof, err := userProof(c)
	if err != nil {
		return nil, err
	}
	n, err := e.cfg.Recorder.Erase(c.Context(), c.Claims.Account, c.Path("user"), proof)
	if err != nil {
		return nil, err
	}
	return map[string]any{"removed": n}, nil
}
