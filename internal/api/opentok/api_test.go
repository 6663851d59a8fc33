// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
	api "github.com/redial-rtc/redial/internal/api/opentok"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/opentok"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

const (
	projectKey = "1000001"
	secret     = "0123456789abcdef0123456789abcdef01234567"
)

// backend is the API with a project, a session of it, and the room of that.
type backend struct {
	t        testing.TB
	api      *api.API
	sessions *opentok.Service
	project  opentok.Project
	session  string
	live     *room.Room
	member   *member
}

// member is somebody in the room who notes what it is told.
type member struct {
	mu   sync.Mutex
	told []room.Update
}

func (m *member) Notify(u room.Update, _ *room.Shared) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, u)
}

// heard is the last update of a kind that the member was told.
func heard[T room.Update](m *member) (last T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range m.told {
		if one, is := u.(T); is {
			last, ok = one, true
		}
	}
	return last, ok
}

const streamID = "01890a5d-ac96-774b-bcce-b302099a8057"

func newBackend(t testing.TB, rate limit.Rate) *backend {
	reg, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	hub := room.NewHub(room.Options{})
	t.Cleanup(func() { hub.Close(); _ = reg.Close() })
	b := &backend{t: t, project: opentok.Project{Key: projectKey, Secret: secret, Account: "acme"}, member: &member{}}
	nobody := func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") }
	b.sessions = opentok.New(opentok.Config{
		Projects: opentok.NewProjects([]opentok.Project{b.project}, reg), Account: "acme", RoomKey: token.Key{Access: "a", Secret: secret, Account: "acme"},
		Registry: reg, Rate: rate, ClientAddr: nobody, Limited: func(string) {},
	})
	b.api = api.New(api.Config{
		Sessions: b.sessions, Rooms: hub, Rate: rate, ClientAddr: nobody, Limited: func(string) {},
		Origin: func(r *http.Request) string { return "https://" + r.Host },
	})
	if b.session, err = b.sessions.Create(t.Context(), b.project, "", "https://example.org"); err != nil {
		t.Fatal(err)
	}
	r, err := b.sessions.Room(t.Context(), b.project, b.session)
	if err != nil {
		t.Fatal(err)
	}
	b.live, err = hub.Join(t.Context(), room.Spec{ID: r.ID, Template: policy.Default()}, b.member, room.Peer{ID: kurento.StreamsPrefix + "ann", Role: "host"})
	if err == nil {
		_, err = b.live.Publish(t.Context(), kurento.StreamsPrefix+"ann", []room.Track{
			{ID: "a", Kind: room.Audio, Source: room.SourceRegular, Stream: streamID, Title: "Ann"},
			{ID: "v", Kind: room.Video, Source: room.SourceRegular, Stream: streamID, Title: "Ann"},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// word is the token of a backend.
func word(claims jwt.MapClaims, secret string) string {
	all := jwt.MapClaims{"iss": projectKey, "ist": "project", "exp": time.Now().Add(time.Minute).Unix()}
	for k, v := range claims {
		all[k] = v
	}
	raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString([]byte(secret))
	if err != nil {
		panic(err)
	}
	return raw
}

// call makes a call, with headers as name and value in turns.
func (b *backend) call(method, path, body string, headers ...string) (*httptest.ResponseRecorder, map[string]any) {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://example.org"+strings.NewReplacer("KEY", projectKey, "SESSION", b.session, "STREAM", streamID).Replace(path), strings.NewReader(body))
	r.Header.Set("X-OPENTOK-AUTH", word(nil, secret))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	var got map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &got)
	return w, got
}

var calm = limit.Rate{PerSecond: 1e6, Burst: 1e6}

// TestSessionsAreMade as JSON, as XML, with either content type, and belong to the
// project.
func TestSessionsAreMade(t *testing.T) {
	b := newBackend(t, calm)
	form := url.Values{"p2p.preference": {"enabled"}, "archiveMode": {"manual"}, "location": {"192.0.2.1"}}.Encode()
	w, _ := b.call("POST", "/session/create", form, "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json")
	var list []struct {
		ID  string `json:"session_id"`
		Key string `json:"project_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != 200 || len(list) != 1 || list[0].Key != projectKey {
		t.Fatalf("%d %s, %v", w.Code, w.Body, err)
	}
	if _, err := b.sessions.Room(t.Context(), b.project, list[0].ID); err != nil {
		t.Error(err)
	}
	for _, accept := range []string{"", "text/xml", "*/*"} {
		w, _ = b.call("POST", "/session/create", "", "Accept", accept)
		var doc struct {
			Session []struct {
				ID string `xml:"session_id"`
			} `xml:"Session"`
		}
		if err := xml.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(&doc); err != nil || len(doc.Session) != 1 || !strings.HasPrefix(doc.Session[0].ID, "1_") {
			t.Errorf("%q: %d %s, %v", accept, w.Code, w.Body, err)
		}
	}
	for body, want := range map[string]int{
		`{"archiveMode":"always"}`:                            501,
		`{"archiveMode":"always","p2p.preference":"enabled"}`: 409,
		`{"archiveMode":"x"}`:                                 400,
		`{"p2p.preference":7}`:                                400,
		`{"location":"here"}`:                                 400,
		`{"name":"a b"}`:                                      400,
		`{"e2ee":"true"}`:                                     501,
		`{`:                                                   400,
		`[]`:                                                  400,
		`{"x":"` + strings.Repeat("a", 256<<10) + `"}`:          413,
		`{"e2ee":false,"p2p.preference":"disabled","name":"n"}`: 200,
		`{"location":"null"}`:                                   200,
	} {
		if w, _ := b.call("POST", "/session/create", body, "Accept", "application/json"); w.Code != want {
			t.Errorf("%.40s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
}

// TestWhoMayCall: the project of the path, with a token of a backend.
func TestWhoMayCall(t *testing.T) {
	b := newBackend(t, calm)
	client, _ := b.sessions.Mint(b.project, b.session, opentok.Moderator, time.Hour)
	for name, c := range map[string]struct{ header, value string }{
		"nobody":             {"X-OPENTOK-AUTH", ""},
		"noise":              {"X-OPENTOK-AUTH", "noise"},
		"another secret":     {"X-OPENTOK-AUTH", word(nil, "another")},
		"an expired token":   {"X-OPENTOK-AUTH", word(jwt.MapClaims{"exp": 1}, secret)},
		"an unknown project": {"X-OPENTOK-AUTH", word(jwt.MapClaims{"iss": "7"}, secret)},
		"a client":           {"X-OPENTOK-AUTH", client},
	} {
		if w, got := b.call("GET", "/v2/project/KEY/session/SESSION/stream", "", c.header, c.value); w.Code != 403 || got["fault"] == "" || got["code"] != 403.0 || got["message"] == "" {
			t.Errorf("%s: %d %v", name, w.Code, got)
		}
	}
	if w, _ := b.call("GET", "/v2/project/1000002/session/SESSION/stream", ""); w.Code != 403 {
		t.Errorf("another project's path: %d", w.Code)
	}
	if w, _ := b.call("GET", "/v2/project/KEY/session/SESSION/stream", "", "X-OPENTOK-AUTH", "", "Authorization", "Bearer "+word(nil, secret)); w.Code != 200 {
		t.Errorf("the other header: %d %s", w.Code, w.Body)
	}
}

// TestCallsOfBackends: statuses and bodies as the official SDKs know them.
func TestCallsOfBackends(t *testing.T) {
	b := newBackend(t, calm)
	const at = "/v2/project/KEY/session/SESSION"
	empty, err := b.sessions.Create(t.Context(), b.project, "", "https://example.org")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		kind               *fault.Kind // of a refusal
	}{
		{"POST", at + "/signal", `{"type":"chat","data":"hello"}`, 204, nil},
		{"POST", at + "/connection/otc_ann/signal", `{"data":"hello"}`, 204, nil},
		{"POST", at + "/connection/nobody/signal", `{"data":"hello"}`, 404, fault.PeerNotFound},
		{"POST", "/v2/project/KEY/session/" + empty + "/signal", `{"data":"x"}`, 404, fault.SessionNotActive},
		{"POST", "/v2/project/KEY/session/hello/signal", `{"data":"x"}`, 400, fault.RoomIDInvalid},
		{"POST", at + "/signal", `{}`, 400, fault.FieldMissing},
		{"POST", at + "/signal", `{"type":"a b","data":""}`, 400, fault.FieldInvalid},
		{"POST", at + "/signal", `{"data":7}`, 400, fault.FieldInvalid},
		{"POST", at + "/signal", `{"data":"` + strings.Repeat("a", kurento.MaxSignalData+1) + `"}`, 413, fault.MessageTooLarge},
		{"POST", at + "/signal", `{"type":"` + strings.Repeat("a", kurento.MaxSignalType+1) + `"}`, 413, fault.MessageTypeTooLarge},
		{"GET", at + "/stream", "", 200, nil},
		{"GET", at + "/stream/STREAM", "", 200, nil},
		{"GET", at + "/stream/nothing-like-it", "", 404, fault.StreamNotPublished},
		{"GET", at + "/stream/a", "", 408, fault.FieldInvalid},
		{"PUT", at + "/stream", `{"items":[{"id":"STREAM","layoutClassList":["a","b"]}]}`, 200, nil},
		{"PUT", at + "/stream", `{"items":[{"id":"x","layoutClassList":[]}]}`, 400, fault.FieldInvalid},
		{"PUT", at + "/stream", `{"items":[{"id":"STREAM","layoutClassList":[""]}]}`, 400, fault.FieldInvalid},
		{"PUT", at + "/stream", `{"items":7}`, 400, fault.FieldInvalid},
		{"PUT", at + "/stream", `{}`, 400, fault.FieldMissing},
		{"POST", at + "/stream/STREAM/mute", `{}`, 200, nil},
		{"POST", at + "/stream/nothing-like-it/mute", `{}`, 404, fault.StreamNotPublished},
		{"POST", at + "/mute", `{"active":true,"excludedStreams":["x"]}`, 200, nil},
		{"POST", at + "/mute", `{"active":false}`, 200, nil},
		{"POST", at + "/mute", `{}`, 400, fault.FieldMissing},
		{"POST", at + "/mute", `{"active":"perhaps"}`, 400, fault.FieldInvalid},
		{"POST", at + "/mute", `{"active":true,"excludedStreamIds":7}`, 400, fault.FieldInvalid},
		{"POST", "/v2/project/KEY/session/" + empty + "/mute", `{"active":true}`, 404, fault.SessionNotActive},
		{"POST", at + "/play-dtmf", `{"digits":"1"}`, 501, fault.FeatureUnsupported},
		{"POST", at + "/connection/otc_ann/play-dtmf", `{"digits":"1"}`, 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/archive", `{}`, 501, fault.FeatureUnsupported},
		{"GET", "/v2/project/KEY/archive/x", "", 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/broadcast", `{}`, 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/broadcast/x/stop", `{}`, 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/render", `{}`, 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/dial", `{}`, 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/captions", `{}`, 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/connect", `{}`, 501, fault.FeatureUnsupported},
		{"POST", "/v2/project/KEY/callback", `{}`, 501, fault.FeatureUnsupported},
		{"GET", "/v2/project/KEY/callback", "", 200, nil},
		{"GET", "/v2/project/KEY/nothing", "", 404, fault.RouteUnknown},
		{"DELETE", at + "/stream", "", 405, fault.MethodNotAllowed},
		{"DELETE", at + "/connection/nobody", "", 404, fault.PeerNotFound},
		{"DELETE", at + "/connection/otc_ann", "", 204, nil},
	} {
		body := strings.ReplaceAll(c.body, "STREAM", streamID)
		w, got := b.call(c.method, c.path, body)
		switch {
		case w.Code != c.status:
			t.Errorf("%s %s %.60s: %d %s, want %d", c.method, c.path, c.body, w.Code, w.Body, c.status)
		case c.kind != nil && (got["fault"] != c.kind.ID || got["message"] == "" || got["code"] != float64(c.status)):
			t.Errorf("%s %s %.60s: %v, want %s", c.method, c.path, c.body, got, c.kind.ID)
		}
	}
	if m, ok := heard[room.MessageSent](b.member); !ok || m.Message.From != nil {
		t.Errorf("the signal is %+v", m)
	}
	if m, ok := heard[room.TrackMuteAsked](b.member); !ok || m.Track.ID != "a" {
		t.Errorf("who is asked to mute is %+v", m)
	}
	if _, ok := heard[room.Removed](b.member); !ok {
		t.Error("nobody was put out")
	}
}

// TestAStreamAsBackendsKnowIt, whose classes are kept.
func TestAStreamAsBackendsKnowIt(t *testing.T) {
	b := newBackend(t, calm)
	const at = "/v2/project/KEY/session/SESSION/stream"
	if _, got := b.call("GET", at+"/STREAM", ""); got["id"] != streamID || got["videoType"] != "camera" || got["name"] != "Ann" || len(got["layoutClassList"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
	b.call("PUT", at, `{"items":[{"id":"`+streamID+`","layoutClassList":["focus"]}]}`)
	_, got := b.call("GET", at, "")
	items := got["items"].([]any)
	if got["count"] != 1.0 || items[0].(map[string]any)["layoutClassList"].([]any)[0] != "focus" {
		t.Errorf("%v", got)
	}
	// The Node SDK parses the body itself unless it is told that it is JSON.
	if w, _ := b.call("GET", at+"/STREAM", ""); w.Header().Get("Content-Type") != "text/json" {
		t.Errorf("%v", w.Header())
	}
	if w, _ := b.call("GET", at+"/STREAM", "", "X-OPENTOK-AUTH", "", "Authorization", "Bearer "+word(nil, secret)); w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v", w.Header())
	}
}

// TestABackendThatCallsTooOften is told to wait, before anything is verified.
func TestABackendThatCallsTooOften(t *testing.T) {
	b := newBackend(t, limit.Rate{PerSecond: 0.001, Burst: 1})
	b.call("GET", "/v2/project/KEY/session/SESSION/stream", "")
	w, got := b.call("GET", "/v2/project/KEY/session/SESSION/stream", "")
	if w.Code != 429 || got["fault"] != fault.RateLimited.ID || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, got)
	}
}

func FuzzREST(f *testing.F) {
	b := newBackend(f, calm)
	for _, s := range [][3]string{
		{"/session/create", `{"location":"192.0.2.1","e2ee":"true"}`, "application/json"},
		{"/session/create", `location=::1&archiveMode=manual&archiveMode=x`, "application/x-www-form-urlencoded"},
		{"/v2/project/KEY/session/SESSION/mute", `{"active":"true","excludedStreamIds":["a"]}`, "application/json"},
		{"/v2/project/KEY/session/SESSION/signal", `{"type":"a","data":"b"}`, ""},
		{"/v2/project/KEY/session/SESSION/stream", `{"items":[{"id":"` + streamID + `","layoutClassList":["x"]}]}`, "application/json"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, path, body, kind string) {
		u, err := url.Parse("https://example.org" + strings.NewReplacer("KEY", projectKey, "SESSION", b.session).Replace(path))
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			return
		}
		for _, method := range []string{"POST", "PUT"} {
			r := httptest.NewRequest(method, "/", strings.NewReader(body))
			r.URL = u
			r.Header.Set("X-OPENTOK-AUTH", word(nil, secret))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			b.api.ServeHTTP(w, r)
			if w.Code >= 400 && !json.Valid(w.Body.Bytes()) || w.Code == 500 {
				t.Errorf("%s %q %q: %d %s", method, path, body, w.Code, w.Body)
			}
		}
	})
}
