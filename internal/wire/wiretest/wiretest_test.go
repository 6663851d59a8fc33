// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package wiretest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/wiretest"
)

var key = token.Key{Access: "access", Secret: "a secret of at least thirty-two bytes", Account: "acme"}

const audioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level" // RFC 6464

type directory struct{}

func (directory) RoomRecord(_ context.Context, id string) (participant.RoomRecord, error) {
	tpl := policy.Default()
	return participant.RoomRecord{Spec: room.Spec{ID: id, Name: "lobby", Template: tpl}, Account: key.Account, Enabled: true}, nil
}

func (directory) Held(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

func (directory) Former(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

type recorder struct{}

func (recorder) Record(event.Event)                       {}
func (recorder) Joined(event.Subject)                     {}
func (recorder) Report(event.Reporter, event.Event) error { return nil }

// client is somebody on the line, with a connection for each thing it does.
type client struct {
	t    *testing.T
	conn net.Conn
	in   chan string
	api  *webrtc.API

	sub   *webrtc.PeerConnection // made by the first offer
	sound chan *webrtc.TrackRemote
}

func dial(t *testing.T, all *participant.Service) *client {
	near, far := net.Pipe()
	go wiretest.Serve(all, far)
	set, m := webrtc.SettingEngine{}, &webrtc.MediaEngine{}
	set.SetIncludeLoopbackCandidate(true)
	_ = m.RegisterDefaultCodecs()
	_ = m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: audioLevel}, webrtc.RTPCodecTypeAudio)
	c := &client{
		t: t, conn: near, in: make(chan string, 100), sound: make(chan *webrtc.TrackRemote, 1),
		api: webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(m)),
	}
	go func() {
		lines := bufio.NewScanner(near)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if offer, ok := strings.CutPrefix(lines.Text(), "offer "); ok {
				c.answer(offer)
				continue
			}
			c.in <- lines.Text()
		}
		close(c.in)
	}()
	t.Cleanup(func() { _ = near.Close() })
	return c
}

func (c *client) say(format string, args ...any) { _, _ = fmt.Fprintf(c.conn, format+"\n", args...) }

// hear waits for a line that begins so and returns the rest of it.
func (c *client) hear(begin string) string {
	c.t.Helper()
	var heard []string
	for deadline := time.After(20 * time.Second); ; {
		select {
		case text, open := <-c.in:
			if rest, ok := strings.CutPrefix(text, begin); ok {
				return strings.TrimPrefix(rest, " ")
			}
			if heard = append(heard, text); open {
				continue
			}
		case <-deadline:
		}
		c.t.Fatalf("never heard %q but %q", begin, heard)
	}
}

func (c *client) join(name string) {
	c.t.Helper()
	now := time.Now().Add(-time.Second)
	raw, err := token.Mint(key, token.Claims{
		AccessKey: key.Access, Type: token.App, Version: 2, RoomID: "r1", Role: "host", UserID: name,
		ID: "token-" + name, IssuedAt: now, NotBefore: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.say("join %s peer-%s %s", raw, name, name)
	c.hear("inside")
}

// connection makes a connection that is closed with the test.
func (c *client) connection() *webrtc.PeerConnection {
	pc, err := c.api.NewPeerConnection(webrtc.Configuration{})
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
		c.t.Error(err)
		return "null"
	}
	<-whole
	b, _ := json.Marshal(pc.LocalDescription().SDP)
	return string(b)
}

func sdp(t *testing.T, kind webrtc.SDPType, quoted string) webrtc.SessionDescription {
	d := webrtc.SessionDescription{Type: kind}
	if err := json.Unmarshal([]byte(quoted), &d.SDP); err != nil {
		t.Fatal(err)
	}
	return d
}

// answer takes an offer of the server, whenever one comes.
func (c *client) answer(offer string) {
	if c.sub == nil {
		c.sub = c.connection()
		c.sub.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.sound <- r })
	}
	if err := c.sub.SetRemoteDescription(sdp(c.t, webrtc.SDPTypeOffer, offer)); err != nil {
		c.t.Error(err)
		return
	}
	d, err := c.sub.CreateAnswer(nil)
	c.say("answer %s", c.described(c.sub, d, err))
}

// speak publishes a loud track until the test ends.
func (c *client) speak() {
	c.t.Helper()
	pc := c.connection()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "voice", "voice")
	if err != nil {
		c.t.Fatal(err)
	}
	sender, err := pc.AddTrack(track)
	if err != nil {
		c.t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	c.say("publish voice audio %s", c.described(pc, offer, err))
	if err := pc.SetRemoteDescription(sdp(c.t, webrtc.SDPTypeAnswer, c.hear("published"))); err != nil {
		c.t.Fatal(err)
	}
	level := 0
	for _, x := range sender.GetParameters().HeaderExtensions {
		if x.URI == audioLevel {
			level = x.ID
		}
	}
	go func() {
		for n := uint16(0); ; n++ {
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: []byte{0xfc, 1, 2, 3}}
			_ = p.SetExtension(uint8(level), []byte{0x80 | 10}) // a voice at -10 dBov
			select {
			case <-c.t.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
				_ = track.WriteRTP(p)
			}
		}
	}()
}

// TestAWireIsAPackage has two people join, speak and leave over a wire that the
// participant has never heard of.
func TestAWireIsAPackage(t *testing.T) {
	engine, err := sfu.New(sfu.Config{UDPAddr: "127.0.0.1:0", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	hub := room.NewHub(room.Options{})
	defer hub.Close()
	all := participant.New(participant.Config{
		Tokens: token.NewVerifier([]token.Key{key}, token.Options{}), Directory: directory{}, Hub: hub, Media: engine, Events: recorder{},
	})
	defer all.Close(context.Background())

	eve := dial(t, all)
	eve.say("join nonsense peer-eve eve")
	if got := eve.hear("refused"); got != "token.malformed" {
		t.Errorf("a bad token is refused with %s", got)
	}
	ann, bob := dial(t, all), dial(t, all)
	ann.join("ann")
	bob.join("bob")
	ann.hear("peer peer-bob bob")
	ann.speak()
	select {
	case r := <-bob.sound:
		if p, _, err := r.ReadRTP(); err != nil || len(p.Payload) != 4 {
			t.Fatalf("bob got %v, %v", p, err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("bob hears nothing")
	}
	bob.hear("loud peer-ann")
	ann.say("say can you hear me")
	if got := bob.hear("said"); got != "ann can you hear me" {
		t.Errorf("bob heard %q", got)
	}
	bob.say("dance")
	if got := bob.hear("refused"); got != "signal.method_unknown" {
		t.Errorf("an unknown word is refused with %s", got)
	}
	ann.say("leave")
	bob.hear("gone peer-ann")

	// Whoever was on the way in when the server closed is not let in after that.
	if err := all.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := all.Enter(participant.Visitor{ID: "peer-late"}, nil); !errors.Is(err, fault.Draining) {
		t.Errorf("after the end: %v", err)
	}
}
