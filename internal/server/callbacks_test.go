// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/config"
)

// callbackPatience is how long a callback may take on a busy machine.
const callbackPatience = time.Minute

// joinOpenTok joins a session as an app does, and returns its socket and connection.
func joinOpenTok(t *testing.T, s *Server, key, session, word string) (*websocket.Conn, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/opentok/v1/sessions/"+session, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	req.Header.Set("Authorization", "Bearer "+word)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var info struct{ URL, Token string }
	if err := json.NewDecoder(res.Body).Decode(&info); err != nil || info.Token == "" {
		t.Fatalf("%d: %v", res.StatusCode, err)
	}
	c, _, err := websocket.Dial(t.Context(), info.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = c.CloseNow() })
	var joined struct {
		ConnectionID string `json:"connectionId"`
	}
	rpcOpenTok(t, c, 1, "joinRoom", map[string]any{"token": info.Token}, &joined)
	return c, joined.ConnectionID
}

// rpcOpenTok calls a method and reads its result.
func rpcOpenTok(t *testing.T, c *websocket.Conn, id int, method string, params map[string]any, into any) {
	t.Helper()
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), websocket.MessageText, b); err != nil {
		t.Fatal(err)
	}
	for {
		_, raw, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			ID     *int
			Result json.RawMessage
			Error  json.RawMessage
		}
		switch err := json.Unmarshal(raw, &m); {
		case err != nil:
			t.Fatal(err)
		case m.ID == nil || *m.ID != id:
			continue
		case m.Error != nil:
			t.Fatalf("%s: %s", method, m.Error)
		case into == nil:
			return
		}
		if err := json.Unmarshal(m.Result, into); err != nil {
			t.Fatal(err)
		}
		return
	}
}

// offerOf is the offer of somebody who sends sound.
func offerOf(t *testing.T) string {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "sound", "sound")
	if err == nil {
		_, err = pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	}
	if err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return offer.SDP
}

// TestBackendsHearOfTheirSessions, in the vendor's JSON and in order, of a client that
// joins, publishes, unpublishes, leaves, is put out, or is left when the server goes.
func TestBackendsHearOfTheirSessions(t *testing.T) {
	type told struct {
		Session    string `json:"sessionId"`
		Project    string `json:"projectId"`
		Event      string
		Reason     string
		Timestamp  int64
		Connection *struct {
			ID        string
			CreatedAt int64
			Data      *string
		}
		Stream *struct {
			ID         string
			Name       string
			VideoType  string
			CreatedAt  int64
			Connection struct{ ID string }
		}
	}
	came := make(chan told, 100)
	var seen sync.Map // what comes again, as after an answer that the server no longer read, has its id
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing is missed below
		var one told
		if err := json.Unmarshal(body, &one); err != nil || r.Header.Get("Redial-Signature") == "" || r.Header.Get("Redial-Event-Type") != one.Event {
			t.Errorf("%v in %s, signed %q", err, body, r.Header.Get("Redial-Signature"))
		}
		if _, again := seen.LoadOrStore(r.Header.Get("Redial-Event-Id"), true); !again {
			came <- one
		}
	}))
	t.Cleanup(receiver.Close)
	cfg := local(t)
	cfg.Webhooks.AllowNetworks = []string{"127.0.0.1"}
	const project = "1000001"
	cfg.OpenTok.Enabled = true
	cfg.OpenTok.Projects = []config.Project{{
		Key: project, Secret: strings.Repeat("secret", 7), CallbackURL: receiver.URL + "/told", CallbackSecret: strings.Repeat("signs", 7),
	}}
	if p := cfg.Problems(); len(p) > 0 {
		t.Fatal(config.Problems(p))
	}
	s := startLocal(t, cfg)
	session, word, err := s.TryOpenTok(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	hear := func(event, reason, connection string) told {
		t.Helper()
		select {
		case one := <-came:
			id := ""
			switch {
			case one.Connection != nil && one.Stream == nil:
				id = one.Connection.ID
				if one.Connection.Data == nil || one.Connection.CreatedAt == 0 {
					t.Errorf("of a connection came %+v", one.Connection)
				}
			case one.Stream != nil && one.Connection == nil:
				id = one.Stream.Connection.ID
			}
			if one.Event != event || one.Reason != reason || id != connection || one.Session != session || one.Project != project || one.Timestamp == 0 {
				t.Fatalf("%+v came in the place of %s, %q of %s", one, event, reason, connection)
			}
			return one
		case <-time.After(callbackPatience):
			t.Fatalf("%s did not come", event)
			return told{}
		}
	}
	ann, annID := joinOpenTok(t, s, project, session, word)
	hear("connectionCreated", "", annID)
	var published struct{ ID string }
	rpcOpenTok(t, ann, 2, "publishVideo", map[string]any{"sdpOffer": offerOf(t), "endpoint": "one", "hasAudio": true, "hasVideo": false, "name": "Ann's"}, &published)
	if st := hear("streamCreated", "", annID).Stream; st.ID != published.ID || st.Name != "Ann's" || st.VideoType != "" || st.CreatedAt == 0 {
		t.Errorf("of the stream came %+v", st)
	}
	rpcOpenTok(t, ann, 3, "unpublishVideo", map[string]any{"streamId": published.ID, "reason": "mediaStopped"}, nil)
	if st := hear("streamDestroyed", "mediaStopped", annID).Stream; st.ID != published.ID {
		t.Errorf("of the stream came %+v", st)
	}
	bob, bobID := joinOpenTok(t, s, project, session, word)
	hear("connectionCreated", "", bobID)
	rpcOpenTok(t, bob, 2, "publishVideo", map[string]any{"sdpOffer": offerOf(t), "hasAudio": true, "hasVideo": false}, nil)
	hear("streamCreated", "", bobID)
	rpcOpenTok(t, ann, 4, "forceDisconnect", map[string]any{"connectionId": bobID}, nil)
	hear("streamDestroyed", "forceDisconnected", bobID)
	hear("connectionDestroyed", "forceDisconnected", bobID)
	rpcOpenTok(t, ann, 5, "leaveRoom", map[string]any{}, nil)
	_ = ann.Close(websocket.StatusNormalClosure, "")
	hear("connectionDestroyed", "clientDisconnected", annID)

	// The server goes while somebody is there, and comes again.
	_, carlID := joinOpenTok(t, s, project, session, word)
	hear("connectionCreated", "", carlID)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	startLocal(t, cfg)
	hear("connectionDestroyed", "networkDisconnected", carlID)
	select {
	case one := <-came:
		t.Errorf("and %+v came", one)
	default:
	}
}

// TestAProjectThatIsToldNothing costs nothing, and one made over REST is told from the
// next connection on.
func TestAProjectThatIsToldNothing(t *testing.T) {
	came := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { came <- r.Header.Get("Redial-Event-Type") }))
	t.Cleanup(receiver.Close)
	cfg := local(t)
	cfg.Webhooks.AllowNetworks = []string{"127.0.0.1"}
	cfg.OpenTok.Enabled = true
	s := startLocal(t, cfg)
	raw, err := s.ManagementToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Key, Secret    string
		CallbackURL    string `json:"callback_url"`
		CallbackSecret string `json:"callback_secret"`
	}
	call := func(method, path, body string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+raw)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_ = json.NewDecoder(res.Body).Decode(&made) // a refusal has none of it
		return res.StatusCode
	}
	if status := call("POST", "/api/v1/projects", `{"name":"shop"}`); status != 201 || made.CallbackSecret != "" {
		t.Fatalf("%d %+v", status, made)
	}
	key := made.Key
	p, err := s.openTok.Project(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.openTok.Create(t.Context(), p, "shop", s.URL())
	if err != nil {
		t.Fatal(err)
	}
	word, err := s.openTok.Mint(p, session, "moderator", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	joinOpenTok(t, s, key, session, word)
	if status := call("PATCH", "/api/v1/projects/"+key, `{}`); status != 400 {
		t.Errorf("%d", status)
	}
	if status := call("PATCH", "/api/v1/projects/"+key, `{"callback_url":"ftp://example.org"}`); status != 400 {
		t.Errorf("%d", status)
	}
	if status := call("PATCH", "/api/v1/projects/nobody", `{"callback_url":"http://example.org"}`); status != 404 {
		t.Errorf("%d", status)
	}
	if status := call("PATCH", "/api/v1/projects/"+key, fmt.Sprintf(`{"callback_url":%q}`, receiver.URL)); status != 200 || made.CallbackSecret == "" || made.CallbackURL != receiver.URL {
		t.Fatalf("%d %+v", status, made)
	}
	joinOpenTok(t, s, key, session, word)
	select {
	case kind := <-came:
		if kind != "connectionCreated" {
			t.Errorf("%s came", kind)
		}
	case <-time.After(callbackPatience):
		t.Fatal("nothing came")
	}
}
