// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

// event is an event as GET /v2/analytics/events tells it.
type event struct {
	Type string `json:"type"`
	Data struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
		Code     int    `json:"error_code"`
		RoomID   string `json:"room_id"`
		PeerID   string `json:"peer_id"`
		UserName string `json:"user_name"`
		Agent    any    `json:"user_agent"`
	} `json:"data"`
	raw string
}

// events asks the Error Events API until one passes.
func (s *site) event(typ string, ok func(event) bool) event {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		var page struct {
			Events []json.RawMessage `json:"events"`
			Data   []json.RawMessage `json:"data"`
		}
		body := s.rest("GET", "/v2/analytics/events?room_id="+s.demo.ID+"&type="+typ, "")
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			s.t.Fatal(err, body)
		}
		for _, raw := range append(page.Events, page.Data...) {
			e := event{raw: string(raw)}
			if err := json.Unmarshal(raw, &e); err != nil {
				s.t.Fatal(err, e.raw)
			}
			if ok(e) {
				return e
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no such %s among %s", typ, body)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestFailuresAreReported provokes failures and finds them in the Error Events
// API, told by a client of this SDK.
func TestFailuresAreReported(t *testing.T) {
	s := newSite(t)
	r, pub, _, pw, _, _, _ := pair(t, s, nil)
	// Over the socket: a file that breaks off.
	whole := ivfFile("VP80", 5)
	src, err := client.File(file(t, "cut.ivf", whole[:len(whole)-4]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pub.Publish(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	e := s.event("client.publish.failed", func(e event) bool { return strings.Contains(e.raw, "3004") })
	for _, want := range []string{"sdk:go", pub.PeerID(), "DeviceLostMidway"} {
		if !strings.Contains(e.raw, want) {
			t.Errorf("no %s in %s", want, e.raw)
		}
	}
	// By HTTP or later: the socket itself is lost, and the way to the server
	// with it.
	r.set("refuse")
	get(t, pw.reconnecting, "reconnecting")
	r.set("")
	get(t, pw.reconnected, "reconnected")
	e = s.event("client.disconnected", func(e event) bool { return strings.Contains(e.raw, "1003") && strings.Contains(e.raw, pub.PeerID()) })
	if !strings.Contains(e.raw, "sdk:go") || !strings.Contains(e.raw, "signal.lost") {
		t.Errorf("told as %s", e.raw)
	}
	// What this end knew of its connections is joined to both.
	for _, typ := range []string{"client.publish.failed", "client.disconnected"} {
		e := s.event(typ, func(e event) bool {
			return strings.Contains(e.raw, `"by":"go"`) && strings.Contains(e.raw, pub.PeerID())
		})
		for _, want := range []string{`"state":"connected"`, `"protocol":"udp"`, `"what":"ice connected"`, `"clock_offset_ms"`} {
			if !strings.Contains(e.raw, want) {
				t.Errorf("no %s in %s", want, e.raw)
			}
		}
	}
}

// TestReportsOutliveTheProcess cannot deliver reports, ends, and delivers them
// from the disk in a later session.
func TestReportsOutliveTheProcess(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	r := newRelay(t, s.s.URL())
	join := func(peer string) (*client.Room, *watcher) {
		w := watch()
		cfg := s.config("host", "reporter")
		cfg.Endpoint, cfg.ReportDir, cfg.Listener, cfg.PeerID = r.URL(), dir, w.listener(), peer
		cfg.ReconnectWindow = 500 * time.Millisecond
		return s.join(cfg), w
	}
	_, w := join("first-peer")
	r.set("refuse")
	get(t, w.ended, "the end")
	var files []string
	until(t, "writing the reports", func() bool {
		files, _ = filepath.Glob(filepath.Join(dir, "*.json"))
		return len(files) == 1
	})
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), s.demo.Tokens["host"]) {
		t.Error("the token is on the disk")
	}
	if info, _ := os.Stat(files[0]); info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	unreached := s.config("host", "reporter")
	unreached.Endpoint, unreached.ReportDir, unreached.PeerID = r.URL(), dir, "unreached-peer"
	if _, err := client.Join(t.Context(), unreached); !errors.Is(err, fault.EndpointUnreachable) {
		t.Errorf("joined where nobody listens: %v", err)
	}
	r.set("")
	second, _ := join("second-peer")
	s.event("client.connect.failed", func(e event) bool { return strings.Contains(e.raw, `"stage":"answer"`) })
	s.event("client.disconnected", func(e event) bool {
		return strings.Contains(e.raw, "first-peer") && strings.Contains(e.raw, `"is_terminal":true`)
	})
	second.Leave()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
}

// TestReportsAreBounded fails to join a hundred and twenty times at a server
// that takes no reports, and keeps a hundred.
func TestReportsAreBounded(t *testing.T) {
	var refuse atomic.Bool
	refuse.Store(true)
	var got atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/client/report" && !refuse.Load() {
			got.Add(1)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"code":401,"message":"x","fault":"token.refused"}`))
	}))
	defer web.Close()
	dir := t.TempDir()
	fail := func() {
		_, err := client.Join(t.Context(), client.Config{Endpoint: web.URL, Token: anyToken, ReportDir: dir})
		if client.Describe(err).Fault != fault.TokenRefused.ID {
			t.Fatal(err)
		}
	}
	for range 120 {
		fail()
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	var kept []json.RawMessage
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, list...)
	}
	if len(kept) != 100 {
		t.Errorf("%d are kept, want 100", len(kept))
	}
	refuse.Store(false)
	until(t, "delivering them all", func() bool {
		fail() // each takes what is left, as far as its time goes
		left, _ := filepath.Glob(filepath.Join(dir, "*.json"))
		return len(left) == 0
	})
	if n := got.Load(); n < 100 {
		t.Errorf("%d were delivered, want 100 at least", n)
	}
}
