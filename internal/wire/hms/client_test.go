// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/hms"
)

var key = token.Key{Access: "test-access-key", Secret: "a secret of at least thirty-two bytes", Account: "acme"}

const roomID = "r1"

// station is a server for tests: the real handler, rooms and media, over
// loopback, with a directory and a recorder that a test can look into.
type station struct {
	t       testing.TB
	h       *hms.Handler
	all     *participant.Service
	hub     *room.Hub
	web     *httptest.Server
	dir     *directory
	events  *events
	engine  *sfu.Engine
	metrics *prometheus.Registry
	sockets *socket.Set
}

// waitHeld waits until the server has noticed that n peers have lost their
// sockets.
func (s *station) waitHeld(n float64) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		families, err := s.metrics.Gather()
		if err != nil {
			s.t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "redial_signal_peers_held" && f.GetMetric()[0].GetGauge().GetValue() == n {
				return
			}
		}
	}
	s.t.Fatalf("never %v peers held", n)
}

type directory struct {
	mu     sync.Mutex
	record participant.RoomRecord
	held   map[room.PeerID]room.Peer
	was    map[room.PeerID]room.Peer // took part in the session
}

func (d *directory) RoomRecord(_ context.Context, id string) (participant.RoomRecord, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id != roomID {
		return participant.RoomRecord{}, fault.RoomNotFound.New("room", id)
	}
	return d.record, nil
}

func (d *directory) Held(_ context.Context, _ string, id room.PeerID) (room.Peer, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.held[id]
	return p, ok, nil
}

func (d *directory) Former(_ context.Context, _ string, id room.PeerID) (room.Peer, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.was[id]
	return p, ok, nil
}

func (d *directory) change(f func(*participant.RoomRecord)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.record)
}

type events struct {
	mu   sync.Mutex
	list []event.Event
	news chan struct{}
}

func (*events) Joined(event.Subject) {}

func (e *events) Report(_ event.Reporter, ev event.Event) error {
	e.Record(ev)
	return nil
}

func (e *events) Record(ev event.Event) {
	e.mu.Lock()
	e.list = append(e.list, ev)
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// wait returns the first event of a type, as soon as there is one.
func (e *events) wait(t testing.TB, typ event.Type) event.Event {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		e.mu.Lock()
		for _, ev := range e.list {
			if ev.Type == typ {
				e.mu.Unlock()
				return ev
			}
		}
		e.mu.Unlock()
		select {
		case <-e.news:
		case <-deadline:
			t.Fatalf("no event %s", typ)
		}
	}
}

// waitFor waits for an event.
func (e *events) waitFor(t testing.TB, ok func(*event.Event) bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		e.mu.Lock()
		found := slices.ContainsFunc(e.list, func(ev event.Event) bool { return ok(&ev) })
		e.mu.Unlock()
		if found {
			return
		}
		if time.Now().After(end) {
			t.Fatal("no such event")
		}
	}
}

// config is how a station is set up.
type config struct {
	participant.Config
	Wire    hms.Config
	Sockets socket.SetConfig
	Engine  sfu.Config
}

func newStation(t testing.TB, edit func(*config)) *station {
	t.Helper()
	tpl := policy.Default()
	tpl.ID = "tpl1"
	s := &station{
		t:      t,
		dir:    &directory{held: map[room.PeerID]room.Peer{}},
		events: &events{news: make(chan struct{}, 1)},
	}
	s.dir.record = participant.RoomRecord{
		Spec: room.Spec{ID: roomID, Name: "lobby", Template: tpl}, Account: key.Account, Enabled: true,
	}
	s.hub = room.NewHub(room.Options{})
	s.metrics = prometheus.NewRegistry()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	cfg := config{
		Config: participant.Config{
			Metrics: s.metrics,
			Tokens:  token.NewVerifier([]token.Key{key}, token.Options{}), Directory: s.dir, Hub: s.hub,
			Events: s.events, Log: log,
		},
		Wire: hms.Config{
			SocketURL: func(r *http.Request) (string, error) { return "ws://" + r.Host + "/ws", nil },
			InitRate:  1000, InitBurst: 1000, Log: log,
		},
		Sockets: socket.SetConfig{Metrics: s.metrics},
		Engine:  sfu.Config{UDPAddr: "127.0.0.1:0", Loopback: true},
	}
	if edit != nil {
		edit(&cfg)
	}
	var err error
	if s.engine, err = sfu.New(cfg.Engine); err != nil {
		t.Fatal(err)
	}
	cfg.Media = s.engine
	s.sockets = socket.NewSet(cfg.Sockets)
	cfg.Limited = s.sockets.Limited
	s.all = participant.New(cfg.Config)
	cfg.Wire.Participants, cfg.Wire.Sockets = s.all, s.sockets
	s.h = hms.New(cfg.Wire)
	mux := http.NewServeMux()
	mux.HandleFunc("/init", s.h.ServeInit)
	mux.HandleFunc("/ws", s.h.ServeWS)
	s.web = httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.close(ctx); err != nil {
			t.Error("the wire does not come to rest:", err)
		}
		s.hub.Close()
		_ = s.engine.Close()
		s.web.Close()
	})
	return s
}

// close ends every socket and every participant, as a server does that stops.
func (s *station) close(ctx context.Context) error {
	s.all.Drain()
	s.sockets.Close(websocket.StatusServiceRestart, "the server restarts")
	return s.all.Close(ctx)
}

// token mints a room token; edit changes its claims.
func (s *station) token(role, user string, edit ...func(*token.Claims)) string {
	s.t.Helper()
	now := time.Now()
	c := token.Claims{
		AccessKey: key.Access, Type: token.App, Version: 2, RoomID: roomID, Role: role, UserID: user,
		ID: uuid.NewString(), IssuedAt: now.Add(-time.Second), NotBefore: now.Add(-time.Second), ExpiresAt: now.Add(time.Hour),
	}
	for _, f := range edit {
		f(&c)
	}
	raw, err := token.Mint(key, c)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// digest is what a token is known again by.
func digest(t *testing.T, raw string) string {
	t.Helper()
	c, err := token.NewVerifier([]token.Key{key}, token.Options{}).Verify(t.Context(), raw, token.App)
	if err != nil {
		t.Fatal(err)
	}
	return c.Digest
}

// init asks /init and returns status and body.
func (s *station) init(tok, peer string) (int, map[string]any) {
	s.t.Helper()
	req, _ := http.NewRequest("GET", s.web.URL+"/init?peer_id="+peer, nil)
	if tok != "" {
		req.Header.Set("Authorization", "Bearer "+tok)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		s.t.Errorf("init without CORS: %q", got)
	}
	var body map[string]any
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, body
}

// peer is a client on the wire, with two real peer connections.
type peer struct {
	s      *station
	t      testing.TB
	id     string
	tok    string
	ws     *websocket.Conn
	tcp    net.Conn // under ws
	pub    *webrtc.PeerConnection
	sub    *webrtc.PeerConnection
	node   string
	tracks map[string]any
	deaf   atomic.Bool // leaves offers unanswered
	forged atomic.Bool // names another certificate in its answers than it has

	hidden   bool                      // tells no candidates of its publish connection
	onDemand bool                      // asks for each video
	codecs   func(*webrtc.MediaEngine) // that it can decode; nil: all
	udp      net.PacketConn            // under its publish connection; nil: any

	mu       sync.Mutex
	results  map[string]chan map[string]any
	seen     []note
	arrived  chan struct{}
	closed   chan struct{}
	code     websocket.StatusCode
	channel  atomic.Pointer[webrtc.DataChannel]
	opened   chan struct{}
	openOnce sync.Once // a peer that moves gets another channel
	answers  chan map[string]any
	remote   chan *webrtc.TrackRemote
}

type note struct {
	method string
	params map[string]any
}

// connect opens a socket without joining.
func (s *station) connect(role, user string) *peer {
	p := &peer{s: s, t: s.t, id: uuid.NewString(), tok: s.token(role, user)}
	p.open()
	return p
}

func (p *peer) open() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	q := url.Values{"peer": {p.id}, "token": {p.tok}, "user_agent_v2": {"os:linux,sdk:test,sdk_version:1"}}
	var tcp net.Conn
	dialer := &http.Transport{DialContext: func(ctx context.Context, network, address string) (c net.Conn, err error) {
		c, err = new(net.Dialer).DialContext(ctx, network, address)
		tcp = c
		return c, err
	}}
	ws, _, err := websocket.Dial(ctx, strings.Replace(p.s.web.URL, "http", "ws", 1)+"/ws?"+q.Encode(),
		&websocket.DialOptions{HTTPClient: &http.Client{Transport: dialer}})
	if err != nil {
		p.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	p.mu.Lock()
	p.ws, p.tcp = ws, tcp
	p.mu.Unlock()
	p.closed = make(chan struct{})
	if p.remote == nil {
		p.results = map[string]chan map[string]any{}
		p.arrived = make(chan struct{}, 1)
		p.remote = make(chan *webrtc.TrackRemote, 16)
		p.answers = make(chan map[string]any, 16)
		p.opened = make(chan struct{})
	}
	closed := p.closed
	go p.read(ws, closed)
	p.t.Cleanup(func() { _ = ws.CloseNow(); <-closed; p.closePCs() })
}

// hangUp ends the socket with a FIN. Closing it would reset it whenever something
// has come that was not read.
func (p *peer) hangUp() { _ = p.tcp.(*net.TCPConn).CloseWrite() }

// write sends a frame on the present socket.
func (p *peer) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	p.mu.Lock()
	ws := p.ws
	p.mu.Unlock()
	return ws.Write(context.Background(), websocket.MessageText, b)
}

func (p *peer) closePCs() {
	if p.pub != nil {
		_ = p.pub.Close()
	}
	if p.sub != nil {
		_ = p.sub.Close()
	}
}

func (p *peer) read(ws *websocket.Conn, closed chan struct{}) {
	for {
		_, raw, err := ws.Read(context.Background())
		if err != nil {
			p.mu.Lock()
			p.code = websocket.CloseStatus(err)
			p.mu.Unlock()
			close(closed)
			return
		}
		var f struct {
			ID     string         `json:"id"`
			Method string         `json:"method"`
			Params map[string]any `json:"params"`
			Result map[string]any `json:"result"`
			Error  map[string]any `json:"error"`
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			p.t.Errorf("frame %q: %v", raw, err)
			continue
		}
		if f.ID != "" {
			if f.Method != "" {
				p.t.Errorf("a notification with an id: %s", raw)
			}
			p.mu.Lock()
			ch := p.results[f.ID]
			p.mu.Unlock()
			if ch != nil {
				if f.Error != nil {
					ch <- map[string]any{"error": f.Error}
				} else {
					ch <- map[string]any{"result": f.Result}
				}
			}
			continue
		}
		if f.Method == "offer" {
			p.onOffer(f.Params)
		}
		p.mu.Lock()
		p.seen = append(p.seen, note{f.Method, f.Params})
		p.mu.Unlock()
		select {
		case p.arrived <- struct{}{}:
		default:
		}
	}
}

// expect waits for a notification and forgets it and all before it.
func (p *peer) expect(method string) map[string]any {
	p.t.Helper()
	return p.expectWhere(method, func(map[string]any) bool { return true })
}

func (p *peer) expectWhere(method string, ok func(map[string]any) bool) map[string]any {
	p.t.Helper()
	deadline := time.After(time.Minute)
	for {
		p.mu.Lock()
		for i, n := range p.seen {
			if n.method == method && ok(n.params) {
				p.seen = append(p.seen[:i:i], p.seen[i+1:]...)
				p.mu.Unlock()
				return n.params
			}
		}
		var have []string
		for _, n := range p.seen {
			have = append(have, n.method)
		}
		p.mu.Unlock()
		select {
		case <-p.arrived:
		case <-deadline:
			p.t.Fatalf("%s: no %s; have %v", p.id, method, have)
		}
	}
}

// take returns the notifications of a method that have come, and forgets them.
func (p *peer) take(method string) (all []map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = slices.DeleteFunc(p.seen, func(n note) bool {
		if n.method == method {
			all = append(all, n.params)
		}
		return n.method == method
	})
	return all
}

// call returns the result, or the code and fault of the refusal.
func (p *peer) call(method string, params any) (map[string]any, int, string) {
	p.t.Helper()
	id := uuid.NewString()
	ch := make(chan map[string]any, 1)
	p.mu.Lock()
	p.results[id] = ch
	p.mu.Unlock()
	if err := p.write(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params}); err != nil {
		p.t.Fatal(err)
	}
	select {
	case r := <-ch:
		if e, ok := r["error"].(map[string]any); ok {
			return nil, int(e["code"].(float64)), fmt.Sprint(e["fault"])
		}
		return r["result"].(map[string]any), 0, ""
	case <-time.After(time.Minute):
		p.t.Fatalf("%s is never answered", method)
	case <-p.closed:
		p.t.Fatalf("the socket closed before %s was answered", method)
	}
	return nil, 0, ""
}

// must is call for what has to work.
func (p *peer) must(method string, params any) map[string]any {
	p.t.Helper()
	r, code, f := p.call(method, params)
	if code != 0 {
		p.t.Fatalf("%s refused: %d %s", method, code, f)
	}
	return r
}

// clientAPI makes connections that know the codecs, nil for all, and no header
// extension, over a UDP socket, nil for any.
func clientAPI(codecs func(*webrtc.MediaEngine), udp net.PacketConn) *webrtc.API {
	set := webrtc.SettingEngine{}
	if udp != nil {
		set.SetICEMaxBindingRequests(1000) // goes on trying, as browsers do
		set.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: udp}))
	}
	set.SetIncludeLoopbackCandidate(true)
	set.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() }) // else it depends on time from where they come
	m := &webrtc.MediaEngine{}
	if codecs == nil {
		codecs = func(m *webrtc.MediaEngine) { _ = m.RegisterDefaultCodecs() }
	}
	codecs(m)
	return webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(m))
}

// join makes the publish connection and joins.
func (p *peer) join(name string) map[string]any {
	p.t.Helper()
	p.newPub()
	offer, err := p.pub.CreateOffer(nil)
	if err == nil {
		err = p.pub.SetLocalDescription(offer)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	r := p.must("join", map[string]any{
		"name": name, "data": "", "disableVidAutoSub": true, "onDemandTracks": p.onDemand,
		"offer": map[string]any{"type": "offer", "sdp": offer.SDP},
	})
	p.node = r["sfu_node_id"].(string)
	if err := p.pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: r["sdp"].(string)}); err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *peer) newPub() {
	pc, err := clientAPI(nil, p.udp).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := pc.CreateDataChannel("ion-sfu", nil); err != nil {
		p.t.Fatal(err)
	}
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil && !p.hidden {
			_ = p.write(map[string]any{"method": "trickle", "params": map[string]any{"target": 0, "candidate": c.ToJSON()}})
		}
	})
	p.pub = pc
}

// onOffer answers an offer of the server as a browser does.
func (p *peer) onOffer(params map[string]any) {
	if p.deaf.Load() {
		return
	}
	if p.sub == nil {
		pc, err := clientAPI(p.codecs, nil).NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			p.t.Error(err)
			return
		}
		pc.OnICECandidate(func(c *webrtc.ICECandidate) {
			if c != nil {
				_ = p.write(map[string]any{"method": "trickle", "params": map[string]any{"target": 1, "candidate": c.ToJSON()}})
			}
		})
		pc.OnDataChannel(func(d *webrtc.DataChannel) {
			p.channel.Store(d)
			d.OnOpen(func() { p.openOnce.Do(func() { close(p.opened) }) })
			d.OnMessage(func(m webrtc.DataChannelMessage) {
				var f map[string]any
				_ = json.Unmarshal(m.Data, &f)
				if f["id"] != nil {
					p.answers <- f
				}
			})
		})
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.remote <- t })
		p.sub = pc
	}
	err := p.sub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: params["sdp"].(string)})
	if err != nil {
		p.t.Error(err)
		return
	}
	answer, err := p.sub.CreateAnswer(nil)
	if err == nil {
		err = p.sub.SetLocalDescription(answer)
	}
	if err != nil {
		p.t.Error(err)
		return
	}
	sdp := answer.SDP
	if p.forged.Load() {
		sdp = fingerprint.ReplaceAllString(sdp, "a=fingerprint:sha-256 "+strings.Repeat("00:", 31)+"00") // no certificate has this
	}
	_ = p.write(map[string]any{"method": "answer", "params": map[string]any{
		"desc": map[string]any{"type": "answer", "sdp": sdp}, "sfu_node_id": params["sfu_node_id"],
	}})
}

// publish adds a track, negotiates it and sends samples until the test ends.
func (p *peer) publish(kind string) (trackID string) {
	p.t.Helper()
	// A VP8 key frame header, or any Opus payload.
	return p.send(kind, []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 1, 2, 3})
}

// send is publish with what every packet is to hold.
func (p *peer) send(kind string, payload []byte) (trackID string) {
	p.t.Helper()
	mime := webrtc.MimeTypeOpus
	if kind == "video" {
		mime = webrtc.MimeTypeVP8
	}
	local, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, uuid.NewString(), uuid.NewString())
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.pub.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		p.t.Fatal(err)
	}
	if p.tracks == nil {
		p.tracks = map[string]any{}
	}
	p.tracks[local.ID()] = map[string]any{
		"track_id": local.ID(), "stream_id": local.StreamID(), "type": kind, "source": "regular", "mute": false, "description": "",
	}
	res, code, f := p.offer(p.tracks) // always all of them
	if code != 0 {
		p.t.Fatalf("offer refused: %d %s", code, f)
	}
	if err := p.pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: res["sdp"].(string)}); err != nil {
		p.t.Fatal(err)
	}
	stop := make(chan struct{})
	p.t.Cleanup(func() { close(stop) })
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_ = local.WriteSample(media.Sample{Data: payload, Duration: 20 * time.Millisecond})
			}
		}
	}()
	return local.ID()
}

func (p *peer) offer(tracks any) (map[string]any, int, string) {
	p.t.Helper()
	offer, err := p.pub.CreateOffer(nil)
	if err == nil {
		err = p.pub.SetLocalDescription(offer)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return p.call("offer", map[string]any{
		"desc": map[string]any{"type": "offer", "sdp": offer.SDP}, "tracks": tracks, "sfu_node_id": p.node,
	})
}
