// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// failures are the events recorded of a peer so far that have a fault.
func (e *events) failures(p *peer) (out []event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range e.list {
		if ev.PeerID == p.id && ev.Fault != "" {
			out = append(out, ev)
		}
	}
	return out
}

// told are the warnings that a peer has been sent and not yet expected.
func (p *peer) told() (faults []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.seen {
		if n.method == "on-warning" {
			faults = append(faults, n.params["fault"].(string))
		}
	}
	return faults
}

// A client that does not offer the audio level extension is told so once for each
// track, as is the record; the others see it speak by the voice bit of its Opus.
func TestAudioWithoutLevel(t *testing.T) {
	s := newStation(t, nil)
	bob := s.joined("guest", "bob")
	alice := s.joined("host", "alice")
	mic := alice.send("audio", []byte{0x48, 0x80, 1, 2, 3}) // SILK, 20 ms, with voice
	told := alice.expect("on-warning")
	if told["fault"] != fault.AudioLevelMissing.ID || told["code"] != 400.0 || told["description"] != fault.AudioLevelMissing.Do {
		t.Errorf("told %v", told)
	}
	e := s.events.wait(t, event.PublishFailed)
	if e.Fault != fault.AudioLevelMissing.ID || e.Op != fault.OpPublish || e.PeerID != alice.id || e.Failure.Terminal {
		t.Errorf("recorded %+v", e)
	}
	bob.expectWhere("active-speakers", func(d map[string]any) bool {
		return slices.ContainsFunc(d["speaker-list"].([]any), func(one any) bool {
			who := one.(map[string]any)
			return who["peer_id"] == alice.id && who["track_id"] == mic
		})
	})
	// What is negotiated later says nothing anew of this track, and of another one again.
	alice.publish("video")
	if told := alice.told(); len(told) != 0 {
		t.Errorf("told again: %v", told)
	}
	alice.publish("audio")
	alice.expect("on-warning")
	if n := s.value("redial_signal_warned_total", "op", "publish", "fault", fault.AudioLevelMissing.ID); n != 2 {
		t.Errorf("%v warnings counted", n)
	}
	if all := s.events.failures(alice); len(all) != 2 {
		t.Errorf("recorded %+v", all)
	}
	if told := bob.told(); len(told) != 0 {
		t.Errorf("the others are told %v", told)
	}
}

// A viewer that decodes nothing a camera sends is told so for each such camera, and
// hears the rest; whoever sends it is told nothing.
func TestViewerWithoutTheCodec(t *testing.T) {
	s := newStation(t, nil)
	alice := s.joined("host", "alice")
	cameras := []string{alice.publish("video")} // VP8
	viewer := s.connect("viewer", "viewer")
	viewer.codecs = func(m *webrtc.MediaEngine) {
		for _, c := range []webrtc.RTPCodecParameters{
			{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}, PayloadType: 102},
			{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, PayloadType: 111},
		} {
			kind := webrtc.RTPCodecTypeVideo
			if c.MimeType == webrtc.MimeTypeOpus {
				kind = webrtc.RTPCodecTypeAudio
			}
			if err := m.RegisterCodec(c, kind); err != nil {
				t.Error(err)
			}
		}
	}
	viewer.join("viewer")
	for i := range 2 { // the first is found out by the answer, the second known before
		if i > 0 {
			cameras = append(cameras, alice.publish("video"))
		}
		told := viewer.expect("on-warning")
		if told["fault"] != fault.CodecUnsupported.ID || told["code"] != 400.0 || told["description"] != fault.CodecUnsupported.Do {
			t.Errorf("told %v", told)
		}
		message := told["message"].(string)
		for _, part := range []string{cameras[i], "codec: vp8", "h264 constrained-baseline, packetization mode 1"} {
			if !strings.Contains(message, part) {
				t.Errorf("told %q, without %q", message, part)
			}
		}
	}
	all := s.events.failures(viewer)
	if len(all) != len(cameras) {
		t.Errorf("recorded %+v", all)
	}
	for _, e := range all {
		if e.Type != event.SubscribeFailed || e.Fault != fault.CodecUnsupported.ID || e.Op != fault.OpSubscribe || e.Failure.Terminal {
			t.Errorf("recorded %+v", e)
		}
	}
	if n := s.value("redial_signal_refused_total", "op", "subscribe", "fault", fault.CodecUnsupported.ID); n != 2 {
		t.Errorf("%v refusals counted", n)
	}
	// Who asks for it all the same is refused, and what the viewer decodes still comes.
	<-viewer.opened
	if err := viewer.channel.Load().SendText(`{"id":"1","method":"prefer-video-track-state","params":{"track_id":"` + cameras[0] + `","max_spatial_layer":"high"}}`); err != nil {
		t.Fatal(err)
	}
	if a := <-viewer.answers; a["error"] == nil {
		t.Errorf("the wish was granted: %v", a)
	}
	mic := alice.publish("audio")
	for tr := range viewer.remote {
		if tr.ID() != mic {
			continue
		}
		if _, _, err := tr.ReadRTP(); err != nil {
			t.Error(err)
		}
		break
	}
	if told := alice.told(); !slices.Equal(told, []string{fault.AudioLevelMissing.ID}) {
		t.Errorf("who sends is told %v", told)
	}
}
