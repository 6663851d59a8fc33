package hms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

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
	const cameras = 24
	for i := range cameras {
		s.joined("host", fmt.Sprint("host", i)).publish("video")
	}
	viewer := s.joined("viewer", "viewer")
	viewer.sections("video", cameras)
	// The next offer comes once the answer to this one was applied.
	s.joined("host", "late").publish("video")
	viewer.sections("video", cameras+1)
	for end := time.Now().Add(10 * time.Second); viewer.sub.ConnectionState() != webrtc.PeerConnectionStateConnected; time.Sleep(10 * time.Millisecond) {
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
		if err := viewer.channel.SendText(text); err != nil {
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
		case <-time.After(10 * time.Second):
			t.Fatalf("video %d never came", i)
		}
	}
	ask(0, "low")
	shows(0)
	ask(1, "low")
	shows(1)
	// Full: the third is left out, and the client hears it once.
	text := fmt.Sprintf(`{"id":"x","method":"prefer-video-track-state","params":{"track_id":"%s","max_spatial_layer":"low"}}`, videos[2])
	if err := viewer.channel.SendText(text); err != nil {
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

func enabledFlags(s *station, p *peer) []string {
	_, body := s.init(p.tok, p.id)
	var out []string
	for _, f := range body["config"].(map[string]any)["enabledFlags"].([]any) {
		out = append(out, f.(string))
	}
	return out
}
