// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// timedWire notes when packets leave.
type timedWire struct {
	wire
	mu sync.Mutex
	at []time.Time
}

func (w *timedWire) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = append(w.at, time.Now())
	return w.wire.WriteRTP(h, payload)
}

// left is what has left until now.
func (w *timedWire) left() []rtp.Packet {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

// pacedBench is a viewer of a video of three layers whose packets are numbered.
func pacedBench(t *testing.T) (*bench, *timedWire) {
	b, w := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params, vp8RTX}), &timedWire{}
	o := b.d.binding.Load()
	o.w, o.twccID, o.numbered = w, testTWCC, true
	o.prepare(&o.main)
	o.prepare(&o.rtx)
	b.d.sub.downTracks = []*DownTrack{b.d}
	for rank := 1; rank <= 3; rank++ {
		b.layer(rank, vp8Params)
	}
	return b, w
}

// thinPath is one who gets the best layer at a rate.
func thinPath(t *testing.T, rate float64) (*bench, *timedWire, *stream) {
	b, w := pacedBench(t)
	s := b.layers[3]
	b.d.target.Store(s.l)
	b.d.sub.pacer.set(rate)
	return b, w, s
}

// feedAll passes packets through the layer, one after the other.
func (b *bench) feedAll(s *stream, packets [][]byte) {
	for _, p := range packets {
		b.feed(s, p)
	}
}

// waits is how many packets wait, and their bytes.
func (b *bench) waits() (packets, bytes int) {
	p := &b.d.sub.pacer
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting), p.bytes
}

// settle lets time pass, and what is due then.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// large gives a picture of packets of 1,000 bytes.
func (s *stream) large(key bool, n int) [][]byte {
	all := s.frame(key, n)
	for i, packet := range all {
		all[i] = append(packet, make([]byte, 1000+12-len(packet))...)
	}
	return all
}

// A key frame leaves at the rate that is set, in order, each packet numbered when it does, and
// what is repeated meanwhile does not wait.
func TestKeyFrameIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w, s := thinPath(t, 1e6)
		const n = 20
		began := time.Now()
		b.feedAll(s, s.large(true, n))
		if len(w.left()) > 3 {
			t.Errorf("%d packets left at once, of a rate that has room for two or three", len(w.left()))
		}
		settle(50 * time.Millisecond)
		b.d.retransmit(&rtcp.TransportLayerNack{Nacks: []rtcp.NackPair{{PacketID: uint16(b.d.firstOut.Load())}}})
		settle(time.Second)
		if len(w.left()) != n+1 {
			t.Fatalf("%d packets left, want %d and a repeat", len(w.left()), n)
		}
		var main []rtp.Packet
		for i, p := range w.left() {
			if got := binary.BigEndian.Uint16(p.GetExtension(testTWCC)); got != uint16(i+1) {
				t.Errorf("packet %d to leave has number %d", i+1, got)
			}
			if p.SSRC == 2000 {
				continue
			}
			main = append(main, p)
			after := w.at[i].Sub(began).Seconds()
			if most := 1e6/8*(after+0.02) + 2000; float64(i)*1000 > most {
				t.Errorf("packet %d left after %.3f s, when %.0f bytes may have", i, after, most)
			}
		}
		continuous(t, main)
		if took := w.at[n].Sub(began); took < 120*time.Millisecond || took > 180*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		if got := b.d.packets.Load(); got != n {
			t.Errorf("%d packets are counted, want %d", got, n)
		}
	})
}

// However little the path is thought to carry, nothing waits for long.
func TestNothingWaitsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w, s := thinPath(t, 90e3)
		var longest time.Duration
		for i := range 100 { // 1.2 Mbit/s
			b.feedAll(s, s.large(i == 0, 5))
			settle(33 * time.Millisecond)
		}
		settle(time.Second)
		if len(w.left()) != 500 {
			t.Fatalf("%d packets left", len(w.left()))
		}
		start := w.at[0]
		for i, at := range w.at {
			longest = max(longest, at.Sub(start)-time.Duration(i/5)*33*time.Millisecond)
		}
		if longest > 200*time.Millisecond {
			t.Errorf("one waited %s", longest)
		}
		continuous(t, w.left())
	})
}

// Whatever layer is aimed at, whenever it is paused and whether packets have to wait, the
// viewer gets one unbroken stream.
func TestPacedSwitchingIsSeamless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w := pacedBench(t)
		for frame := range 2000 {
			switch {
			case frame%37 == 0:
				b.d.target.Store(b.layers[1+(frame/37)%3].l)
			case frame%101 == 0:
				b.d.target.Store(nil)
			}
			if frame%53 == 0 {
				b.d.sub.pacer.set([]float64{math.Inf(1), 300e3, 3e6}[rand.IntN(3)])
			}
			for rank := 1; rank <= 3; rank++ {
				s := b.layers[rank]
				b.feedAll(s, s.large(s.l.wantKey.Load() && rand.IntN(3) == 0, 1+rand.IntN(4)))
			}
			settle(33 * time.Millisecond)
		}
		settle(time.Second)
		continuous(t, w.left())
		if len(w.left()) < 1000 || b.d.dropped.Load() > 0 {
			t.Errorf("%d packets left, %d were dropped", len(w.left()), b.d.dropped.Load())
		}
	})
}

// What waits is bounded. What comes on top is lost, as from a full queue on the way, and a new
// picture is asked for.
func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, s := thinPath(t, 90e3)
		b.feedAll(s, s.large(true, 2*rtpbuf.HistorySize))
		if n, _ := b.waits(); n != rtpbuf.HistorySize {
			t.Errorf("%d packets wait", n)
		}
		if b.d.dropped.Load() != 1 || b.d.current.Load() != nil || !s.l.wantKey.Load() {
			t.Errorf("%d dropped, forwarding goes on: %v, a key frame is asked for: %v", b.d.dropped.Load(), b.d.current.Load() != nil, s.l.wantKey.Load())
		}
		settle(2 * time.Second)
		if n, bytes := b.waits(); n != 0 || bytes != 0 {
			t.Errorf("after two seconds %d packets wait, of %d bytes", n, bytes)
		}
	})
}

// What waits of a track is forgotten with it.
func TestRemovedTrackLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, w, s := thinPath(t, 1e6)
		b.feedAll(s, s.large(true, 20))
		sent := len(w.left())
		if err := b.d.sub.Remove("id"); err != nil {
			t.Fatal(err)
		}
		settle(time.Second)
		if n, bytes := b.waits(); len(w.left()) > sent+1 || n != 0 || bytes != 0 {
			t.Errorf("%d packets left after it was removed, %d wait, of %d bytes", len(w.left())-sent, n, bytes)
		}
	})
}

// On a path that has shown no limit packets leave as they come.
func TestNothingIsSpreadOnAGoodPath(t *testing.T) {
	b, w := pacedBench(t)
	s := b.layers[3]
	b.d.target.Store(s.l)
	b.d.sub.pacer.follow(b.d.sub.estimate, now())
	b.feedAll(s, s.large(true, 100))
	if len(w.left()) != 100 {
		t.Errorf("%d of 100 packets left at once", len(w.left()))
	}
	b.d.sub.estimate.FeedREMB(600e3, 1e6, now())
	if b.d.sub.pacer.follow(b.d.sub.estimate, now()); !b.d.sub.pacer.on.Load() {
		t.Error("nothing is spread where the receiver has told of a limit")
	}
}
