// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/pages"
)

// A page of another origin that is refused reads why, wherever it called.
func TestAPageReadsEveryRefusal(t *testing.T) {
	pagesOnly := http.NewServeMux()
	pagesOnly.Handle("/", pages.Handler(noPage))
	h := asCalled{rest: http.NotFoundHandler(), others: pagesOnly, astray: http.NotFound}
	open := newGuard(h, config.HTTP{AllowedOrigins: []string{"*"}}, outside{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	closed := newGuard(h, config.HTTP{}, outside{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())

	f := func(door http.Handler, method, path, id string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, "http://here.example"+path, nil)
		r.Header.Set("Origin", "https://app.example")
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		var body struct{ Fault string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Fault != id || w.Code < 400 {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: a page cannot read it: %v", method, path, w.Header())
		}
	}
	f(open, "GET", "/nothing", "request.route_unknown")
	f(open, "GET", "/a/../b", "request.route_unknown")
	f(open, "POST", "/", "request.method_not_allowed")
	f(closed, "GET", "/", "request.origin")
	f(closed, "POST", "/v2/rooms", "request.origin")

	r := httptest.NewRequestWithContext(t.Context(), "OPTIONS", "http://here.example/v2/rooms", nil)
	r.Header.Set("Origin", "https://app.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	w := httptest.NewRecorder()
	closed.ServeHTTP(w, r)
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
}
