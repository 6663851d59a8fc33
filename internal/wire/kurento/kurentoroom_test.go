// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// visit joins a room as a client of Kurento Room does.
func (s *station) visit(room, user string) *client {
	s.t.Helper()
	c := s.dialAt("/room")
	got := c.must("joinRoom", map[string]any{"user": user, "room": room, "dataChannels": false})
	if _, ok := got["value"].([]any); !ok {
		s.t.Fatalf("%s joins with %v", user, got)
	}
	c.id = user
	return c
}

// TestKurentoRoom: people are known by their names, have one stream each, and
// receive it by an offer of their own.
func TestKurentoRoom(t *testing.T) {
	s := newStation(t)
	ann := s.visit("lobby", "ann")
	bob := s.visit("lobby", "bob_the 2nd") // Kurento Room's own server cuts at the first "_"
	ann.hear("participantJoined", of("id", bob.id))
	_, tracks, offer := ann.offer()
	if got := ann.must("publishVideo", map[string]any{"sdpOffer": offer, "doLoopback": false}); got["sdpAnswer"] == "" {
		t.Errorf("publishing is answered with %v", got)
	}
	_ = tracks
	told := bob.hear("participantPublished", of("id", "ann"))
	if streams := told["streams"].([]any); len(streams) != 1 || streams[0].(map[string]any)["id"] != "webcam" {
		t.Errorf("bob is told %v", told)
	}
	late := s.dialAt("/room")
	list := late.must("joinRoom", map[string]any{"user": "late", "room": "lobby"})["value"].([]any)
	if len(list) != 2 {
		t.Errorf("who comes late is told %v", list)
	}

	ann.must("sendMessage", map[string]any{"message": "hello", "userMessage": "ann", "roomMessage": "lobby"})
	for _, c := range []*client{ann, bob} {
		if m := c.hear("sendMessage", of("message", "hello")); m["user"] != "ann" || m["room"] != "lobby" || len(m) != 3 {
			t.Errorf("heard %v", m)
		}
	}
	ann.must("unpublishVideo", map[string]any{})
	bob.hear("participantUnpublished", of("name", "ann"))
	ann.must("leaveRoom", map[string]any{})
	bob.hear("participantLeft", of("name", "ann"))

	// A socket that ends is a goodbye, and the name is free again.
	_ = late.ws.CloseNow()
	bob.hear("participantLeft", of("name", "late"))
	s.visit("lobby", "late")
}

// TestKurentoRoomReceives: what a client offers to receive is answered with media.
func TestKurentoRoomReceives(t *testing.T) {
	s := newStation(t)
	ann, bob := s.visit("lobby", "ann"), s.visit("lobby", "bob")
	pc, tracks, offer := ann.offer()
	got := ann.must("publishVideo", map[string]any{"sdpOffer": offer, "doLoopback": false})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got["sdpAnswer"].(string)}); err != nil {
		t.Fatal(err)
	}
	pump(t, tracks)
	bob.hear("participantPublished", of("id", "ann"))
	sub := bob.connection()
	arrived := make(chan string, 2)
	sub.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if _, _, err := track.ReadRTP(); err == nil {
			arrived <- track.Kind().String()
		}
	})
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := sub.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	d, err := sub.CreateOffer(nil)
	answer := bob.must("receiveVideoFrom", map[string]any{"sender": "ann_webcam", "sdpOffer": bob.described(sub, d, err)})["sdpAnswer"].(string)
	if err := sub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	kinds := <-arrived + <-arrived
	if kinds != "audiovideo" && kinds != "videoaudio" {
		t.Errorf("bob receives %s", kinds)
	}
	bob.must("unsubscribeFromVideo", map[string]any{"sender": "ann_webcam"})
}

// TestKurentoRoomRefuses with the numbers of Kurento Room.
func TestKurentoRoomRefuses(t *testing.T) {
	s := newStation(t)
	nobody := s.dialAt("/room")
	join := func(room, user any) map[string]any { return map[string]any{"room": room, "user": user} }
	nobody.refused("publishVideo", map[string]any{}, 102, fault.NotJoined)
	nobody.refused("dance", map[string]any{}, 803, fault.MethodUnknown)
	nobody.refused("joinRoom", join("lobby", ""), 999, fault.FieldMissing)
	nobody.refused("joinRoom", join("", "ann"), 999, fault.FieldMissing)
	for _, user := range []string{"con_x", "ann_SCREEN", strings.Repeat("x", 65), "a\nb"} {
		nobody.refused("joinRoom", join("lobby", user), 500, fault.FieldInvalid)
	}
	nobody.refused("joinRoom", join("a/b", "ann"), 500, fault.FieldInvalid)
	nobody.refused("joinRoom", join(7, "ann"), 500, fault.FieldInvalid)

	ann := s.visit("lobby", "ann")
	nobody.refused("joinRoom", join("lobby", "ann"), 104, fault.PeerAlreadyJoined)
	s.visit("other", "ann") // another room
	nobody.refused("joinRoom", join("third", "bob"), 999, fault.Overloaded)
	ann.refused("joinRoom", join("lobby", "ann"), 104, fault.PeerAlreadyJoined)
	ann.refused("unpublishVideo", map[string]any{}, 105, fault.StreamNotPublished)
	ann.refused("receiveVideoFrom", map[string]any{"sender": "ann_webcam", "sdpOffer": "x"}, 105, fault.StreamNotPublished)
	ann.refused("receiveVideoFrom", map[string]any{"sender": "bob_webcam", "sdpOffer": "x"}, 102, fault.PeerNotFound)
	ann.refused("unsubscribeFromVideo", map[string]any{"sender": "bob_webcam"}, 102, fault.PeerNotFound)
	ann.refused("sendMessage", map[string]any{"message": "m", "userMessage": "bob", "roomMessage": "lobby"}, 102, fault.PeerNotFound)
	ann.refused("sendMessage", map[string]any{"message": "m", "userMessage": "ann", "roomMessage": "other"}, 202, fault.RoomNotFound)
	ann.refused("customRequest", map[string]any{}, 999, fault.FeatureUnsupported)
	ann.refused("streamPropertyChanged", map[string]any{}, 803, fault.MethodUnknown)
}
