// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/cert"
	"github.com/redial-rtc/redial/internal/config"
)

// guarded calls a handler behind the guard.
func guarded(t *testing.T, cfg config.HTTP, h http.HandlerFunc, change func(*http.Request)) (*httptest.ResponseRecorder, *prometheus.Registry, string) {
	t.Helper()
	metrics := prometheus.NewRegistry()
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	g := newGuard(h, cfg, newOutside(cfg), log, metrics)
	r := httptest.NewRequest("GET", "http://here.example/v2/x", nil)
	r.TLS = nil
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w, metrics, logged.String()
}

// counted reads a counter without labels.
func counted(t *testing.T, metrics *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

func TestPanicIsOneCallersFault(t *testing.T) {
	w, metrics, logged := guarded(t, config.HTTP{AllowedOrigins: []string{"*"}},
		func(http.ResponseWriter, *http.Request) { panic("secret detail") }, nil)
	var body struct {
		Code  int    `json:"code"`
		Fault string `json:"fault"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 500 || body.Code != 500 || body.Fault != fault.Internal.ID {
		t.Errorf("reply %d %s (%v)", w.Code, w.Body, err)
	}
	if strings.Contains(w.Body.String(), "secret detail") {
		t.Error("the caller was told the panic")
	}
	if !strings.Contains(logged, "secret detail") || !strings.Contains(logged, "http_test.go") {
		t.Errorf("the log does not tell panic and stack: %s", logged)
	}
	if n := counted(t, metrics, "redial_http_panics_total"); n != 1 {
		t.Errorf("%v panics counted", n)
	}
}

func TestAbortedHandlerStaysAborted(t *testing.T) {
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	guarded(t, config.HTTP{AllowedOrigins: []string{"*"}}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil)
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		allowed, origin string
		ok              bool
	}{
		{"*", "https://app.example", true},
		{"https://app.example", "https://app.example", true},
		{"https://app.example", "https://evil.example", false},
		{"https://app.example", "http://app.example", false},
		{"https://app.example", "null", false},
		{"https://app.example", "http://here.example", true}, // our own pages
		{"https://app.example", "", true},                    // no page at all: a server or a phone
	} {
		w, metrics, _ := guarded(t, config.HTTP{AllowedOrigins: []string{c.allowed}},
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
			func(r *http.Request) {
				if c.origin != "" {
					r.Header.Set("Origin", c.origin)
				}
			})
		want, refused := 204, 0.0
		if !c.ok {
			want, refused = 403, 1
		}
		if w.Code != want || counted(t, metrics, "redial_http_origins_refused_total") != refused {
			t.Errorf("origin %q with %q allowed: %d, want %d", c.origin, c.allowed, w.Code, want)
		}
		if !c.ok && !strings.Contains(w.Body.String(), fault.OriginRefused.ID) {
			t.Errorf("the refusal does not name its fault: %s", w.Body)
		}
	}
}

func TestReady(t *testing.T) {
	var broken error
	h := &health{log: slog.New(slog.DiscardHandler), checks: []check{{name: "disk", ask: func(context.Context) error { return broken }}}}
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		h.ready(w, httptest.NewRequest("GET", "/readyz", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if code, body := ask(); code != 200 || body != `{"checks":{"disk":"ok"},"ready":true}` {
		t.Errorf("fine: %d %s", code, body)
	}
	broken = errors.New("path /secret is gone")
	if code, body := ask(); code != 503 || body != `{"checks":{"disk":"failing"},"ready":false}` {
		t.Errorf("broken: %d %s", code, body)
	}
	h.checks[0].told, broken = true, errors.New("media.tcp takes nothing in")
	if code, body := ask(); code != 503 || body != `{"checks":{"disk":"failing: media.tcp takes nothing in"},"ready":false}` {
		t.Errorf("broken, and everybody may know: %d %s", code, body)
	}
	broken = nil
	h.draining.Store(true)
	if code, body := ask(); code != 503 || !strings.Contains(body, `"draining":"yes"`) {
		t.Errorf("draining: %d %s", code, body)
	}
	w := httptest.NewRecorder()
	h.alive(w, httptest.NewRequest("GET", "/healthz", nil))
	if w.Code != 200 {
		t.Errorf("alive while draining: %d", w.Code)
	}
}

func TestMetricsToken(t *testing.T) {
	h := metricsHandler(newMetrics(), "s3cret", true)
	for given, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer s3cret": 200} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Authorization", given)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Authorization %q: %d, want %d", given, w.Code, want)
		}
		if want == 200 && !strings.Contains(w.Body.String(), "go_build_info") {
			t.Error("no build info among the metrics")
		}
	}
}

// Without a token the address that clients use shows the numbers to this machine
// only, and not to whoever comes through a proxy on it.
func TestMetricsWithoutAToken(t *testing.T) {
	for _, c := range []struct {
		from, header string
		public       bool
		want         int
	}{
		{"127.0.0.1:4711", "", true, 200},
		{"[::1]:4711", "", true, 200},
		{"192.0.2.7:4711", "", true, 401},
		{"127.0.0.1:4711", "X-Forwarded-For", true, 401},
		{"127.0.0.1:4711", "Via", true, 401},
		{"192.0.2.7:4711", "", false, 200}, // an address of its own is the operator's choice
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set(c.header, "192.0.2.7")
		}
		w := httptest.NewRecorder()
		metricsHandler(newMetrics(), "", c.public).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

// writeCertificate writes a self-signed certificate for a name.
func writeCertificate(t *testing.T, dir, name string) (files config.HTTP) {
	t.Helper()
	var err error
	if files.TLSCert, files.TLSKey, _, err = cert.SelfSigned(dir, []string{name}); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestListenFailureSaysWhatToDo(t *testing.T) {
	first, err := listen(t.Context(), "http.address", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	_, err = listen(t.Context(), "http.address", first.Addr().String())
	for _, want := range []string{"http.address", first.Addr().String(), "another process uses it", "lo 127.0.0.1"} {
		if !errors.Is(err, fault.ListenFailed) || !strings.Contains(err.Error(), want) {
			t.Errorf("taken port: %v does not say %q", err, want)
		}
	}
	if _, err = listen(t.Context(), "http.address", "198.51.100.77:0"); err == nil || !strings.Contains(err.Error(), "no interface of this machine has this address") {
		t.Errorf("foreign address: %v", err)
	}
}
