// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/token"
)

// newInjected is a station whose faults can be provoked. Its events are marked
// as the recorder does it.
func newInjected(t *testing.T) (*station, *inject.Plan) {
	t.Helper()
	plan := inject.New(inject.Config{})
	t.Cleanup(plan.Close)
	s := newStation(t, func(c *config) {
		c.Inject = plan
		c.Events = marking{c.Events, plan}
		c.Tokens = token.NewVerifier([]token.Key{key}, token.Options{Provoked: func(c token.Claims) token.Provocation {
			j := plan.Token(inject.Who{Room: c.RoomID, User: c.UserID, Role: c.Role, Token: c.ID})
			return token.Provocation{Revoked: j.Revoked, Expired: j.Expired, Early: j.Early, Skew: j.Skew, Took: j.Took}
		}})
	})
	return s, plan
}

type marking struct {
	participant.Recorder
	plan *inject.Plan
}

func (m marking) Record(e event.Event) { m.plan.MarkInjected(&e); m.Recorder.Record(e) }

// provoke adds a rule for the room.
func provoke(t *testing.T, p *inject.Plan, s inject.Spec) inject.Rule {
	t.Helper()
	s.Room = roomID
	r, err := p.Add(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// about waits for an event with a fault.
func (e *events) about(t *testing.T, typ event.Type, fault string) event.Event {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		e.mu.Lock()
		i := slices.IndexFunc(e.list, func(e event.Event) bool { return e.Type == typ && e.Fault == fault })
		if i >= 0 {
			defer e.mu.Unlock()
			return e.list[i]
		}
		e.mu.Unlock()
		select {
		case <-e.news:
		case <-deadline:
			t.Fatalf("no event %s of %s", typ, fault)
		}
	}
}

func stop(t *testing.T, p *inject.Plan, r inject.Rule) {
	t.Helper()
	if _, err := p.Remove(r.ID, "", "test", func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
}

func TestInjectedRefusalAtInit(t *testing.T) {
	s, plan := newInjected(t)
	tok, peer := s.token("host", "anna"), uuid.NewString()
	r := provoke(t, plan, inject.Spec{Fault: "room.locked", User: "anna"})
	status, body := s.init(tok, peer)
	if status != 403 || body["fault"] != "room.locked" {
		t.Errorf("init answers %d %v", status, body)
	}
	if e := s.events.wait(t, event.ConnectFailed); !e.Injected || e.Fault != "room.locked" || e.PeerID != peer {
		t.Errorf("event %+v", e)
	}
	if status, _ := s.init(s.token("host", "bert"), uuid.NewString()); status != 200 {
		t.Errorf("another user is answered %d", status)
	}
	stop(t, plan, r)
	if status, _ := s.init(tok, peer); status != 200 {
		t.Errorf("after the end init answers %d", status)
	}
}

func TestInjectedNumberAtInit(t *testing.T) {
	s, plan := newInjected(t)
	provoke(t, plan, inject.Spec{Fault: "response.status", At: inject.AtInit, Code: 418})
	status, body := s.init(s.token("host", "anna"), uuid.NewString())
	if status != 418 || body["code"] != 418.0 {
		t.Errorf("init answers %d %v", status, body)
	}
	if e := s.events.wait(t, event.ConnectFailed); e.Failure.Code != 418 || !e.Injected {
		t.Errorf("event %+v", e)
	}
}

func TestInjectedRubbishAtInit(t *testing.T) {
	s, plan := newInjected(t)
	provoke(t, plan, inject.Spec{At: inject.AtRubbish})
	req, _ := http.NewRequest("GET", s.web.URL+"/init?peer_id="+uuid.NewString(), nil)
	req.Header.Set("Authorization", "Bearer "+s.token("host", "anna"))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || !strings.HasPrefix(string(b), "<html>") {
		t.Errorf("init answers %d %q", res.StatusCode, b)
	}
}

func TestInjectedUpgradeRefusal(t *testing.T) {
	s, plan := newInjected(t)
	provoke(t, plan, inject.Spec{At: inject.AtUpgrade, Count: 1})
	dial := func() error {
		ws, _, err := websocket.Dial(t.Context(), strings.Replace(s.web.URL, "http", "ws", 1)+
			"/ws?peer="+uuid.NewString()+"&token="+s.token("host", "anna"), nil)
		if err == nil {
			_ = ws.CloseNow()
		}
		return err
	}
	if err := dial(); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the first socket: %v", err)
	}
	if err := dial(); err != nil {
		t.Errorf("the second socket: %v", err)
	}
}

func TestInjectedCutIsResumed(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	provoke(t, plan, inject.Spec{Fault: "signal.lost", Peer: "Anna"})
	<-p.closed
	if p.code != -1 {
		t.Errorf("close code %d, want none: TCP was cut", p.code)
	}
	s.waitHeld(1)
	p.open()
	p.expect("peer-list")
}

func TestInjectedCloseFrame(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	provoke(t, plan, inject.Spec{At: inject.AtClose, Peer: p.id})
	<-p.closed
	if p.code != websocket.StatusServiceRestart {
		t.Errorf("close code %d", p.code)
	}
}

func TestInjectedCalls(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	say := func() (int, string) {
		_, code, f := p.call("broadcast", map[string]any{"info": map[string]any{"message": "hello", "type": "chat"}})
		return code, f
	}
	r := provoke(t, plan, inject.Spec{Fault: "rate.limited", At: inject.AtCall, Method: "broadcast", Peer: "Anna"})
	if code, f := say(); code != 429 || f != "rate.limited" {
		t.Errorf("answered %d %s", code, f)
	}
	stop(t, plan, r)
	r = provoke(t, plan, inject.Spec{At: inject.AtSlow, Method: "broadcast", Delay: 300 * time.Millisecond})
	from := time.Now()
	if code, _ := say(); code != 0 || time.Since(from) < 300*time.Millisecond {
		t.Errorf("answered %d after %v", code, time.Since(from))
	}
	stop(t, plan, r)
	// Refused later is not carried out now.
	r = provoke(t, plan, inject.Spec{At: inject.AtEngine, Delay: 50 * time.Millisecond})
	if _, code, f := p.offer(map[string]any{}); code == 0 {
		t.Errorf("what is refused later is answered with %d %s", code, f)
	}
	stop(t, plan, r)
	if code, _ := say(); code != 0 {
		t.Errorf("after the end: %d", code)
	}
}

func TestInjectedHang(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	provoke(t, plan, inject.Spec{At: inject.AtHang, Method: "find-peer"})
	p.join("Anna")
	p.expect("peer-list")
	id := uuid.NewString()
	ch := make(chan map[string]any, 1)
	p.mu.Lock()
	p.results[id] = ch
	p.mu.Unlock()
	if err := p.write(map[string]any{"id": id, "method": "find-peer", "params": map[string]any{"limit": 10}}); err != nil {
		t.Fatal(err)
	}
	p.must("ping", map[string]any{"timestamp": 1}) // calls are answered in order, so it was passed over
	select {
	case r := <-ch:
		t.Errorf("answered %v", r)
	default:
	}
}

func TestInjectedSilence(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.must("ping", map[string]any{"timestamp": 1})
	r := provoke(t, plan, inject.Spec{Fault: "signal.silent", Peer: p.id})
	id, ch := uuid.NewString(), make(chan map[string]any, 1)
	p.mu.Lock()
	p.results[id] = ch
	p.mu.Unlock()
	if err := p.write(map[string]any{"id": id, "method": "ping", "params": map[string]any{"timestamp": 2}}); err != nil {
		t.Fatal(err)
	}
	for plan.List(func(string) bool { return true })[0].Effects == 0 {
		time.Sleep(time.Millisecond)
	}
	stop(t, plan, r)
	p.must("ping", map[string]any{"timestamp": 3})
	select {
	case <-ch:
		t.Error("the silent time's answer came")
	default:
	}
}

func TestInjectedErrorKickAndMove(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	provoke(t, plan, inject.Spec{Fault: "response.status", At: inject.AtError, Code: 777, Role: "host"})
	if e := p.expect("on-error"); e["code"] != 777.0 {
		t.Errorf("on-error %v", e)
	}

	provoke(t, plan, inject.Spec{Fault: "signal.node_moved"})
	node := p.expect("node-info")["sfu_node_id"].(string)
	if node == p.node {
		t.Error("the node is the same")
	}
	p.closePCs()
	p.sub, p.node = nil, node
	p.newPub()
	res, code, f := p.offer(map[string]any{})
	if code != 0 || res["sfu_node_id"] != node {
		t.Fatalf("the first offer to the new node: %d %s %v", code, f, res)
	}
	p.expect("peer-list")
	p.expect("offer")

	provoke(t, plan, inject.Spec{Fault: "peer.removed", User: "anna"})
	p.expect("on-peer-leave-request")
	<-p.closed
}

func TestInjectedHalfSDP(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	provoke(t, plan, inject.Spec{Fault: "sdp.set_remote"})
	p.deaf.Store(true) // the server's offer is half a one as well
	p.newPub()
	offer, err := p.pub.CreateOffer(nil)
	if err == nil {
		err = p.pub.SetLocalDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := p.must("join", map[string]any{"name": "Anna", "data": "", "offer": map[string]any{"type": "offer", "sdp": offer.SDP}})
	if err := p.pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: r["sdp"].(string)}); err == nil {
		t.Error("half a description is accepted")
	}
}

func TestInjectedFingerprint(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	provoke(t, plan, inject.Spec{Fault: "dtls.fingerprint"})
	p.join("Anna")
	// A browser calls it failed; the library here closes it at once.
	waitState(t, p.pub, webrtc.PeerConnectionStateClosed)
}

// TestInjectedBlackhole drops one peer's packets: its media stops, the other's
// goes on, and after the end it comes back.
func TestInjectedBlackhole(t *testing.T) {
	s, plan := newInjected(t)
	a, b := s.connect("host", "anna"), s.connect("host", "bert")
	for p, name := range map[*peer]string{a: "Anna", b: "Bert"} {
		p.expect("on-policy-change")
		p.join(name)
		p.expect("peer-list")
		waitState(t, p.pub, webrtc.PeerConnectionStateConnected)
	}
	r := provoke(t, plan, inject.Spec{Fault: "ice.failed", Peer: "Anna"})
	waitState(t, a.pub, webrtc.PeerConnectionStateDisconnected)
	if got := b.pub.ConnectionState(); got != webrtc.PeerConnectionStateConnected {
		t.Errorf("bert is %s", got)
	}
	stop(t, plan, r)
	waitState(t, a.pub, webrtc.PeerConnectionStateConnected)
}

// TestInjectedDelay: late packets arrive late, in both directions, and a
// connection comes about all the same.
func TestInjectedDelay(t *testing.T) {
	s, plan := newInjected(t)
	provoke(t, plan, inject.Spec{At: inject.AtDelay, Delay: 150 * time.Millisecond})
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	from := time.Now()
	p.join("Anna")
	waitState(t, p.pub, webrtc.PeerConnectionStateConnected)
	// A check and its answer, and two round trips of DTLS, each way late.
	if took := time.Since(from); took < 600*time.Millisecond {
		t.Errorf("connected after %v", took)
	}
}

func waitState(t *testing.T, pc *webrtc.PeerConnection, want webrtc.PeerConnectionState) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for pc.ConnectionState() != want {
		select {
		case <-ctx.Done():
			t.Fatalf("the connection is %s and never %s", pc.ConnectionState(), want)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestInjectedRoomIsForNewcomers: those inside stay, and come back.
func TestInjectedRoomIsForNewcomers(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	onlooker := s.connect("guest", "bert") // let in to look, not to join any more
	onlooker.expect("on-policy-change")
	for _, c := range []struct {
		fault  string
		status int
	}{{"room.full", 403}, {"room.locked", 403}, {"room.disabled", 403}, {"token.role", 401}} {
		r := provoke(t, plan, inject.Spec{Fault: c.fault})
		status, body := s.init(s.token("host", "carl"), uuid.NewString())
		if status != c.status || body["fault"] != c.fault {
			t.Errorf("%s: init answers %d %v", c.fault, status, body)
		}
		if e := s.events.about(t, event.ConnectFailed, c.fault); !e.Injected {
			t.Errorf("%s: event %+v", c.fault, e)
		}
		if _, _, f := onlooker.call("join", map[string]any{"name": "Bert", "data": ""}); f != c.fault {
			t.Errorf("%s: join is answered %q", c.fault, f)
		}
		if e := s.events.about(t, event.JoinFailed, c.fault); !e.Injected {
			t.Errorf("%s: event %+v", c.fault, e)
		}
		if status, _ := s.init(p.tok, p.id); status != 200 {
			t.Errorf("%s: the peer inside is answered %d", c.fault, status)
		}
		stop(t, plan, r)
	}
	onlooker.must("join", map[string]any{"name": "Bert", "data": ""})
}

// TestInjectedUnreachable: connections end without an answer, open sockets stay,
// and afterwards all is as it was.
func TestInjectedUnreachable(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	r := provoke(t, plan, inject.Spec{At: inject.AtAway})
	for _, path := range []string{"/init?peer_id=x", "/ws?peer=x&token=" + s.token("host", "bert")} {
		req, _ := http.NewRequest("GET", s.web.URL+path, nil)
		req.Header.Set("Authorization", "Bearer "+s.token("host", "bert"))
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			t.Errorf("%s is answered %s", path, res.Status)
		}
	}
	p.must("ping", map[string]any{"timestamp": 1})
	stop(t, plan, r)
	if status, _ := s.init(s.token("host", "bert"), uuid.NewString()); status != 200 {
		t.Errorf("after the end init answers %d", status)
	}
}

// TestInjectedRestart: the socket closes as at a restart, nobody answers for a
// moment, and then the peer resumes at another node, to which its connections
// must be built anew.
func TestInjectedRestart(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	was := p.node
	r := provoke(t, plan, inject.Spec{At: inject.AtRestart, Peer: "Anna"})
	<-p.closed
	if p.code != websocket.StatusServiceRestart {
		t.Errorf("close code %d", p.code)
	}
	req, _ := http.NewRequest("GET", s.web.URL+"/init?peer_id="+p.id, nil)
	req.Header.Set("Authorization", "Bearer "+p.tok)
	if res, err := http.DefaultClient.Do(req); err == nil {
		_ = res.Body.Close()
		t.Errorf("init is answered %s while the node restarts", res.Status)
	}
	stop(t, plan, r)
	p.open()
	p.expect("peer-list")
	p.closePCs()
	p.sub = nil
	p.newPub()
	if _, code, f := p.offer(map[string]any{}); code != 421 {
		t.Errorf("an offer to the old node is answered %d %s", code, f)
	}
	node := p.expect("node-info")["sfu_node_id"].(string)
	if node == was {
		t.Error("the node is the same")
	}
	p.closePCs()
	p.newPub()
	p.node = node
	if _, code, f := p.offer(map[string]any{}); code != 0 {
		t.Errorf("the first offer to the new node: %d %s", code, f)
	}
}

func TestInjectedStoreLosesSocketReports(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	say := func(code int) {
		if err := p.write(map[string]any{"method": "analytics", "params": map[string]any{
			"name": "publish.failed", "timestamp": time.Now().UnixMilli(),
			"info": map[string]any{"error_name": "X", "error_code": code, "error_message": "m", "timestamp": time.Now().UnixMilli()},
		}}); err != nil {
			t.Fatal(err)
		}
		p.must("ping", map[string]any{"timestamp": 1}) // calls are handled in order
	}
	r := provoke(t, plan, inject.Spec{At: inject.AtStore, Peer: "Anna"})
	say(4001)
	stop(t, plan, r)
	say(4003)
	if e := s.events.wait(t, event.PublishFailed); e.Failure.Code != 4003 {
		t.Errorf("%d was stored on a full disk", e.Failure.Code)
	}
}

// TestInjectedStranger: SDKs that look a peer's role up in the policy do not
// find it.
func TestInjectedStranger(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	policy := p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	provoke(t, plan, inject.Spec{Fault: "client.role_unknown", Peer: "Anna"})
	role := p.expect("on-peer-join")["role"].(string)
	if _, known := policy["known_roles"].(map[string]any)[role]; known {
		t.Errorf("the role %q is known", role)
	}
	p.expect("on-policy-change")
	if e := s.events.wait(t, event.Disconnected); !e.Injected || e.Fault != "client.role_unknown" {
		t.Errorf("event %+v", e)
	}
}

// TestInjectedRevocation puts out who is inside, and counts nowhere as a refusal
// that was not provoked.
func TestInjectedRevocation(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	r := provoke(t, plan, inject.Spec{Fault: "token.revoked", Peer: "Anna"})
	if e := p.expect("on-error"); e["fault"] != "token.revoked" {
		t.Errorf("on-error %v", e)
	}
	<-p.closed
	if e := s.events.wait(t, event.Disconnected); !e.Injected || e.Fault != "token.revoked" || !e.Failure.Terminal {
		t.Errorf("event %+v", e)
	}
	status, body := s.init(p.tok, uuid.NewString())
	if status != 401 || body["fault"] != "token.revoked" {
		t.Errorf("the token is answered %d %v", status, body)
	}
	if status, _ := s.init(s.token("host", "bert"), uuid.NewString()); status != 200 {
		t.Errorf("another token is answered %d", status)
	}
	stop(t, plan, r)
	if status, _ := s.init(p.tok, uuid.NewString()); status != 200 {
		t.Errorf("after the end the token is answered %d", status)
	}
}

// TestInjectedIsCountedApart: what was provoked moves no series that says how
// the service does by itself.
func TestInjectedIsCountedApart(t *testing.T) {
	s, plan := newInjected(t)
	p := s.connect("host", "anna")
	p.expect("on-policy-change")
	p.join("Anna")
	p.expect("peer-list")
	waitState(t, p.pub, webrtc.PeerConnectionStateConnected)
	before := s.counted(t)
	provoke(t, plan, inject.Spec{Fault: "room.locked", User: "bert", For: time.Minute})
	provoke(t, plan, inject.Spec{Fault: "rate.limited", At: inject.AtCall, Method: "broadcast", Peer: "Anna", For: time.Minute})
	_, _ = s.init(s.token("host", "bert"), uuid.NewString())
	_, _, _ = p.call("broadcast", map[string]any{"info": map[string]any{"message": "hello", "type": "chat"}})
	provoke(t, plan, inject.Spec{Fault: "signal.lost", Peer: "Anna"})
	<-p.closed
	s.waitHeld(1)
	p.open()
	p.expect("peer-list")
	after := s.counted(t)
	for series, n := range after {
		name, _, _ := strings.Cut(series, "{")
		if n != before[series] && (name == "redial_signal_refused_total" || strings.Contains(series, `injected="false"`)) {
			t.Errorf("%s went from %v to %v", series, before[series], n)
		}
	}
	if after[`redial_signal_resumed_total{injected="true"}`] != 1 {
		t.Error("the return is not counted")
	}
}

// counted are the counters of a station by series.
func (s *station) counted(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+`="`+l.GetValue()+`"`)
			}
			all[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = m.GetCounter().GetValue()
		}
	}
	return all
}
