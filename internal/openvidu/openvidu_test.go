// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package openvidu_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/openvidu"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

const secret = "the secret of the backends, 32 bytes"

var key = token.Key{Access: "access", Secret: "a secret of at least thirty-two bytes", Account: "acme"}

// service is the API with a registry and rooms of its own.
type service struct {
	*openvidu.Service
	reg *registry.Registry
	hub *room.Hub
}

func newService(t testing.TB, change func(*openvidu.Config)) service {
	reg, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	hub := room.NewHub(room.Options{})
	t.Cleanup(func() { hub.Close(); _ = reg.Close() })
	cfg := openvidu.Config{
		Secret: secret, Account: key.Account, Key: key, Registry: reg, Rooms: hub, Rate: limit.Rate{PerSecond: 1e6, Burst: 1e6},
		ClientAddr: func(*http.Request) netip.Addr { return netip.MustParseAddr("127.0.0.1") },
		Origin:     func(*http.Request) url.URL { return url.URL{Scheme: "https", Host: "video.example.org"} }, Limited: func(string) {},
	}
	if change != nil {
		change(&cfg)
	}
	s := service{openvidu.New(cfg), reg, hub}
	s.Wire = nobody{}
	return s
}

// nobody is a wire that nobody came by.
type nobody struct{}

func (nobody) Unpublish(context.Context, string, room.PeerID, string) error {
	return fault.FeatureUnsupported.New("feature", "forced unpublishing")
}
func (nobody) About(string, room.PeerID) (kurento.About, bool) { return kurento.About{}, false }

// call makes a call and returns its status and body.
func (s service) call(method, path, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, "/openvidu/api"+path, strings.NewReader(body))
	r.SetBasicAuth("OPENVIDUAPP", secret)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var got map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &got)
	return w.Code, got
}

func (s service) want(t *testing.T, status int, method, path, body string) map[string]any {
	t.Helper()
	got, reply := s.call(method, path, body)
	if got != status {
		t.Fatalf("%s %s %s: %d %v, want %d", method, path, body, got, reply, status)
	}
	return reply
}

// TestSessionsAndConnections is a backend's day.
func TestSessionsAndConnections(t *testing.T) {
	s := newService(t, nil)
	made := s.want(t, 200, "POST", "/sessions", `{"customSessionId":"lobby","mediaMode":"ROUTED"}`)
	if made["id"] != "lobby" || made["sessionId"] != "lobby" || made["object"] != "session" {
		t.Errorf("made %v", made)
	}
	s.want(t, 409, "POST", "/sessions", `{"customSessionId":"lobby"}`)
	s.want(t, 409, "POST", "/sessions", `{"customSessionId":"LOBBY"}`) // the same room
	s.want(t, 400, "POST", "/sessions", `{"customSessionId":"a/b"}`)
	s.want(t, 404, "GET", "/sessions/nothing", "")
	c := s.want(t, 200, "POST", "/sessions/lobby/connection", `{"type":"WEBRTC","role":"MODERATOR","data":"from the office","record":null}`)
	if c["status"] != "pending" || c["role"] != "MODERATOR" || c["serverData"] != "from the office" || c["connectionId"] != c["id"] {
		t.Errorf("a connection is %v", c)
	}
	where, err := url.Parse(c["token"].(string))
	if err != nil || where.Scheme != "wss" || where.Host != "video.example.org" || where.Query().Get("sessionId") != "lobby" || strings.Count(c["token"].(string), "=") != 2 {
		t.Errorf("the token is %v", c["token"]) // clients cut at every further "="
	}
	s.want(t, 400, "POST", "/sessions/lobby/connection", `{"role":"KING"}`)
	s.want(t, 400, "POST", "/sessions/lobby/connection", `{"data":"`+strings.Repeat("x", 10_001)+`"}`)
	s.want(t, 501, "POST", "/sessions/lobby/connection", `{"type":"IPCAM"}`)
	for _, servers := range []string{`[{"url":"http://x"}]`, `[{"url":"turn:x"}]`, `[{"url":"stun:"}]`, `[` + strings.Repeat(`{"url":"stun:x"},`, 16) + `{"url":"stun:x"}]`} {
		s.want(t, 400, "POST", "/sessions/lobby/connection", `{"customIceServers":`+servers+`}`)
	}
	s.want(t, 400, "POST", "/sessions/lobby/connection", `{"kurentoOptions":{"allowedFilters":["`+strings.Repeat("x", 3000)+`"]}}`)
	if list := s.want(t, 200, "GET", "/sessions/lobby/connection?pendingConnections=true", ""); list["numberOfElements"] != 1.0 {
		t.Errorf("pending connections %v", list)
	}
	if list := s.want(t, 200, "GET", "/sessions/lobby/connection?pendingConnections=false", ""); list["numberOfElements"] != 0.0 {
		t.Errorf("active connections %v", list)
	}

	// Whoever takes the seat has the role and what the backend said.
	tok := where.Query().Get("token")
	g, err := s.Redeem(t.Context(), "lobby", tok)
	if err != nil || g.Connection != c["id"] || g.Role != "MODERATOR" || g.Data != "from the office" {
		t.Fatalf("%+v, %v", g, err)
	}
	claims, err := token.NewVerifier([]token.Key{key}, token.Options{}).Verify(t.Context(), g.RoomToken, token.App)
	if err != nil || claims.Role != "host" {
		t.Errorf("the room token is of role %q, %v", claims.Role, err)
	}
	if _, err := s.Redeem(t.Context(), "lobby", tok); !errors.Is(err, fault.TokenSpent) {
		t.Errorf("a second time: %v", err)
	}
	g.Undo()
	if _, err := s.Redeem(t.Context(), "lobby", tok); err != nil {
		t.Errorf("after a join that failed: %v", err)
	}

	// A token of one session is none of another, and none once it was taken back.
	s.want(t, 200, "POST", "/sessions", `{"customSessionId":"other"}`)
	d := s.want(t, 200, "POST", "/tokens", `{"session":"lobby","role":"SUBSCRIBER"}`)
	where, _ = url.Parse(d["token"].(string))
	if _, err := s.Redeem(t.Context(), "other", where.Query().Get("token")); !errors.Is(err, fault.TokenSpent) {
		t.Errorf("a token in another session: %v", err)
	}
	s.want(t, 204, "DELETE", "/sessions/lobby/connection/"+d["connectionId"].(string), "")
	if _, err := s.Redeem(t.Context(), "lobby", where.Query().Get("token")); !errors.Is(err, fault.TokenSpent) {
		t.Errorf("a token that was taken back: %v", err)
	}
	s.want(t, 404, "DELETE", "/sessions/lobby/connection/"+d["connectionId"].(string), "")

	if list := s.want(t, 200, "GET", "/sessions", ""); list["numberOfElements"] != 2.0 {
		t.Errorf("sessions %v", list)
	}
	s.want(t, 204, "DELETE", "/sessions/lobby", "")
	s.want(t, 404, "GET", "/sessions/lobby", "")
	s.want(t, 200, "POST", "/sessions", `{"customSessionId":"lobby"}`) // the room is the same one
	for path, method := range map[string]string{"/recordings/start": "POST", "/recordings": "GET", "/broadcast/start": "POST"} {
		s.want(t, 501, method, path, `{}`)
	}
	s.want(t, 404, "DELETE", "/sessions/lobby/stream/str_none", "")
	s.want(t, 404, "GET", "/nothing", "")
}

// TestPropertiesOfSessions are told as they were given, and what the API does not
// know is refused.
func TestPropertiesOfSessions(t *testing.T) {
	s := newService(t, nil)
	usual := s.want(t, 200, "POST", "/sessions", `{"mediaMode":null,"forcedVideoCodec":null,"allowTranscoding":null,"defaultRecordingProperties":null}`)
	for k, v := range map[string]any{
		"mediaMode": "ROUTED", "recordingMode": "MANUAL", "customSessionId": "", "forcedVideoCodec": "MEDIA_SERVER_PREFERRED",
		"forcedVideoCodecResolved": "NONE", "allowTranscoding": false, "recording": false, "broadcasting": false,
	} {
		if usual[k] != v {
			t.Errorf("%s is %v, want %v", k, usual[k], v)
		}
	}
	made := s.want(t, 200, "POST", "/sessions", `{"customSessionId":"a","mediaMode":"RELAYED","recordingMode":"ALWAYS","forcedVideoCodec":"VP8","allowTranscoding":true,"defaultRecordingProperties":{"name":"n","hasAudio":true}}`)
	again := s.want(t, 200, "GET", "/sessions/a", "")
	for _, got := range []map[string]any{made, again} {
		if got["mediaMode"] != "RELAYED" || got["recordingMode"] != "ALWAYS" || got["forcedVideoCodec"] != "VP8" || got["forcedVideoCodecResolved"] != "VP8" ||
			got["allowTranscoding"] != true || got["defaultRecordingProperties"].(map[string]any)["name"] != "n" {
			t.Errorf("told %v", got)
		}
	}
	for _, bad := range []string{
		`{"mediaMode":"MIXED"}`, `{"recordingMode":7}`, `{"forcedVideoCodec":"AV9"}`, `{"allowTranscoding":"yes"}`, `{"defaultRecordingProperties":[]}`,
		`{"defaultRecordingProperties":{"name":"` + strings.Repeat("x", 5000) + `"}}`,
	} {
		s.want(t, 400, "POST", "/sessions", bad)
	}
}

// TestAConnectionIsModified before somebody takes it: whoever does is what it
// became, and only its role and record change once it was taken.
func TestAConnectionIsModified(t *testing.T) {
	s := newService(t, nil)
	s.want(t, 200, "POST", "/sessions", `{"customSessionId":"a"}`)
	c := s.want(t, 200, "POST", "/sessions/a/connection", `{"role":"SUBSCRIBER","data":"d","customIceServers":[{"url":"turn:t:3478","username":"u","credential":"c"}],"kurentoOptions":{"videoMaxRecvBandwidth":0}}`)
	at := "/sessions/a/connection/" + c["id"].(string)
	if c["record"] != true || c["kurentoOptions"] == nil || c["customIceServers"].([]any)[0].(map[string]any)["username"] != "u" {
		t.Errorf("made %v", c)
	}
	got := s.want(t, 200, "PATCH", at, `{"role":"MODERATOR","record":false,"data":"e","type":"WEBRTC"}`)
	if got["role"] != "MODERATOR" || got["record"] != false || got["serverData"] != "e" || got["status"] != "pending" || got["token"] != c["token"] {
		t.Errorf("modified %v", got)
	}
	if same := s.want(t, 200, "PATCH", at, `{}`); same["role"] != "MODERATOR" || same["record"] != false {
		t.Errorf("nothing is modified as %v", same)
	}
	for _, bad := range []string{`{"role":"KING"}`, `{"record":1}`, `{"data":"` + strings.Repeat("x", 10_001) + `"}`, `[]`} {
		s.want(t, 400, "PATCH", at, bad)
	}
	s.want(t, 404, "PATCH", "/sessions/b/connection/x", `{"role":"PUBLISHER"}`)
	s.want(t, 404, "PATCH", "/sessions/a/connection/x", `{"role":"PUBLISHER"}`)
	where, _ := url.Parse(c["token"].(string))
	g, err := s.Redeem(t.Context(), "a", where.Query().Get("token"))
	if err != nil || g.Role != "MODERATOR" || g.Data != "e" || len(g.ICEServers) != 1 {
		t.Errorf("%+v, %v", g, err)
	}
	s.want(t, 404, "PATCH", at, `{"role":"PUBLISHER"}`) // taken, and not inside yet
}

// TestOnlyBackendsCall it: the secret is compared whole, and guessing is slow.
func TestOnlyBackendsCall(t *testing.T) {
	s := newService(t, func(c *openvidu.Config) { c.Rate = limit.Rate{PerSecond: 0.001, Burst: 5} })
	got := map[int]int{}
	for i := range 8 {
		r := httptest.NewRequest("GET", "/openvidu/api/sessions", nil)
		if i > 0 {
			r.SetBasicAuth("OPENVIDUAPP", fmt.Sprint("guess ", i))
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		got[w.Code]++
	}
	if got[401] != 5 || got[429] != 3 {
		t.Errorf("statuses %v", got)
	}
}

// TestPendingIsBounded: a backend in a loop is told which limit it has met, and
// goes on once it has tidied up.
func TestPendingIsBounded(t *testing.T) {
	s := newService(t, func(c *openvidu.Config) { c.Pending = 5 })
	s.want(t, 200, "POST", "/sessions", `{"customSessionId":"a"}`)
	var last string
	for range 4 {
		last = s.want(t, 200, "POST", "/sessions/a/connection", "")["id"].(string)
	}
	full := s.want(t, 503, "POST", "/sessions/a/connection", "")
	if full["fault"] != fault.Overloaded.ID || !strings.Contains(full["message"].(string), "openvidu.pending") {
		t.Errorf("the limit is told as %v", full)
	}
	s.want(t, 503, "POST", "/sessions", "")
	s.want(t, 204, "DELETE", "/sessions/a/connection/"+last, "")
	s.want(t, 200, "POST", "/sessions/a/connection", "")
}

// deaf is a member that does not listen.
type deaf struct{}

func (deaf) Notify(room.Update, *room.Shared) {}

// FuzzREST: whatever a backend posts wherever, the answer is JSON or nothing,
// and it is never the server's fault.
func FuzzREST(f *testing.F) {
	paths := []string{"POST /sessions", "POST /sessions/s/connection", "POST /tokens", "POST /signal", "PATCH /sessions/s/connection/p", "POST /recordings/start"}
	for i := range paths {
		for _, body := range []string{`{"role":"PUBLISHER","record":false,"data":"d"}`, `{"mediaMode":"ROUTED","forcedVideoCodec":"VP8","defaultRecordingProperties":{}}`, `{"customIceServers":[{"url":"stun:x"}],"kurentoOptions":{}}`, ``, `{}`, `null`, `[]`, `7`, `{"customSessionId":"x~y","role":"publisher","data":"d","session":"s","to":["p"],"type":"signal:a"}`, `{"role":7}`, `{"to":{}}`, "{\"data\":\"\xff\"}"} {
			f.Add(uint8(i), []byte(body))
		}
	}
	s := newService(f, func(c *openvidu.Config) { c.Pending = 1 << 30 })
	if status, _ := s.call("POST", "/sessions", `{"customSessionId":"s"}`); status != 200 {
		f.Fatal(status)
	}
	r, err := s.reg.RoomByName(context.Background(), key.Account, "s")
	if err == nil {
		_, err = s.hub.Join(context.Background(), room.Spec{ID: r.ID, Template: policy.Default()}, deaf{}, room.Peer{ID: "p", Role: "guest"})
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		method, path, _ := strings.Cut(paths[int(which)%len(paths)], " ")
		status, got := s.call(method, path, string(body))
		if status >= 500 && status != http.StatusNotImplemented || status != http.StatusNoContent && got == nil {
			t.Errorf("%s %s %q: %d %v", method, path, body, status, got)
		}
	})
}
