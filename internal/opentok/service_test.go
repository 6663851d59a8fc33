// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

const secret = "0123456789abcdef0123456789abcdef01234567"

// service is one with a project, at a time that a test sets.
func service(t testing.TB, change ...func(*Config)) (*Service, Project) {
	reg, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	p := Project{Key: "1000001", Secret: secret, Account: "acme"}
	c := Config{
		Projects: NewProjects([]Project{p}, reg), Account: "acme", RoomKey: token.Key{Access: "a", Secret: secret, Account: "acme"}, Registry: reg,
		Seal: [SealBytes]byte{1}, Rate: limit.Rate{PerSecond: 1e6, Burst: 1e6}, Limited: func(string) {}, Now: func() time.Time { return now },
		ClientAddr: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		Origin:     func(r *http.Request) string { return "https://" + r.Host },
		SocketURL:  func(r *http.Request) (string, error) { return "wss://" + r.Host + "/opentok", nil },
		ICEServers: func(*http.Request) []kurento.ICEServer { return []kurento.ICEServer{{URL: "stun:example.org:7882"}} },
	}
	for _, f := range change {
		f(&c)
	}
	return New(c), p
}

// ask asks for the session info.
func ask(s *Service, key, session, word string) (int, map[string]any) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /opentok/v1/sessions/{session}", s.ServeInfo)
	r := httptest.NewRequest("GET", "https://example.org/opentok/v1/sessions/"+session, nil)
	r.Header.Set("X-Api-Key", key)
	r.Header.Set("Authorization", "Bearer "+word)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	var got map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &got)
	return w.Code, got
}

// TestSessionInfo has what a client needs, and a word that opens the wire for two
// minutes.
func TestSessionInfo(t *testing.T) {
	at := now
	s, p := service(t, func(c *Config) { c.Now = func() time.Time { return at } })
	session, err := s.Create(t.Context(), p, "", "https://example.org")
	if err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string]string{
		Moderator:     `{"forceDisconnect":1,"forceMute":1,"forceUnpublish":1,"publish":1,"subscribe":1}`,
		Publisher:     `{"forceDisconnect":0,"forceMute":0,"forceUnpublish":0,"publish":1,"subscribe":1}`,
		PublisherOnly: `{"forceDisconnect":0,"forceMute":0,"forceUnpublish":0,"publish":1,"subscribe":0}`,
		Subscriber:    `{"forceDisconnect":0,"forceMute":0,"forceUnpublish":0,"publish":0,"subscribe":1}`,
	} {
		word, err := s.Mint(p, session, role, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		status, got := ask(s, p.Key, session, word)
		can, _ := json.Marshal(got["capabilities"])
		if status != 200 || string(can) != want || got["role"] != role || got["url"] != "wss://example.org/opentok" {
			t.Fatalf("%s: %d %v", role, status, got)
		}
		g, err := s.Redeem(t.Context(), got["token"].(string))
		if err != nil || g.Session != session || g.Role != role || !strings.HasPrefix(g.Connection, IDPrefix) {
			t.Errorf("%s: %+v, %v", role, g, err)
		}
		if other, err := s.Redeem(t.Context(), got["token"].(string)); err != nil || other.Connection == g.Connection {
			t.Errorf("a second connection of one token: %+v, %v", other, err)
		}
		at = at.Add(life + time.Second)
		if _, err := s.Redeem(t.Context(), got["token"].(string)); !errors.Is(err, fault.TokenExpired) {
			t.Errorf("after two minutes: %v", err)
		}
	}
}

// TestSessionInfoRefuses in OpenTok's words: rows O001, O002, O004 and those of the
// same condition.
func TestSessionInfoRefuses(t *testing.T) {
	s, p := service(t)
	other := Project{Key: "1000002", Secret: strings.Repeat("x1", 20), Account: "acme"}
	s.cfg.Projects.fixed[other.Key] = other
	session, err := s.Create(t.Context(), p, "", "https://example.org")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := s.Create(t.Context(), other, "", "https://example.org")
	if err != nil {
		t.Fatal(err)
	}
	gone := s.newSessionID(sessionID{p.Key, "000000000000000000000000"}, "")
	mint := func(of Project, session string, valid time.Duration) string {
		word, err := s.Mint(of, session, Publisher, valid)
		if err != nil {
			t.Fatal(err)
		}
		return word
	}
	good := mint(p, session, time.Hour)
	forged := s.newSessionID(sessionID{p.Key, "room"}, "")
	forged = forged[:len(forged)-6] + "AAAAAA"
	for name, c := range map[string]struct {
		key, session, word string
		status             int
		code               float64
		kind               *fault.Kind
	}{
		"an expired token":             {p.Key, session, mint(p, session, -time.Hour), 403, 1004, fault.TokenExpired},
		"no token":                     {p.Key, session, "", 403, 1004, fault.TokenMissing},
		"an unknown key":               {"7", session, good, 403, 1004, fault.AccessKeyUnknown},
		"another project's token":      {p.Key, session, mint(other, session, time.Hour), 403, 1004, fault.TokenSignature},
		"a token of another session":   {p.Key, session, mint(p, theirs, time.Hour), 403, 1004, fault.TokenRoomMismatch},
		"another project's session":    {p.Key, theirs, mint(p, theirs, time.Hour), 403, 1004, fault.TokenRoomMismatch},
		"no session id":                {p.Key, "hello", good, 400, 1005, fault.RoomIDInvalid},
		"an id that was not made here": {p.Key, "1_MX4xMDAwMDAxfn5-", good, 400, 1005, fault.RoomIDInvalid},
		"an id with another seal":      {p.Key, forged, mint(p, forged, time.Hour), 400, 1005, fault.RoomIDInvalid},
		"a session that is gone":       {p.Key, gone, mint(p, gone, time.Hour), 404, 1005, fault.RoomNotFound},
	} {
		status, got := ask(s, c.key, c.session, c.word)
		if status != c.status || got["code"] != c.code || got["fault"] != c.kind.ID || got["message"] == "" || got["request_id"] == "" {
			t.Errorf("%s: %d %v, want %d %v %s", name, status, got, c.status, c.code, c.kind.ID)
		}
	}
	s.cfg.Denied = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	if status, got := ask(s, p.Key, session, good); status != 451 || got["code"] != 1026.0 || got["name"] != "OT_TERMS_OF_SERVICE_FAILURE" {
		t.Errorf("who is not served: %d %v", status, got)
	}
}

// TestSomebodyWhoAsksTooOften is told to wait.
func TestSomebodyWhoAsksTooOften(t *testing.T) {
	s, p := service(t, func(c *Config) { c.Rate = limit.Rate{PerSecond: 0.001, Burst: 2} })
	status := 0
	for range 3 {
		status, _ = ask(s, p.Key, "x", "x")
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("%d", status)
	}
}

// TestIssues: what a client reports has an id, and nobody else's token reports.
func TestIssues(t *testing.T) {
	var told []Issue
	s, p := service(t, func(c *Config) {
		c.Issues, c.Reported = 4, func(_ *http.Request, i Issue) error { told = append(told, i); return nil }
	})
	session, err := s.Create(t.Context(), p, "", "https://example.org")
	if err != nil {
		t.Fatal(err)
	}
	word, _ := s.Mint(p, session, Publisher, -time.Hour) // the call lasts longer than the token
	report := func(body, word string) (int, map[string]any) {
		r := httptest.NewRequest("POST", "/opentok/v1/issues", strings.NewReader(body))
		r.Header.Set("X-Api-Key", p.Key)
		r.Header.Set("Authorization", "Bearer "+word)
		w := httptest.NewRecorder()
		s.ServeIssue(w, r)
		var got map[string]any
		_ = json.Unmarshal(w.Body.Bytes(), &got)
		return w.Code, got
	}
	status, got := report(`{"sessionId":"`+session+`","connectionId":"c","details":{"a":1}}`, word)
	if status != 200 || len(told) != 1 || got["id"] != told[0].ID || told[0].Room == "" || told[0].Details != `{"a":1}` {
		t.Errorf("%d %v, %+v", status, got, told)
	}
	for _, c := range []struct{ body, word string }{{`{"sessionId":"` + session + `"}`, "x"}, {"{", word}, {`{"details":"` + strings.Repeat("a", maxIssue) + `"}`, word}} {
		if status, got := report(c.body, c.word); status < 400 || got["code"] != 2011.0 || got["name"] != "OT_REPORT_ISSUE_FAILED" {
			t.Errorf("%.20s: %d %v", c.body, status, got)
		}
	}
	if status, got := report("{}", word); status != 429 || len(told) != 1 {
		t.Errorf("one too many: %d %v", status, got)
	}
}

func FuzzSession(f *testing.F) {
	s, p := service(f, func(c *Config) { c.Issues = 1e6 })
	session, err := s.Create(f.Context(), p, "", "https://example.org")
	if err != nil {
		f.Fatal(err)
	}
	word, _ := s.sign(entry{Project: p.Key, Session: session, Role: Publisher})
	f.Add(session, word, `{"sessionId":"x","details":{}}`)
	f.Add("1_MX5-", "a.b.c", "{")
	f.Fuzz(func(t *testing.T, id, raw, body string) {
		got, err := s.readSessionID(id)
		if err == nil && got.project != p.Key {
			t.Errorf("%q is taken for ours: %+v", id, got)
		}
		if g, err := s.Redeem(t.Context(), raw); err == nil && g.Session != session {
			t.Errorf("%q lets in: %+v", raw, g)
		}
		w := httptest.NewRecorder()
		s.ServeIssue(w, httptest.NewRequest("POST", "/opentok/v1/issues", strings.NewReader(body)))
		if w.Code < 400 {
			t.Errorf("%q is taken without a token", body)
		}
	})
}
