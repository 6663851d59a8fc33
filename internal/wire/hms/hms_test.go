// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// joined is a peer inside, with its peer list received.
func (s *station) joined(role, name string) *peer {
	s.t.Helper()
	p := s.connect(role, "user-"+name)
	p.expect("on-policy-change")
	p.join(name)
	p.expect("peer-list")
	return p
}

func TestInitTellsEachRefusalApart(t *testing.T) {
	s := newStation(t, nil)
	expired := func(c *token.Claims) {
		c.IssuedAt, c.NotBefore = time.Now().Add(-2*time.Hour), time.Now().Add(-2*time.Hour)
		c.ExpiresAt = time.Now().Add(-time.Hour)
	}
	elsewhere := func(c *token.Claims) { c.RoomID = "nowhere" }
	byName := func(c *token.Claims) { c.RoomID = "our weekly meeting" }
	for _, c := range []struct {
		name, tok string
		code      float64
		fault     string
	}{
		{"no token", "", 40109, "token.missing"},
		{"not a JWT", "rubbish", 40109, "token.malformed"},
		{"expired", s.token("host", "u", expired), 40100, "token.expired"},
		{"unknown room", s.token("host", "u", elsewhere), 40102, "token.room"},
		{"the name of a room", s.token("host", "u", byName), 40001, "room.id_invalid"},
		{"unknown role", s.token("king", "u"), 40108, "token.role"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := s.init(c.tok, "p1")
			if status < 400 || status == 404 || status >= 500 {
				t.Errorf("status %d: clients settle only on other refusals", status)
			}
			if body["code"] != c.code || body["fault"] != c.fault {
				t.Errorf("got %v, want %v %s", body, c.code, c.fault)
			}
		})
	}
	for _, c := range []struct {
		name  string
		edit  func(*participant.RoomRecord)
		fault string
	}{
		{"disabled", func(p *participant.RoomRecord) { p.Enabled = false }, "room.disabled"},
		{"locked", func(p *participant.RoomRecord) { p.Enabled, p.Locked = true, true }, "room.locked"},
		{"of another account", func(p *participant.RoomRecord) { p.Locked, p.Account = false, "other" }, "token.room"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.dir.change(c.edit)
			if _, body := s.init(s.token("host", "u"), "p1"); body["fault"] != c.fault {
				t.Errorf("got %v, want %s", body, c.fault)
			}
		})
	}
	e := s.events.wait(t, event.ConnectFailed)
	if e.Source != event.FromServer {
		t.Errorf("the refusal is recorded as told by %q", e.Source)
	}
}

// The scheme of the Authorization header is case-insensitive (RFC 9110, 11.1).
func TestInitReadsTheSchemeInAnyCase(t *testing.T) {
	s := newStation(t, nil)
	for header, want := range map[string]int{"Bearer ": 200, "bearer ": 200, "BEARER  ": 200, "Basic ": 401, "": 401} {
		req, _ := http.NewRequest("GET", s.web.URL+"/init?peer_id=p1", nil)
		req.Header.Set("Authorization", header+s.token("host", "u"))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%q: %d, want %d", header, res.StatusCode, want)
		}
	}
}

func TestInitGivesWhereToConnect(t *testing.T) {
	s := newStation(t, nil)
	status, body := s.init(s.token("host", "u"), "p1")
	if status != 200 || !strings.HasPrefix(body["endpoint"].(string), "ws://") || body["config"] == nil {
		t.Fatalf("%d %v", status, body)
	}
}

func TestPolicyComesFirst(t *testing.T) {
	s := newStation(t, nil)
	p := s.connect("guest", "u")
	p.expect("session-info")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[0].method != "on-policy-change" || p.seen[0].params["name"] != "guest" {
		t.Fatalf("first came %v", p.seen[0])
	}
}

func TestTwoPeersSeeAndHearEachOther(t *testing.T) {
	s := newStation(t, nil)
	alice := s.joined("host", "alice")
	bob := s.joined("guest", "bob")
	alice.expect("on-peer-join")
	audio := alice.publish("audio")
	video := alice.publish("video")
	got := map[string]bool{}
	for range 2 {
		added := bob.expect("on-track-add")
		for id := range added["tracks"].(map[string]any) {
			got[id] = true
		}
	}
	if !got[audio] || !got[video] {
		t.Fatalf("announced %v, want %s and %s", got, audio, video)
	}
	if tr := <-bob.remote; tr.ID() != audio {
		t.Fatalf("first track %s is not the audio", tr.ID())
	} else if _, _, err := tr.ReadRTP(); err != nil {
		t.Fatal(err)
	}
	<-bob.opened
	if err := bob.channel.Load().SendText(`{"id":"1","jsonrpc":"2.0","method":"prefer-video-track-state","params":{"track_id":"` + video + `","max_spatial_layer":"high"}}`); err != nil {
		t.Fatal(err)
	}
	if a := <-bob.answers; a["error"] != nil {
		t.Fatalf("layer refused: %v", a)
	}
	tr := <-bob.remote
	if _, _, err := tr.ReadRTP(); err != nil || tr.ID() != video {
		t.Fatal(tr.ID(), err)
	}
	if e := s.events.wait(t, event.TrackAdded); e.PeerID != alice.id || e.Role != "host" {
		t.Errorf("track event about %s %s", e.PeerID, e.Role)
	}
}

func TestADroppedPeerIsHeldAndResumes(t *testing.T) {
	s := newStation(t, nil)
	alice, bob := s.joined("host", "alice"), s.joined("guest", "bob")
	alice.expect("on-peer-join")
	bob.publish("audio")
	alice.expect("on-track-add")
	_ = bob.ws.CloseNow()
	<-bob.closed
	s.waitHeld(1)
	alice.must("broadcast", map[string]any{"info": map[string]string{"type": "chat", "message": "are you there?"}})
	bob.open()
	bob.expect("on-policy-change")
	list := bob.expect("peer-list")
	if list["peers"].(map[string]any)[alice.id] == nil {
		t.Fatalf("alice is not in %v", list)
	}
	if m := bob.expect("on-broadcast"); m["info"].(map[string]any)["message"] != "are you there?" {
		t.Fatalf("missed message: %v", m)
	}
	if _, code, f := bob.call("peer-update", map[string]string{"name": "bobby"}); code != 0 {
		t.Fatal(code, f)
	}
	alice.expect("on-peer-update")
	alice.mu.Lock()
	defer alice.mu.Unlock()
	for _, n := range alice.seen {
		if n.method == "on-peer-leave" {
			t.Error("alice was told that bob left")
		}
	}
}

func TestAPeerThatStaysAwayIsLostAndRecorded(t *testing.T) {
	s := newStation(t, func(c *config) { c.Hold = 300 * time.Millisecond })
	alice, bob := s.joined("host", "alice"), s.joined("guest", "bob")
	alice.expect("on-peer-join")
	_ = bob.ws.CloseNow()
	if left := alice.expect("on-peer-leave"); left["peer_id"] != bob.id {
		t.Fatalf("left: %v", left)
	}
	e := s.events.wait(t, event.Disconnected)
	if e.PeerID != bob.id || e.Role != "guest" || e.Fault != "signal.lost" || e.UserName != "bob" {
		t.Errorf("recorded %+v", e)
	}
}

func TestAClosedTabLeavesAtOnce(t *testing.T) {
	s := newStation(t, nil)
	alice, bob := s.joined("host", "alice"), s.joined("guest", "bob")
	alice.expect("on-peer-join")
	_ = bob.ws.Close(websocket.StatusGoingAway, "")
	alice.expect("on-peer-leave")
}

// Somebody may come back at the very moment her seat is given up.
func TestComingBackToASeatGivenUpIsRecorded(t *testing.T) {
	s := newStation(t, nil)
	bob := s.joined("guest", "bob")
	tidy := s.h.GiveUp(roomID, bob.id)
	defer tidy()
	again := &peer{s: s, t: t, id: bob.id, tok: bob.tok}
	again.open()
	if e := again.expect("on-error"); e["code"] != 41001. {
		t.Errorf("told %v", e)
	}
	e := s.events.wait(t, event.Disconnected)
	if e.PeerID != bob.id || e.Fault != "peer.gone" || !e.Failure.Terminal || e.Action != "RECONNECT_SIGNAL" || e.UserID != "user-bob" {
		t.Errorf("recorded %+v", e)
	}
}

// Its SDK closes the reports' socket before it could tell of such a failure.
func TestAClientThatGivesUpOnAnOfferIsRecorded(t *testing.T) {
	s := newStation(t, nil)
	alice, bob, carol := s.joined("host", "alice"), s.joined("guest", "bob"), s.joined("guest", "carol")
	for _, p := range []*peer{bob, carol} {
		p.expect("offer") // the first one, which it answers
		p.deaf.Store(true)
	}
	alice.publish("audio")
	for _, p := range []*peer{bob, carol} {
		p.expect("offer")
	}
	_ = carol.write(map[string]any{"method": "leave", "params": map[string]any{"client_reason": "user request"}})
	_ = bob.write(map[string]any{"method": "leave", "params": map[string]any{"client_reason": "sdk request"}})
	alice.expect("on-peer-leave")
	alice.expect("on-peer-leave")
	e := s.events.wait(t, event.SubscribeFailed)
	if e.PeerID != bob.id || e.Fault != "media.renegotiation" || !e.Failure.Terminal || e.Action != "SUBSCRIBE" || e.Role != "guest" {
		t.Errorf("recorded %+v", e)
	}
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	for _, e := range s.events.list {
		if e.Type == event.SubscribeFailed && e.PeerID == carol.id {
			t.Errorf("carol left because she wanted to: %+v", e)
		}
	}
}

func TestAPeerOfAnEarlierProcessMovesToThisOne(t *testing.T) {
	s := newStation(t, nil)
	p := &peer{s: s, t: t, id: "held-peer", tok: s.token("guest", "u-held"), node: "node-of-the-dead"}
	s.dir.held["held-peer"] = room.Peer{ID: "held-peer", UserID: "u-held", Resume: digest(t, p.tok), Name: "Carol", Role: "guest"}
	p.open()
	p.expect("on-policy-change")
	p.expect("peer-list")
	// The restart is recorded with whom it touched, whatever the client tells of it.
	e := s.events.wait(t, event.Disconnected)
	if f := (fault.Error{Details: e.Details}); e.Fault != fault.SignalLost.ID || e.Failure.Terminal || f.Detail("restarted") != true ||
		e.PeerID != "held-peer" || e.UserID != "u-held" || e.UserName != "Carol" || e.SessionID == "" || e.Evidence == nil {
		t.Errorf("recorded %+v", e)
	}
	p.newPub()
	if _, code, f := p.offer(map[string]any{}); code != 421 || f != "signal.node_moved" {
		t.Fatalf("got %d %s, want 421", code, f)
	}
	_ = p.pub.Close()
	p.node = p.expect("node-info")["sfu_node_id"].(string)
	p.newPub()
	res, code, f := p.offer(map[string]any{})
	if code != 0 {
		t.Fatal(code, f)
	}
	if !strings.HasPrefix(res["sdp"].(string), "v=0") {
		t.Fatalf("answer %v", res)
	}
	p.expect("peer-list")
	other := s.joined("host", "dave")
	if found := other.must("get-peer", map[string]string{"peer_id": "held-peer"}); found["info"].(map[string]any)["name"] != "Carol" {
		t.Fatalf("came back as %v", found)
	}
}

func TestAStrangerCannotTakeASeat(t *testing.T) {
	s := newStation(t, nil)
	alice := s.joined("host", "alice")
	if _, body := s.init(s.token("host", "mallory"), alice.id); body["fault"] != "peer.already_joined" || body["code"] != 40004.0 {
		t.Fatalf("got %v", body)
	}
}

func TestPermissionsAreTheServers(t *testing.T) {
	s := newStation(t, nil)
	host, guest, viewer := s.joined("host", "h"), s.joined("guest", "g"), s.joined("viewer", "v")
	for method, params := range map[string]any{
		"end-room":                        map[string]any{"lock": false, "reason": "x"},
		"peer-leave-request":              map[string]any{"requested_for": host.id, "reason": "x"},
		"role-change-request":             map[string]any{"requested_for": guest.id, "role": "host", "force": true},
		"change-track-mute-state-request": map[string]any{"value": true},
	} {
		if _, code, f := guest.call(method, params); code != 403 || f != "permission.denied" {
			t.Errorf("%s by a guest: %d %s", method, code, f)
		}
	}
	// A viewer's media is answered, as clients hang otherwise, and goes nowhere.
	viewer.publish("audio")
	if e := s.events.wait(t, event.PublishFailed); e.Fault != "permission.publish" || e.PeerID != viewer.id {
		t.Errorf("recorded %+v", e)
	}
	host.must("peer-leave-request", map[string]any{"requested_for": guest.id, "reason": "bye"})
	if ask := guest.expect("on-peer-leave-request"); ask["reason"] != "bye" || ask["room_end"] != false {
		t.Errorf("told %v", ask)
	}
	if _, body := s.init(guest.tok, guest.id); body["fault"] == nil {
		t.Error("a removed peer may come back")
	}
}

func TestBadInputIsRefusedByName(t *testing.T) {
	s := newStation(t, func(c *config) { c.Wire.MaxFrame = 8 << 10; c.Wire.MaxSDP = 4 << 10 })
	p := s.joined("host", "alice")
	long := strings.Repeat("x", 6<<10)
	for _, c := range []struct {
		name, method string
		params       any
		code         int
		fault        string
	}{
		{"unknown method", "dance", nil, 400, "signal.method_unknown"},
		{"recording", "rtmp-start", nil, 400, "feature.unsupported"},
		{"missing field", "get-peer", map[string]any{}, 400, "request.field_missing"},
		{"mistyped field", "broadcast", map[string]any{"info": 7}, 400, "request.field_invalid"},
		{"mistyped params", "get-peer", []int{1}, 400, "request.field_invalid"},
		{"join twice", "join", map[string]any{"name": "a"}, 40004, "peer.already_joined"},
		{"long description", "offer", map[string]any{"desc": map[string]any{"type": "offer", "sdp": long}}, 413, "signal.frame_too_large"},
		{"rubbish description", "offer", map[string]any{"desc": map[string]any{"type": "offer", "sdp": "v=1 rubbish"}}, 400, "sdp.invalid"},
		{"unknown peer", "broadcast", map[string]any{"peer_id": "nobody", "info": map[string]any{"message": "x"}}, 404, "peer.not_found"},
		{"unknown role", "role-change-request", map[string]any{"requested_for": p.id, "role": "king"}, 400, "role.not_found"},
		{"rubbish candidate", "trickle", map[string]any{"target": 0, "candidate": 7}, 400, "ice.candidate_invalid"},
		{"bad target", "trickle", map[string]any{"target": 7, "candidate": map[string]any{}}, 400, "request.field_invalid"},
		{"large frame", "broadcast", map[string]any{"info": map[string]any{"message": strings.Repeat("x", 9<<10)}}, 413, "signal.frame_too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, code, f := p.call(c.method, c.params); code != c.code || f != c.fault {
				t.Errorf("got %d %s, want %d %s", code, f, c.code, c.fault)
			}
		})
	}
	for _, raw := range []string{"", "[]", "{", `{"id":7}`, "\x00\xff", `{"method":""}`} {
		if err := p.ws.Write(context.Background(), websocket.MessageText, []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	if _, code, f := p.call("ping", map[string]any{"timestamp": 1}); code != 0 {
		t.Fatalf("after rubbish the socket is dead: %d %s", code, f)
	}
}

func TestJoiningTooFastIsRefused(t *testing.T) {
	s := newStation(t, func(c *config) { c.Wire.InitRate, c.Wire.InitBurst = 1, 5 })
	tok, refused := s.token("host", "u"), 0
	for range 20 {
		if status, body := s.init(tok, "p"); status == 429 && body["fault"] == "rate.limited" {
			refused++
		}
	}
	if refused < 14 {
		t.Fatalf("only %d of 20 refused", refused)
	}
}

func TestARestartLeavesPeersInTheRoom(t *testing.T) {
	s := newStation(t, nil)
	p := s.joined("host", "alice")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.close(ctx); err != nil {
		t.Fatal(err)
	}
	<-p.closed
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.code != websocket.StatusServiceRestart {
		t.Errorf("closed with %d, want 1012", p.code)
	}
	if r := s.hub.Active(roomID); r == nil || r.Size() != 1 {
		t.Error("the peer was taken out of the room")
	}
}

func TestAThousandCandidatesAreTooMany(t *testing.T) {
	s := newStation(t, func(c *config) { c.Wire.FrameRate = 10_000 })
	p := s.joined("host", "alice")
	limited := 0
	for i := range 1000 {
		_, code, f := p.call("trickle", map[string]any{"target": i % 2, "candidate": map[string]any{
			"candidate": fmt.Sprintf("candidate:%d 1 udp 2122260223 127.0.0.1 %d typ host", i, 20000+i), "sdpMid": "0", "sdpMLineIndex": 0,
		}})
		if code != 0 && f != "ice.candidate_limit" {
			t.Fatalf("candidate %d: %d %s", i, code, f)
		}
		if code != 0 {
			limited++
		}
	}
	if limited < 300 {
		t.Errorf("only %d refused", limited)
	}
	p.must("ping", map[string]any{"timestamp": 1})
}

func TestRubbishOnTheDataChannelDisturbsNobody(t *testing.T) {
	s := newStation(t, nil)
	alice, bob := s.joined("host", "alice"), s.joined("guest", "bob")
	<-bob.opened
	for _, text := range []string{"", "{", "[]", "null", `{"id":"1"}`, "\x00", strings.Repeat("x", 20<<10)} {
		if err := bob.channel.Load().SendText(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := bob.channel.Load().Send([]byte{0xff, 0xfe}); err != nil {
		t.Fatal(err)
	}
	want := []struct{ frame, fault string }{
		{`{"id":"2","method":"dance"}`, "signal.method_unknown"},
		{`{"id":"3","method":"prefer-video-track-state","params":{"track_id":"t","max_spatial_layer":"huge"}}`, "request.field_invalid"},
		{`{"id":"4","method":"prefer-audio-track-state","params":{"track_id":"t"}}`, "request.field_missing"},
		{`{"id":"5","method":"prefer-video-track-state","params":{"track_id":"t","max_spatial_layer":"low"}}`, "track.not_found"},
	}
	if err := bob.channel.Load().SendText(want[0].frame); err != nil {
		t.Fatal(err)
	}
	if a := <-bob.answers; a["id"] == "1" {
		a = <-bob.answers // the frame without a method was refused first
		if got := a["error"].(map[string]any)["fault"]; got != want[0].fault {
			t.Errorf("%s: %v", want[0].frame, got)
		}
	}
	for _, w := range want[1:] {
		if err := bob.channel.Load().SendText(w.frame); err != nil {
			t.Fatal(err)
		}
		a := <-bob.answers
		if e, ok := a["error"].(map[string]any); !ok || e["fault"] != w.fault {
			t.Errorf("%s: %v, want %s", w.frame, a, w.fault)
		}
	}
	alice.must("broadcast", map[string]any{"info": map[string]string{"type": "chat", "message": "still here"}})
	bob.expect("on-broadcast")
}
