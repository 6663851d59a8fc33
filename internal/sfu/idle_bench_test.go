// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/inject"
)

// BenchmarkInjectIdle measures what the hooks of provoked faults cost while
// nothing is provoked: packets go from the read loop through SRTP to the sockets
// of real peers, some of which stand behind an impairment of an idle plan and some of
// which do not. "control" are more without, so that it shows how far two things
// that are the same differ. All three take turns, in each order, in one process:
// each round sends a picture of each, and what is compared are the medians.
func BenchmarkInjectIdle(b *testing.B) {
	const viewers, packets = 8, 48
	plan := inject.New(inject.Config{})
	defer plan.Close()
	e := newEngine(b)
	pub, err := e.NewPublisher(PublisherConfig{})
	if err != nil {
		b.Fatal(err)
	}
	type side struct {
		bench *bench
		s     *stream
		took  []float64
		n     int
	}
	lay := func(gate func() Impairment) *side {
		bench := newBench(b, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
		bench.track.pub = pub
		bench.track.detach(bench.d)
		s := bench.layer(3, vp8Params)
		s.l.lastPacket.Store(now())
		for range viewers {
			v := newViewerBehind(b, e, gate()).start()
			if err := v.sub.Add(bench.track, AddOptions{}); err != nil {
				b.Fatal(err)
			}
			if err := v.sub.SetLayer("id", LayerHigh); err != nil {
				b.Fatal(err)
			}
			until(b, "ready", func() bool {
				d, err := v.sub.find("id")
				return err == nil && v.sub.up.Load() && d.target.Load() != nil
			})
		}
		for _, p := range s.frame(true, 1) {
			bench.feed(s, p)
		}
		return &side{bench: bench, s: s}
	}
	none := func() Impairment { return nil }
	sides := []*side{lay(none), lay(none), lay(func() Impairment {
		_, sub := plan.Attend(inject.Who{Room: "r", Peer: "p"}, func(inject.Action) {}).Wires()
		return sub
	})}
	orders := [][3]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}, {1, 0, 2}}
	packet := raw(96, 0, 0, false, append(vp8Head(false, false, sides[0].s.pid, sides[0].s.tl0), make([]byte, 1180)...))
	b.ResetTimer()
	for round := range b.N {
		for _, i := range orders[round%len(orders)] {
			x := sides[i]
			from := time.Now()
			for range packets {
				packet[2], packet[3] = byte(x.s.seq>>8), byte(x.s.seq)
				packet[6], packet[7] = byte(x.n>>11), byte(x.n>>3)
				x.s.seq++
				x.n++
				x.bench.feed(x.s, packet)
			}
			x.took = append(x.took, float64(time.Since(from).Nanoseconds())/packets/viewers)
		}
	}
	b.StopTimer()
	median := func(x *side) float64 {
		slices.Sort(x.took)
		return x.took[len(x.took)/2]
	}
	bare, control, hooked := median(sides[0]), median(sides[1]), median(sides[2])
	b.ReportMetric(0, "ns/op") // a round is nothing anybody wants to know
	b.ReportMetric(math.Round(bare), "ns/packet-without")
	b.ReportMetric(math.Round(hooked), "ns/packet-with")
	b.ReportMetric((hooked/((bare+control)/2)-1)*100, "%-with")
	b.ReportMetric((control/bare-1)*100, "%-control")
}

// BenchmarkInjectHook is the hook by itself: what an idle impairment adds to one
// packet.
func BenchmarkInjectHook(b *testing.B) {
	plan := inject.New(inject.Config{})
	defer plan.Close()
	pub, _ := plan.Attend(inject.Who{Room: "r", Peer: "p"}, func(inject.Action) {}).Wires()
	var gate Impairment = pub
	packet := make([]byte, 1200)
	for b.Loop() {
		if drop, _, _ := gate.Pass(true, packet); drop {
			b.Fatal("dropped")
		}
	}
}
