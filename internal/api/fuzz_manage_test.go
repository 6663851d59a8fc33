// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/sink"
	"github.com/redial-rtc/redial/internal/token"
)

// managed is every route that takes a query or a body from whoever manages an
// account.
var managed = []string{
	"GET /v2/analytics/events", "GET /api/v1/events/x", "PUT /api/v1/events/retention", "GET /api/v1/analytics/summary",
	"DELETE /api/v1/users/ann/events", "POST /api/v1/injections", "POST /api/v1/injections/check", "DELETE /api/v1/injections",
	"GET /api/v1/webhooks/deliveries", "POST /api/v1/webhooks/replay", "POST /api/v1/webhooks/resume",
	"GET /api/v1/faults", "GET /api/v1/faults/room.full", "GET /api/v1/explain", "GET /v2/rooms", "GET /v2/sessions", "GET /v2/templates",
	"GET /api/v1/events/stream",
}

// FuzzManage: whatever is asked of the routes for operators, with whatever query
// and body, the answer is JSON and a refusal the caller's.
func FuzzManage(f *testing.F) {
	for i := range managed {
		for _, query := range []string{
			"", "room_id=lobby&limit=2&since=2026-01-01T00:00:00Z", "by=room&compare=week&top=3", "start=x&limit=-1", "hook=app&outcome=failed",
			"q=4005&dialect=hms&lang=xx", "room=lobby", "name=a&enabled=true&before=2026-01-01T00:00:00Z&active=true", "%zz=1", "a=\x00",
			"dialect=opentok&halves=true", "dialect=x&halves=2",
		} {
			f.Add(uint8(i), query, []byte(`{}`))
		}
		for _, body := range []string{
			`{"days":30}`, `{"days":1e9}`, `{"fault":"room.full","room":"lobby","for":"1m","count":3,"probability":0.5}`,
			`{"injections":[{"fault":"slow","room":"lobby","delay":"1s","method":"offer"},{}]}`, `{"hook":"app","event_ids":["x"],"since":"2026-01-01T00:00:00Z"}`, `[`,
		} {
			f.Add(uint8(i), "", []byte(body))
		}
	}
	dir := f.TempDir()
	store, err := sqlite.Open(f.Context(), dir, nil)
	if err != nil {
		f.Fatal(err)
	}
	recorder := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
	sinks, err := sink.Start(f.Context(), sink.Config{Dir: dir, Events: recorder, Account: "acme"})
	if err != nil {
		f.Fatal(err)
	}
	plan := inject.New(inject.Config{})
	var events *api.Events
	fix := serve(f, func(c *api.Config) {
		events = api.NewEvents(api.EventsConfig{Recorder: recorder, Registry: c.Registry, Rooms: c.Rooms})
		c.Routes = append(append(append(events.Routes(), api.InjectionRoutes(plan, c.Registry)...), api.WebhookRoutes(sinks)...), api.FaultRoutes()...)
	})
	f.Cleanup(func() {
		events.Close()
		plan.Close()
		_ = sinks.Close(context.Background())
		_ = recorder.Close(context.Background())
		_ = store.Close()
	})
	fix.newRoom("lobby")
	bearer := mint(f, acme, token.Claims{Type: token.Management, Inject: true})
	f.Fuzz(func(t *testing.T, which uint8, query string, body []byte) {
		method, path, _ := strings.Cut(managed[int(which)%len(managed)], " ")
		r := httptest.NewRequest(method, path, strings.NewReader(string(body)))
		r.URL.RawQuery = query
		if !strings.Contains(query, "=") {
			r.URL.RawQuery = url.Values{"q": {query}}.Encode()
		}
		r.Header.Set("Authorization", "Bearer "+bearer)
		r.Header.Set("Content-Type", "application/json")
		if strings.HasSuffix(path, "/stream") { // it would not end
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			r = r.WithContext(ctx)
			r.Header.Set("Last-Event-ID", query)
		}
		w := httptest.NewRecorder()
		fix.handler.ServeHTTP(w, r)
		got := reply{t: t, call: method + " " + path + "?" + query, status: w.Code, raw: w.Body.Bytes()}
		if w.Code >= 500 {
			t.Fatalf("%s %q: %d %s", got.call, body, w.Code, w.Body)
		}
		if w.Code >= 400 && !strings.Contains(w.Body.String(), `"fault"`) {
			t.Fatalf("%s %q: %d without a fault: %s", got.call, body, w.Code, w.Body)
		}
	})
}
