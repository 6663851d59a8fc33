// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

// knock asks for a socket as a plain request does, and returns what is said.
func (s *station) knock(tok string, change func(*http.Request)) (int, map[string]any) {
	s.t.Helper()
	q := url.Values{"peer": {"p1"}, "token": {tok}, "user_agent_v2": {"os:linux,sdk:test"}}
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.web.URL+"/ws?"+q.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		req.Header.Set(name, value)
	}
	change(req)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var body map[string]any
	_ = json.NewDecoder(res.Body).Decode(&body)
	return res.StatusCode, body
}

// wantLost is the one event of a request that never became a socket.
func (s *station) wantLost(kind *fault.Kind, op fault.Op) {
	s.t.Helper()
	e := s.events.wait(s.t, event.ConnectFailed)
	if e.Fault != kind.ID || e.Op != op || e.UserID != "u" || e.RoomID != roomID || e.Role != "host" || e.PeerID != "p1" || e.AccountID != key.Account || e.Agent.OS != "linux" {
		s.t.Errorf("recorded %s in %s of %+v, want %s in %s", e.Fault, e.Op, e.Subject, kind.ID, op)
	}
}

func TestARequestThatLostItsUpgradeIsRecorded(t *testing.T) {
	for missing, reason := range map[string]string{"Upgrade": "Upgrade: websocket", "Connection": "Connection: Upgrade", "Sec-WebSocket-Version": "Sec-WebSocket-Version"} {
		t.Run(missing, func(t *testing.T) {
			s := newStation(t, nil)
			status, body := s.knock(s.token("host", "u"), func(r *http.Request) { r.Header.Del(missing) })
			if status != http.StatusUpgradeRequired || body["fault"] != "signal.upgrade" || !strings.Contains(fmt.Sprint(body["message"]), reason) {
				t.Errorf("%d %v", status, body)
			}
			s.wantLost(fault.SignalUpgrade, fault.OpConnect)
		})
	}
	t.Run("what the library refuses", func(t *testing.T) {
		s := newStation(t, nil)
		if status, _ := s.knock(s.token("host", "u"), func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "x") }); status != http.StatusBadRequest {
			t.Error(status)
		}
		s.wantLost(fault.SignalUpgrade, fault.OpConnect)
	})
}

func TestASocketTooManyIsRecorded(t *testing.T) {
	s := newStation(t, func(c *config) { c.Sockets.Max = 1 })
	s.connect("host", "first").expect("on-policy-change")
	q := url.Values{"peer": {"p1"}, "token": {s.token("host", "u")}, "user_agent_v2": {"os:linux"}}
	ws, _, err := websocket.Dial(t.Context(), strings.Replace(s.web.URL, "http", "ws", 1)+"/ws?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if _, raw, err := ws.Read(t.Context()); err != nil || !strings.Contains(string(raw), `"fault":"server.queue_full"`) || !strings.Contains(string(raw), "max: 1") {
		t.Errorf("told %s, %v", raw, err)
	}
	s.wantLost(fault.QueueFull, fault.OpConnect)
}

func TestAWrongPathIsRecorded(t *testing.T) {
	s := newStation(t, nil)
	s.web.Config.Handler.(*http.ServeMux).HandleFunc("/", s.h.ServeAstray)
	tok := s.token("host", "u")
	status, body := s.knock(tok, func(r *http.Request) { r.URL.Path = "/rtc/ws" })
	if status != 400 || body["fault"] != "request.route_unknown" || !strings.Contains(fmt.Sprint(body["message"]), "want: /ws") {
		t.Errorf("%d %v", status, body)
	}
	s.wantLost(fault.RouteUnknown, fault.OpConnect)

	s = newStation(t, nil)
	s.web.Config.Handler.(*http.ServeMux).HandleFunc("/", s.h.ServeAstray)
	req, _ := http.NewRequest("GET", s.web.URL+"/rtc/init?peer_id=p1&user_agent_v2=os:linux", nil)
	req.Header.Set("Authorization", "Bearer "+s.token("host", "u"))
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 400 || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	s.wantLost(fault.RouteUnknown, fault.OpInit)
}

// Whoever has no good token writes nothing into the record, and whoever has one
// not without end.
func TestTheRecordOfLostRequestsIsBounded(t *testing.T) {
	s := newStation(t, nil)
	drop := func(r *http.Request) { r.Header.Del("Upgrade") }
	for _, bad := range []string{"", "rubbish", s.token("host", "u", func(c *token.Claims) { c.RoomID = "nowhere" })} {
		if status, _ := s.knock(bad, drop); status != http.StatusUpgradeRequired {
			t.Error(status)
		}
	}
	s.events.mu.Lock()
	if n := len(s.events.list); n != 0 {
		t.Errorf("%d events without a good token", n)
	}
	s.events.mu.Unlock()
	for range 100 {
		s.knock(s.token("host", "u"), drop)
	}
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	if n := len(s.events.list); n == 0 || n > 40 {
		t.Errorf("%d of 100 recorded", n)
	}
	families, err := s.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "redial_signal_refusals_unrecorded_total" && f.GetMetric()[0].GetCounter().GetValue() < 50 {
			t.Error("those left out are not counted")
		}
	}
}

// A socket address that would not work is not given, and the refusal is recorded.
func TestInitRefusesAnAddressThatCannotWork(t *testing.T) {
	s := newStation(t, func(c *config) {
		c.Wire.SocketURL = func(*http.Request) (string, error) { return "", fault.ProxyUnknown.New("setting", "http.behind_proxy") }
	})
	status, body := s.init(s.token("host", "u"), "p1")
	if status != 400 || body["fault"] != "server.proxy_unknown" || !strings.Contains(fmt.Sprint(body["message"]), "http.behind_proxy") {
		t.Errorf("%d %v", status, body)
	}
	e := s.events.wait(t, event.ConnectFailed)
	if e.Fault != "server.proxy_unknown" || e.Op != fault.OpInit || e.UserID != "u" || e.PeerID != "p1" {
		t.Errorf("recorded %+v", e)
	}
}
