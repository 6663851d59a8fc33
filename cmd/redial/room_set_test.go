// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redial-rtc/redial/admin"
)

// TestRoomCreate: a room is made once, and each of its links lets its role in.
func TestRoomCreate(t *testing.T) {
	s := newStage(t)
	first, errs, code := s.call(t.Context(), t, "room", "standup", "-create")
	if code != exitOK {
		t.Fatal(errs)
	}
	if again, _, _ := s.call(t.Context(), t, "room", "-create", "standup"); again != first {
		t.Errorf("the second time it is another room:\n%s\n%s", first, again)
	}
	if shown, _, _ := s.call(t.Context(), t, "room", "standup", "-links"); shown != first {
		t.Errorf("-links prints %s", shown)
	}
	roles := map[string]bool{}
	for line := range strings.Lines(first) {
		role, link, ok := strings.Cut(strings.TrimSpace(line), " ")
		link = strings.TrimSpace(link)
		if !ok || !strings.Contains(link, "#code=") {
			continue
		}
		if !strings.HasPrefix(link, s.server.URL()+"/#code=") {
			t.Errorf("%s leads elsewhere", link)
		}
		_, word, _ := strings.Cut(link, "=")
		if _, err := s.admin(t).Tokens.Exchange(t.Context(), admin.CodeExchange{Code: word}); err != nil {
			t.Errorf("%s: %v", role, err)
		}
		roles[role] = true
	}
	if !roles["host"] || !roles["guest"] {
		t.Errorf("links for %v", roles)
	}
	if _, errs, code := s.call(t.Context(), t, "room", "-create", "no such name"); code != exitFailure || !strings.Contains(errs, "name") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// TestHealthWait: -wait outlasts a server that is not ready yet, and no other mistake.
func TestHealthWait(t *testing.T) {
	asked := atomic.Int64{}
	ready := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"checks":{"certificate":"failing"}}`))
			return
		}
		_, _ = w.Write([]byte(`{"checks":{"certificate":"ok"}}`))
	}))
	defer ready.Close()
	s := &stage{}
	call := func(args ...string) (string, string, int) { return s.callAt(t.Context(), ready.URL, args...) }
	if out, errs, code := call("health", ready.URL); code != exitFailure || !strings.Contains(out, "failing") || !strings.Contains(errs, "not ready") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	asked.Store(0)
	if out, errs, code := call("health", "-wait", "1m", ready.URL); code != exitOK || strings.TrimSpace(out) != "certificate  ok" {
		t.Errorf("exit code %d: %q %s", code, out, errs)
	}
	if _, errs, code := call("health", "-wait", "1h", "http://%"); code != exitUsage {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if _, errs, code := call("health", "-wait", "-1s", ready.URL); code != exitUsage || !strings.Contains(errs, "-wait") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
