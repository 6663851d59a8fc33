// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
)

var alice = inject.Who{Room: "r1", Peer: "p1", User: "u1", Name: "alice", Role: "host"}

// acts records what the plan asks of a peer.
type acts struct {
	mu  sync.Mutex
	did []string
}

func (a *acts) do(x inject.Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.did = append(a.did, x.Do)
}

func (a *acts) list() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.did)
}

// Calls as a wire has them.
var (
	join  = inject.Call{Op: fault.OpJoin, Method: "join", Main: true}
	offer = inject.Call{Op: fault.OpPublish, Method: "offer", Main: true}
)

func add(t *testing.T, p *inject.Plan, s inject.Spec) inject.Rule {
	t.Helper()
	r, err := p.Add(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func anyRoom(string) bool { return true }

func TestEffectsBeginAndEndOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := inject.New(inject.Config{})
		defer p.Close()
		x := p.Attend(alice, func(inject.Action) {})
		add(t, p, inject.Spec{Fault: "room.full", At: inject.AtCall, Room: "r1", After: 3 * time.Second, For: 10 * time.Second})
		failing := func() bool { synctest.Wait(); return x.Call(join).Err != nil }
		if failing() || !p.Idle() {
			t.Error("works before its time")
		}
		time.Sleep(2999 * time.Millisecond)
		if failing() {
			t.Error("works before its time")
		}
		time.Sleep(time.Millisecond)
		if !failing() {
			t.Error("does not begin")
		}
		time.Sleep(9999 * time.Millisecond)
		if !failing() {
			t.Error("ends early")
		}
		time.Sleep(time.Millisecond)
		if failing() || !p.Idle() || len(p.List(anyRoom)) != 0 {
			t.Error("does not end")
		}
	})
}

func TestRemovalRestoresAtOnce(t *testing.T) {
	p := inject.New(inject.Config{})
	defer p.Close()
	x := p.Attend(alice, func(inject.Action) {})
	pub, _ := x.Wires()
	r := add(t, p, inject.Spec{Fault: "ice.failed", Room: "r1", Peer: "alice"})
	if drop, _, _ := pub.Pass(true, []byte{128, 96, 0, 0}); !drop {
		t.Error("packets pass")
	}
	if _, err := p.Remove(r.ID, "", "test", anyRoom); err != nil {
		t.Fatal(err)
	}
	if drop, damage, late := pub.Pass(true, []byte{128, 96, 0, 0}); drop || damage || late != 0 || !p.Idle() {
		t.Error("the path is not as it was")
	}
	if _, err := p.Remove(r.ID, "", "test", anyRoom); !errors.Is(err, fault.InjectionNotFound) {
		t.Error("removed twice:", err)
	}
}

func TestCountEndsARule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := inject.New(inject.Config{})
		defer p.Close()
		x := p.Attend(alice, func(inject.Action) {})
		add(t, p, inject.Spec{Fault: "server.internal", At: inject.AtCall, Room: "r1", Method: "offer", Count: 2})
		var failed int
		for range 5 {
			if x.Call(offer).Err != nil {
				failed++
			}
			if x.Call(inject.Call{Op: fault.OpMessage, Method: "broadcast", Main: true}).Err != nil {
				t.Error("another call fails")
			}
		}
		synctest.Wait()
		if failed != 2 || !p.Idle() {
			t.Errorf("%d calls failed, want 2; idle %v", failed, p.Idle())
		}
	})
}

func TestOnlyThoseMeant(t *testing.T) {
	others := map[string]inject.Who{
		"other room": {Room: "r2", Peer: "p1", User: "u1", Name: "alice", Role: "host"},
		"other peer": {Room: "r1", Peer: "p2", User: "u1", Name: "bob", Role: "host"},
		"other user": {Room: "r1", Peer: "p1", User: "u2", Name: "alice", Role: "host"},
		"other role": {Room: "r1", Peer: "p1", User: "u1", Name: "alice", Role: "guest"},
	}
	p := inject.New(inject.Config{})
	defer p.Close()
	x := p.Attend(alice, func(inject.Action) {})
	add(t, p, inject.Spec{Fault: "ice.failed", Room: "r1", Peer: "alice", User: "u1", Role: "host"})
	packet := []byte{0, 1, 0, 0}
	if pub, _ := x.Wires(); !first(pub.Pass(false, packet)) {
		t.Error("alice is not struck")
	}
	for name, w := range others {
		if pub, _ := p.Attend(w, func(inject.Action) {}).Wires(); first(pub.Pass(false, packet)) {
			t.Errorf("%s is struck", name)
		}
	}
}

func first(a, _ bool, _ time.Duration) bool { return a }

func TestWhatHappensAtAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := inject.New(inject.Config{})
		defer p.Close()
		var did acts
		x := p.Attend(alice, did.do)
		add(t, p, inject.Spec{Fault: "signal.lost", Room: "r1"})
		x.Arrived() // reconnected
		if got := did.list(); !slices.Equal(got, []string{inject.AtCut}) {
			t.Errorf("did %v, want one cut", got)
		}
		time.Sleep(2 * time.Second)
		add(t, p, inject.Spec{Fault: "signal.lost", Room: "r1", For: 10 * time.Second})
		x.Arrived()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		x.Arrived()
		if got := did.list(); len(got) != 3 {
			t.Errorf("did %v, want two more cuts", got)
		}
	})
}

func TestPacketsByKindDirectionAndSide(t *testing.T) {
	packets := map[string][]byte{
		"stun": {0, 1, 0, 0}, "dtls": {22, 254, 253, 0}, "rtp": {144, 96, 0, 1}, "rtcp": {128, 200, 0, 1},
	}
	f := func(s inject.Spec, side int, out bool, want ...string) {
		t.Helper()
		p := inject.New(inject.Config{})
		defer p.Close()
		x := p.Attend(alice, func(inject.Action) {})
		s.Fault, s.Room = "ice.failed", "r1"
		add(t, p, s)
		pub, sub := x.Wires()
		w := []*inject.Wire{pub, sub}[side]
		for kind, b := range packets {
			if got := first(w.Pass(out, b)); got != slices.Contains(want, kind) {
				t.Errorf("%+v side %d out %v: %s dropped: %v", s, side, out, kind, got)
			}
		}
	}
	f(inject.Spec{}, 0, true, "stun", "dtls", "rtp", "rtcp")
	f(inject.Spec{Packets: "dtls"}, 1, false, "dtls")
	f(inject.Spec{Packets: "rtp"}, 1, false, "rtp")
	f(inject.Spec{Packets: "media", Direction: "out"}, 1, true, "rtp", "rtcp")
	f(inject.Spec{Packets: "media", Direction: "out"}, 1, false)
	f(inject.Spec{Side: "publish"}, 1, false)
	f(inject.Spec{Side: "publish", Packets: "stun"}, 0, false, "stun")
}

func TestKeyframeRequestsAreStarved(t *testing.T) {
	p := inject.New(inject.Config{})
	defer p.Close()
	pub, sub := p.Attend(alice, func(inject.Action) {}).Wires()
	add(t, p, inject.Spec{At: inject.AtKeyframes, Room: "r1"})
	pli, report := []byte{129, 206, 0, 2}, []byte{128, 201, 0, 1}
	if !first(pub.Pass(true, pli)) || first(pub.Pass(true, report)) || first(pub.Pass(false, pli)) || first(sub.Pass(true, pli)) {
		t.Error("not just the requests to the publisher are dropped")
	}
}

func TestBandwidthIsCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := inject.New(inject.Config{})
		defer p.Close()
		_, sub := p.Attend(alice, func(inject.Action) {}).Wires()
		add(t, p, inject.Spec{At: inject.AtBandwidth, Room: "r1", Rate: 800}) // 100 kB a second
		passed, packet := 0, append([]byte{144, 96}, make([]byte, 998)...)
		for range 10_000 { // 1 MB a second for 10 s
			time.Sleep(time.Millisecond)
			if !first(sub.Pass(true, packet)) {
				passed++
			}
		}
		if passed < 950 || passed > 1050 {
			t.Errorf("%d kB passed in 10 s, want about 1000", passed)
		}
	})
}

func TestSDPIsMangled(t *testing.T) {
	sdp := "v=0\r\na=fingerprint:sha-256 0F:A9\r\nm=audio\r\n"
	f := func(at, kind string, changed bool) {
		t.Helper()
		p := inject.New(inject.Config{})
		defer p.Close()
		x := p.Attend(alice, func(inject.Action) {})
		add(t, p, inject.Spec{At: at, Room: "r1"})
		if got := x.SDP(kind, sdp); (got != sdp) != changed {
			t.Errorf("%s %s: %q", at, kind, got)
		}
	}
	f(inject.AtSDP, "answer", true)
	f(inject.AtSDP, "offer", true)
	f(inject.AtPrint, "answer", true)
	f(inject.AtPrint, "offer", false)
}

func TestACandidateNobodyCanRead(t *testing.T) {
	p := inject.New(inject.Config{})
	defer p.Close()
	acts := 0
	x := p.Attend(alice, func(a inject.Action) { acts++ })
	if x.BadCandidate() || (*inject.Peer)(nil).BadCandidate() {
		t.Error("without a rule")
	}
	add(t, p, inject.Spec{Fault: "media.renegotiation", Room: "r1", Peer: "alice"})
	if !x.BadCandidate() || acts != 1 {
		t.Errorf("she is not meant, or not sent an offer at once: %d", acts)
	}
	if got := x.SDP("offer", "v=0"); got != "v=0" {
		t.Errorf("the offer is changed as well: %q", got)
	}
}

func TestFailuresOfTouchedPeersAreMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := inject.New(inject.Config{})
		defer p.Close()
		p.Attend(alice, func(inject.Action) {})
		bob := event.Subject{RoomID: "r1", PeerID: "p2", UserID: "u2"}
		marked := func(s event.Subject, f string) bool {
			e := event.Event{Type: event.Disconnected, Subject: s, Fault: f}
			p.MarkInjected(&e)
			return e.Injected
		}
		hers := event.Subject{RoomID: "r1", PeerID: "p1", UserID: "u1"}
		if marked(hers, "signal.lost") {
			t.Error("marked before anything was injected")
		}
		add(t, p, inject.Spec{Fault: "signal.lost", Room: "r1", Peer: "alice"})
		if !marked(hers, "signal.lost") || !marked(event.Subject{RoomID: "r1", UserID: "u1"}, "signal.lost") {
			t.Error("her failure is not marked")
		}
		if marked(bob, "signal.lost") || marked(hers, "capture.denied") {
			t.Error("what was not caused is marked")
		}
		time.Sleep(inject.Grace - time.Millisecond)
		if !marked(hers, "signal.lost") {
			t.Error("the client still tries to recover, and it is not marked")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if marked(hers, "signal.lost") {
			t.Error("marked for ever")
		}
	})
}

func TestRefusals(t *testing.T) {
	f := func(s inject.Spec, want *fault.Kind, field string) {
		t.Helper()
		p := inject.New(inject.Config{})
		defer p.Close()
		p.Attend(alice, func(inject.Action) {})
		_, err := p.Add(s)
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != want || field != "" && e.Detail("field") != field {
			t.Errorf("%+v: %v, want %s of %q", s, err, want.ID, field)
		}
		if len(p.List(anyRoom)) != 0 || !p.Idle() {
			t.Errorf("%+v: something is left", s)
		}
	}
	f(inject.Spec{Fault: "room.full"}, fault.FieldMissing, "room")
	f(inject.Spec{Room: "r1"}, fault.FieldMissing, "fault")
	f(inject.Spec{Room: "r1", Fault: "no.such"}, fault.CatalogueUnknown, "")
	f(inject.Spec{Room: "r1", Fault: "capture.denied"}, fault.InjectionImpossible, "")
	f(inject.Spec{Room: "r1", Fault: "turn.quota"}, fault.InjectionImpossible, "")
	f(inject.Spec{Room: "r1", Fault: "room.full", At: "nonsense"}, fault.FieldInvalid, "at")
	f(inject.Spec{Room: "r1", Fault: "room.full", At: inject.AtBlackhole}, fault.FieldInvalid, "at")
	f(inject.Spec{Room: "r1", At: inject.AtInit}, fault.FieldMissing, "fault")
	f(inject.Spec{Room: "r1", Fault: "room.full", For: 2 * time.Hour}, fault.FieldInvalid, "for")
	f(inject.Spec{Room: "r1", Fault: "room.full", After: -1}, fault.FieldInvalid, "after")
	f(inject.Spec{Room: "r1", Fault: "room.full", Count: -1}, fault.FieldInvalid, "count")
	f(inject.Spec{Room: "r1", Fault: "ice.failed", Count: 3}, fault.FieldInvalid, "count")
	f(inject.Spec{Room: "r1", Fault: "room.full", Probability: 1.5}, fault.FieldInvalid, "probability")
	f(inject.Spec{Room: "r1", Fault: "room.full", Code: 7}, fault.FieldInvalid, "code")
	f(inject.Spec{Room: "r1", Fault: "ice.failed", Code: 410}, fault.FieldInvalid, "code")
	f(inject.Spec{Room: "r1", Fault: "ice.failed", Direction: "up"}, fault.FieldInvalid, "direction")
	f(inject.Spec{Room: "r1", Fault: "ice.failed", Packets: "ipx"}, fault.FieldInvalid, "packets")
	f(inject.Spec{Room: "r1", Fault: "room.full", Packets: "rtp"}, fault.FieldInvalid, "packets")
	f(inject.Spec{Room: "r1", Fault: "ice.failed", Network: "ipx"}, fault.FieldInvalid, "network")
	f(inject.Spec{Room: "r1", Fault: "ice.failed", Side: "left"}, fault.FieldInvalid, "side")
	f(inject.Spec{Room: "r1", Fault: "room.full", Network: "udp"}, fault.FieldInvalid, "network")
	f(inject.Spec{Room: "r1", Fault: "room.full", Skew: time.Hour}, fault.FieldInvalid, "skew")
	f(inject.Spec{Room: "r1", At: inject.AtClock, Skew: 2 * inject.MaxSkew}, fault.FieldInvalid, "skew")
	f(inject.Spec{Room: "r1", At: inject.AtSlow, Delay: time.Minute}, fault.FieldInvalid, "delay")
	f(inject.Spec{Room: "r1", Fault: "room.full", Method: "join"}, fault.FieldInvalid, "method")
	f(inject.Spec{Room: "r1", At: inject.AtBandwidth, Rate: -1}, fault.FieldInvalid, "rate")
	f(inject.Spec{Room: "r1", Fault: "room.full", After: 2 * time.Hour}, fault.FieldInvalid, "after")
	f(inject.Spec{Room: "r1", Fault: "token.expired", Code: 401}, fault.FieldInvalid, "code")
	f(inject.Spec{Room: "r1", Fault: "ice.failed", Peer: "nobody"}, fault.PeerNotFound, "peer")
}

func TestConflicts(t *testing.T) {
	f := func(a, b inject.Spec, want bool) {
		t.Helper()
		p := inject.New(inject.Config{})
		defer p.Close()
		a.Room, b.Room = "r1", "r1"
		add(t, p, a)
		_, err := p.Add(b)
		if errors.Is(err, fault.InjectionConflict) != want || !want && err != nil {
			t.Errorf("%+v and %+v: %v", a, b, err)
		}
	}
	f(inject.Spec{Fault: "room.full"}, inject.Spec{Fault: "room.locked"}, true)
	f(inject.Spec{Fault: "room.full", User: "u1"}, inject.Spec{Fault: "room.locked", User: "u2"}, false)
	f(inject.Spec{Fault: "room.full", User: "u1"}, inject.Spec{Fault: "room.locked", Role: "host"}, true)
	f(inject.Spec{Fault: "room.full"}, inject.Spec{Fault: "ice.failed"}, false)
	f(inject.Spec{Fault: "ice.failed", Direction: "in"}, inject.Spec{At: inject.AtDelay, Direction: "out"}, false)
	f(inject.Spec{Fault: "ice.failed"}, inject.Spec{At: inject.AtDelay, Direction: "out"}, true)
	f(inject.Spec{Fault: "ice.failed", Network: "udp"}, inject.Spec{At: inject.AtDelay, Network: "tcp"}, false)
	f(inject.Spec{Fault: "ice.failed", Packets: "audio"}, inject.Spec{At: inject.AtDelay, Packets: "video"}, false)
	f(inject.Spec{Fault: "ice.failed", Packets: "rtp"}, inject.Spec{At: inject.AtDelay, Packets: "video"}, true)
	f(inject.Spec{Fault: "ice.failed", Packets: "media"}, inject.Spec{At: inject.AtDelay, Packets: "dtls"}, false)
	// What a network does at once goes together; twice the same does not.
	f(inject.Spec{At: inject.AtLoss}, inject.Spec{At: inject.AtDelay}, false)
	f(inject.Spec{At: inject.AtLoss}, inject.Spec{At: inject.AtLoss}, true)
	// One takes up what the other needs.
	f(inject.Spec{At: inject.AtAway}, inject.Spec{At: inject.AtRubbish}, true)
	f(inject.Spec{At: inject.AtRestart}, inject.Spec{At: inject.AtSilence}, true)
	f(inject.Spec{Fault: "token.expired"}, inject.Spec{At: inject.AtClock}, true)
	// At another time they are not in each other's way.
	f(inject.Spec{Fault: "room.full", For: time.Minute}, inject.Spec{Fault: "room.locked", After: time.Minute}, false)
	f(inject.Spec{Fault: "room.full", For: time.Minute}, inject.Spec{Fault: "room.locked", After: 59 * time.Second}, true)
	f(inject.Spec{Fault: "room.full", After: time.Minute}, inject.Spec{Fault: "room.locked", For: 30 * time.Second}, false)
}

// TestCheckTakesNothing: all that Add would refuse is refused, beside what is
// there and beside what comes before it in the list, and nothing is taken.
func TestCheckTakesNothing(t *testing.T) {
	p := inject.New(inject.Config{})
	defer p.Close()
	p.Attend(alice, func(a inject.Action) { t.Errorf("%s was done", a.Do) })
	add(t, p, inject.Spec{Fault: "room.full", At: inject.AtCall, Room: "r1", User: "u9"})
	f := func(at int, want *fault.Kind, specs ...inject.Spec) {
		t.Helper()
		for i := range specs {
			specs[i].Room = "r1"
		}
		rules, n, err := p.Check(specs)
		if want == nil && (err != nil || len(rules) != len(specs)) || want != nil && (!errors.Is(err, want) || n != at) {
			t.Errorf("%d: %v", n, err)
		}
		if list := p.List(anyRoom); len(list) != 1 {
			t.Errorf("left: %+v", list)
		}
	}
	cut, kick := inject.Spec{Fault: "signal.lost"}, inject.Spec{Fault: "peer.removed", After: time.Minute}
	f(0, nil, cut, kick)
	f(1, fault.PeerNotFound, cut, inject.Spec{Fault: "signal.lost", Peer: "nobody"}, kick)
	f(2, fault.CatalogueUnknown, cut, kick, inject.Spec{Fault: "no.such"})
	f(0, fault.InjectionConflict, inject.Spec{Fault: "room.locked", At: inject.AtCall, Method: "join", User: "u9"})
	f(1, fault.InjectionConflict, inject.Spec{Fault: "ice.failed", For: time.Minute}, inject.Spec{At: inject.AtLoss, After: 30 * time.Second})
	f(0, nil, inject.Spec{Fault: "ice.failed", For: time.Minute}, inject.Spec{At: inject.AtLoss, After: time.Minute})
}

func TestPacketsByNetworkAndMedium(t *testing.T) {
	p := inject.New(inject.Config{})
	defer p.Close()
	x := p.Attend(alice, func(inject.Action) {})
	x.SDP("answer", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 35\r\n")
	udp, _ := x.Wires()
	tcp, _ := x.TCPWires()
	opus, vp8, av1, report := []byte{144, 111, 0, 1}, []byte{144, 96, 0, 1}, []byte{144, 128 | 35, 0, 1}, []byte{128, 200, 0, 1}
	f := func(s inject.Spec, w *inject.Wire, want ...bool) {
		t.Helper()
		s.Fault, s.Room = "ice.failed", "r1"
		r := add(t, p, s)
		defer func() { _, _ = p.Remove(r.ID, "", "", anyRoom) }()
		for i, b := range [][]byte{opus, vp8, av1, report} {
			if got := first(w.Pass(false, b)); got != want[i] {
				t.Errorf("%+v: packet %d dropped: %v", s, i, got)
			}
		}
	}
	f(inject.Spec{Network: "udp"}, udp, true, true, true, true)
	f(inject.Spec{Network: "udp"}, tcp, false, false, false, false)
	f(inject.Spec{Network: "tcp"}, tcp, true, true, true, true)
	f(inject.Spec{Packets: "video"}, udp, false, true, true, false)
	f(inject.Spec{Packets: "audio"}, udp, true, false, false, false)
	f(inject.Spec{Packets: "rtp"}, tcp, true, true, true, false)
}

func TestLossAndDelayTogether(t *testing.T) {
	p := inject.New(inject.Config{})
	defer p.Close()
	pub, _ := p.Attend(alice, func(inject.Action) {}).Wires()
	add(t, p, inject.Spec{At: inject.AtDelay, Room: "r1", Delay: time.Second})
	add(t, p, inject.Spec{At: inject.AtLoss, Room: "r1", Probability: 1})
	if drop, _, late := pub.Pass(true, []byte{144, 96}); !drop || late != time.Second {
		t.Errorf("dropped %v, late %v", drop, late)
	}
}

// TestTokensOfThoseMeant: a rule about a peer is about the token she came in
// with, and none about anybody else's.
func TestTokensOfThoseMeant(t *testing.T) {
	p := inject.New(inject.Config{})
	defer p.Close()
	w := alice
	w.Token = "t1"
	p.Attend(w, func(inject.Action) {})
	shown := func(token, user string) inject.Judgement {
		return p.Token(inject.Who{Room: "r1", User: user, Role: "host", Token: token})
	}
	if j := shown("t1", "u1"); j.Expired || j.Took != nil {
		t.Errorf("%+v before anything was injected", j)
	}
	r := add(t, p, inject.Spec{Fault: "token.expired", Room: "r1", Peer: "alice"})
	if j := shown("t1", "u1"); !j.Expired || j.Revoked || j.Early {
		t.Errorf("%+v", j)
	}
	if j := shown("t2", "u2"); j.Expired {
		t.Error("another's token has expired, too")
	}
	if j := p.Token(inject.Who{Room: "r2", Token: "t1"}); j.Expired {
		t.Error("in another room, too")
	}
	_, _ = p.Remove(r.ID, "", "", anyRoom)
	if j := shown("t1", "u1"); j.Expired {
		t.Error("it goes on after the end")
	}
	add(t, p, inject.Spec{At: inject.AtClock, Room: "r1", Skew: -time.Hour})
	if j := shown("t9", "u9"); j.Skew != -time.Hour || j.Expired {
		t.Errorf("%+v", j)
	}
	if p.List(anyRoom)[0].Effects != 0 {
		t.Error("an effect is counted that there was not")
	}
}

// TestRemovalRestoresEveryPlaceAtOnce asks at each place before, during and
// after a rule.
func TestRemovalRestoresEveryPlaceAtOnce(t *testing.T) {
	places := map[string]func(p *inject.Plan, x *inject.Peer) bool{
		"init":    func(p *inject.Plan, _ *inject.Peer) bool { f, r := p.Init(alice); return f != nil || r != nil },
		"upgrade": func(p *inject.Plan, _ *inject.Peer) bool { return p.Upgrade(alice) },
		"room":    func(p *inject.Plan, _ *inject.Peer) bool { return p.Room(alice) != nil },
		"token":   func(p *inject.Plan, _ *inject.Peer) bool { j := p.Token(alice); return j.Expired || j.Skew != 0 },
		"store":   func(p *inject.Plan, _ *inject.Peer) bool { return p.Store(alice) != nil },
		"door":    func(p *inject.Plan, _ *inject.Peer) bool { return p.Gone(alice) },
		"call": func(_ *inject.Plan, x *inject.Peer) bool {
			return x.Call(join) != inject.Verdict{} || x.Call(offer) != inject.Verdict{}
		},
		"engine": func(_ *inject.Plan, x *inject.Peer) bool {
			return x.Call(inject.Call{Op: fault.OpSubscribe, Media: true}) != inject.Verdict{}
		},
		"socket": func(_ *inject.Plan, x *inject.Peer) bool { return x.Silent() },
		"sdp": func(_ *inject.Plan, x *inject.Peer) bool {
			return x.SDP("answer", "a=fingerprint:sha-256 0F\r\n") != "a=fingerprint:sha-256 0F\r\n"
		},
		"candidate": func(_ *inject.Plan, x *inject.Peer) bool { return x.BadCandidate() },
		"packets": func(_ *inject.Plan, x *inject.Peer) bool {
			w, _ := x.Wires()
			a, b, c := w.Pass(true, make([]byte, 30000))
			return a || b || c > 0
		},
		"keyframes": func(_ *inject.Plan, x *inject.Peer) bool {
			w, _ := x.Wires()
			return first(w.Pass(true, []byte{129, 206}))
		},
	}
	for _, m := range inject.Mechanisms() {
		if m.For == 0 {
			continue // it happens at a moment, and nothing is left to remove
		}
		p := inject.New(inject.Config{})
		x := p.Attend(alice, func(inject.Action) {})
		s := inject.Spec{At: m.Name, Room: "r1"}
		switch m.Name {
		case inject.AtInit, inject.AtCall, inject.AtRoom:
			s.Fault = "room.full"
		case inject.AtLoss, inject.AtCorrupt:
			s.Probability = 1
		case inject.AtBandwidth:
			s.Rate = 1
		}
		struck := func() (all []string) {
			for name, ask := range places {
				if ask(p, x) {
					all = append(all, name)
				}
			}
			return all
		}
		if all := struck(); len(all) > 0 {
			t.Errorf("%s: %v are struck before", m.Name, all)
		}
		r := add(t, p, s)
		if all := struck(); len(all) == 0 {
			t.Errorf("%s strikes nowhere", m.Name)
		}
		if _, err := p.Remove(r.ID, "", "test", anyRoom); err != nil {
			t.Error(m.Name, err)
		}
		if all := struck(); len(all) > 0 || !p.Idle() {
			t.Errorf("%s: %v are struck afterwards", m.Name, all)
		}
		p.Close()
	}
}

func TestWhoeverWasTouchedIsToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := inject.New(inject.Config{})
		defer p.Close()
		x := p.Attend(alice, func(inject.Action) {})
		other := p.Attend(inject.Who{Room: "r1", Peer: "p2"}, func(inject.Action) {})
		w, _ := x.Wires()
		add(t, p, inject.Spec{Fault: "ice.failed", Room: "r1", Peer: "alice", For: time.Second})
		if x.Tampered() {
			t.Error("nothing of hers was touched yet")
		}
		w.Pass(true, []byte{144, 96})
		if !w.Tampered() || other.Tampered() {
			t.Error("not just alice was touched")
		}
		time.Sleep(time.Second + inject.Grace + time.Millisecond)
		synctest.Wait()
		if w.Tampered() {
			t.Error("touched for ever")
		}
	})
}

// TestEveryChangeIsLogged: who added and who removed what.
func TestEveryChangeIsLogged(t *testing.T) {
	var b strings.Builder
	p := inject.New(inject.Config{Log: slog.New(slog.NewTextHandler(&b, nil))})
	r := add(t, p, inject.Spec{Fault: "room.full", Room: "r1", Role: "guest", By: "key1/token1"})
	if _, err := p.Remove(r.ID, "", "key2/token2", anyRoom); err != nil {
		t.Fatal(err)
	}
	p.Close()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i, want := range [][]string{
		{"level=WARN", "injection added", r.ID, "fault=room.full", "at=room", "room=r1", "role=guest", "by=key1/token1", "injected=true"},
		{"injection ended", r.ID, "why=removed", "by=key2/token2", "injected=true"},
	} {
		for _, w := range want {
			if i >= len(lines) || !strings.Contains(lines[i], w) {
				t.Errorf("line %d of the log has no %q:\n%s", i, w, b.String())
			}
		}
	}
}

// TestEveryFaultIsDecided: each fault either names mechanisms that can be asked
// for, or a reason why it has none.
func TestEveryFaultIsDecided(t *testing.T) {
	for _, k := range fault.All() {
		ways, why := inject.Ways(k)
		if len(ways) == 0 && len(why) < 20 {
			t.Errorf("%s: neither a way nor a reason", k.ID)
		}
		for _, at := range ways {
			p := inject.New(inject.Config{})
			if _, err := p.Add(inject.Spec{Fault: k.ID, At: at, Room: "r1"}); err != nil {
				t.Errorf("%s at %s: %v", k.ID, at, err)
			}
			p.Close()
		}
	}
}

func BenchmarkWireIdle(b *testing.B) {
	p := inject.New(inject.Config{})
	defer p.Close()
	pub, _ := p.Attend(alice, func(inject.Action) {}).Wires()
	var gate interface {
		Pass(bool, []byte) (bool, bool, time.Duration)
	} = pub
	packet := make([]byte, 1200)
	for b.Loop() {
		if drop, _, _ := gate.Pass(true, packet); drop {
			b.Fatal("dropped")
		}
	}
}

// TestTheEngineFailsInThreeWays: it refuses, does not answer, or answers nonsense,
// for the calls that need it alone, and each is marked as provoked.
func TestTheEngineFailsInThreeWays(t *testing.T) {
	media, other := inject.Call{Op: fault.OpPublish, Media: true}, inject.Call{Op: fault.OpMessage}
	for _, c := range []struct {
		spec  inject.Spec
		want  *fault.Kind
		delay time.Duration
		says  string
	}{
		{inject.Spec{At: inject.AtEngine}, fault.MediaNodeUnreachable, 0, "refused"},
		{inject.Spec{At: inject.AtEngine, Delay: time.Second}, fault.MediaNodeUnreachable, time.Second, "within 1s"},
		{inject.Spec{Fault: fault.MediaNodeResponse.ID}, fault.MediaNodeResponse, 0, "decoded"},
	} {
		p := inject.New(inject.Config{})
		x := p.Attend(alice, func(inject.Action) {})
		c.spec.Room = "r1"
		add(t, p, c.spec)
		do := x.Call(media)
		f := fault.From(do.Err, fault.OpPublish)
		if f == nil || f.Kind != c.want || do.Delay != c.delay || !inject.Caused(f) || !strings.Contains(fmt.Sprint(f.Detail("reason")), c.says) {
			t.Errorf("%+v: %+v", c.spec, do)
		}
		if do := x.Call(other); do != (inject.Verdict{}) {
			t.Errorf("%+v strikes a message: %+v", c.spec, do)
		}
		p.Close()
	}
}

// TestMechanismsAreDocumented: each has its row.
func TestMechanismsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/injection.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range inject.Mechanisms() {
		if !strings.Contains(string(page), "\n| `"+m.Name+"`") && !strings.Contains(string(page), ", `"+m.Name+"` |") {
			t.Errorf("docs/injection.md has no row for %s", m.Name)
		}
	}
}
