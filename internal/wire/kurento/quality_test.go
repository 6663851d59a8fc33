// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// TestNothingComesThrough: no packet of hers ever comes, and her browser may go on
// trying for minutes. Within seconds she and the others are told, on both wires that
// have a way to show it, and again when it works.
func TestNothingComesThrough(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "PUBLISHER", "bob")
	party := s.party("")
	cyd := party.enter("cyd")

	pc, tracks, offer := ann.offer()
	got := ann.must("publishVideo", map[string]any{"sdpOffer": offer, "hasAudio": true, "hasVideo": true, "typeOfVideo": "CAMERA"})
	_, _, lost := cyd.offer()
	cyd.must("publishVideo", map[string]any{"sdpOffer": lost, "hasAudio": true, "hasVideo": true, "typeOfVideo": "CAMERA"})

	for _, c := range []*client{ann, bob} {
		if n := c.hear("networkQualityLevelChanged", of("connectionId", ann.id)); n["newValue"] != 0. || n["oldValue"] != 5. {
			t.Errorf("told as %v", n)
		}
	}
	if n := cyd.hear("networkQualityLevelChanged", of("connectionId", cyd.id)); n["newValue"] != 0. {
		t.Errorf("told as %v", n)
	}
	slow := 0
	for _, id := range s.events.faults() {
		if id == fault.ICESlow.ID {
			slow++
		}
	}
	if slow != 2 {
		t.Errorf("recorded: %v", s.events.faults())
	}

	// Her browser takes the answer at last.
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got["sdpAnswer"].(string)}); err != nil {
		t.Fatal(err)
	}
	pump(t, tracks)
	if n := ann.hear("networkQualityLevelChanged", func(p map[string]any) bool { return p["oldValue"] == 0. }); n["newValue"].(float64) <= 0 {
		t.Errorf("told as %v", n)
	}
}
