// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/sink"
	"github.com/redial-rtc/redial/internal/token"
)

// serveWebhooks is the API with one hook, and what that hook answers.
func serveWebhooks(t *testing.T) (f *fixture, events *event.Recorder, status chan<- int) {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	events = event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
	t.Cleanup(func() { _ = events.Close(context.Background()) })
	answers := make(chan int, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(<-answers) }))
	t.Cleanup(hook.Close)
	sinks, err := sink.Start(t.Context(), sink.Config{
		Dir: dir, Events: events, Account: "acme", AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Hooks: []sink.Hook{{Name: "app", URL: hook.URL + "/secret"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sinks.Close(context.Background()) })
	return serve(t, func(c *api.Config) { c.Routes = api.WebhookRoutes(sinks) }), events, answers
}

func TestWebhooks(t *testing.T) {
	f, events, answers := serveWebhooks(t)
	answers <- 500
	if err := events.Append(t.Context(), event.Event{Type: event.JoinFailed, Source: event.FromServer}); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		return len(f.get("/api/v1/webhooks/deliveries?outcome=failed").ok().at("deliveries").([]any)) == 1
	})
	failed := f.get("/api/v1/webhooks").ok().at("webhooks").([]any)[0].(object)
	if failed["state"] != "failing" || failed["error"] != "answered 500" || failed["behind"] != 1.0 || strings.Contains(fmt.Sprint(failed), "secret") {
		t.Errorf("%v", failed)
	}
	if r := f.post("/api/v1/webhooks/resume", object{"hook": "app"}); r.status != http.StatusNoContent {
		t.Errorf("resume: %d %s", r.status, r.raw)
	}
	answers <- 204
	until(t, func() bool {
		return len(f.get("/api/v1/webhooks/deliveries?outcome=delivered").ok().at("deliveries").([]any)) == 1
	})
	page := f.get("/api/v1/webhooks/deliveries?limit=1").ok()
	first := page.at("deliveries").([]any)[0].(object)
	if page.at("next") == "" || first["status"] != 204.0 || first["attempt"] != 2.0 {
		t.Errorf("%s", page.raw)
	}
	rest := f.get("/api/v1/webhooks/deliveries?limit=1&start=" + page.str("next")).ok()
	if rest.at("next") != "" || rest.at("deliveries").([]any)[0].(object)["status"] != 500.0 {
		t.Errorf("%s", rest.raw)
	}

	answers <- 200
	if r := f.post("/api/v1/webhooks/replay", object{"event_id": first["event_id"]}); r.status != http.StatusAccepted || len(r.at("replays").([]any)) != 1 {
		t.Errorf("replay: %d %s", r.status, r.raw)
	}
	until(t, func() bool {
		return len(f.get("/api/v1/webhooks/deliveries?outcome=delivered").ok().at("deliveries").([]any)) == 2
	})

	f.post("/api/v1/webhooks/replay", nil).refused(400, "request.field_missing")
	f.post("/api/v1/webhooks/replay", object{"since": "yesterday"}).refused(400, "request.field_invalid")
	f.post("/api/v1/webhooks/replay", object{"event_id": "6c75de35-b778-4fb0-88ae-114c28dc285f"}).refused(404, "event.not_found")
	f.post("/api/v1/webhooks/resume", object{"hook": "nobody"}).refused(400, "request.field_invalid", "hook")
	for _, query := range []string{"limit=0", "limit=101", "outcome=lost", "start=x", "since=now", "hook=nobody"} {
		f.get("/api/v1/webhooks/deliveries?"+query).refused(400, "request.field_invalid")
	}

	// Nobody else learns of it.
	f.as("").get("/api/v1/webhooks").refused(401, "token.missing")
	other := f.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	if hooks := other.get("/api/v1/webhooks").ok().at("webhooks").([]any); len(hooks) != 0 {
		t.Errorf("another account sees %v", hooks)
	}
	if log := other.get("/api/v1/webhooks/deliveries").ok().at("deliveries").([]any); len(log) != 0 {
		t.Errorf("another account sees %v", log)
	}
	if r := other.post("/api/v1/webhooks/replay", object{"event_id": first["event_id"]}); len(r.at("replays").([]any)) != 0 {
		t.Errorf("another account replays: %s", r.raw)
	}
}

// until waits for something the server does beside the calls.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happened")
		}
	}
}

// The page about webhooks has every route.
func TestTheWebhooksPageIsComplete(t *testing.T) {
	raw, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, routes []string
	for _, m := range regexp.MustCompile("(?m)^### `([A-Z]+ /[^`]+)`").FindAllStringSubmatch(string(raw), -1) {
		documented = append(documented, m[1])
	}
	for _, r := range api.WebhookRoutes(nil) {
		routes = append(routes, r.Pattern)
	}
	slices.Sort(documented)
	slices.Sort(routes)
	if !slices.Equal(documented, routes) {
		t.Errorf("documented %q\nroutes     %q", documented, routes)
	}
}
