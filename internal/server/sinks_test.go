// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// A failure that the server takes reaches a webhook, a collector and the
// counters, as configured.
func TestEventsReachThoseWhoWantThem(t *testing.T) {
	type request struct {
		path, key, signature, body string
	}
	got := make(chan request, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing is missed below
		got <- request{r.URL.Path, r.Header.Get("X-Key"), r.Header.Get("Redial-Signature"), string(body)}
	}))
	t.Cleanup(receiver.Close)
	cfg := local(t)
	cfg.Webhooks.AllowNetworks = []string{"127.0.0.1"}
	cfg.Webhooks.Hooks = []config.Webhook{{
		Name: "app", URL: receiver.URL + "/hook", Secrets: []string{strings.Repeat("secret", 6)},
		Headers: []string{"x-key: open sesame"}, Types: []string{"client.join.failed"},
	}}
	cfg.OTLP.Endpoint = receiver.URL
	if p := cfg.Problems(); len(p) > 0 {
		t.Fatal(config.Problems(p))
	}
	s := startLocal(t, cfg)
	raw, err := s.ManagementToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, path, body string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+raw)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		reply, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode >= 300 {
			t.Fatalf("%s %s: %d %s, %v", method, path, res.StatusCode, reply, err)
		}
		return string(reply)
	}
	call("POST", "/api/v1/events", fmt.Sprintf(`[{"version":"2.0","id":"6c75de35-b778-4fb0-88ae-114c28dc285f","timestamp":%q,
		"type":"client.join.failed","data":{"room_id":"room-1","peer_id":"peer-1","user_id":"ada","action":"JOIN","is_terminal":true,"error_code":4001,
		"error_name":"RoomFull","error_message":"full","error_description":"full"},
		"redial":{"fault":"room.full","op":"join","source":"server","injected":true}}]`, time.Now().UTC().Format(time.RFC3339)))
	for range 2 {
		select {
		case r := <-got:
			switch r.path {
			case "/hook":
				if r.key != "open sesame" || r.signature == "" || !strings.Contains(r.body, `"account_id":"redial"`) || !strings.Contains(r.body, "peer-1") {
					t.Errorf("the hook got %+v", r)
				}
			case "/v1/logs":
				if !strings.Contains(r.body, `"room.full"`) || strings.Contains(r.body, "ada") {
					t.Errorf("the collector got %s", r.body)
				}
			default:
				t.Errorf("got %+v", r)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("nothing came")
		}
	}
	if numbers := call("GET", "/metrics", ""); !strings.Contains(numbers, `redial_events_stored_total{fault="room.full",injected="true",source="server",type="client.join.failed"} 1`) {
		t.Error("the event is not counted")
	}
	if hooks := call("GET", "/api/v1/webhooks", ""); !strings.Contains(hooks, `"state":"working"`) {
		t.Errorf("hooks %s", hooks)
	}
}

func TestAHookForAnUnknownTypeKeepsTheServerFromStarting(t *testing.T) {
	cfg := local(t)
	cfg.Webhooks.Hooks = []config.Webhook{{Name: "app", URL: "https://app.example", Types: []string{"client.join.fail"}}}
	s, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{})
	if !errors.Is(err, fault.ConfigInvalid) {
		t.Errorf("got %v", err)
	}
	if err == nil {
		_ = s.Stop(t.Context())
	}
}
