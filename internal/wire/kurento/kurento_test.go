// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// pump sends packets on every track until the test ends.
func pump(t testing.TB, tracks []*webrtc.TrackLocalStaticRTP) {
	for _, track := range tracks {
		go func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for n := uint16(0); ; n++ {
				select {
				case <-t.Context().Done():
					return
				case <-tick.C:
					// A VP8 key frame of one packet each time (RFC 7741); Opus takes any bytes.
					_ = track.WriteRTP(&rtp.Packet{
						Header:  rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 1800, Marker: true},
						Payload: []byte{0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00, 1, 2, 3},
					})
				}
			}
		}()
	}
}

// arrival tells which kinds of media arrive at a connection.
func (c *client) arrival(pc *webrtc.PeerConnection) (await func()) {
	kinds := make(chan string, 4)
	pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if _, _, err := r.ReadRTP(); err == nil {
			kinds <- r.Kind().String()
		}
	})
	return func() {
		c.t.Helper()
		got := map[string]bool{}
		for deadline := time.After(patience); len(got) < 2; {
			select {
			case k := <-kinds:
				got[k] = true
			case <-deadline:
				c.t.Fatalf("only %v arrives", got)
			}
		}
	}
}

// receive takes an offer for a stream, answers it with the given call and waits
// for a packet of each kind.
func (c *client) receive(stream, offer, method, field, answer string) *webrtc.PeerConnection {
	c.t.Helper()
	pc := c.connection()
	await := c.arrival(pc)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		c.t.Fatal(err)
	}
	d, err := pc.CreateAnswer(nil)
	c.must(method, map[string]any{field: stream, answer: c.described(pc, d, err)})
	await()
	return pc
}

func (c *client) subscribe(stream string) *webrtc.PeerConnection {
	c.t.Helper()
	offer := c.must("prepareReceiveVideoFrom", map[string]any{"sender": stream, "reconnect": false})["sdpOffer"].(string)
	return c.receive(stream, offer, "receiveVideoFrom", "sender", "sdpAnswer")
}

// TestACall has two people join, publish, receive, mute, speak and leave.
func TestACall(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann := s.enter(session, "MODERATOR", "ann")
	stream := ann.publish()
	bob := s.dial()
	got := bob.must("joinRoom", map[string]any{"token": s.seat(session, "PUBLISHER"), "metadata": "bob"})
	bob.id = got["id"].(string)
	for field, want := range map[string]any{
		"role": "PUBLISHER", "session": session, "version": "2.32.0", "mediaServer": "mediasoup", "metadata": "bob",
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	if ice := got["customIceServers"].([]any); len(ice) == 0 || !strings.HasPrefix(ice[0].(map[string]any)["url"].(string), "stun:127.0.0.1:") {
		t.Errorf("without a server of ours clients ask strangers: %v", ice)
	}
	others := got["value"].([]any)
	if len(others) != 1 {
		t.Fatalf("who is inside: %v", others)
	}
	first := others[0].(map[string]any)
	if first["id"] != ann.id || first["metadata"] != `{"clientData":"ann"}` || first["streams"].([]any)[0].(map[string]any)["id"] != stream {
		t.Errorf("ann is told as %v", first)
	}
	ann.hear("participantJoined", of("id", bob.id))

	bob.subscribe(stream)
	bobs := bob.publish()
	ann.hear("participantPublished", of("id", bob.id))
	ann.subscribe(bobs)

	bob.must("streamPropertyChanged", map[string]any{"streamId": bobs, "property": "audioActive", "newValue": false, "reason": "publishAudio"})
	change := ann.hear("streamPropertyChanged", of("connectionId", bob.id))
	if change["property"] != "audioActive" || change["newValue"] != "false" || change["streamId"] != bobs {
		t.Errorf("the mute is told as %v", change)
	}
	bob.must("sendMessage", map[string]any{"message": `{"to":[],"type":"signal:chat","data":"hi"}`})
	for _, c := range []*client{ann, bob} {
		if m := c.hear("sendMessage", of("data", "hi")); m["type"] != "signal:chat" || m["from"] != bob.id {
			t.Errorf("the signal is told as %v", m)
		}
	}
	ann.must("sendMessage", map[string]any{"message": fmt.Sprintf(`{"to":[%q],"type":"signal:x","data":"psst"}`, bob.id)})
	bob.hear("sendMessage", of("data", "psst"))

	bob.must("unpublishVideo", map[string]any{})
	ann.hear("participantUnpublished", of("connectionId", bob.id))
	bob.must("leaveRoom", map[string]any{})
	if gone := ann.hear("participantLeft", of("connectionId", bob.id)); gone["reason"] != "disconnect" {
		t.Errorf("bob has left for %v", gone["reason"])
	}
}

// TestEveryCallIsAnswered: a client waits 10 s for each, so none is left
// unanswered, whatever is in it, and none ends the socket of anybody else.
func TestEveryCallIsAnswered(t *testing.T) {
	s := newStation(t)
	session := s.session()
	out := s.dial()
	out.must("ping", map[string]any{"interval": 5000})
	out.refused("dance", nil, 803, fault.MethodUnknown)
	out.refused("publishVideo", nil, 803, fault.NotJoined)
	out.refused("joinRoom", map[string]any{}, 401, fault.TokenMissing)
	out.refused("joinRoom", map[string]any{"token": 7}, 500, fault.FieldInvalid)
	out.refused("joinRoom", map[string]any{"token": "wss://x?sessionId=" + session}, 401, fault.TokenMalformed)
	out.refused("joinRoom", map[string]any{"token": "wss://x?sessionId=" + session + "&token=tok_x"}, 401, fault.TokenSpent)
	out.refused("joinRoom", map[string]any{"token": "wss://x?sessionId=none&token=tok_x"}, 202, fault.RoomNotFound)
	out.refused("connect", map[string]any{"sessionId": "guessed", "reconnect": true}, 40007, fault.PeerGone)

	ann := s.enter(session, "SUBSCRIBER", "ann")
	for _, method := range kurento.Methods() {
		if method == "leaveRoom" {
			continue
		}
		for _, params := range []string{`{}`, `null`, `[]`, `7`, `{"sender":7,"sdpOffer":{},"message":[],"streamId":false}`, `{"sender":"x_y","sdpOffer":"v=0","sdpAnswer":"x","stream":"x","sdpString":"v=0","endpointName":"x","connectionId":"x","streamId":"x","message":"x"}`} {
			a := ann.call(method, json.RawMessage(params))
			if a.Error != nil && (a.Error.Code == 0 || fault.Lookup(a.Error.Data.Fault) == nil || a.Error.Data.Fault == fault.Internal.ID) {
				t.Errorf("%s %s: %+v", method, params, *a.Error)
			}
		}
	}
	for frame, id := range map[string]string{
		`{"jsonrpc":"2.0","id":"text","method":"ping"}`:  `"text"`,
		`{"jsonrpc":"2.0","id":"words","method":"fly"}`:  `"words"`,
		`{"jsonrpc":"2.0","id":77}`:                      `77`,
		`{"jsonrpc":"2.0","id":5,"result":{}}`:           `null`, // to a call of ours that never was
		`{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}`: `null`,
		`{"jsonrpc":"2.0",`:                              `null`,
	} {
		select {
		case <-ann.send(id, frame):
		case <-time.After(patience):
			t.Errorf("%s is not answered", frame)
		}
	}
	ann.must("ping", nil)
}

// TestRefusals: each has the number that clients of this wire know.
func TestRefusals(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, eve := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "SUBSCRIBER", "eve")
	_, _, offer := eve.offer()
	eve.refused("publishVideo", map[string]any{"sdpOffer": offer, "hasAudio": true, "hasVideo": true}, 401, fault.PublishNotAllowed)
	eve.refused("forceDisconnect", map[string]any{"connectionId": ann.id}, 401, fault.NotPermitted)
	eve.refused("receiveVideoFrom", map[string]any{"sender": "str_none", "sdpAnswer": "x"}, 105, fault.StreamNotPublished)
	eve.refused("sendMessage", map[string]any{"message": `{"to":["nobody"],"data":"x"}`}, 601, fault.PeerNotFound)
	eve.refused("sendMessage", map[string]any{"message": `[]`}, 600, fault.FieldInvalid)
	eve.refused("applyFilter", map[string]any{}, 999, fault.FeatureUnsupported)
	ann.refused("publishVideo", map[string]any{"sdpOffer": "v=0", "hasAudio": false, "hasVideo": false}, 105, fault.CaptureNothing)
	ann.refused("publishVideo", map[string]any{"sdpOffer": "nonsense", "hasAudio": true}, 302, fault.SDPInvalid)
	stream := ann.publish()
	ann.refused("publishVideo", map[string]any{"sdpOffer": offer, "hasAudio": true}, 106, fault.StreamPublished)
	eve.hear("participantPublished", of("id", ann.id))
	eve.refused("receiveVideoFrom", map[string]any{"sender": stream, "sdpAnswer": "x"}, 105, fault.AnswerUnexpected)
	eve.subscribe(stream)
	eve.refused("prepareReceiveVideoFrom", map[string]any{"sender": stream, "reconnect": false}, 303, fault.SubscribeDuplicate)
	eve.must("unsubscribeFromVideo", map[string]any{"sender": ann.id})
	eve.subscribe(stream)
	eve.refused("onIceCandidate", map[string]any{"endpointName": "stranger", "candidate": "x"}, 102, fault.PeerNotFound)
	if recorded := s.events.faults(); !slices.Contains(recorded, fault.PublishNotAllowed.ID) {
		t.Errorf("recorded are %v", recorded)
	}
}

// TestCandidatesAreBounded: a client may send its candidates before the offer
// that they belong to, and no more than a server can hold for everybody.
func TestCandidatesAreBounded(t *testing.T) {
	s := newStation(t)
	ann := s.enter(s.session(), "PUBLISHER", "ann")
	one := map[string]any{"endpointName": ann.id, "candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
	for range 256 {
		ann.must("onIceCandidate", one)
	}
	ann.refused("onIceCandidate", one, 10, fault.CandidateLimit)
	ann.refused("onIceCandidate", map[string]any{"endpointName": ann.id, "candidate": strings.Repeat("x", 4000)}, 10, fault.CandidateInvalid)
	ann.publish()
}

// TestATokenIsGoodOnce: two clients with one token are one client and one
// refusal, however close they come. A join that fails gives the token back.
func TestATokenIsGoodOnce(t *testing.T) {
	s := newStation(t)
	session := s.session()
	bought := s.seat(session, "PUBLISHER")
	long := strings.Repeat("m", 1<<17)
	s.dial().refused("joinRoom", map[string]any{"token": bought, "metadata": long}, 500, fault.FieldInvalid)
	won := make(chan bool, 8)
	for range cap(won) {
		c := s.dial()
		go func() { won <- c.call("joinRoom", map[string]any{"token": bought}).Error == nil }()
	}
	n := 0
	for range cap(won) {
		if <-won {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d have joined with one token", n)
	}
}

// TestComingBack: a client whose socket drops has its place, and is told what
// it has missed. Its session is known by a secret that nobody else was told.
func TestComingBack(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "PUBLISHER", "bob")
	ann.hear("participantJoined", of("id", bob.id))
	_ = ann.ws.CloseNow()
	<-ann.closed
	stream := bob.publish()
	carl := s.enter(session, "PUBLISHER", "carl")
	carl.must("sendMessage", map[string]any{"message": `{"to":[],"data":"where is she"}`})
	back := s.dial()
	back.id = ann.id
	back.refused("connect", map[string]any{"sessionId": ann.id, "reconnect": true}, 40007, fault.PeerGone)
	back.must("connect", map[string]any{"sessionId": ann.rpc, "reconnect": true})
	back.hear("participantJoined", of("id", carl.id))
	back.hear("participantPublished", of("id", bob.id))
	back.hear("sendMessage", of("data", "where is she"))
	back.subscribe(stream)
	back.must("sendMessage", map[string]any{"message": `{"to":[],"data":"I am back"}`})
	bob.hear("sendMessage", of("data", "I am back"))
	bob.mu.Lock()
	defer bob.mu.Unlock()
	for _, n := range bob.news {
		if n.method == "participantLeft" {
			t.Errorf("bob was told that somebody left: %v", n.params)
		}
	}
}

// TestAStreamIsBuiltAnew: a publisher that lost its connection offers a new one
// under the same stream, and those who receive it are made to build theirs.
func TestAStreamIsBuiltAnew(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "SUBSCRIBER", "bob")
	stream := ann.publish()
	bob.hear("participantPublished", of("id", ann.id))
	bob.subscribe(stream)
	pc, tracks, offer := ann.offer()
	got := ann.must("reconnectStream", map[string]any{"stream": stream, "sdpString": offer})
	if got["id"] != stream {
		t.Errorf("the stream is %v now", got["id"])
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got["sdpAnswer"].(string)}); err != nil {
		t.Fatal(err)
	}
	pump(t, tracks)
	forced := bob.hear("forciblyReconnectSubscriber", of("streamId", stream))
	bob.receive(stream, forced["sdpOffer"].(string), "reconnectStream", "stream", "sdpString")
	// And the receiver may ask for a new one itself.
	again := bob.must("prepareReceiveVideoFrom", map[string]any{"sender": stream, "reconnect": true})["sdpOffer"].(string)
	bob.receive(stream, again, "reconnectStream", "stream", "sdpString")
}

// TestAReceiverOffers: clients that do not leave the offer to the server are
// answered, and their candidates may come before it.
func TestAReceiverOffers(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "SUBSCRIBER", "bob")
	stream := ann.publish()
	bob.hear("participantPublished", of("id", ann.id))
	offer := func(method, field string) {
		t.Helper()
		pc := bob.connection()
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				t.Fatal(err)
			}
		}
		await := bob.arrival(pc)
		d, err := pc.CreateOffer(nil)
		var said []string
		sdp := bob.described(pc, d, err)
		for line := range strings.Lines(sdp) { // trickled, and ahead of the offer
			if one, ok := strings.CutPrefix(strings.TrimSpace(line), "a=candidate:"); ok && len(said) < 4 {
				said = append(said, "candidate:"+one)
				bob.must("onIceCandidate", map[string]any{"endpointName": ann.id, "candidate": "candidate:" + one, "sdpMid": "0", "sdpMLineIndex": 0})
			}
		}
		got := bob.must(method, map[string]any{field: stream, "sdpOffer": sdp})
		if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got["sdpAnswer"].(string)}); err != nil {
			t.Fatal(err)
		}
		await()
	}
	offer("receiveVideoFrom", "sender")
	bob.refused("receiveVideoFrom", map[string]any{"sender": stream, "sdpOffer": "v=0"}, 303, fault.SubscribeDuplicate)
	offer("reconnectStream", "stream")
	bob.must("unsubscribeFromVideo", map[string]any{"sender": ann.id})
	bob.refused("receiveVideoFrom", map[string]any{"sender": stream, "sdpOffer": "nonsense"}, 302, fault.SDPInvalid)
	offer("receiveVideoFrom", "sender")
}

// deaf is a member of a room that came by another wire.
type deaf struct{}

func (deaf) Notify(room.Update, *room.Shared) {}

// TestAScreenBesideACamera: a peer of another wire that shows both is two
// connections, and one again when the screen ends.
func TestAScreenBesideACamera(t *testing.T) {
	s := newStation(t)
	ann := s.enter(s.session(), "MODERATOR", "ann")
	live := s.hub.Rooms()[0]
	if err := live.Join(t.Context(), deaf{}, room.Peer{ID: "hana", Name: "hana", Role: "host"}); err != nil {
		t.Fatal(err)
	}
	camera := room.Track{ID: "cam", Kind: room.Video, Source: room.SourceRegular}
	show := room.Track{ID: "scr", Kind: room.Video, Source: room.SourceScreen}
	publish := func(tracks ...room.Track) {
		t.Helper()
		if _, err := live.Publish(t.Context(), "hana", tracks); err != nil {
			t.Fatal(err)
		}
	}
	typeOf := func(p map[string]any) any { return p["streams"].([]any)[0].(map[string]any)["typeOfVideo"] }
	publish(camera)
	if p := ann.hear("participantPublished", of("id", "hana")); typeOf(p) != "CAMERA" {
		t.Errorf("the camera is told as %v", p)
	}
	publish(camera, show)
	if p := ann.hear("participantJoined", of("id", "hana_SCREEN")); p["metadata"] != `{"clientData":"hana"}` {
		t.Errorf("the screen is told as %v", p)
	}
	if p := ann.hear("participantPublished", of("id", "hana_SCREEN")); typeOf(p) != "SCREEN" {
		t.Errorf("the screen is told as %v", p)
	}
	publish(camera)
	ann.hear("participantLeft", of("connectionId", "hana_SCREEN"))
	publish(camera, show)
	ann.hear("participantPublished", of("id", "hana_SCREEN"))
	ann.must("forceDisconnect", map[string]any{"connectionId": "hana_SCREEN"}) // it is hana
	ann.hear("participantLeft", of("connectionId", "hana_SCREEN"))
	ann.hear("participantLeft", of("connectionId", "hana"))
}

// TestRemovals: whoever is put out is told why, and so are the others.
func TestRemovals(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob, carl := s.enter(session, "MODERATOR", "ann"), s.enter(session, "PUBLISHER", "bob"), s.enter(session, "PUBLISHER", "carl")
	evicted := func(c *client, why string) {
		t.Helper()
		if e := c.hear("participantEvicted", of("connectionId", c.id)); e["reason"] != why {
			t.Errorf("evicted for %v, want %s", e["reason"], why)
		}
	}
	ann.must("forceDisconnect", map[string]any{"connectionId": bob.id})
	evicted(bob, "forceDisconnectByUser")
	carl.hear("participantLeft", of("connectionId", bob.id))
	s.api("DELETE", "/sessions/"+session+"/connection/"+carl.id, "", 204)
	evicted(carl, "forceDisconnectByServer")
	s.api("DELETE", "/sessions/"+session, "", 204)
	evicted(ann, "sessionClosedByServer")
	s.api("GET", "/sessions/"+session, "", 404)
}

// TestForcedUnpublishing: a moderator and a backend end a stream, and nobody else
// does; its owner and the others are told.
func TestForcedUnpublishing(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "MODERATOR", "ann"), s.enter(session, "PUBLISHER", "bob")
	anns := ann.publish()
	bob.hear("participantPublished", of("id", ann.id))
	bob.refused("forceUnpublish", map[string]any{"streamId": anns}, 401, fault.NotPermitted)
	for why, end := range map[string]func(stream string){
		"forceUnpublishByUser":   func(stream string) { ann.must("forceUnpublish", map[string]any{"streamId": stream}) },
		"forceUnpublishByServer": func(stream string) { s.api("DELETE", "/sessions/"+session+"/stream/"+stream, "", 204) },
	} {
		stream := bob.publish()
		ann.hear("participantPublished", of("id", bob.id))
		end(stream)
		if got := bob.hear("participantUnpublished", of("connectionId", bob.id)); got["reason"] != why {
			t.Errorf("bob's stream has ended for %v, want %s", got["reason"], why)
		}
		ann.hear("participantUnpublished", of("connectionId", bob.id))
		ann.refused("forceUnpublish", map[string]any{"streamId": stream}, 105, fault.StreamNotPublished)
		s.api("DELETE", "/sessions/"+session+"/stream/"+stream, "", 404)
	}
}

// TestConnectionsCost: whoever subscribes and unsubscribes in a loop makes the
// server build a connection each time, and is held to the rate of offers. A room
// full of publishers is nobody's fault: the first time is free.
func TestConnectionsCost(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, eve := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "SUBSCRIBER", "eve")
	stream := ann.publish()
	eve.hear("participantPublished", of("id", ann.id))
	for n := 0; ; n++ {
		a := eve.call("prepareReceiveVideoFrom", map[string]any{"sender": stream})
		if a.Error != nil {
			if a.Error.Data.Fault != fault.RateLimited.ID || n < 30 {
				t.Errorf("attempt %d: %+v", n, *a.Error)
			}
			return
		}
		eve.must("unsubscribeFromVideo", map[string]any{"sender": ann.id})
		if n > 1000 {
			t.Fatal("nothing holds it back")
		}
	}
}

// TestADeadDisk: calls go on from memory, and what keeps somebody out is refused,
// as a restart would let them in again.
func TestADeadDisk(t *testing.T) {
	s := newStation(t)
	session := s.session()
	tokens := []string{s.seat(session, "MODERATOR"), s.seat(session, "PUBLISHER")}
	s.disk.Store(fault.StoreUnavailable)
	ann, bob := s.dial(), s.dial()
	ann.id = ann.must("joinRoom", map[string]any{"token": tokens[0]})["id"].(string)
	bob.id = bob.must("joinRoom", map[string]any{"token": tokens[1]})["id"].(string)
	ann.subscribe(bob.publish())
	ann.refused("forceDisconnect", map[string]any{"connectionId": bob.id}, 999, fault.StoreUnavailable)
	bob.hear("participantEvicted", of("connectionId", bob.id)) // it holds in memory all the same
	ann.must("leaveRoom", nil)
}

// TestNobodysSocketEnds: pings alone keep no socket that nobody has joined by.
func TestNobodysSocketEnds(t *testing.T) {
	s := newStation(t, func(c *kurento.Config) { c.JoinWait = 100 * time.Millisecond })
	c := s.dial()
	for deadline := time.After(patience); ; {
		select {
		case <-c.closed:
			return
		case <-deadline:
			t.Fatal("the socket goes on")
		case <-time.After(20 * time.Millisecond):
			_ = c.ws.Write(context.Background(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		}
	}
}

// TestAClosedTabIsGone at once, and nobody waits for it.
func TestAClosedTabIsGone(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "PUBLISHER", "bob")
	_ = bob.ws.Close(websocket.StatusGoingAway, "")
	ann.hear("participantLeft", of("connectionId", bob.id))
}

// TestNoUpgrade: a request that cannot become a socket is told what it lacks.
func TestNoUpgrade(t *testing.T) {
	s := newStation(t)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.web.URL+"/openvidu", nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %d", reply.StatusCode)
	}
}

// TestTheDocsAreTrue: docs/openvidu.md lists every method, and refused is what
// the table says.
func TestTheDocsAreTrue(t *testing.T) {
	page, err := os.ReadFile("../../../docs/openvidu.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newStation(t)
	ann := s.enter(s.session(), "MODERATOR", "ann")
	for _, method := range kurento.Methods() {
		want := "supported"
		if method != "leaveRoom" { // the last word
			if a := ann.call(method, map[string]any{}); a.Error != nil && a.Error.Data.Fault == fault.FeatureUnsupported.ID {
				want = "refused"
			}
		}
		if !strings.Contains(string(page), "| `"+method+"` | "+want+" |") {
			t.Errorf("%s is %s, which docs/openvidu.md does not say", method, want)
		}
	}
}
