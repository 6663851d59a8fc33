// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"runtime"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// TestOffersBeforeThePathIsUpAreBounded offers again and again while no packet
// of the peer comes; the library keeps something of each offer until one does.
func TestOffersBeforeThePathIsUpAreBounded(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	// The answers go nowhere, so that no packet comes.
	for range 10 {
		if _, err := s.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendrecv}); err != nil {
			t.Fatal(err)
		}
	}
	offer, err := s.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse)
	}
	before := heap()
	answered := 0
	for range 300 {
		_, err := s.pub.Answer(t.Context(), offer)
		switch {
		case err == nil:
			answered++
		case !isFault(err, fault.RateLimited) || fault.From(err, fault.OpPublish).Detail("limit") != "limits.early_offers":
			t.Fatal(err)
		}
	}
	if answered != 32 {
		t.Errorf("%d of 300 offers were answered, want 32", answered)
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

// TestOffersCountOnlyUntilThePathIsUp negotiates more often than that on a
// connection that works.
func TestOffersCountOnlyUntilThePathIsUp(t *testing.T) {
	s := newSender(t, newEngine(t))
	s.publish(webrtc.MimeTypeVP8, "camera")
	s.negotiate(nil)
	until(t, "connected", func() bool { return s.pub.State() == StateConnected })
	for range 40 {
		s.negotiate(nil)
	}
}
