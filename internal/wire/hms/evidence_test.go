// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/token"
)

// severed is a UDP socket whose network can go away.
type severed struct {
	net.PacketConn
	cut atomic.Bool
}

func (s *severed) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := s.PacketConn.ReadFrom(b)
		if err != nil || !s.cut.Load() {
			return n, from, err
		}
	}
}

func (s *severed) WriteTo(b []byte, to net.Addr) (int, error) {
	if s.cut.Load() {
		return len(b), nil
	}
	return s.PacketConn.WriteTo(b, to)
}

// newLine is a socket whose network is there.
func newLine(t *testing.T) *severed {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &severed{PacketConn: c}
}

// evidenceOf waits for an event of a type and a fault, and gives what the server
// knew.
func (s *station) evidenceOf(t *testing.T, typ event.Type, kind *fault.Kind) *evidence.Record {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		s.events.mu.Lock()
		for _, e := range s.events.list {
			if e.Type != typ || e.Fault != kind.ID {
				continue
			}
			s.events.mu.Unlock()
			if e.Evidence == nil || e.Evidence.At.IsZero() {
				t.Fatalf("%s of %s has no evidence: %+v", e.Type, e.Fault, e.Evidence)
			}
			t.Logf("%s", e.Evidence.AppendJSON(nil))
			return e.Evidence
		}
		s.events.mu.Unlock()
		if time.Now().After(end) {
			t.Fatalf("no event %s of %s", typ, kind.ID)
		}
	}
}

// TestEvidenceOfACutMediaPath: the network takes no UDP of a peer any more, in a
// call that worked. The record says that it worked, over what, and since when
// nothing came, and that the socket lived.
func TestEvidenceOfACutMediaPath(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil)
	line := newLine(t)
	p := s.connect("host", "ann")
	p.udp = line
	p.join("Ann")
	bob := s.joined("host", "Bob")
	p.publish("audio")
	select {
	case heard := <-bob.remote:
		if _, _, err := heard.ReadRTP(); err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody hears her")
	}
	p.pings() // a silent socket would be cut as well
	cut := time.Now()
	line.cut.Store(true)

	r := s.evidenceOf(t, event.PublishFailed, fault.ICEFailed)
	path := r.Path
	if path == nil || r.Socket == nil {
		t.Fatalf("%+v", r)
	}
	if path.Side != "publish" || path.State != "failed" || path.DTLS != "connected" || !path.STUN || path.STUNAt.IsZero() || path.STUNAt.After(cut) {
		t.Errorf("the path is %+v", path)
	}
	if path.Candidates.Host == 0 || path.Candidates.MDNS != 0 || path.Candidates.Relay != 0 {
		t.Errorf("candidates %+v", path.Candidates)
	}
	if len(path.Pairs) == 0 {
		t.Fatal("no pair")
	}
	pair := path.Pairs[0]
	if !pair.Selected || pair.Protocol != "udp" || pair.Local != "host" || pair.Remote == "" || pair.Asked.IsZero() || pair.Asked.After(cut.Add(time.Second)) {
		t.Errorf("the pair in use is %+v", pair)
	}
	if path.RTP.In.IsZero() || path.RTP.In.After(cut.Add(time.Second)) || !path.RTP.Out.IsZero() {
		t.Errorf("media %+v, cut at %s", path.RTP, cut)
	}
	if len(path.Tracks) != 1 || path.Tracks[0].Kind != "audio" || path.Tracks[0].Packets == 0 || len(path.Changes) == 0 {
		t.Errorf("tracks %+v, changes %+v", path.Tracks, path.Changes)
	}
	passed := map[string]evidence.Traffic{}
	for _, one := range path.Traffic {
		passed[one.Protocol+" "+one.Class] = one
	}
	media, dtls := passed["udp media"], passed["udp dtls"]
	if media.In == nil || media.In.Packets < path.Tracks[0].Packets || dtls.In == nil || dtls.In.Largest < 100 || dtls.Out == nil || dtls.In.Last.After(cut) || passed["udp stun"].In.Last.After(cut.Add(time.Second)) {
		t.Errorf("passed %s", r.AppendJSON(nil))
	}
	if tr := path.Tracks[0]; tr.Announced.IsZero() || tr.First.Before(tr.Announced) || tr.First.After(cut) || !tr.FirstKey.IsZero() {
		t.Errorf("stages %+v", tr)
	}
	if sock := r.Socket; !sock.Ended.IsZero() || sock.By != "" || sock.Opened.IsZero() || sock.In.IsZero() || sock.Door == nil || sock.Door.Client != "ipv4 loopback" {
		t.Errorf("the socket that lives is %+v", sock)
	}
	if n := len(r.AppendJSON(nil)); n > evidence.MaxBytes || r.Clipped {
		t.Errorf("%d bytes", n)
	}
}

// TestAPathThatIsNotUpInTime: a peer joins and publishes while her network takes no
// media at all. Her client may believe itself connected; the record and the wire
// know better after 8 s. No track counts as published before a packet has come.
func TestAPathThatIsNotUpInTime(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil)
	line := newLine(t)
	line.cut.Store(true)
	// Bob tells no address of his, so that it is his own check that comes first.
	bob := s.connect("host", "bob")
	bob.hidden = true
	bob.join("Bob")
	waitState(t, bob.pub, webrtc.PeerConnectionStateConnected)
	p := s.connect("host", "ann")
	p.udp = line
	p.join("Ann")
	p.pings()
	p.publish("audio")

	r := s.evidenceOf(t, event.PublishFailed, fault.ICESlow)
	if r.Path == nil || r.Path.Side != "publish" || r.Path.State != "connecting" || r.Path.STUN || r.Path.Candidates.Host == 0 || r.Path.DTLS != "" {
		t.Errorf("the path is %+v", r.Path)
	}
	if waited := r.At.Sub(r.Path.Since); waited < 8*time.Second-10*time.Millisecond {
		t.Errorf("told after %s", waited)
	}
	if len(r.Path.Traffic) != 1 || r.Path.Traffic[0].Class != "stun" || r.Path.Traffic[0].In != nil || r.Path.Traffic[0].Out.Packets == 0 {
		t.Errorf("traffic %+v", r.Path.Traffic)
	}
	if len(r.Path.Tracks) != 1 || r.Path.Tracks[0].Announced.IsZero() || !r.Path.Tracks[0].First.IsZero() {
		t.Errorf("tracks %+v", r.Path.Tracks)
	}
	through := 0
	for _, one := range r.Reach {
		if through += one.Through; one.Protocol != "udp" || !strings.HasSuffix(one.Address, " loopback") || one.Through > 0 && one.Networks != 1 {
			t.Errorf("an address of ours is %+v", one)
		}
	}
	if through == 0 || r.Reach[0].Failed != 1 {
		t.Errorf("others %+v", r.Reach)
	}
	p.expectWhere("on-warning", func(w map[string]any) bool { return w["fault"] == fault.ICESlow.ID && w["code"] == 4005. })
	s.events.mu.Lock()
	for _, e := range s.events.list {
		if e.Type == event.TrackAdded {
			t.Errorf("recorded as published: %+v", e.Track)
		}
		if e.Fault == fault.ICESlow.ID && (e.Failure.Terminal || e.Type != event.PublishFailed) {
			t.Errorf("recorded as %+v", e)
		}
	}
	s.events.mu.Unlock()

	lost := func(score float64) func(map[string]any) bool {
		return func(n map[string]any) bool {
			for _, one := range n["peers"].([]any) {
				if q := one.(map[string]any); q["peer_id"] == p.id && (q["downlink_score"] == 0.) == (score == 0) {
					return true
				}
			}
			return false
		}
	}
	p.expectWhere("on-connection-quality-update", lost(0))   // she is shown it,
	bob.expectWhere("on-connection-quality-update", lost(0)) // and so is everybody

	line.cut.Store(false)
	p.expectWhere("on-connection-quality-update", lost(5))
	if e := s.events.wait(t, event.TrackAdded); e.PeerID != p.id || e.Track.Kind != "audio" {
		t.Errorf("track %+v", e.Track)
	}
}

// TestATrackThatNeverSends: announced and withdrawn without a packet, it leaves
// nothing in the record.
func TestATrackThatNeverSends(t *testing.T) {
	s := newStation(t, nil)
	p := s.joined("host", "Ann")
	silent := map[string]any{"track_id": "silent", "stream_id": "st", "type": "video", "source": "regular", "mute": false, "description": ""}
	p.tracks = map[string]any{"silent": silent}
	first := p.publish("audio")
	silent["mute"] = true
	p.must("track-update", map[string]any{"tracks": map[string]any{"silent": silent}})
	if e := s.events.wait(t, event.TrackAdded); e.Track.ID != first {
		t.Errorf("recorded as published: %+v", e.Track)
	}
	p.must("leave", map[string]any{})
	if e := s.events.wait(t, event.TrackRemoved); e.Track.ID != first {
		t.Errorf("recorded as withdrawn: %+v", e.Track)
	}
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	for _, e := range s.events.list {
		if e.Track != nil && e.Track.ID == "silent" {
			t.Errorf("recorded %s of the track that never sent", e.Type)
		}
	}
}

// TestEvidenceOfASocketThatCameBack: the end of a socket is recorded with who ended
// it although its peer is back, since the client may never tell of it; also where
// the old socket was still open for the server.
func TestEvidenceOfASocketThatCameBack(t *testing.T) {
	t.Parallel()
	t.Run("after it had ended", func(t *testing.T) {
		s := newStation(t, nil)
		p := s.joined("host", "Ann")
		<-p.opened
		p.hangUp()
		<-p.closed
		s.waitHeld(1)
		p.open()
		r := s.evidenceOf(t, event.Disconnected, fault.SignalLost)
		if sock := r.Socket; sock == nil || sock.By != evidence.ByRemote || sock.How != evidence.HowFIN || sock.Ended.IsZero() || sock.Before != 0 {
			t.Errorf("the socket is %+v", sock)
		}
		s.mended(t, "away_seconds")
	})
	t.Run("while the old one was open", func(t *testing.T) {
		s := newStation(t, nil)
		p := s.joined("host", "Ann")
		<-p.opened // no offer is under way, which would be sent again
		old := p.ws
		defer func() { _ = old.CloseNow() }()
		p.open()
		r := s.evidenceOf(t, event.Disconnected, fault.SignalLost)
		if sock := r.Socket; sock == nil || sock.Opened.IsZero() || !sock.Ended.IsZero() || sock.Before != 0 || sock.Unacked == nil {
			t.Errorf("the socket is %+v", sock)
		}
		s.mended(t, "replaced")
	})
}

// mended checks that the one lost socket is recorded once, as mended.
func (s *station) mended(t *testing.T, detail string) {
	t.Helper()
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	n := 0
	for _, e := range s.events.list {
		if e.Type != event.Disconnected {
			continue
		}
		n++
		f := fault.Error{Details: e.Details}
		if e.Failure.Terminal || f.Detail("resumed") != true || f.Detail(detail) == nil || e.Evidence.Door == nil {
			t.Errorf("recorded as %+v, by %+v", e, e.Evidence.Door)
		}
	}
	if n != 1 {
		t.Errorf("recorded %d times", n)
	}
}

// TestEvidenceOfALostSocket: a socket ends without a word and nobody comes back.
func TestEvidenceOfALostSocket(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(*peer){
		evidence.HowFIN:   (*peer).hangUp,
		evidence.HowClose: func(p *peer) { _ = p.ws.Close(3999, "odd") },
	} {
		t.Run(how, func(t *testing.T) {
			s := newStation(t, func(c *config) { c.Hold = 50 * time.Millisecond })
			p := s.connect("host", "ann")
			p.join("Ann")
			began := time.Now()
			end(p)
			r := s.evidenceOf(t, event.Disconnected, fault.SignalLost)
			sock := r.Socket
			if sock == nil {
				t.Fatalf("%+v", r)
			}
			if sock.By != evidence.ByRemote || sock.How != how || sock.Ended.Before(began.Add(-time.Second)) || sock.In.IsZero() || sock.Out.IsZero() || sock.Before != 0 {
				t.Errorf("the socket is %+v", sock)
			}
			if want := map[string]int{evidence.HowClose: 3999}[how]; sock.Code != want {
				t.Errorf("close code %d, want %d", sock.Code, want)
			}
			if d := sock.Door; d == nil || d.Proto != "HTTP/1.1" || d.TLS || d.Proxied || d.Client != "ipv4 loopback" || d.Local != "ipv4 loopback" || d.Peer != "" {
				t.Errorf("its door is %+v", d)
			}
		})
	}
}

// TestEvidenceOfWhatWasRemarked: what the SDK remarks is in the next record of the
// peer and in none after it, without addresses.
func TestEvidenceOfWhatWasRemarked(t *testing.T) {
	s := newStation(t, func(c *config) {
		c.Self = func() *evidence.Self { return &evidence.Self{Version: "v9", Stall: 2500} }
	})
	p := s.joined("host", "ann")
	<-p.opened
	for _, raw := range []map[string]any{
		{"name": "autoplayError", "timestamp": 1795296247399, "info": map[string]any{"error_name": "NotAllowedError", "where": "203.0.113.7", "nested": map[string]any{"a": 1}}},
		{"name": "device.change", "info": map[string]any{"selection": nil, "count": 3}},
		{"name": strings.Repeat("n", 5000)}, {"name": 7}, {},
	} {
		_ = p.write(map[string]any{"method": "analytics", "params": raw})
	}
	p.must("ping", map[string]any{"timestamp": 1})
	_ = p.ws.CloseNow()
	<-p.closed
	s.waitHeld(1)
	p.open()
	r := s.evidenceOf(t, event.Disconnected, fault.SignalLost)
	if len(r.Notes) != 2 || r.Notes[0].Name != "autoplayError" || r.Notes[0].Says != fault.AutoplayBlocked.ID || r.Notes[1].Says != "" || r.Notes[1].Name != "device.change" || r.Notes[0].At.IsZero() || r.Notes[0].Told.UnixMilli() != 1795296247399 {
		t.Fatalf("%+v", r.Notes)
	}
	if got := fmt.Sprintf("%s %s", r.Notes[0].Info, r.Notes[1].Info); got != `map[error_name:"NotAllowedError" where:"redacted-ip.invalid"] map[count:3]` {
		t.Errorf("kept %s", got)
	}
	if r.Self == nil || r.Self.Version != "v9" || r.Self.Stall != 2500 || r.Same != nil {
		t.Errorf("%+v %+v", r.Self, r.Same)
	}
	_ = p.ws.CloseNow()
	<-p.closed
	s.waitHeld(1)
	p.open()
	s.events.waitFor(t, func(e *event.Event) bool {
		return e.Fault == fault.SignalLost.ID && e.Evidence.Notes == nil && e.Evidence.Socket.Before == 1
	})
}

// TestEvidenceOfTheSameUser: a user who is in a room twice is told from two users:
// a ghost of the same client at the same address, or a second device.
func TestEvidenceOfTheSameUser(t *testing.T) {
	s := newStation(t, nil)
	began := time.Now().Add(-time.Second)
	ghost := s.connect("host", "ann")
	ghost.join("Ann")
	<-ghost.opened // its offer is answered
	_ = ghost.ws.CloseNow()
	s.waitHeld(1)
	s.joined("guest", "bob") // somebody else
	p := s.connect("host", "ann")
	p.join("Ann")
	<-p.opened
	p.open() // its old socket is lost
	r := s.evidenceOf(t, event.Disconnected, fault.SignalLost)
	if len(r.Same) != 1 {
		t.Fatalf("%+v", r.Same)
	}
	if g := r.Same[0]; g.Since.Before(began) || g.Away.IsZero() || !g.Address || !g.Agent {
		t.Errorf("the ghost is %+v", g)
	}
}

// TestEvidenceAtTheDoor: whoever is refused leaves the way they came and the times
// of their token, and nothing that is secret or names an address.
func TestEvidenceAtTheDoor(t *testing.T) {
	s := newStation(t, nil)
	old := s.token("host", "ann", func(c *token.Claims) {
		c.IssuedAt, c.NotBefore, c.ExpiresAt = time.Now().Add(-3*time.Hour), time.Now().Add(-3*time.Hour), time.Now().Add(-time.Hour)
	})
	if status, _ := s.init(old, "p1"); status != http.StatusUnauthorized {
		t.Fatal(status)
	}
	r := s.evidenceOf(t, event.ConnectFailed, fault.TokenExpired)
	if r.Token == nil || r.Door == nil {
		t.Fatalf("%+v", r)
	}
	if late := r.Token.Now.Sub(r.Token.Expires); late < time.Hour-2*time.Second || late > time.Hour+time.Minute {
		t.Errorf("the token is %s too late", late)
	}

	for origin, want := range map[string]string{
		"https://app.example:8443": "https://app.example:8443", "http://203.0.113.9:3000": "http ipv4 public", "https://user:pass@app.example": "",
		"null": "", "https://" + strings.Repeat("a", 500): "",
	} {
		s := newStation(t, nil)
		_, _ = s.knock(s.token("host", "u"), func(r *http.Request) {
			r.Header.Del("Upgrade")
			r.Header.Set("Origin", origin)
			r.Header.Set("X-Forwarded-For", "203.0.113.7")
		})
		r := s.evidenceOf(t, event.ConnectFailed, fault.SignalUpgrade)
		if r.Door == nil || r.Door.Origin != want || !r.Door.Proxied {
			t.Errorf("from %q: %+v", origin, r.Door)
		}
		text := string(r.AppendJSON(nil))
		for _, secret := range []string{"203.0.113", "127.0.0.1", "eyJ", "pass"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
}

// TestEvidenceOfWhatOnlyTheClientTells: beside a failure that the client alone reports
// stands what the server knew at that moment, of a peer that is gone as well, for its
// own reports only.
func TestEvidenceOfWhatOnlyTheClientTells(t *testing.T) {
	s := newStation(t, func(c *config) {
		c.Self = func() *evidence.Self { return &evidence.Self{Version: "v9", Stall: 6000} }
		c.Hold = 50 * time.Millisecond
	})
	p := s.joined("host", "ann")
	<-p.opened
	tell := func(name string, code int) {
		_ = p.write(map[string]any{"method": "analytics", "params": map[string]any{
			"name": name, "timestamp": time.Now().UnixMilli(),
			"info": map[string]any{"error_name": "N", "error_code": code, "action": "PUBLISH", "is_terminal": false, "timestamp": time.Now().UnixMilli()},
		}})
	}
	tell("publish.failed", 4006)
	s.events.waitFor(t, func(e *event.Event) bool {
		if e.Source != event.FromClient || e.Type != event.PublishFailed {
			return false
		}
		r := e.Evidence
		if r == nil || r.Path == nil || r.Path.Side != "publish" || r.Socket == nil || r.Self == nil || r.Self.Stall != 6000 || len(r.Reach) == 0 {
			t.Errorf("the server knew %+v", r)
		}
		return true
	})
	tell("connect.failed", 1003)
	s.events.waitFor(t, func(e *event.Event) bool {
		if e.Type == event.ConnectFailed && e.Evidence != nil {
			t.Errorf("of an attempt that it did not see the server knows %+v", e.Evidence)
		}
		return e.Type == event.ConnectFailed
	})
	_ = p.ws.CloseNow()
	<-p.closed
	s.evidenceOf(t, event.Disconnected, fault.SignalLost) // and is gone
	hers := token.Claims{RoomID: roomID, UserID: "user-ann", UserProof: token.ProofToken}
	late := &event.Event{Type: event.PublishFailed, Subject: event.Subject{PeerID: p.id}}
	if r := s.all.Known(t.Context(), hers, late); r == nil || r.Path == nil {
		t.Errorf("of a peer that is gone the server knew %+v", r)
	}
	late.Happened = time.Now().Add(-time.Hour)
	if r := s.all.Known(t.Context(), hers, late); r != nil {
		t.Errorf("of an hour ago it knew %+v", r)
	}
	late.Happened, hers.UserID = time.Time{}, "user-eve"
	if r := s.all.Known(t.Context(), hers, late); r != nil {
		t.Errorf("somebody else has %+v", r)
	}
}
