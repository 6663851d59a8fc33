// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"errors"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// receiverOffer makes an offer to receive the given kinds.
func receiverOffer(t testing.TB, pc *webrtc.PeerConnection, kinds ...webrtc.RTPCodecType) webrtc.SessionDescription {
	t.Helper()
	for _, kind := range kinds {
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	offer, err := pc.CreateOffer(nil)
	whole := webrtc.GatheringCompletePromise(pc)
	if err == nil {
		err = pc.SetLocalDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-whole
	return *pc.LocalDescription()
}

// A peer that offers to receive gets what was added, byte for byte, in the
// codec that its publisher sends.
func TestAReceiverOffers(t *testing.T) {
	for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeOpus} {
		t.Run(mime, func(t *testing.T) {
			e := newEngine(t)
			src, tr := newSender(t, e).camera(mime, "camera")
			sub, err := e.NewSubscriber(SubscriberConfig{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = sub.Close() })
			if err := sub.Add(tr, AddOptions{}); err != nil {
				t.Fatal(err)
			}
			if tr.Kind() == webrtc.RTPCodecTypeVideo {
				if err := sub.SetLayer("camera", LayerHigh); err != nil {
					t.Fatal(err)
				}
			}
			pc := client(t)
			got := make(chan *webrtc.TrackRemote, 4)
			pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { got <- r })
			// The kind that nobody sends is answered as well, and stays silent.
			answer, err := sub.Accept(receiverOffer(t, pc, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo))
			if err != nil {
				t.Fatal(err)
			}
			if err := pc.SetRemoteDescription(answer); err != nil {
				t.Fatal(err)
			}
			remote := receiveFrom(t, "the track", got)
			if remote.Kind() != tr.Kind() || remote.Codec().MimeType != mime {
				t.Errorf("arrives as %s %s", remote.Kind(), remote.Codec().MimeType)
			}
			for range 20 {
				if p := readRTP(t, remote); !src.wrote(p.Payload) {
					t.Fatalf("packet %d was never sent like this", p.SequenceNumber)
				}
			}
			if _, err := sub.Accept(answer); !errors.Is(err, fault.NegotiationFailed) {
				t.Errorf("a second offer: %v", err)
			}
		})
	}
}

// FuzzAccept: whatever a receiver offers, it is answered or refused as its fault.
func FuzzAccept(f *testing.F) {
	e := newEngine(f)
	f.Add(receiverOffer(f, client(f), webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo).SDP)
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
	sender := newSender(f, e)
	sender.publish(webrtc.MimeTypeVP8, "camera")
	tr := receiveFrom(f, "OnTrack", sender.tracks)
	f.Fuzz(func(t *testing.T, text string) {
		sub, err := e.NewSubscriber(SubscriberConfig{})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		if err := sub.Add(tr, AddOptions{}); err != nil {
			t.Fatal(err)
		}
		_, err = sub.Accept(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text})
		if err != nil && !errors.Is(err, fault.SDPInvalid) && !errors.Is(err, fault.NegotiationFailed) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
