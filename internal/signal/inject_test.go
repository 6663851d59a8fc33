package signal_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/signal"
)

// newInjected is a station whose faults can be provoked. Its events are marked
// as the recorder does it.
func newInjected(t *testing.T) (*station, *inject.Plan) {
	t.Helper()
	plan := inject.New(inject.Config{})
	t.Cleanup(plan.Close)
	s := newStation(t, func(c *signal.Config) {
		c.Inject = plan
		c.Events = marking{c.Events, plan}
	})
	return s, plan
}

type marking struct {
	signal.Recorder
	plan *inject.Plan
}

func (m marking) Record(e event.Event) { m.plan.Mark(&e); m.Recorder.Record(e) }

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
