// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/openvidu"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

var key = token.Key{Access: "access", Secret: "a secret of at least thirty-two bytes", Account: "acme"}

const secret = "the secret of the backends, 32 bytes"

// patience is how long a test waits for what is to happen.
const patience = 30 * time.Second

// directory finds rooms in the registry.
type directory struct{ *registry.Registry }

func (d directory) RoomRecord(ctx context.Context, id string) (participant.RoomRecord, error) {
	r, err := d.Room(ctx, id)
	if err != nil {
		return participant.RoomRecord{}, err
	}
	t, err := d.Template(ctx, r.TemplateID)
	return participant.RoomRecord{
		Spec: room.Spec{ID: r.ID, Name: r.Name, Template: t}, Account: r.CustomerID, Enabled: r.Enabled, Locked: r.Locked,
	}, err
}

func (directory) Held(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

func (directory) Former(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

// recorder keeps what is recorded.
type recorder struct {
	mu   sync.Mutex
	list []event.Event
}

func (r *recorder) Record(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, e)
}

func (*recorder) Joined(event.Subject)                     {}
func (*recorder) Report(event.Reporter, event.Event) error { return nil }

// faults are those that were recorded.
func (r *recorder) faults() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.list {
		ids = append(ids, e.Fault)
	}
	return ids
}

// station is a server of this wire with the API of its backends, over loopback.
type station struct {
	t        testing.TB
	sessions *openvidu.Service
	all      *participant.Service
	hub      *room.Hub
	web      *httptest.Server
	events   *recorder

	disk  atomic.Pointer[fault.Kind]    // why nothing can be written; nil: it can
	stall atomic.Pointer[chan struct{}] // until when writing takes; nil: it takes no time

	registry *registry.Registry
	plan     *inject.Plan
	mux      *http.ServeMux
	cfg      kurento.Config // of its doors
}

func newStation(t testing.TB, change ...func(*kurento.Config)) *station {
	reg, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sfu.New(sfu.Config{UDPAddr: "127.0.0.1:0", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &station{
		t: t, hub: room.NewHub(room.Options{}), events: &recorder{}, registry: reg, plan: inject.New(inject.Config{Calls: kurento.Calls()}),
	}
	s.all = participant.New(participant.Config{
		Tokens: token.NewVerifier([]token.Key{key}, token.Options{}), Directory: directory{reg}, Hub: s.hub, Media: engine, Events: s.events,
		Inject: s.plan,
		Written: func(ctx context.Context) error {
			if until := s.stall.Load(); until != nil {
				select {
				case <-*until:
				case <-ctx.Done():
				}
			}
			if k := s.disk.Load(); k != nil {
				return k.New()
			}
			return nil
		},
	})
	nobody := func(*http.Request) netip.Addr { return netip.MustParseAddr("127.0.0.1") }
	s.sessions = openvidu.New(openvidu.Config{
		Secret: secret, Account: key.Account, Key: key, Registry: reg, Rooms: s.hub, Rate: limit.Rate{PerSecond: 1e6, Burst: 1e6},
		ClientAddr: nobody, Origin: func(r *http.Request) url.URL { return url.URL{Scheme: "http", Host: r.Host} }, Limited: func(string) {},
	})
	sockets := socket.NewSet(socket.SetConfig{})
	cfg := kurento.Config{
		Participants: s.all, Sockets: sockets, Tokens: s.sessions, ClientAddr: nobody, MediaPort: engine.UDPPort(),
		JoinRate: 1e6, JoinBurst: 1e6, FrameRate: 1_000_000,
	}
	for _, f := range change {
		f(&cfg)
	}
	wire := kurento.New(cfg)
	s.sessions.Wire = wire
	mux := http.NewServeMux()
	mux.HandleFunc("/openvidu", wire.ServeWS)
	mux.Handle("/openvidu/", s.sessions)
	s.openSceenic(mux, cfg)
	guests := cfg
	guests.Guests = &openvidu.Guests{Account: key.Account, Key: key, Registry: reg, Rooms: 2, Limited: func(string) {}}
	mux.HandleFunc("/room", kurento.New(guests).ServeWS)
	s.mux, s.cfg = mux, cfg
	s.web = httptest.NewServer(mux)
	t.Cleanup(func() {
		sockets.Close(websocket.StatusGoingAway, "the test is over")
		_ = s.all.Close(context.Background())
		s.web.Close()
		s.hub.Close()
		_ = engine.Close()
		_ = reg.Close()
	})
	return s
}

// api calls the REST API and returns the body of the reply.
func (s *station) api(method, path, body string, want int) map[string]any {
	s.t.Helper()
	r, err := http.NewRequest(method, s.web.URL+"/openvidu/api"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth("OPENVIDUAPP", secret)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	var got map[string]any
	_ = json.NewDecoder(reply.Body).Decode(&got)
	if reply.StatusCode != want {
		s.t.Fatalf("%s %s: %d %v, want %d", method, path, reply.StatusCode, got, want)
	}
	return got
}

// session makes a session and returns its id.
func (s *station) session() string {
	s.t.Helper()
	return s.api("POST", "/sessions", "{}", 200)["id"].(string)
}

// seat makes a connection and returns its token.
func (s *station) seat(session, role string) string {
	s.t.Helper()
	return s.api("POST", "/sessions/"+session+"/connection", `{"role":"`+role+`"}`, 200)["token"].(string)
}

// client is a socket of this wire.
type client struct {
	t  testing.TB
	s  *station
	ws *websocket.Conn

	mu      sync.Mutex
	next    int
	answers map[string]chan answer
	news    []news
	fresh   chan struct{}
	closed  chan struct{}

	id, rpc string
}

type answer struct {
	ID     json.RawMessage
	Result map[string]any
	Error  *struct {
		Code    int
		Name    string
		Message string
		Data    struct{ Fault string }
	}
}

type news struct {
	method string
	params map[string]any
}

func (s *station) dial() *client { return s.dialAt("/openvidu?sessionId=x") }

func (s *station) dialAt(path string) *client {
	s.t.Helper()
	ws, _, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(s.web.URL, "http")+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	c := &client{t: s.t, s: s, ws: ws, answers: map[string]chan answer{}, fresh: make(chan struct{}, 1), closed: make(chan struct{})}
	s.t.Cleanup(func() { _ = ws.CloseNow() })
	go c.read()
	return c
}

func (c *client) read() {
	defer close(c.closed)
	for {
		_, raw, err := c.ws.Read(context.Background())
		if err != nil {
			return
		}
		var f struct {
			answer
			JSONRPC string
			Method  string
			Params  map[string]any
		}
		if err := json.Unmarshal(raw, &f); err != nil || f.JSONRPC != "2.0" {
			c.t.Errorf("clients drop this: %s, %v", raw, err)
			continue
		}
		c.mu.Lock()
		if f.Method != "" {
			c.news = append(c.news, news{f.Method, f.Params})
		} else if ch := c.answers[string(f.ID)]; ch != nil {
			if (f.Result == nil) == (f.Error == nil) {
				c.t.Errorf("not one of result and error: %s", raw)
			}
			ch <- f.answer
		}
		c.mu.Unlock()
		select {
		case c.fresh <- struct{}{}:
		default:
		}
	}
}

// send writes a frame as it is; the answer under the id comes from the channel.
func (c *client) send(id, frame string) chan answer {
	c.t.Helper()
	ch := make(chan answer, 4)
	c.mu.Lock()
	c.answers[id] = ch
	c.mu.Unlock()
	if err := c.ws.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
		c.t.Fatal(err)
	}
	return ch
}

// call makes a call and waits for its answer.
func (c *client) call(method string, params any) answer {
	c.t.Helper()
	c.mu.Lock()
	id, _ := json.Marshal(c.next)
	c.next++
	c.mu.Unlock()
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "method": method, "params": params})
	if err != nil {
		c.t.Fatal(err)
	}
	ch := c.send(string(id), string(raw))
	select {
	case a := <-ch:
		return a
	case <-time.After(patience):
		c.t.Fatalf("%s is not answered", method)
	case <-c.closed:
		c.t.Fatalf("%s: the socket ends", method)
	}
	panic("unreachable")
}

// must makes a call that works.
func (c *client) must(method string, params any) map[string]any {
	c.t.Helper()
	a := c.call(method, params)
	if a.Error != nil {
		c.t.Fatalf("%s: %+v", method, *a.Error)
	}
	return a.Result
}

// refused makes a call that is refused, with a code and a fault.
func (c *client) refused(method string, params any, code int, kind *fault.Kind) {
	c.t.Helper()
	a := c.call(method, params)
	if a.Error == nil || a.Error.Code != code || a.Error.Data.Fault != kind.ID {
		c.t.Errorf("%s %v: %v %+v, want %d %s", method, params, a.Result, a.Error, code, kind.ID)
	}
}

// hear waits for a notification.
func (c *client) hear(method string, match func(map[string]any) bool) map[string]any {
	c.t.Helper()
	var heard []news
	for deadline := time.After(patience); ; {
		c.mu.Lock()
		for i, n := range c.news {
			if n.method == method && (match == nil || match(n.params)) {
				c.news = append(c.news[:i:i], c.news[i+1:]...)
				c.mu.Unlock()
				return n.params
			}
		}
		heard = append([]news{}, c.news...)
		c.mu.Unlock()
		select {
		case <-c.fresh:
		case <-deadline:
			c.t.Fatalf("never heard %s but %v", method, heard)
		}
	}
}

func of(field, value string) func(map[string]any) bool {
	return func(p map[string]any) bool { return p[field] == value }
}

// enter joins a session with a new seat.
func (s *station) enter(session, role, name string) *client {
	s.t.Helper()
	c := s.dial()
	got := c.must("joinRoom", map[string]any{
		"token": s.seat(session, role), "session": session, "platform": "Chromium on Linux", "metadata": `{"clientData":"` + name + `"}`,
	})
	c.id, c.rpc = got["id"].(string), got["sessionId"].(string)
	return c
}

func (c *client) connection() *webrtc.PeerConnection {
	c.t.Helper()
	set, m := webrtc.SettingEngine{}, &webrtc.MediaEngine{}
	set.SetIncludeLoopbackCandidate(true)
	_ = m.RegisterDefaultCodecs()
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = pc.Close() })
	return pc
}

// described sets a description of our own and returns it once it is whole.
func (c *client) described(pc *webrtc.PeerConnection, d webrtc.SessionDescription, err error) string {
	c.t.Helper()
	whole := webrtc.GatheringCompletePromise(pc)
	if err == nil {
		err = pc.SetLocalDescription(d)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	<-whole
	return pc.LocalDescription().SDP
}

// offer makes a connection that sends a microphone and a camera.
func (c *client) offer() (*webrtc.PeerConnection, []*webrtc.TrackLocalStaticRTP, string) {
	c.t.Helper()
	pc := c.connection()
	var tracks []*webrtc.TrackLocalStaticRTP
	for mime, name := range map[string]string{webrtc.MimeTypeOpus: "mic-", webrtc.MimeTypeVP8: "cam-"} {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, name+c.id, "stream-"+c.id)
		if err == nil {
			_, err = pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		}
		if err != nil {
			c.t.Fatal(err)
		}
		tracks = append(tracks, track)
	}
	d, err := pc.CreateOffer(nil)
	return pc, tracks, c.described(pc, d, err)
}

// publish publishes both and returns the id of the stream.
func (c *client) publish() string {
	c.t.Helper()
	pc, tracks, offer := c.offer()
	got := c.must("publishVideo", map[string]any{"sdpOffer": offer, "hasAudio": true, "hasVideo": true, "typeOfVideo": "CAMERA"})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got["sdpAnswer"].(string)}); err != nil {
		c.t.Fatal(err)
	}
	pump(c.t, tracks)
	return got["id"].(string)
}
