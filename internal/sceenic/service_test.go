// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sceenic

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// service is a token service at a time that a test sets.
func service(t *testing.T, at *time.Time) *Service {
	reg, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	return New(Config{
		Key: "the key", Secret: secret, Account: "acme", RoomKey: token.Key{Access: "a", Secret: secret, Account: "acme"}, Registry: reg,
		Rate: limit.Rate{PerSecond: 1, Burst: 30}, Limited: func(string) {}, Now: func() time.Time { return *at },
		ClientAddr: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		SocketURL:  func(r *http.Request) (string, error) { return "wss://" + r.Host + "/sceenic", nil },
		ICEServers: func(*http.Request) []kurento.ICEServer { return []kurento.ICEServer{{URL: "stun:example.org:7882"}} },
	})
}

// ask calls the service.
func ask(s *Service, method, path, key, secret string) (int, map[string]any) {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("auth-api-key", key)
	r.Header.Set("auth-api-secret", secret)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var got map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &got)
	return w.Code, got
}

// TestTheTokenService: one token for each session, and the same for all who ask for it
// in half of its life.
func TestTheTokenService(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	s := service(t, &at)
	get := func(path string) string {
		t.Helper()
		status, got := ask(s, "GET", path, "the key", secret)
		raw, _ := got["token"].(string)
		if status != http.StatusOK || raw == "" {
			t.Fatalf("%d %v", status, got)
		}
		return raw
	}
	if one, other := get("/stream/token/v2/"), get("/stream/token/v2/"); one == other {
		t.Error("two calls without a name give one session")
	}
	first := get("/stream/token/v2/?session=watch")
	at = at.Add(10 * time.Hour)
	if get("/stream/token/v2/?session=watch") != first {
		t.Error("another token ten hours later")
	}
	at = at.Add(3 * time.Hour)
	if get("/stream/token/v2/?session=watch") == first {
		t.Error("the same token in the second half of its life")
	}
	g, err := s.Redeem(t.Context(), first)
	if err != nil || g.Connection[:len(IDPrefix)] != IDPrefix {
		t.Errorf("%+v, %v", g, err)
	}
	at = at.Add(12 * time.Hour)
	if _, err := s.Redeem(t.Context(), first); fault.From(err, fault.OpJoin).Kind != fault.TokenExpired {
		t.Errorf("after its end: %v", err)
	}
	unknown, err := mint(secret, claims{Room: "nowhere", ExpiresAt: at.Add(time.Hour).Unix(), URL: "wss://h/sceenic"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Redeem(t.Context(), unknown); fault.From(err, fault.OpJoin).Kind != fault.TokenRoomUnknown {
		t.Errorf("of a room that is not there: %v", err)
	}
}

// TestTheTokenServiceRefuses in Sceenic's words, and not more often than it may be asked.
func TestTheTokenServiceRefuses(t *testing.T) {
	at := now
	s := service(t, &at)
	for _, c := range []struct {
		method, path, key, secret string
		status                    int
		code                      float64
		kind                      *fault.Kind
	}{
		{"GET", "/stream/token/v2/", "the key", "wrong", 401, 1101, fault.TokenRefused}, // W029
		{"GET", "/stream/token/v2/", "wrong", secret, 401, 1101, fault.TokenRefused},
		{"GET", "/stream/token/v2/", "", "", 401, 1101, fault.TokenRefused},
		{"GET", "/stream/token/v2/?session=a/b", "the key", secret, 400, 803, fault.FieldInvalid},
		{"GET", "/stream/token/v2/?session=", "the key", secret, 400, 803, fault.FieldInvalid},
		{"POST", "/stream/token/v2/", "the key", secret, 405, -1, fault.MethodNotAllowed},
	} {
		status, got := ask(s, c.method, c.path, c.key, c.secret)
		if status != c.status || got["code"] != c.code || got["fault"] != c.kind.ID || got["message"] == "" {
			t.Errorf("%s %s with %q: %d %v", c.method, c.path, c.key, status, got)
		}
	}
	status := 0
	for range 40 {
		status, _ = ask(s, "GET", "/stream/token/v2/", "wrong", "wrong")
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("somebody who guesses is answered %d", status)
	}
}
