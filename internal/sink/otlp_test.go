// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// collect starts a collector and gives its endpoint.
func collect(t *testing.T) (*receiver, string) {
	t.Helper()
	r, url := serve(t)
	return r, strings.TrimSuffix(url, "/hook?secret=1")
}

// records reads the log records of a request, as far as the tests look.
func records(t *testing.T, g got) (all []map[string]any) {
	t.Helper()
	var b struct {
		ResourceLogs []struct {
			Resource  struct{ Attributes []attribute }
			ScopeLogs []struct{ LogRecords []logRecord }
		}
	}
	if err := json.Unmarshal(g.body, &b); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.ResourceLogs {
		if *r.Resource.Attributes[0].Value.String != "redial" {
			t.Errorf("resource %+v", r.Resource)
		}
		for _, s := range r.ScopeLogs {
			for _, l := range s.LogRecords {
				m := map[string]any{"severity": l.Severity, "time": l.Time, "observed": l.Observed, "name": l.EventName, "body": *l.Body.String}
				for _, a := range l.Attributes {
					switch {
					case a.Value.String != nil:
						m[a.Key] = *a.Value.String
					case a.Value.Int != nil:
						m[a.Key] = *a.Value.Int
					case a.Value.Bool != nil:
						m[a.Key] = *a.Value.Bool
					}
				}
				all = append(all, m)
			}
		}
	}
	return all
}

func TestWhatACollectorGets(t *testing.T) {
	for _, users := range []bool{false, true} {
		dir := t.TempDir()
		events := record(t, dir)
		r, endpoint := collect(t)
		run(t, Config{Dir: dir, Events: events, Collector: Collector{Endpoint: endpoint, UserIDs: users, Headers: map[string]string{"X-Key": "k"}}})
		e := refused(1)
		e.Injected, e.ClientTime = true, time.Unix(1700000000, 5).UTC()
		put(t, events, e)
		g := r.next(t)
		if g.header.Get("Content-Type") != "application/json" || g.header.Get("X-Key") != "k" {
			t.Errorf("header %v", g.header)
		}
		got := records(t, g)
		if len(got) != 1 {
			t.Fatalf("%d records in %s", len(got), g.body)
		}
		for key, want := range map[string]any{
			"severity": severityError, "time": "1700000000000000005", "name": "client.join.failed", "event.name": "client.join.failed",
			"body": "The room is full", "session.id": "session-1", "error.type": "room.full", "redial.fault": "room.full",
			"redial.op": "join", "redial.source": "server", "redial.injected": true, "redial.error.code": "4001", "redial.room.id": "room-1",
		} {
			if got[0][key] != want {
				t.Errorf("%s is %v, want %v", key, got[0][key], want)
			}
		}
		if _, there := got[0]["user.id"]; there != users || strings.Contains(strings.ToLower(string(g.body)), "ada") != users {
			t.Errorf("users allowed %t: %s", users, g.body)
		}
	}
}

func TestLogsURL(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:4318":              "http://127.0.0.1:4318/v1/logs",
		"https://otel.example/":              "https://otel.example/v1/logs",
		"https://otel.example/in/otlp/logs":  "https://otel.example/in/otlp/logs",
		"http://[::1]:4318":                  "http://[::1]:4318/v1/logs",
		"https://otel.example/v1/logs?key=1": "https://otel.example/v1/logs?key=1",
	} {
		if got := logsURL(endpoint); got != want {
			t.Errorf("%s becomes %s, want %s", endpoint, got, want)
		}
	}
}

// A collector that is down gets everything later; one that calls events bad or
// leaves some out does not get these again.
func TestACollectorThatFails(t *testing.T) {
	dir := t.TempDir()
	events := record(t, dir)
	r, endpoint := collect(t)
	cfg := Config{Dir: dir, Events: events, Collector: Collector{Endpoint: endpoint}}
	r.status(http.StatusServiceUnavailable)
	s := run(t, cfg)
	put(t, events, refused(1))
	if p := records(t, r.next(t)); p[0]["redial.peer.id"] != "peer-1" {
		t.Errorf("got %v", p)
	}
	r.next(t) // tried again
	closeSinks(t, s)
	for len(r.requests) > 0 {
		<-r.requests
	}
	r.status(http.StatusOK)
	s = run(t, cfg)
	if p := records(t, r.next(t)); p[0]["redial.peer.id"] != "peer-1" {
		t.Errorf("got %v after a restart", p)
	}

	r.does(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.WriteString(w, `{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too odd"}}`)
	})
	put(t, events, refused(2))
	r.next(t)
	eventually(t, "the place after the one left out", func() bool {
		at, _, err := s.deliveries.offset(t.Context(), "otlp")
		return err == nil && at == 2
	})
	r.status(http.StatusBadRequest)
	put(t, events, refused(3))
	if p := records(t, r.next(t)); len(p) != 1 || p[0]["redial.peer.id"] != "peer-3" {
		t.Errorf("got %v", p)
	}
	r.status(http.StatusOK)
	put(t, events, refused(4))
	if p := records(t, r.next(t)); len(p) != 1 || p[0]["redial.peer.id"] != "peer-4" {
		t.Errorf("got %v", p)
	}
}

func TestSeverities(t *testing.T) {
	x := &exporter{}
	mild := refused(1)
	mild.Failure.Terminal, mild.Fault = false, ""
	if r := x.record(&mild); r.Severity != severityWarn {
		t.Errorf("%+v", r)
	}
	track := event.Event{Type: event.TrackAdded, Time: time.Unix(1, 0), Track: &event.Track{ID: "t", Kind: "video"}}
	if r := x.record(&track); r.Severity != severityInfo || r.Time != r.Observed {
		t.Errorf("%+v", r)
	}
}
