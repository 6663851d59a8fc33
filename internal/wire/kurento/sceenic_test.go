// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sceenic"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// openSceenic adds the door of Sceenic apps to the station.
func (s *station) openSceenic(mux *http.ServeMux, cfg kurento.Config) {
	nobody := func(*http.Request) netip.Addr { return netip.MustParseAddr("127.0.0.1") }
	tokens := sceenic.New(sceenic.Config{
		Key: "the key", Secret: secret, Account: key.Account, RoomKey: key, Registry: s.registry,
		Rate: limit.Rate{PerSecond: 1e6, Burst: 1e6}, ClientAddr: nobody, Limited: func(string) {},
		SocketURL:  func(r *http.Request) (string, error) { return "ws://" + r.Host + "/sceenic", nil },
		ICEServers: func(r *http.Request) []kurento.ICEServer { return cfg.ServersFor(r.Host) },
	})
	cfg.Tokens, cfg.Shared = nil, tokens
	mux.HandleFunc("/sceenic", kurento.New(cfg).ServeWS)
	mux.Handle("/stream/token/v2/", tokens)
}

// party is a session of Sceenic clients.
type party struct {
	*station
	token, room string
}

// party asks for the token of a new session, or of the one of a name.
func (s *station) party(name string) *party {
	s.t.Helper()
	path := "/stream/token/v2/"
	if name != "" {
		path += "?session=" + name
	}
	p := &party{station: s}
	r, err := http.NewRequest(http.MethodGet, s.web.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("auth-api-key", "the key")
	r.Header.Set("auth-api-secret", secret)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	var got struct{ Token string }
	if err := json.NewDecoder(reply.Body).Decode(&got); err != nil || reply.StatusCode != http.StatusOK {
		s.t.Fatalf("%d, %v", reply.StatusCode, err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(got.Token, ".")[1])
	var claims struct{ Rid string }
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil || claims.Rid == "" {
		s.t.Fatalf("%s: %v", payload, err)
	}
	p.token, p.room = got.Token, claims.Rid
	return p
}

// asking are the params of a join.
func (p *party) asking(name string, more ...any) map[string]any {
	params := map[string]any{"token": p.token, "participantName": name}
	for i := 0; i < len(more); i += 2 {
		params[more[i].(string)] = more[i+1]
	}
	return params
}

// enter joins the session.
func (p *party) enter(name string, more ...any) *client {
	p.t.Helper()
	c := p.dialAt("/sceenic")
	c.joined(p.asking(name, more...))
	return c
}

// joined makes the call and notes who the client is.
func (c *client) joined(params map[string]any) map[string]any {
	c.t.Helper()
	got := c.must("joinRoom", params)
	c.id, c.rpc = got["participantId"].(string), got["secret"].(string)
	return got
}

// lost publishes and then loses the connection that its media goes over, as when its
// browser gives it up: the stream is announced still, and nothing arrives of it any
// more.
func (p *party) lost(c, other *client) {
	p.t.Helper()
	pc, tracks, offer := c.offer()
	got := c.must("publishVideo", map[string]any{"sdpOffer": offer, "hasAudio": true, "hasVideo": true, "typeOfVideo": "CAMERA"})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got["sdpAnswer"].(string)}); err != nil {
		p.t.Fatal(err)
	}
	pump(p.t, tracks)
	other.hear("participantPublished", of("id", c.id))
	other.subscribe(c.id) // it did arrive
	other.must("unsubscribeFromVideo", map[string]any{"sender": c.id})
	_ = pc.Close()
	receiver := p.all.Participant(p.room, room.PeerID(other.id))
	p.until("the media is gone", func() bool {
		arrives := make(chan bool, 1)
		receiver.Post(func() {
			any := false
			for _, track := range tracks {
				_, here := receiver.Media().Source(room.TrackID(track.ID()))
				any = any || here
			}
			arrives <- any
		})
		return !<-arrives
	})
}

// TestAWatchParty has people join with one token, publish, receive, say where the
// player is, take part in other ways and leave.
func TestAWatchParty(t *testing.T) {
	s := newStation(t)
	p := s.party("watch")
	if again := s.party("watch"); again.token != p.token {
		t.Error("two who ask for one session get two tokens")
	}
	ann := p.enter("ann", "metadata", `{"seat":1}`)
	bob := p.dialAt("/sceenic")
	got := bob.joined(p.asking("bob", "type", "VIEWER"))
	for field, want := range map[string]any{
		"participantName": "bob", "type": "VIEWER", "locked": false, "synchronizer": ann.id, "session": p.room, "id": bob.id, "sessionId": bob.rpc,
		"mediaServer": "mediasoup",
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	if ice := got["iceServers"].([]any); len(ice) == 0 || !strings.HasPrefix(ice[0].(map[string]any)["urls"].(string), "stun:127.0.0.1:") {
		t.Errorf("ICE servers %v", ice)
	}
	first := got["value"].([]any)[0].(map[string]any)
	if first["participantName"] != "ann" || first["type"] != "FULL_PARTICIPANT" || first["metadata"] != `{"seat":1}` || first["id"] != ann.id {
		t.Errorf("ann is told as %v", first)
	}
	if n := ann.hear("participantJoined", of("id", bob.id)); n["participantName"] != "bob" || n["type"] != "VIEWER" {
		t.Errorf("bob is told as %v", n)
	}

	anns := ann.publish()
	bob.hear("participantPublished", of("id", ann.id))
	bob.subscribe(ann.id) // by who it is
	bob.refused("publishVideo", map[string]any{"sdpOffer": second(bob.offer()), "hasAudio": true}, 106, fault.PublishNotAllowed)
	bob.must("setParticipantType", map[string]any{"type": "FULL_PARTICIPANT"})
	if n := ann.hear("participantTypeChanged", of("connectionId", bob.id)); n["type"] != "FULL_PARTICIPANT" {
		t.Errorf("%v", n)
	}
	bobs := bob.publish()
	ann.hear("participantPublished", of("id", bob.id))
	ann.subscribe(bobs)

	ann.must("sendPlayerData", map[string]any{"data": map[string]any{"at": 7}})
	if n := bob.hear("playerData", of("from", ann.id)); n["data"].(map[string]any)["at"] != 7.0 {
		t.Errorf("%v", n)
	}
	state := bob.must("getSessionState", map[string]any{})
	if state["participantId"] != bob.id || state["streaming"].(map[string]any)["now"] != 2.0 || len(state["participants"].([]any)) != 2 ||
		state["player"].(map[string]any)["from"] != ann.id {
		t.Errorf("%v", state)
	}
	bob.must("sendMessage", map[string]any{"message": `{"type":"chat","data":"hi"}`})
	ann.hear("sendMessage", of("data", "hi"))

	// A stream that the new type may not send ends, for its sender too.
	bob.must("setParticipantType", map[string]any{"type": "A_BROADCASTER"})
	bob.hear("participantUnpublished", of("connectionId", bob.id))
	ann.hear("participantUnpublished", of("connectionId", bob.id))
	bob.hear("participantUnpublished", of("connectionId", ann.id)) // who receives nothing any more
	bob.must("setParticipantType", map[string]any{"type": "VIEWER"})
	bob.hear("participantPublished", of("id", ann.id))

	live := s.hub.Active(p.room)
	if err := live.SetRules(t.Context(), room.Rules{Locked: true}); err != nil {
		t.Fatal(err)
	}
	bob.hear("sessionLockChanged", func(n map[string]any) bool { return n["locked"] == true })
	ann.must("leaveRoom", map[string]any{})
	bob.hear("participantLeft", of("connectionId", ann.id))
	bob.hear("synchronizerChanged", of("connectionId", ""))
	_ = anns
}

func second[A, B, C any](_ A, _ B, c C) C { return c }

// TestOneRoomForAll: people who came by OpenVidu and by Sceenic see each other.
func TestOneRoomForAll(t *testing.T) {
	s := newStation(t)
	s.api("POST", "/sessions", `{"customSessionId":"both"}`, 200)
	open := s.enter("both", "PUBLISHER", "open")
	watch := s.party("both").enter("watch")
	n := open.hear("participantJoined", of("id", watch.id))
	if !strings.HasPrefix(n["metadata"].(string), `{"clientData":"watch"}`) || n["participantName"] != nil {
		t.Errorf("told to OpenVidu as %v", n)
	}
	stream := open.publish()
	if n := watch.hear("participantPublished", of("id", open.id)); n["participantName"] != "open" || n["type"] != "FULL_PARTICIPANT" {
		t.Errorf("told to Sceenic as %v", n)
	}
	watch.subscribe(stream)
	mine := watch.publish()
	open.hear("participantPublished", of("id", watch.id))
	open.subscribe(mine)
	watch.must("sendMessage", map[string]any{"message": `{"to":["` + open.id + `"],"type":"chat","data":"hi"}`})
	open.hear("sendMessage", of("data", "hi"))
	if w := s.party("both").dialAt("/sceenic"); w.call("joinRoom", s.party("both").asking("open")).Error == nil {
		t.Error("a second one of the same name")
	}
}

// TestGoingOnBySecret: a client that lost its socket goes on by its secret, quietly or
// from the start, and nobody else does.
func TestGoingOnBySecret(t *testing.T) {
	s := newStation(t)
	p := s.party("")
	ann, bob := p.enter("ann"), p.enter("bob")
	stream := ann.publish()
	bob.hear("participantPublished", of("id", ann.id))
	bob.subscribe(stream)

	_ = bob.ws.CloseNow()
	cleo := p.enter("cleo") // while bob is away
	quietly := p.dialAt("/sceenic")
	quietly.must("connect", map[string]any{"sessionId": bob.rpc})
	quietly.hear("participantJoined", of("id", cleo.id))
	quietly.must("getSessionState", nil)

	// From the start: on a new socket, with all that is there, and the old one ends.
	back := p.dialAt("/sceenic")
	got := back.joined(p.asking("bob", "oldParticipantSecret", bob.rpc))
	if got["participantId"] != bob.id || got["secret"] != bob.rpc || len(got["value"].([]any)) != 2 {
		t.Errorf("%v", got)
	}
	select {
	case <-quietly.closed:
	case <-time.After(patience):
		t.Error("two sockets for one participant")
	}
	back.subscribe(stream) // anew
	ann.must("ping", nil)
	if left := ann.heard("participantLeft"); left {
		t.Error("he was told to have left")
	}

	// A stranger's secret, and one of another session.
	other := s.party("")
	for _, c := range []struct {
		in     *party
		secret string
	}{{p, "guessed"}, {other, bob.rpc}} {
		c.in.dialAt("/sceenic").refused("joinRoom", c.in.asking("bob", "oldParticipantSecret", c.secret), 106, fault.ResumeSecret)
	}
	back.must("ping", nil)
}

// heard tells whether a notification has come.
func (c *client) heard(method string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.news, func(n news) bool { return n.method == method })
}

// TestAJoinThatIsGivenUp: who closes the socket before the join is answered leaves
// nobody behind, and the record says so. (W027)
func TestAJoinThatIsGivenUp(t *testing.T) {
	for _, goodbye := range []func(*client){
		func(c *client) { _ = c.ws.CloseNow() },
		func(c *client) { _ = c.ws.Close(websocket.StatusGoingAway, "") },
	} {
		s := newStation(t)
		p := s.party("")
		slow := make(chan struct{})
		s.stall.Store(&slow) // a disk that takes its time
		ann := p.dialAt("/sceenic")
		raw, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "joinRoom", "params": p.asking("ann")})
		ann.send("1", string(raw))
		s.until("ann is inside", func() bool { r := s.hub.Active(p.room); return r != nil && r.Size() == 1 })
		goodbye(ann)
		s.until("it is recorded", func() bool { return slices.Contains(s.events.faults(), fault.JoinAbandoned.ID) })
		s.until("nobody is left", func() bool { r := s.hub.Active(p.room); return r == nil || r.Size() == 0 })
		s.stall.Store(nil)
		close(slow)
		p.enter("ann") // the name is free
	}
}

// TestAJoinThatIsGivenUpTooLate: the answer to a join is on its way when the client
// gives it up, which only the client knows. (W027)
func TestAJoinThatIsGivenUpTooLate(t *testing.T) {
	s := newStation(t)
	p := s.party("")
	ann := p.enter("ann")
	ann.must("leaveRoom", map[string]any{"abandoned": true})
	s.until("it is recorded", func() bool { return slices.Contains(s.events.faults(), fault.JoinAbandoned.ID) })
	s.until("nobody is left", func() bool { r := s.hub.Active(p.room); return r == nil || r.Size() == 0 })
	bob := p.enter("bob")
	bob.must("leaveRoom", map[string]any{})
	p.enter("bob") // it left, which is no failure
	if all := s.events.faults(); len(all) != 1 {
		t.Errorf("recorded are %v", all)
	}
}

// until waits for something.
func (s *station) until(what string, is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("never: %s", what)
		}
	}
}

// TestHostileParties: what somebody sends who has the token of a session is refused
// with a typed error, and the others go on.
func TestHostileParties(t *testing.T) {
	s := newStation(t)
	p := s.party("")
	ann := p.enter("ann")
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct {
		params map[string]any
		code   int
		kind   *fault.Kind
	}{
		{p.asking(long), 803, fault.FieldInvalid},
		{p.asking(" "), 803, fault.FieldMissing},
		{p.asking("\xff"), 104, nil}, // JSON makes it a sign of replacement, which is a name
		{p.asking("eve", "metadata", strings.Repeat("x", 40_000)), 803, fault.FieldInvalid},
		{p.asking("eve", "metadata", 7), 803, fault.FieldInvalid},
		{p.asking("eve", "type", long), 101, fault.PeerTypeInvalid},
		{p.asking("eve", "oldParticipantSecret", long), 106, fault.ResumeSecret},
		{map[string]any{"token": p.token + "=", "participantName": "eve"}, 1101, fault.TokenMalformed},
		{map[string]any{"token": long, "participantName": "eve"}, 1101, fault.TokenMalformed},
		{map[string]any{"token": "ws://h?sessionId=a&token=b=c", "participantName": "eve"}, 1101, fault.TokenMalformed},
	} {
		if c.kind != nil {
			p.dialAt("/sceenic").refused("joinRoom", c.params, c.code, c.kind)
		}
	}
	eve := p.enter("eve")
	eve.refused("connect", map[string]any{"sessionId": ann.rpc}, 104, fault.PeerAlreadyJoined) // who is inside as somebody else
	p.dialAt("/sceenic").refused("connect", map[string]any{"sessionId": "forged"}, 103, fault.PeerGone)
	ann.refused("sendPlayerData", map[string]any{"data": long + long}, 803, fault.FieldInvalid)
	ann.refused("sendPlayerData", map[string]any{}, 803, fault.FieldMissing)
	eve.refused("setParticipantType", map[string]any{}, 803, fault.FieldMissing)
	eve.refused("setParticipantType", map[string]any{"type": "KING"}, 101, fault.PeerTypeInvalid)
	eve.refused("forceDisconnect", map[string]any{"connectionId": ann.id}, 106, fault.NotPermitted)
	eve.refused("publishVideo", map[string]any{"sdpOffer": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}, 303, fault.SDPInvalid)
	eve.refused("prepareReceiveVideoFrom", map[string]any{"sender": "_\x00 " + long}, 102, fault.PeerNotFound)
	for range 3 { // others pay for it, so it costs
		eve.must("getSessionState", nil)
	}
	ann.must("ping", nil)
}

// FuzzWatchFrames: whatever somebody sends who watches, the socket goes on and the
// next call is answered; nothing is a bug of ours.
func FuzzWatchFrames(f *testing.F) {
	for _, frame := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"setParticipantType","params":{"type":"VIEWER"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"sendPlayerData","params":{"data":{"at":1}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"getSessionState"}`,
		`{"jsonrpc":"2.0","id":1,"method":"prepareReceiveVideoFrom","params":{"sender":"par_x"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"joinRoom","params":{"token":"a.b.c","participantName":"x","type":"y","oldParticipantSecret":"z"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"leaveRoom"}`, `{"id":1,"method":"sendPlayerData","params":{"data":null}}`,
	} {
		f.Add([]byte(frame))
	}
	s := newStation(f)
	p := s.party("")
	other := p.enter("other")
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			return // package socket has frames that are too long
		}
		other.t = t
		here := &station{t: t, all: s.all, hub: s.hub, web: s.web, events: s.events}
		c := (&party{here, p.token, p.room}).enter(t.Name() + string(time.Now().AppendFormat(nil, time.RFC3339Nano)))
		defer c.ws.CloseNow()
		c.outlives(raw, other)
	})
}

// TestTheSceenicDocsAreTrue: docs/sceenic.md lists every call that these clients
// have beyond those of OpenVidu.
func TestTheSceenicDocsAreTrue(t *testing.T) {
	page, err := os.ReadFile("../../../docs/sceenic.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range kurento.WatchMethods() {
		if !strings.Contains(string(page), "\n| `"+method+"` | ") {
			t.Errorf("docs/sceenic.md has no %s", method)
		}
	}
}
