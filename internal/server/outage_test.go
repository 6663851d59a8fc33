// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/config"
)

// peersOf collects the peers that some requests tell of.
type peersOf struct {
	mu   sync.Mutex
	seen map[string]int
}

var peerID = regexp.MustCompile(`peer-\d+`)

func (p *peersOf) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing is missed in the end
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, peer := range peerID.FindAllString(string(body), -1) {
		p.seen[peer]++
	}
}

func (p *peersOf) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.seen)
}

// TestClickHouseGoesAndComesBack kills ClickHouse, and later stops it, while
// reports come in: every report is acknowledged, calls go on and begin, and in the
// end ClickHouse, the webhook and the collector have each event.
func TestClickHouseGoesAndComesBack(t *testing.T) {
	settle, keep = time.Millisecond, time.Millisecond
	t.Cleanup(func() { settle, keep = 0, 0 })
	dir := t.TempDir()
	cfg := local(t)
	cfg.Events.Store, cfg.Events.ClickHouse.URL = "clickhouse", startClickHouseIn(t, dir)
	cfg.Limits.APIPerSecond, cfg.Limits.APIBurst = 1e6, 1e6
	cfg.Limits.JoinsPerSecond, cfg.Limits.JoinsBurst = 1e6, 1e6
	cfg.Events.Quotas = config.Quotas{} // one token tells of everything here
	hook, collector := &peersOf{seen: map[string]int{}}, &peersOf{seen: map[string]int{}}
	hooked, collected := httptest.NewServer(hook), httptest.NewServer(collector)
	t.Cleanup(hooked.Close)
	t.Cleanup(collected.Close)
	cfg.Webhooks.AllowNetworks = []string{"127.0.0.1"}
	cfg.Webhooks.Hooks = []config.Webhook{{Name: "app", URL: hooked.URL, Secrets: []string{strings.Repeat("secret", 6)}}}
	cfg.OTLP.Endpoint = collected.URL
	s := startLocal(t, cfg)
	demo, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	manager, err := s.ManagementToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, path, token, body string) (int, []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		reply, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, reply
	}
	sent := 0
	var slowest time.Duration
	report := func() {
		t.Helper()
		var list []string
		for range 10 {
			list = append(list, fmt.Sprintf(`{"event":"disconnected","timestamp":%d,"event_id":"%[1]d","peer":{"peer_id":"peer-%d"},"payload":{"error_code":1003,"error_name":"N","is_terminal":false,"action":"A"}}`, 1795295249805+sent, sent))
			sent++
		}
		for {
			began := time.Now()
			status, reply := call("POST", "/v2/client/report", demo.Tokens["host"], "["+strings.Join(list, ",")+"]")
			if status == http.StatusTooManyRequests { // a quick machine is told to wait a second, and does
				time.Sleep(time.Second)
				continue
			}
			if status != http.StatusOK {
				t.Fatalf("a report is answered %d %s", status, reply)
			}
			slowest = max(slowest, time.Since(began))
			return
		}
	}
	stays := dial(t, s, demo.Tokens["host"], "stays")
	until(t, stays, func(m message) bool { return m.Method == "on-policy-change" })
	calls := 0
	calling := func() {
		t.Helper()
		calls++
		id := fmt.Sprint("ping-", calls)
		if err := stays.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"id":%q,"jsonrpc":"2.0","method":"ping","params":{"timestamp":1}}`, id)); err != nil {
			t.Fatal(err)
		}
		if m := until(t, stays, func(m message) bool { return m.ID == id }); m.Error != nil {
			t.Errorf("the call is told %+v", m.Error)
		}
		begins := dial(t, s, demo.Tokens["guest"], fmt.Sprint("begins-", calls))
		until(t, begins, func(m message) bool { return m.Method == "on-policy-change" })
		_ = begins.CloseNow()
	}

	for _, how := range []string{"kill", "stop"} {
		for range 20 {
			report()
		}
		gone := make(chan error, 1)
		go func() {
			_, err := runClickHouse(how, dir)
			gone <- err
		}()
		for ended := false; !ended; {
			report()
			select {
			case err := <-gone:
				if ended = true; err != nil {
					t.Fatal(err)
				}
			default:
			}
		}
		for range 20 {
			report()
			calling()
		}
		go func() {
			_, err := runClickHouse("start", dir)
			gone <- err
		}()
		for ended := false; !ended; {
			report()
			calling()
			select {
			case err := <-gone:
				if ended = true; err != nil {
					t.Fatal(err)
				}
			default:
			}
		}
	}

	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(90 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("never: ", what)
			}
		}
	}
	wait("the spool is empty", func() bool {
		_, reply := call("GET", "/metrics", "", "")
		return strings.Contains(string(reply), "\nredial_events_spool_events 0\n")
	})
	var page struct{ Total int }
	status, reply := call("GET", "/v2/analytics/events?type=client.disconnected", manager, "")
	if err := json.Unmarshal(reply, &page); err != nil || status != http.StatusOK || page.Total != sent {
		t.Errorf("%d reports were acknowledged; %d %.200s", sent, status, reply)
	}
	wait("the webhook has every event", func() bool { return hook.count() >= sent })
	wait("the collector has every event", func() bool { return collector.count() >= sent })
	t.Logf("%d reports, %d pings and joins; the slowest 10 reports took %v", sent, calls, slowest)
}
