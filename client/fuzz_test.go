// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/codec"
)

// sound is the token of these tests. Nobody checks it here.
var sound = "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"room_id":"r","user_id":"u","role":"guest"}`)) + ".e30"

// seeds are notifications as a server sends them, one for each that changes what
// a session knows; and what media brings.
var seeds = map[string]string{
	"on-policy-change":                   `{"name":"guest","known_roles":{"guest":{"name":"guest","publishParams":{"allowed":["audio"]}}},"template_id":"t"}`,
	"peer-list":                          `{"peers":{"p":{"peer_id":"p","role":"host","joined_at":1,"info":{"name":"n"},"tracks":{"t":{"track_id":"t","type":"video"}}}},"room":{"name":"r","session_id":"s","started_at":1}}`,
	"room-state":                         `{"peer_count":1,"peers":{"p":{"peer_id":"p","role":"host"}},"room":{}}`,
	"room-info":                          `{"room_id":"r","name":"n"}`,
	"session-info":                       `{"session_id":"s","peer_count":2}`,
	"on-peer-join":                       `{"peer_id":"p","role":"host","groups":["_handraise"],"info":{"name":"n","data":"d","user_id":"u"}}`,
	"on-peer-update":                     `{"peer_id":"p","role":"guest","info":{"name":"m"}}`,
	"on-peer-leave":                      `{"peer_id":"p"}`,
	"on-track-add":                       `{"peer":{"peer_id":"p"},"tracks":{"t":{"track_id":"t","stream_id":"s","type":"audio","mute":true}}}`,
	"on-track-update":                    `{"peer":{"peer_id":"p"},"tracks":{"t":{"track_id":"t","stream_id":"s","type":"video","mute":false}}}`,
	"on-track-remove":                    `{"peer":{"peer_id":"p"},"tracks":{"t":{"track_id":"t"}}}`,
	"on-broadcast":                       `{"peer":{"peer_id":"p"},"message_id":"m","timestamp":1e12,"info":{"type":"chat","message":"x"}}`,
	"on-metadata-change":                 `{"values":[{"key":"k","data":{"a":1},"change_version":2,"updated_at":3}]}`,
	"on-role-change-request":             `{"requested_by":"p","role":"host","token":"t"}`,
	"on-track-update-request":            `{"requested_by":"p","track_id":"t","mute":true}`,
	"on-change-track-mute-state-request": `{"requested_by":"p","value":true,"type":"audio"}`,
	"active-speakers":                    `{"speaker-list":[{"peer_id":"p","track_id":"t","level":50}]}`,
	"on-connection-quality-update":       `{"peers":[{"peer_id":"p","downlink_score":4}]}`,

	"offer":                 `{"type":"offer","sdp":"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n","sfu_node_id":""}`,
	"trickle":               `{"target":1,"candidate":{"candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host","sdpMid":"0"}}`,
	"node-info":             `{"sfu_node_id":"n"}`,
	"on-warning":            `{"code":4005,"message":"m","fault":"ice.failed"}`,
	"on-error":              `{"code":1003,"message":"m"}`,
	"on-peer-leave-request": `{"requested_by":"p","reason":"r","room_end":true}`,
}

func TestEveryNotificationHasASeed(t *testing.T) {
	for _, method := range slices.Sorted(maps.Keys(handlers)) {
		if seeds[method] == "" {
			t.Errorf("%s has no seed: FuzzFrames would hardly find it", method)
		}
	}
}

// FuzzFrames: whatever frames a server sends, over the socket or the data
// channel, a session goes on or ends with a fault; leaving it is always quick.
func FuzzFrames(f *testing.F) {
	for _, method := range slices.Sorted(maps.Keys(seeds)) {
		f.Add(method, []byte(seeds[method]))
	}
	f.Add("", []byte(`[]`))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		kind, raw, err := ws.Read(r.Context())
		for err == nil { // every frame comes back as it is
			if ws.Write(r.Context(), kind, raw) != nil {
				return
			}
			kind, raw, err = ws.Read(r.Context())
		}
	}))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, method string, params []byte) {
		hears := Listener{
			OnMessage: func(Message) {}, OnSessionMetadata: func(MetadataEntry) {}, OnRoleRequest: func(RoleRequest) {}, OnSpeakers: func([]Speaker) {},
			OnConnectionQuality: func(ConnectionQuality) {}, OnError: func(*fault.Error) {}, OnEnd: func(*fault.Error) {}, OnTrack: func(*RemoteTrack) {},
		}
		r, err := newSession(Config{Endpoint: server.URL, Token: sound, Listener: hears, ReconnectWindow: time.Millisecond}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		ws, _, err := websocket.Dial(ctx, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := newLink(ws, func(string, json.RawMessage) {}, func(*fault.Error) {})
		l.start()
		m, err := newMedia(r, "")
		if err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		r.link, r.media, r.entered = l, m, true
		r.mu.Unlock()
		for range 2 { // what was changed by the first is met by the second
			r.heard(l, method, params)
		}
		m.channelMessage(params)
		_ = l.call(ctx, fault.OpPeers, method, nil, new(wirePeer))
		l.out <- params // the last: it may end the link
		_ = m.answered(string(params))
		m.do(func() { m.candidate(0, webrtc.ICECandidateInit{Candidate: string(params)}) })
		for _, p := range (&Room{r}).Peers() {
			_ = p.Name
		}
		(&Room{r}).Tracks()
		r.shutdown(nil, false)
		select {
		case <-r.done:
		case <-ctx.Done():
			t.Fatalf("%s %q: the session does not end", method, params)
		}
		l.drop()
	})
}

// FuzzAnswer: an answer of HTTP is read, or becomes a fault.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`{"endpoint":"ws://127.0.0.1:1/ws","rtcConfiguration":{"ice_servers":[{"urls":"stun:a"},{"urls":["turn:b"],"username":"u"}]}}`))
	f.Add(401, []byte(`{"code":401,"message":"The token has expired (x)","fault":{"id":"token.expired","details":{}}}`))
	f.Add(403, []byte(`{"code":40101,"name":"N","message":"m","fault":"token.missing"}`))
	f.Add(500, []byte(`<html>`))
	f.Add(200, []byte(`{"token":7}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if err := refusedHTTP(status, body, fault.OpInit); err == nil || err.Kind == nil {
			t.Errorf("%d %q is no refusal", status, body)
		} else {
			dialect.HMS.Speak(err)
		}
		if status < 200 || status > 599 {
			return
		}
		r, err := newSession(Config{Endpoint: "http://server.invalid", Token: sound}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		defer r.shutdown(nil, false)
		r.http.http = &http.Client{Transport: says{status, body}}
		in, err := r.http.init(t.Context(), sound, "p")
		if err != nil && fault.From(err, fault.OpInit).Kind == fault.Internal {
			t.Errorf("%d %q: %v", status, body, err)
		}
		iceServers(r.cfg, in)
		if tok, err := r.http.exchange(t.Context(), r.cfg); err != nil && fault.From(err, fault.OpToken).Kind == fault.Internal {
			t.Errorf("%d %q: %q, %v", status, body, tok, err)
		}
		if ws, err := r.http.open(t.Context(), "ws://server.invalid/ws", sound, "p"); err == nil || ws != nil || bytes.Contains([]byte(err.Error()), []byte(sound)) {
			t.Errorf("%d %q opened a socket, or tells the token: %v", status, body, err)
		}
	})
}

// says is a server of one answer.
type says struct {
	status int
	body   []byte
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Status: http.StatusText(s.status), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(s.body)), Request: r}, nil
}

// FuzzToken: a token is read, or refused as what it is.
func FuzzToken(f *testing.F) {
	f.Add(sound)
	f.Add("a.b")
	f.Add("a." + base64.RawURLEncoding.EncodeToString([]byte(`{"room_id":7}`)) + ".c")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := readToken(raw); err != nil && fault.From(err, fault.OpJoin).Kind == fault.Internal {
			t.Errorf("%q: %v", raw, err)
		}
		if _, err := (Config{Endpoint: raw}).origin(); err != nil && !errors.Is(err, fault.EndpointInvalid) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

// FuzzFiles: a file of media is read to its end or to where it is damaged, and
// takes no more memory than it is long.
func FuzzFiles(f *testing.F) {
	head := append([]byte("DKIF\x00\x00\x20\x00VP80"), make([]byte, 20)...)
	binary.LittleEndian.PutUint32(head[16:], 50)
	binary.LittleEndian.PutUint32(head[20:], 1)
	f.Add(uint8(0), append(bytes.Clone(head), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3))
	f.Add(uint8(0), append(bytes.Clone(head), 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0))
	f.Add(uint8(1), patternTone)
	f.Add(uint8(1), patternTone[:100])
	f.Add(uint8(2), []byte("\x00\x00\x00\x01\x67\x42\x00\x00\x01\x65\x88\x00\x00\x01\x41\x9a"))
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		for _, open := range []func(io.Reader) (reader, error){newIVF, newOgg, newH264}[kind%3 : kind%3+1] {
			r, err := open(bytes.NewReader(data))
			if err != nil {
				if fault.From(err, fault.OpPublish).Kind == fault.Internal {
					t.Errorf("%v", err)
				}
				continue
			}
			var size, samples int
			for ; ; samples++ {
				s, err := r.next()
				if err != nil {
					if !errors.Is(err, io.EOF) && fault.From(err, fault.OpPublish).Kind == fault.Internal {
						t.Errorf("%v", err)
					}
					break
				}
				if size += len(s.Data); size > 8*len(data)+64 || samples > 16*len(data)+16 || s.Duration <= 0 {
					t.Fatalf("%d samples of %d bytes, the last for %v, from a file of %d", samples, size, s.Duration, len(data))
				}
			}
			r.close()
		}
	})
}

// FuzzPayload: what others send is looked into before it is a sample.
func FuzzPayload(f *testing.F) {
	f.Add(uint8(0), []byte{0x10, 0, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0})
	f.Add(uint8(1), []byte{0x8a, 0x81, 1, 0})
	f.Add(uint8(2), []byte{0x78, 0, 2, 0x67, 1})
	f.Add(uint8(3), []byte{0x18, 0x0a, 1})
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		if len(data) == 0 {
			return
		}
		name := codecName([]string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeH264, webrtc.MimeTypeAV1, webrtc.MimeTypeOpus}[which%5])
		codec.Begins(name, data)
		codec.First(name, data)
		pictureSize(Sample{Codec: name, Data: data})
		s := &SampleReader{t: newRemote(nil, "t"), codec: name, clock: 90000, whole: true, frame: []*rtp.Packet{{Payload: data}, {Payload: data}}}
		if s.finish(); len(s.frame) > 0 {
			t.Errorf("%s % x: the frame is still there", name, data)
		}
	})
}

// FuzzSpool: reports that wait on the disk are read, whatever became of them.
func FuzzSpool(f *testing.F) {
	f.Add([]byte(`[{"event":"disconnected","timestamp":1,"payload":{}}]`))
	f.Add([]byte(`[{"timestamp":9223372036854775807},{"timestamp":-9223372036854775808}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		s := newSpool(dir, "http://x", "r")
		if err := os.WriteFile(filepath.Join(dir, s.prefix+"other.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = s.claim() // says what is wrong, and the file is gone
		if left, err := filepath.Glob(filepath.Join(dir, "*other.json")); err != nil || len(left) > 0 {
			t.Errorf("%q: still there: %v, %v", data, left, err)
		}
	})
}
