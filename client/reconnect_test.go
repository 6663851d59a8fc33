// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"errors"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/token"
)

// relay stands between a client's socket and the server, and can be cut.
type relay struct {
	l      net.Listener
	target string

	mu    sync.Mutex
	mode  string // "", "refuse" or "silent"
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{l: l, target: u.Host, conns: map[net.Conn]bool{}}
	r.wg.Go(r.accept)
	t.Cleanup(func() { _ = l.Close(); r.set("refuse"); r.wg.Wait() })
	return r
}

func (r *relay) URL() string { return "http://" + r.l.Addr().String() }

func (r *relay) accept() {
	for {
		c, err := r.l.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		mode := r.mode
		r.mu.Unlock()
		if mode == "refuse" {
			_ = c.(*net.TCPConn).SetLinger(0) // a reset, as from a closed port
			_ = c.Close()
			continue
		}
		s, err := net.Dial("tcp", r.target)
		if err != nil {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
			continue
		}
		r.mu.Lock()
		r.conns[c], r.conns[s] = true, true
		r.mu.Unlock()
		r.wg.Go(func() { r.copy(s, c) })
		r.wg.Go(func() { r.copy(c, s) })
	}
}

func (r *relay) copy(to, from net.Conn) {
	defer func() {
		_ = to.Close()
		_ = from.Close()
		r.mu.Lock()
		delete(r.conns, to)
		delete(r.conns, from)
		r.mu.Unlock()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		r.mu.Lock()
		silent := r.mode == "silent"
		r.mu.Unlock()
		if silent {
			continue // swallowed
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// set changes the mode; "refuse" also resets what is open.
func (r *relay) set(mode string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mode = mode
	if mode == "refuse" {
		for c := range r.conns {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = c.Close()
		}
	}
}

// kill resets the sockets that are open and lets new ones through.
func (r *relay) kill() { r.set("refuse"); r.set("") }

// watcher counts what a listener is told about the connection.
type watcher struct {
	reconnecting chan *fault.Error
	reconnected  chan time.Time
	errors       chan *fault.Error
	ended        chan *fault.Error
	joins        chan client.Peer
	leaves       chan client.Peer
	tracks       chan *client.RemoteTrack
	trackEnds    chan *client.RemoteTrack
	messages     chan client.Message
}

func watch() *watcher {
	return &watcher{
		make(chan *fault.Error, 99), make(chan time.Time, 99), make(chan *fault.Error, 99), make(chan *fault.Error, 1),
		make(chan client.Peer, 99), make(chan client.Peer, 99), make(chan *client.RemoteTrack, 99), make(chan *client.RemoteTrack, 99),
		make(chan client.Message, 99),
	}
}

func (w *watcher) listener() client.Listener {
	return client.Listener{
		OnReconnecting: func(e *fault.Error) { w.reconnecting <- e },
		OnReconnected:  func() { w.reconnected <- time.Now() },
		OnError:        func(e *fault.Error) { w.errors <- e },
		OnEnd:          func(e *fault.Error) { w.ended <- e },
		OnPeerJoin:     func(p client.Peer) { w.joins <- p },
		OnPeerLeave:    func(p client.Peer) { w.leaves <- p },
		OnTrack:        func(t *client.RemoteTrack) { w.tracks <- t },
		OnTrackEnd:     func(t *client.RemoteTrack) { w.trackEnds <- t },
		OnMessage:      func(m client.Message) { w.messages <- m },
	}
}

// pair is a publisher and a viewer, the publisher behind a relay.
func pair(t *testing.T, s *site, edit func(*client.Config)) (r *relay, pub, sub *client.Room, pw, sw *watcher, video *client.RemoteTrack, p *client.Publication) {
	t.Helper()
	r = newRelay(t, s.s.URL())
	pw, sw = watch(), watch()
	cfg := s.config("host", "publisher")
	cfg.Endpoint, cfg.Listener, cfg.Metadata = r.URL(), pw.listener(), "data"
	if edit != nil {
		edit(&cfg)
	}
	pub = s.join(cfg)
	var err error
	if p, err = pub.Publish(t.Context(), client.Pattern()); err != nil {
		t.Fatal(err)
	}
	window := cfg.ReconnectWindow
	cfg = s.config("guest", "viewer")
	cfg.Listener, cfg.AutoSubscribe, cfg.ReconnectWindow = sw.listener(), client.LayerHigh, window
	sub = s.join(cfg)
	video = get(t, sw.tracks, "the track")
	flows(t, video)
	return
}

func TestSocketIsKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r, pub, sub, pw, sw, video, _ := pair(t, s, nil)
	r.kill()
	cause := get(t, pw.reconnecting, "reconnecting")
	if d := client.Describe(cause); d.Code != 1003 || d.Terminal {
		t.Errorf("the cause is worded %+v", d)
	}
	get(t, pw.reconnected, "reconnected")
	flows(t, video)
	// As the same peer, which nobody saw leave, and which can speak and hear.
	if ps := sub.Peers(); len(ps) != 1 || ps[0].ID != pub.PeerID() || ps[0].Metadata != "data" {
		t.Errorf("the viewer sees %+v", ps)
	}
	if _, err := pub.SendMessage(t.Context(), client.NewMessage{Body: "still here"}); err != nil {
		t.Error(err)
	}
	get(t, sw.messages, "the message")
	if _, err := sub.SendMessage(t.Context(), client.NewMessage{Body: "so am I"}); err != nil {
		t.Error(err)
	}
	get(t, pw.messages, "the answer")
	if len(sw.leaves)+len(sw.trackEnds)+len(pw.errors)+len(pw.leaves) != 0 || pub.State() != client.StateJoined {
		t.Errorf("something else was told: %d leaves %d ends %d errors", len(sw.leaves), len(sw.trackEnds), len(pw.errors))
	}
	if _, err := pub.Publish(t.Context(), client.Tone()); err != nil {
		t.Error("publishing after it:", err)
	}
	get(t, sw.tracks, "the new track")
}

// TestMuteWhileAway mutes while there is no socket: the others are told later.
func TestMuteWhileAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r, _, _, pw, _, video, p := pair(t, s, nil)
	r.set("refuse")
	get(t, pw.reconnecting, "reconnecting")
	if err := p.SetMuted(true); err != nil {
		t.Fatal(err)
	}
	r.set("")
	get(t, pw.reconnected, "reconnected")
	until(t, "being told", func() bool { return video.Info().Muted })
	if !p.Muted() {
		t.Error("unmuted by reconnecting")
	}
}

func TestSocketFallsSilent(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 10 s")
	}
	s := newSite(t)
	r, _, _, pw, _, video, _ := pair(t, s, nil)
	r.set("silent")
	began := time.Now()
	cause := get(t, pw.reconnecting, "reconnecting")
	if !errors.Is(cause, fault.SignalSilent) || time.Since(began) > 15*time.Second {
		t.Errorf("%v after %v", cause, time.Since(began))
	}
	flows(t, video) // media does not mind
	r.kill()
	get(t, pw.reconnected, "reconnected")
}

// TestWindowPasses loses the socket for good: the endpoint refuses, media flows
// on, so it is the endpoint that is lost.
func TestWindowPasses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const window = 2 * time.Second
	r, pub, _, pw, sw, _, _ := pair(t, s, func(c *client.Config) { c.ReconnectWindow = window })
	r.set("refuse")
	get(t, pw.reconnecting, "reconnecting")
	began := time.Now()
	e := get(t, pw.ended, "the end")
	if took := time.Since(began); took < window-100*time.Millisecond || took > window+2*time.Second {
		t.Errorf("given up after %v", took)
	}
	d := client.Describe(e)
	if !errors.Is(e, fault.EndpointUnreachable) || d.Code != 2003 || !d.Terminal || !d.CanRetry {
		t.Errorf("ended with %v %+v", e, d)
	}
	if got := get(t, pw.errors, "the error"); !errors.Is(got, fault.EndpointUnreachable) || len(pw.errors) != 0 {
		t.Errorf("told %v and %d more", got, len(pw.errors))
	}
	if pub.State() != client.StateEnded || !errors.Is(pub.Err(), fault.EndpointUnreachable) {
		t.Error(pub.State(), pub.Err())
	}
	if len(sw.leaves) != 0 {
		t.Error("the server let go before its own time")
	}
}

// TestRevokedWhileAway comes back to a server that will not have it.
func TestRefusedOnReturn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r, pub, sub, pw, _, _, _ := pair(t, s, nil)
	// The host has a token of its own: whoever joins with that of a client whose
	// socket is lost is taken for that client, come anew.
	cfg := s.config("host", "second host")
	cfg.Token = s.forged(func(_ *token.Key, c *token.Claims) { c.Role, c.UserID = "host", "second-host" })
	host := s.join(cfg)
	_ = sub
	r.set("refuse")
	get(t, pw.reconnecting, "reconnecting")
	if err := host.RemovePeer(t.Context(), pub.PeerID(), "gone too long"); err != nil {
		t.Fatal(err)
	}
	r.set("")
	e := get(t, pw.ended, "the end")
	if d := client.Describe(e); !d.Terminal {
		t.Errorf("%v %+v", e, d)
	}
}

// restart stops the server and starts it anew on the same port and data.
func (s *site) restart(down time.Duration) {
	s.t.Helper()
	u, _ := url.Parse(s.s.URL())
	s.cfg.HTTP.Address = u.Host
	s.stop()
	time.Sleep(down)
	s.start()
}

func TestServerRestarts(t *testing.T) {
	s := newSite(t)
	pw, sw := watch(), watch()
	cfg := s.config("host", "publisher")
	cfg.Listener, cfg.Metadata = pw.listener(), "data"
	pub := s.join(cfg)
	video, err := pub.Publish(t.Context(), client.Pattern())
	if err != nil {
		t.Fatal(err)
	}
	audio, err := pub.Publish(t.Context(), client.Tone())
	if err != nil {
		t.Fatal(err)
	}
	cfg = s.config("guest", "viewer")
	cfg.Listener = sw.listener()
	sub := s.join(cfg)
	tracks := map[string]*client.RemoteTrack{}
	for range 2 {
		tr := get(t, sw.tracks, "a track")
		tracks[tr.ID()] = tr
	}
	v, a := tracks[video.Info().ID], tracks[audio.Info().ID]
	if err := v.SetLayer(t.Context(), client.LayerHigh); err != nil {
		t.Fatal(err)
	}
	flows(t, v)
	flows(t, a)
	if err := audio.SetMuted(true); err != nil {
		t.Fatal(err)
	}
	until(t, "the mute", func() bool { return a.Info().Muted })
	before := pub.PeerID()

	s.restart(500 * time.Millisecond)
	get(t, pw.reconnecting, "the publisher reconnecting")
	get(t, sw.reconnecting, "the viewer reconnecting")
	get(t, pw.reconnected, "the publisher back")
	get(t, sw.reconnected, "the viewer back")
	flows(t, v) // the same track, in the layer asked for, without asking again
	if pub.PeerID() != before || !audio.Muted() || !a.Info().Muted {
		t.Error("identity or mute state was lost")
	}
	if err := audio.SetMuted(false); err != nil {
		t.Fatal(err)
	}
	flows(t, a)
	if ps := sub.Peers(); len(ps) != 1 || ps[0].Name != "publisher" || ps[0].Metadata != "data" || len(ps[0].Tracks) != 2 {
		t.Errorf("the viewer sees %+v", ps)
	}
	if len(sw.leaves)+len(sw.trackEnds)+len(pw.leaves) != 0 {
		t.Errorf("%d leaves and %d track ends were told", len(sw.leaves)+len(pw.leaves), len(sw.trackEnds))
	}
	if n := len(pw.errors) + len(sw.errors); n != 0 {
		t.Errorf("%d errors were told: %v", n, <-pw.errors)
	}
}

// TestServerClosesMedia has the server end both connections and go on as
// another node: they are built anew, with all that was published.
func TestServerClosesMedia(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *config.Config) { c.Inject.Enabled = true })
	_, pub, sub, pw, sw, video, p := pair(t, s, nil)
	if err := p.SetMuted(true); err != nil {
		t.Fatal(err)
	}
	until(t, "the mute", func() bool { return video.Info().Muted })
	grant, err := s.s.InjectToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.restAs(grant, "POST", "/api/v1/injections", `{"at":"migrate","fault":"migrate","room":"`+s.demo.ID+`","peer":"`+pub.PeerID()+`"}`)
	get(t, pw.reconnecting, "reconnecting")
	get(t, pw.reconnected, "reconnected")
	// To the others it looks as if the track was withdrawn and published again.
	get(t, sw.trackEnds, "the end of the track")
	video = get(t, sw.tracks, "the track")
	if !p.Muted() || !video.Info().Muted || video.ID() != p.Info().ID {
		t.Errorf("published anew as %+v", video.Info())
	}
	if err := p.SetMuted(false); err != nil {
		t.Fatal(err)
	}
	flows(t, video)
	if ps := sub.Peers(); len(ps) != 1 || ps[0].ID != pub.PeerID() || len(ps[0].Tracks) != 1 {
		t.Errorf("the viewer sees %+v", ps)
	}
	if len(sw.leaves)+len(pw.errors)+len(pw.ended) != 0 {
		t.Errorf("%d leaves, %d errors were told", len(sw.leaves), len(pw.errors))
	}
}

// TestManySurviveRestart restarts the server under 20 clients.
func TestManySurviveRestart(t *testing.T) {
	s := newSite(t)
	const n = 20
	rooms, ws := make([]*client.Room, n), make([]*watcher, n)
	for i := range n {
		ws[i] = watch()
		cfg := s.config("guest", "c")
		cfg.Listener = ws[i].listener()
		rooms[i] = s.join(cfg)
	}
	if _, err := rooms[0].Publish(t.Context(), client.Tone()); err != nil {
		t.Fatal(err)
	}
	tracks := make([]*client.RemoteTrack, n)
	for i := 1; i < n; i++ {
		tracks[i] = get(t, ws[i].tracks, "the track")
		flows(t, tracks[i])
	}
	s.restart(0)
	deadline := time.After(50 * time.Second) // the window
	for i, w := range ws {
		select {
		case <-w.reconnected:
		case <-deadline:
			t.Fatalf("client %d did not come back: %s %v", i, rooms[i].State(), rooms[i].Err())
		}
		if i > 0 {
			flows(t, tracks[i])
		}
		if rooms[i].State() != client.StateJoined {
			t.Errorf("client %d is %s: %v", i, rooms[i].State(), rooms[i].Err())
		}
	}
	until(t, "everybody seeing everybody", func() bool {
		for _, r := range rooms {
			if len(r.Peers()) != n-1 {
				return false
			}
		}
		return true
	})
	for i, w := range ws {
		if len(w.ended)+len(w.leaves) != 0 {
			t.Errorf("client %d was told of %d ends and %d leaves", i, len(w.ended), len(w.leaves))
		}
		for len(w.errors) > 0 {
			// Twenty handshakes at once may take longer than a path should; this one came up.
			if err := <-w.errors; !errors.Is(err, fault.ICESlow) {
				t.Errorf("client %d was told of %v", i, err)
			}
		}
	}
}

// TestServerStaysDown has nothing to come back to: the host refuses.
func TestServerStaysDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := watch()
	cfg := s.config("guest", "c")
	cfg.Listener, cfg.ReconnectWindow = w.listener(), 2*time.Second
	s.join(cfg)
	s.stop()
	e := get(t, w.ended, "the end")
	if d := client.Describe(e); d.Code != 2003 || !d.Terminal || !d.CanRetry {
		t.Errorf("%v %+v", e, d)
	}
}
