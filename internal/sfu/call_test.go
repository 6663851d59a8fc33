package sfu

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// What is published arrives byte for byte.
func TestPublishSubscribe(t *testing.T) {
	for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeOpus} {
		t.Run(mime, func(t *testing.T) {
			e := newEngine(t)
			s := newSender(t, e)
			s.negotiate(nil) // the data channel alone comes first
			src := s.publish(mime, "camera")
			tr := receiveFrom(t, "OnTrack", s.tracks)
			if tr.ID() != "camera" || tr.StreamID() != "stream-camera" {
				t.Fatalf("track %q of stream %q", tr.ID(), tr.StreamID())
			}
			src.pump(20*time.Millisecond, 3, func() bool { return tr.layers[3].Load() != nil && tr.layers[3].Load().wantKey.Load() })
			v := newViewer(t, e).start()
			remote := v.add(tr)
			if remote.ID() != "camera" || remote.StreamID() != "stream-camera" {
				t.Fatalf("arrived as %q of %q", remote.ID(), remote.StreamID())
			}
			src.mu.Lock()
			sent := src.sent
			src.mu.Unlock()
			_ = sent
			for range 60 {
				p, _, err := remote.ReadRTP()
				if err != nil {
					t.Fatal(err)
				}
				src.mu.Lock()
				found := false
				for _, payload := range src.sent {
					if bytes.Equal(payload, p.Payload) {
						found = true
						break
					}
				}
				src.mu.Unlock()
				if !found {
					t.Fatalf("packet %d was never sent like this", p.SequenceNumber)
				}
			}
		})
	}
}
