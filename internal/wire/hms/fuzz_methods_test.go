// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/wire/hms"
)

const bareSDP = `"sdp":"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n"`

// seeds are parameters of every method. A method without them fails the tests:
// the fuzzer would have to guess what it takes.
var seeds = map[string]string{
	"ping":      `{"timestamp":1}`,
	"join":      `{"name":"n","data":"{}","offer":{"type":"offer",` + bareSDP + `}}`,
	"leave":     `{"client_reason":"x"}`,
	"analytics": `{"name":"publish.failed","timestamp":1795296247399,"info":{"error_name":"N","error_code":4006,"action":"PUBLISH","is_terminal":false,"timestamp":1}}`,
	"offer":     `{"desc":{"type":"offer",` + bareSDP + `},"tracks":{"t":{"track_id":"t","stream_id":"s","type":"video","source":"regular"}},"sfu_node_id":""}`,
	"answer":    `{"desc":{"type":"answer",` + bareSDP + `},"sfu_node_id":""}`,
	"trickle":   `{"target":1,"candidate":{"candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host","sdpMid":"0","sdpMLineIndex":0}}`,

	"track-update":                    `{"tracks":{"t":{"track_id":"t","type":"audio","mute":true}}}`,
	"track-update-request":            `{"requested_for":"p","track_id":"t","mute":true}`,
	"change-track-mute-state-request": `{"value":true,"type":"audio","source":"regular","roles":["guest"]}`,

	"broadcast":              `{"info":{"message":"m","type":"chat"},"roles":["guest"],"peer_id":""}`,
	"set-metadata":           `{"key":"k","data":{"a":[1]},"if_change_version":1}`,
	"get-metadata":           `{"key":"k"}`,
	"listen-metadata-change": `{"keys":["k",""]}`,

	"peer-update":         `{"name":"n","data":"d"}`,
	"role-change-request": `{"requested_for":"p","role":"guest","roles":["viewer"],"force":true}`,
	"role-change":         `{"role":"guest","token":"t"}`,
	"group-join":          `{"name":"_handraise"}`,
	"group-leave":         `{"name":"_handraise"}`,
	"group-add":           `{"name":"g","peer_id":"p"}`,
	"group-remove":        `{"name":"g","peer_id":"p"}`,
	"peer-leave-request":  `{"requested_for":"p","reason":"r"}`,
	"end-room":            `{"lock":false,"reason":"r"}`,

	"get-peer":         `{"peer_id":"p"}`,
	"find-peer":        `{"limit":10,"role":"host","group":"g","peers":["p"],"peerIds":["q"]}`,
	"peer-iter-next":   `{"iterator":"eyJyIjoiaG9zdCJ9","limit":2}`,
	"peer-name-search": `{"query":"n","offset":1,"limit":3}`,

	"poll-info-set":      `{"poll_id":"x","title":"t","type":"quiz","duration":1,"mode":"userid","vote":["guest"],"responses":["host"]}`,
	"poll-info-get":      `{"poll_id":"x"}`,
	"poll-questions-set": `{"poll_id":"x","questions":[{"question":{"index":1,"text":"q","type":"single-choice"},"options":[{"index":1,"text":"o"}],"answer":{"option":1}}]}`,
	"poll-questions-get": `{"poll_id":"x","index":0,"count":5}`,
	"poll-start":         `{"poll_id":"x"}`,
	"poll-stop":          `{"poll_id":"x"}`,
	"poll-response":      `{"poll_id":"x","responses":[{"question":1,"type":"single-choice","option":1,"duration":5}]}`,
	"poll-responses":     `{"poll_id":"x","index":0,"count":5,"self":true}`,
	"poll-list":          `{"count":5,"state":"started"}`,
	"poll-result":        `{"poll_id":"x"}`,
	"poll-leaderboard":   `{"poll_id":"x","question":0,"offset":0,"count":5}`,

	// Of the data channel.
	"prefer-video-track-state": `{"track_id":"t","max_spatial_layer":"high"}`,
	"prefer-audio-track-state": `{"track_id":"t","subscribed":false}`,
}

func TestEveryMethodHasASeed(t *testing.T) {
	for _, method := range hms.Methods() {
		if seeds[method] == "" {
			t.Errorf("%s has no seed: FuzzMethods would hardly find what it takes", method)
		}
	}
	for _, method := range slices.Sorted(maps.Keys(seeds)) {
		if !slices.Contains(hms.Methods(), method) {
			t.Errorf("%s has a seed and is no method", method)
		}
	}
}

// FuzzMethods: every call of every method is answered, by a result or by a
// refusal that is the caller's, and its socket goes on, unless the call asked for
// its end; and so does somebody else's.
func FuzzMethods(f *testing.F) {
	for _, method := range hms.Methods() {
		f.Add(method, []byte(seeds[method]))
	}
	f.Add("no-such-method", []byte(`{}`))
	ends := []string{"leave", "end-room"}
	s := newStation(f, func(c *config) { unhurried(c); c.Wire.FrameRate = 1_000_000 })
	other := s.connect("host", "other")
	other.newPub()
	offer, err := other.pub.CreateOffer(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method string, params []byte) {
		if !json.Valid(params) || len(method) > 1000 {
			return // FuzzDecodeFrame has frames that are none
		}
		here := *s
		here.t, other.t = t, t
		p := here.connect("host", uuid.NewString())
		p.deaf.Store(true) // there is no path for media, and none is needed
		defer p.ws.CloseNow()
		if _, code, id := p.call("join", map[string]any{"name": "n", "data": "", "offer": offer}); code != 0 {
			t.Fatalf("join: %d %s", code, id)
		}
		s.h.Channel(roomID, p.id, []byte(fmt.Sprintf(`{"id":"c","method":%q,"params":%s}`, method, params)))
		over := func() bool {
			select {
			case <-p.closed:
				return true
			case <-time.After(10 * time.Millisecond):
				return false
			}
		}
		whole, err := json.Marshal(map[string]any{"id": "binary", "method": method, "params": json.RawMessage(params)})
		if err == nil {
			err = p.ws.Write(t.Context(), websocket.MessageBinary, whole)
		}
		if err != nil {
			t.Fatal(err)
		}
		id := uuid.NewString()
		ch := make(chan map[string]any, 1)
		p.mu.Lock()
		p.results[id] = ch
		p.mu.Unlock()
		if err := p.write(map[string]any{"id": id, "method": method, "params": json.RawMessage(params)}); err != nil {
			t.Fatal(err)
		}
		select {
		case r := <-ch:
			if e, ok := r["error"].(map[string]any); ok {
				if k := fault.Lookup(fmt.Sprint(e["fault"])); k == nil || k == fault.Internal {
					t.Errorf("%s %s: %v", method, params, e)
				}
			}
		case <-p.closed:
			if !slices.Contains(ends, method) && method != "peer-leave-request" {
				t.Errorf("%s %s: the socket ends", method, params)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s %s is not answered", method, params)
		}
		if !slices.Contains(ends, method) && method != "peer-leave-request" && !over() {
			if _, code, id := p.call("ping", map[string]any{}); code != 0 {
				t.Errorf("%s %s, and a ping is refused: %d %s", method, params, code, id)
			}
		}
		if _, code, id := other.call("ping", map[string]any{}); code != 0 {
			t.Errorf("%s %s, and another's ping is refused: %d %s", method, params, code, id)
		}
		_ = p.ws.Close(websocket.StatusNormalClosure, "")
		if method == "end-room" && over() { // whoever comes while a session closes is refused
			for began := time.Now(); s.hub.Active(roomID) != nil; time.Sleep(time.Millisecond) {
				if time.Since(began) > time.Minute {
					t.Fatal("the session does not close")
				}
			}
		}
	})
}

// FuzzDoor: whoever knocks gets JSON that says where to go, or a refusal.
func FuzzDoor(f *testing.F) {
	f.Add("a.eyJyb29tX2lkIjoicjEiLCJ1c2VyX2lkIjo3LCJyb2xlIjoiaG9zdCJ9.c", "p", "os:x,sdk:web", "https://a.example")
	f.Add("", "\x00\n", "", "null")
	s := newStation(f, nil)
	good := s.token("host", "u")
	const stands = "a good token"
	f.Add(stands, "p", "sdk:y", "")
	f.Fuzz(func(t *testing.T, token, peer, agent, origin string) {
		if token == stands {
			token = good
		}
		r := httptest.NewRequest(http.MethodGet, "/init", nil)
		q := r.URL.Query()
		q.Set("peer_id", peer)
		q.Set("user_agent_v2", agent)
		r.URL.RawQuery = q.Encode()
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		s.h.ServeInit(w, r)
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%d %q: %v", w.Code, w.Body, err)
		}
		if w.Code == http.StatusOK && token != good || w.Code >= 500 {
			t.Errorf("%q %q: %d %s", token, peer, w.Code, w.Body)
		}
	})
}

// A request over a data channel may still be on its way when its connection has
// been closed, by joining again without media.
func TestARequestOfAChannelThatIsGone(t *testing.T) {
	s := newStation(t, nil)
	p := s.connect("host", "ann")
	p.must("join", map[string]any{"name": "n", "data": ""})
	for _, method := range []string{"prefer-video-track-state", "prefer-audio-track-state"} {
		s.h.Channel(roomID, p.id, []byte(fmt.Sprintf(`{"id":"c","method":%q,"params":%s}`, method, seeds[method])))
	}
	p.must("ping", map[string]any{})
}
