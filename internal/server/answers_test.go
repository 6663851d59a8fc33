// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/token"
)

// paths are those of every route, and some that are none, with the doors' own.
func paths(t *testing.T) []string {
	t.Helper()
	wildcard := regexp.MustCompile(`\{[^}]*\}`)
	all := []string{
		"/init", "/ws", "/openvidu", "/healthz", "/readyz", "/", "/metrics", // by the server
		"/openvidu/api/sessions", "/openvidu/api/sessions/x/connection/y", "/openvidu/api/recordings/start", "/openvidu/api/signal", "/openvidu/nothing",
		"/v2/nothing", "/api/v1/nothing", "/v3/rooms", "/nothing", "/v2/rooms/x/y/z", "/v2//rooms", "/v2/whiteboards", "/v2/layouts/ui/x", // unknown
		"/v2", "/api", "/v2/", "/api/", "/favicon.ico",
		"/init/init", "/v2/init", "/x/../init", // clients of a room that came to a wrong path
	}
	for _, p := range api.New(api.Config{Routes: restRoutes(new(api.Events), new(api.Diagnoses), nil, nil, nil, nil)}).Patterns() {
		_, path, _ := strings.Cut(p, " ")
		all = append(all, wildcard.ReplaceAllString(path, "x"))
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) < 60 {
		t.Fatalf("only %d paths", len(all))
	}
	return all
}

// TestAPageReadsEveryAnswer walks every path with every method, at each door: a page
// of another origin may ask, reads what is answered, and finds the fault in it where
// it is a refusal.
func TestAPageReadsEveryAnswer(t *testing.T) {
	for name, open := range map[string]bool{"any origin": true, "other origins": false} {
		t.Run(name, func(t *testing.T) {
			cfg := local(t)
			cfg.OpenVidu.Secret = "0123456789abcdefghijklmnopqrstuvwxyz"
			cfg.Limits.APIPerSecond, cfg.Limits.APIBurst, cfg.Limits.JoinsPerSecond, cfg.Limits.JoinsBurst = 1e6, 1e6, 1e6, 1e6
			if !open {
				cfg.HTTP.AllowedOrigins = []string{"https://elsewhere.example"}
			}
			s := startLocal(t, cfg)
			manager, err := token.Mint(token.Key{Access: "AK", Secret: cfg.Access.Keys[0].Secret, Account: cfg.Access.AccountID},
				token.Claims{Type: token.Management, ExpiresAt: time.Now().Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			answers := 0
			for _, path := range paths(t) {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
					wantPreflight(t, s.web.Handler, method, path)
					for _, bearer := range []string{"", manager} {
						if path == "/api/v1/events/stream" && bearer != "" && (method == "GET" || method == "HEAD") {
							continue // it does not end
						}
						wantReadable(t, s.web.Handler, method, path, bearer)
						answers++
					}
				}
			}
			if answers < 800 {
				t.Errorf("only %d answers were looked at", answers)
			}
		})
	}
}

func call(t *testing.T, h http.Handler, method, path string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://here.example"+path, strings.NewReader(""))
	r.Header.Set("Origin", "https://app.example")
	for name, v := range header {
		r.Header.Set(name, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// wantPreflight asks what browsers ask before a call with a token
// (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
func wantPreflight(t *testing.T, h http.Handler, method, path string) {
	t.Helper()
	w := call(t, h, "OPTIONS", path, map[string]string{
		"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type",
	})
	allowed := strings.ToLower(w.Header().Get("Access-Control-Allow-Headers"))
	methods := append(strings.Split(w.Header().Get("Access-Control-Allow-Methods"), ", "), "GET", "HEAD", "POST") // these need not be listed
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") == "" ||
		!strings.Contains(allowed, "authorization") || !strings.Contains(allowed, "content-type") || !slices.Contains(methods, method) {
		t.Errorf("before %s %s: %d %v", method, path, w.Code, w.Header())
	}
}

// wantReadable wants an answer that a page may read, and of a refusal JSON that names
// a fault of the catalogue.
func wantReadable(t *testing.T, h http.Handler, method, path, bearer string) {
	t.Helper()
	header := map[string]string{}
	if bearer != "" {
		header["Authorization"] = "Bearer " + bearer
	}
	w := call(t, h, method, path, header)
	at := fmt.Sprintf("%s %s (token: %t): %d", method, path, bearer != "", w.Code)
	if w.Header().Get("Access-Control-Allow-Origin") == "" && (path != "/metrics" || w.Code >= 400) {
		t.Errorf("%s: a page cannot read it", at)
	}
	kind, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	switch {
	case w.Code >= 300 && w.Code < 400:
		t.Errorf("%s: leads to %s", at, w.Header().Get("Location"))
	case w.Code < 300:
		if w.Body.Len() > 0 && kind == "" {
			t.Errorf("%s: a body without a type", at)
		}
	case method == "HEAD" && w.Body.Len() == 0:
	default:
		var body struct {
			Fault json.RawMessage
			Data  struct{ Fault json.RawMessage } // of JSON-RPC
		}
		err := json.Unmarshal(w.Body.Bytes(), &body)
		if body.Fault == nil {
			body.Fault = body.Data.Fault
		}
		var id string
		if json.Unmarshal(body.Fault, &id) != nil {
			var whole struct{ ID string }
			_ = json.Unmarshal(body.Fault, &whole)
			id = whole.ID
		}
		if err != nil || kind != "application/json" || fault.Lookup(id) == nil {
			t.Errorf("%s: %s %s", at, kind, w.Body)
		}
	}
}
