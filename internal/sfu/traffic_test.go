// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// TestTraffic: packets are told apart as RFC 7983 does, and of the handshake the
// largest datagram and an alert that can be read are known.
func TestTraffic(t *testing.T) {
	var c traffic
	alert := append([]byte{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40}, make([]byte, 5)...)
	sealed := slices.Clone(alert)
	sealed[4], sealed[14] = 1, 7
	for _, b := range [][]byte{
		{0, 1, 0, 0}, {1, 1}, append([]byte{22}, make([]byte, 1199)...), append([]byte{22}, make([]byte, 100)...), alert, sealed,
		{128}, {191}, {200}, {64}, {}, nil,
	} {
		c.udp.count(false, b)
	}
	c.udp.count(true, []byte{0, 1})
	c.tcp.count(true, []byte{144})
	got := map[string]uint64{}
	for _, one := range c.evidence() {
		if one.In != nil {
			got[one.Protocol+" "+one.Class+" in"] = one.In.Packets
		}
		if one.Out != nil {
			got[one.Protocol+" "+one.Class+" out"] = one.Out.Packets
		}
		if one.Class != "dtls" {
			continue
		}
		if one.In.Largest != 1200 || one.In.Alert == nil || *one.In.Alert != 40 || one.In.First.IsZero() || one.In.Last.Before(one.In.First) {
			t.Errorf("the handshake is %+v", one.In)
		}
	}
	for key, want := range map[string]uint64{"udp stun in": 2, "udp stun out": 1, "udp dtls in": 4, "udp media in": 2, "udp other in": 2, "tcp media out": 1} {
		if got[key] != want {
			t.Errorf("%s: %d, want %d", key, got[key], want)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("and %v", got)
	}
	packet := make([]byte, 1200)
	for _, first := range []byte{0, 22, 128} {
		packet[0] = first
		if n := testing.AllocsPerRun(100, func() { c.udp.count(true, packet) }); n != 0 {
			t.Errorf("counting a packet that begins with %d allocates %v times", first, n)
		}
	}
}

// TestWhatAnImpairmentDropsIsNotCounted: to the counters it never came, as on a network
// that drops it; what goes out is counted, since nobody here knows what becomes of it.
func TestWhatAnImpairmentDropsIsNotCounted(t *testing.T) {
	e := newEngine(t, library) // our own transport sends no checks
	v := newViewerBehind(t, e, dropsIn{}).start()
	until(t, "checks to go out", func() bool {
		for _, one := range v.sub.Evidence().Traffic {
			if one.In != nil {
				t.Fatalf("counted: %+v", one.In)
			}
			if one.Class == "stun" && one.Out != nil && one.Out.Packets > 2 {
				return true
			}
		}
		return false
	})
	if v.sub.Evidence().STUN {
		t.Error("a check that was dropped was seen")
	}
}

// dropsIn lets nothing in.
type dropsIn struct{}

func (dropsIn) Pass(out bool, _ []byte) (bool, bool, time.Duration) { return !out, false, 0 }

// TestMovedOverTCP: that a connection goes on over TCP is told where UDP had died, and
// not where both are well.
func TestMovedOverTCP(t *testing.T) {
	for silent, want := range map[time.Duration]bool{stillFor + time.Second: true, stillFor / 2: false, 0: false} {
		c := conn{callbacks: newCallbackQueue()}
		told := make(chan error, 1)
		c.onState = func(st State, err error) { told <- err }
		if silent > 0 {
			c.traffic.udp[classSTUN].in.last.Store(now() - int64(silent))
		}
		c.moved(webrtc.ICEProtocolUDP, webrtc.ICEProtocolTCP)
		if want {
			f, ok := errors.AsType[*fault.Error](<-told)
			if !ok || f.Kind != fault.ICEDisconnected || f.Detail("over") != "tcp" {
				t.Errorf("told of %v", f)
			}
			c.moved(webrtc.ICEProtocolTCP, webrtc.ICEProtocolUDP)
		}
		c.callbacks.close()
		if len(told) > 0 {
			t.Errorf("silent for %v: told of %v", silent, <-told)
		}
	}
}

// BenchmarkInjectTraffic measures what counting packets costs: forwarding to viewers
// whose packets are counted beside viewers whose packets are not.
func BenchmarkInjectTraffic(b *testing.B) {
	blind, counted := newEngine(b), newEngine(b)
	blind.blind = true
	none := func() Impairment { return nil }
	beside(b, side{blind, none}, side{counted, none})
}

// BenchmarkTrafficCount is the counter by itself.
func BenchmarkTrafficCount(b *testing.B) {
	var c traffic
	packet := make([]byte, 1200)
	packet[0] = 128
	b.ReportAllocs()
	for b.Loop() {
		c.udp.count(true, packet)
	}
}

// side is how the viewers of one side of a comparison are connected.
type side struct {
	engine     *Engine
	impairment func() Impairment
}

// beside forwards to viewers of two sides, and of the first once more as a control,
// in turns, and reports the median of each.
func beside(b *testing.B, bare, with side) {
	const viewers, packets = 8, 48
	pub, err := bare.engine.NewPublisher(PublisherConfig{})
	if err != nil {
		b.Fatal(err)
	}
	type lane struct {
		bench *bench
		s     *stream
		took  []float64
		n     int
	}
	lay := func(how side) *lane {
		bench := newBench(b, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
		bench.track.pub = pub
		bench.track.detach(bench.d)
		s := bench.layer(3, vp8Params)
		s.l.lastPacket.Store(now())
		for range viewers {
			bench.watchedBy(b, newViewerBehind(b, how.engine, how.impairment()).start())
		}
		for _, p := range s.frame(true, 1) {
			bench.feed(s, p)
		}
		return &lane{bench: bench, s: s}
	}
	lanes := []*lane{lay(bare), lay(bare), lay(with)}
	orders := [][3]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}, {1, 0, 2}}
	packet := raw(96, 0, 0, false, append(vp8Head(false, false, lanes[0].s.pid, lanes[0].s.tl0), make([]byte, 1180)...))
	b.ResetTimer()
	for round := range b.N {
		for _, i := range orders[round%len(orders)] {
			x := lanes[i]
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
	median := func(x *lane) float64 {
		slices.Sort(x.took)
		return x.took[len(x.took)/2]
	}
	plain, control, hooked := median(lanes[0]), median(lanes[1]), median(lanes[2])
	b.ReportMetric(0, "ns/op") // a round is nothing anybody wants to know
	b.ReportMetric(math.Round(plain), "ns/packet-without")
	b.ReportMetric(math.Round(hooked), "ns/packet-with")
	b.ReportMetric((hooked/((plain+control)/2)-1)*100, "%-with")
	b.ReportMetric((control/plain-1)*100, "%-control")
}
