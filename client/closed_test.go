// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"errors"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// TestAClosedConnectionIsNoWantOfCodecs: who publishes on a connection that has just closed
// is told that, and not that the track has a codec which nobody knows.
func TestAClosedConnectionIsNoWantOfCodecs(t *testing.T) {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.Close(); err != nil {
		t.Fatal(err)
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "mic", "stream")
	if err != nil {
		t.Fatal(err)
	}
	p := &Publication{tracks: []*mutedTrack{{TrackLocal: track}}}
	if err := p.add(&media{pub: pc}); !errors.Is(err, fault.ClientNotConnected) {
		t.Errorf("%v", err)
	}
}
