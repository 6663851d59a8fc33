// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"math"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// thinBench is a subscriber whose path has shown a limit, with a video over which padding
// can be sent.
func thinBench(t *testing.T, codecs ...webrtc.RTPCodecParameters) *bench {
	b := newBench(t, webrtc.RTPCodecTypeVideo, append([]webrtc.RTPCodecParameters{vp8Params}, codecs...))
	b.d.binding.Load().numbered = true
	b.d.sub.downTracks = []*DownTrack{b.d}
	s := b.layer(1, vp8Params)
	b.d.target.Store(s.l)
	for _, p := range s.frame(true, 3) {
		b.feed(s, p)
	}
	b.w.sent = nil
	b.d.sub.estimate.FeedREMB(600e3, 1e6, now())
	b.d.sub.estimate.Feed(nil, now())
	return b
}

var vp8RTX = webrtc.RTPCodecParameters{
	PayloadType:        97,
	RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"},
}

// A train is padding over the retransmission stream, at the rate that is asked for, for a
// tenth of a second; the next waits until it is judged.
func TestTrain(t *testing.T) {
	for name, c := range map[string]struct{ wanted, rate float64 }{
		"what is wanted, and something beyond": {300e3, 1.25 * 300e3},
		"no more than it may be":               {100e6, 400e3},
	} {
		t.Run(name, func(t *testing.T) {
			b := thinBench(t, vp8RTX)
			sub, at := b.d.sub, now()
			if sub.padder.ask(sub, c.wanted, at); sub.padder.wakes() != nil {
				t.Fatal("one leaves as soon as a limit has been met")
			}
			at += int64(5 * time.Second)
			sub.padder.ask(sub, c.wanted, at)
			const trainFor = 100 * time.Millisecond
			for i := range 30 {
				if sub.padder.tick != nil {
					sub.padder.pad(sub, at+int64(i)*int64(trainTick))
				}
			}
			if sub.padder.wakes() != nil {
				t.Error("it does not end")
			}
			for i, p := range b.w.sent {
				if p.SSRC != 2000 || p.PayloadType != 97 || !p.Padding || len(p.Payload) != padding || p.Payload[padding-1] != padding || p.SequenceNumber != uint16(i) {
					t.Fatalf("packet %d is %v with %d bytes", i, p.Header, len(p.Payload))
				}
			}
			sent := float64(len(b.w.sent)*padding) * 8 / trainFor.Seconds()
			if math.Abs(sent/c.rate-1) > 0.1 {
				t.Errorf("%.0f bits per second, want %.0f", sent, c.rate)
			}
			b.w.sent = nil
			if sub.padder.ask(sub, c.wanted, at); sub.padder.wakes() != nil {
				t.Error("another leaves before the first is judged")
			}
		})
	}
}

func carriedBy(b *bench) float64 { return b.d.sub.padder.carries(b.d.sub, now()) }

// Where there is nothing to pad with nothing is held back, as it was before there were trains.
func TestNoTrainWithoutRetransmission(t *testing.T) {
	if c := carriedBy(thinBench(t, vp8RTX)); c > 600e3 {
		t.Errorf("a thin path carries %.0f", c)
	}
	if c := carriedBy(thinBench(t)); !math.IsInf(c, 1) {
		t.Errorf("without a retransmission stream, %.0f", c)
	}
}

// A train ends with its subscriber, and with its path.
func TestTrainEnds(t *testing.T) {
	b := thinBench(t, vp8RTX)
	sub, at := b.d.sub, now()+int64(5*time.Second)
	sub.padder.ask(sub, 1.5e6, at)
	if sub.padder.wakes() == nil {
		t.Fatal("none leaves")
	}
	sub.up.Store(false)
	sub.padder.pad(sub, at+int64(50*time.Millisecond))
	if len(b.w.sent) > 0 {
		t.Errorf("%d packets on a path that is down", len(b.w.sent))
	}
	sub.padder.end(sub, at+int64(100*time.Millisecond))
	if sub.padder.wakes() != nil {
		t.Error("it does not end")
	}
}

// What does not flow yet waits for the path to carry it; what flows stays.
func TestWhatIsNotCarriedWaits(t *testing.T) {
	of := func(at int) *demand {
		w := &demand{d: &DownTrack{}, rank: 3}
		for i, rate := range []float64{100, 300, 1000} {
			w.options = append(w.options, option{l: &upstream{rank: i + 1}, rate: rate})
		}
		w.d.target.Store(w.options[at].l)
		w.d.aimed.Store(uint32(w.options[at].point))
		return w
	}
	videos := []*demand{of(0), of(1)}
	free := allocate(videos, 1e6, math.Inf(1), false, false)
	if !free.raised || videos[0].at != 2 {
		t.Fatalf("with room for all, %+v", free)
	}
	if got := allocate(videos, 1e6, 450, false, false); got.raised || videos[0].at+videos[1].at != 1 {
		t.Errorf("of a path that carries what flows, %d and %d, %+v", videos[0].at, videos[1].at, got)
	}
}
