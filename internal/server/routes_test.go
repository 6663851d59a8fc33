// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Whatever the path, the server never answers with a redirect, which would make
// of a POST a GET somewhere else.
func TestNoPathIsRedirected(t *testing.T) {
	cfg := local(t)
	s := startLocal(t, cfg)
	for _, path := range []string{
		"//v2/rooms", "/v2//rooms", "/v2/rooms//", "/v2/rooms/", "/v2/./rooms", "/v2/x/../rooms", "/v2", "/api", "/v2/", "/api/",
		"//init", "/init/", "/./init", "/x/../init", "//ws", "/ws/", "//", "/.", "/..", "//metrics", "/healthz/", "///", "/metrics/",
	} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			w := httptest.NewRecorder()
			s.web.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "http://here.example"+path, nil))
			if w.Code < 400 || w.Header().Get("Location") != "" {
				t.Errorf("%s %s: %d to %q", method, path, w.Code, w.Header().Get("Location"))
			}
		}
	}
}

// What reaches the REST API reaches it as it was called.
func TestRESTPathsArriveAsCalled(t *testing.T) {
	var got []string
	h := asCalled{
		rest:   http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Method+" "+r.URL.Path) }),
		others: http.NewServeMux(), astray: http.NotFound,
	}
	g := newGuard(h, local(t).HTTP, outside{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	for _, path := range []string{"/v2//rooms", "/v2/rooms/", "/api/v1/../x"} {
		g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "http://here.example"+path, nil))
	}
	// A socket of a page that asks a browser is none of a room's that went astray.
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://here.example/p/x/runs/y/socket", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	g.ServeHTTP(httptest.NewRecorder(), r)
	if len(got) != 4 || got[0] != "POST /v2//rooms" || got[1] != "POST /v2/rooms/" || got[2] != "POST /api/v1/../x" || got[3] != "GET /p/x/runs/y/socket" {
		t.Errorf("%q", got)
	}
}
