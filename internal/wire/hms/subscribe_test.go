// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// sections waits until an offer with so many media sections has come.
func (p *peer) sections(kind string, n int) {
	p.t.Helper()
	p.expectWhere("offer", func(d map[string]any) bool {
		return strings.Count(d["sdp"].(string), "\r\nm="+kind) == n
	})
}

// What our own offers make a client answer is taken, however small the limits of
// what clients say by themselves.
func TestAnswersAreAsLongAsOurOffersMakeThem(t *testing.T) {
	const sdp, frame = 8 << 10, 10 << 10
	s := newStation(t, func(c *config) { c.Wire.MaxSDP, c.Wire.MaxFrame = sdp, frame })
	// Hosts receive nobody: each of them all the others would be most of the work by far.
	roles := s.dir.record.Spec.Template.Roles
	host := roles["host"]
	host.Subscribe.ToRoles = []string{}
	roles["host"] = host
	const cameras = 24
	for i := range cameras {
		s.joined("host", fmt.Sprint("host", i)).pings().publish("video")
	}
	viewer := s.joined("viewer", "viewer").pings()
	viewer.sections("video", cameras)
	// The next offer comes once the answer to this one was applied.
	s.joined("host", "late").publish("video")
	viewer.sections("video", cameras+1)
	for end := time.Now().Add(time.Minute); viewer.sub.ConnectionState() != webrtc.PeerConnectionStateConnected; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never connected")
		}
	}
	if n := len(viewer.sub.CurrentLocalDescription().SDP); n <= frame {
		t.Errorf("the answer has %d bytes, which proves nothing", n)
	}
	// What is not an answer is held to the limit.
	if _, code, f := viewer.call("broadcast", map[string]any{"info": map[string]any{"message": strings.Repeat("x", frame)}}); code != 413 {
		t.Errorf("a long message: %d %s", code, f)
	}
}

// An answer that is of no use is told, the offer made again, and in the end the
// session is over with the reason.
func TestRefusedAnswersAreTold(t *testing.T) {
	s := newStation(t, nil)
	p := s.connect("viewer", "alice")
	p.deaf.Store(true)
	p.join("alice")
	for _, desc := range []any{
		map[string]any{"type": "answer", "sdp": "v=0"},
		map[string]any{"type": "offer", "sdp": "v=0"},
		nil,
	} {
		p.expect("offer")
		if err := p.write(map[string]any{"method": "answer", "params": map[string]any{"desc": desc, "sfu_node_id": p.node}}); err != nil {
			t.Fatal(err)
		}
		if told := p.expect("on-warning"); told["fault"] == nil {
			t.Errorf("told %v", told)
		}
	}
	if told := p.expect("on-error"); told["fault"] == nil {
		t.Errorf("told %v", told)
	}
	if e := s.events.wait(t, event.SubscribeFailed); e.PeerID != p.id {
		t.Errorf("recorded %+v", e)
	}
}

// A client that asks for each video is offered those it asked for, and as many
// tracks as one peer receives: a video that nobody looks at makes room.
func TestVideosOnDemand(t *testing.T) {
	s := newStation(t, func(c *config) { c.MaxReceived = 2; c.Wire.OfferedVideos = 2 })
	viewer := s.connect("viewer", "viewer")
	if flags := enabledFlags(s, viewer); slices.Contains(flags, "onDemandTracks") {
		t.Errorf("in an empty room: %v", flags)
	}
	var videos []string
	for i := range 3 {
		videos = append(videos, s.joined("host", fmt.Sprint("host", i)).publish("video"))
	}
	if flags := enabledFlags(s, viewer); !slices.Contains(flags, "onDemandTracks") {
		t.Errorf("in a room of %d videos: %v", len(videos), flags)
	}
	viewer.onDemand = true
	viewer.join("viewer")
	viewer.sections("video", 0)
	<-viewer.opened
	ask := func(i int, layer string) {
		t.Helper()
		text := fmt.Sprintf(`{"id":"%d%s","method":"prefer-video-track-state","params":{"track_id":"%s","max_spatial_layer":"%s"}}`, i, layer, videos[i], layer)
		if err := viewer.channel.Load().SendText(text); err != nil {
			t.Fatal(err)
		}
		if a := <-viewer.answers; a["error"] != nil {
			t.Errorf("video %d, %s: %v", i, layer, a)
		}
	}
	shows := func(i int) {
		t.Helper()
		select {
		case tr := <-viewer.remote:
			if tr.ID() != videos[i] {
				t.Errorf("got %s, want video %d", tr.ID(), i)
			}
		case <-time.After(time.Minute):
			t.Fatalf("video %d never came", i)
		}
	}
	ask(0, "low")
	shows(0)
	ask(1, "low")
	shows(1)
	// Full: the third is left out, and the client hears it once.
	text := fmt.Sprintf(`{"id":"x","method":"prefer-video-track-state","params":{"track_id":"%s","max_spatial_layer":"low"}}`, videos[2])
	if err := viewer.channel.Load().SendText(text); err != nil {
		t.Fatal(err)
	}
	if a := <-viewer.answers; a["error"] == nil {
		t.Errorf("the wish was granted: %v", a)
	}
	if told := viewer.expect("on-warning"); told["fault"] != "track.limit" {
		t.Errorf("told %v", told)
	}
	// One that is not looked at any more gives way.
	ask(0, "none")
	ask(2, "low")
	viewer.expectWhere("offer", func(d map[string]any) bool { return strings.Contains(d["sdp"].(string), videos[2]) })
}

// withdrawAll withdraws what the peer publishes.
func (p *peer) withdrawAll() {
	p.t.Helper()
	p.tracks = map[string]any{}
	res, code, f := p.offer(p.tracks)
	if code != 0 {
		p.t.Fatal(code, f)
	}
	if err := p.pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: res["sdp"].(string)}); err != nil {
		p.t.Fatal(err)
	}
}

// ask asks for a layer of a video and tells whether that was granted.
func (p *peer) ask(video, layer string) bool {
	p.t.Helper()
	text := fmt.Sprintf(`{"id":"%s","method":"prefer-video-track-state","params":{"track_id":"%s","max_spatial_layer":"%s"}}`, uuid.NewString(), video, layer)
	if err := p.channel.Load().SendText(text); err != nil {
		p.t.Fatal(err)
	}
	return (<-p.answers)["error"] == nil
}

// A client that asks for videos shows an empty picture for one that goes off its
// connection. So it hears that a video is withdrawn when it has given it up.
func TestWithdrawnVideosAreToldLast(t *testing.T) {
	s := newStation(t, nil)
	host := s.joined("host", "host")
	audio, video := host.publish("audio"), host.publish("video")
	viewer := s.connect("viewer", "viewer")
	viewer.onDemand = true
	viewer.join("viewer")
	viewer.expect("peer-list") // what is withdrawn before it is not in it, and is told no more
	<-viewer.opened
	if !viewer.ask(video, "low") {
		t.Fatal("refused")
	}
	for tr := range viewer.remote {
		if tr.ID() == video {
			break
		}
	}
	viewer.take("offer")
	viewer.deaf.Store(true)
	host.withdrawAll()
	offer := viewer.expectWhere("offer", func(d map[string]any) bool { return !strings.Contains(d["sdp"].(string), video) })
	for _, d := range viewer.take("on-track-remove") {
		gone := d["tracks"].(map[string]any)
		if gone[audio] == nil || gone[video] != nil {
			t.Errorf("told before the answer: %v", gone)
		}
	}
	viewer.deaf.Store(false)
	viewer.onOffer(offer)
	viewer.expectWhere("on-track-remove", func(d map[string]any) bool { return d["tracks"].(map[string]any)[video] != nil })
	// One that was never sent to the client is told at once, since nothing follows.
	viewer.deaf.Store(true)
	other := host.publish("video")
	viewer.expect("on-track-add")
	host.withdrawAll()
	viewer.expectWhere("on-track-remove", func(d map[string]any) bool { return d["tracks"].(map[string]any)[other] != nil })
}

// A client that came while the room was small is offered everything, up to
// limits.received_tracks, however the room grows: it is told once what it does not
// get, and gets it when there is room.
func TestARoomGrowsBeyondWhatAClientReceives(t *testing.T) {
	const most = 6
	s := newStation(t, func(c *config) { c.MaxReceived, c.Wire.OfferedVideos = most, 2 })
	viewer := s.joined("viewer", "viewer")
	var hosts []*peer
	var videos []string
	enter := func() {
		h := s.joined("host", fmt.Sprint("host", len(hosts)))
		videos = append(videos, h.publish("video"))
		hosts = append(hosts, h)
	}
	for range most {
		enter()
	}
	viewer.sections("video", most)
	if told := viewer.told(); len(told) != 0 {
		t.Errorf("told %v while everything fits", told)
	}
	// Beyond it: told once, whoever comes and goes.
	for range 3 {
		enter()
	}
	if told := viewer.expect("on-warning"); told["fault"] != fault.TrackLimit.ID {
		t.Errorf("told %v", told)
	}
	for i := range 4 {
		// Somebody leaves whose video is received, and another one takes its section.
		_ = hosts[i].write(map[string]any{"method": "leave", "params": map[string]any{"client_reason": "user request"}})
		deadline := time.Now().Add(20 * time.Second)
		for got := viewer.receiving(); slices.Contains(got, videos[i]) || len(got) != most; got = viewer.receiving() {
			if time.Now().After(deadline) {
				t.Fatalf("video %d has left, and these are received: %v", i, got)
			}
			time.Sleep(10 * time.Millisecond)
		}
		enter()
	}
	if told := viewer.told(); len(told) != 0 {
		t.Errorf("told again: %v", told)
	}
	if all := s.events.failures(viewer); len(all) != 1 || all[0].Type != event.SubscribeFailed || all[0].Fault != fault.TrackLimit.ID {
		t.Errorf("recorded %+v", all)
	}
	// A section is free once the client has agreed, so one comes in place of the first
	// that is given up. After that they are used again.
	for _, d := range viewer.take("offer") {
		if n := strings.Count(d["sdp"].(string), "\r\nm=video"); n > most+1 {
			t.Errorf("an offer of %d sections", n)
		}
	}
}

// receiving are the videos of the last offer that was applied.
func (p *peer) receiving() (ids []string) {
	d := p.sub.CurrentRemoteDescription()
	if d == nil {
		return nil
	}
	for _, section := range strings.Split(d.SDP, "\r\nm=") {
		_, msid, ok := strings.Cut(section, "\r\na=msid:")
		if ok && strings.HasPrefix(section, "video") && strings.Contains(section, "a=sendonly") {
			ids = append(ids, strings.Fields(msid)[1])
		}
	}
	return ids
}

func enabledFlags(s *station, p *peer) []string {
	_, body := s.init(p.tok, p.id)
	var out []string
	for _, f := range body["config"].(map[string]any)["enabledFlags"].([]any) {
		out = append(out, f.(string))
	}
	return out
}
