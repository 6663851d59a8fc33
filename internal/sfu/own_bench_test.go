// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"golang.org/x/sys/unix"
)

// lane is a track and its viewers on one engine.
type lane struct {
	bench  *bench
	stream *stream
	packet []byte
	frames int
}

const framePackets = 5

func newLane(b *testing.B, e *Engine, viewers int) *lane {
	b.Helper()
	pub, err := e.NewPublisher(PublisherConfig{})
	if err != nil {
		b.Fatal(err)
	}
	x := &lane{bench: newBench(b, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})}
	x.bench.track.pub = pub
	x.bench.track.detach(x.bench.d)
	x.stream = x.bench.layer(3, vp8Params)
	x.stream.l.lastPacket.Store(now())
	for range viewers {
		x.bench.watchedBy(b, newViewer(b, e).start())
	}
	for _, p := range x.stream.frame(true, 1) {
		x.bench.feed(x.stream, p)
	}
	x.packet = raw(96, 0, 0, false, append(vp8Head(false, false, x.stream.pid, x.stream.tl0), make([]byte, 1180)...))
	return x
}

// watchedBy adds the track to a viewer's connection and waits until packets can go.
func (n *bench) watchedBy(b *testing.B, v *viewer) {
	b.Helper()
	if err := v.sub.Add(n.track, AddOptions{}); err != nil {
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

// frame forwards one picture.
func (x *lane) frame() {
	x.frames++
	for i := range framePackets {
		p := x.packet
		p[1] = 96
		if i == framePackets-1 {
			p[1] |= 0x80 // the marker
		}
		p[2], p[3] = byte(x.stream.seq>>8), byte(x.stream.seq)
		p[6], p[7] = byte(x.frames>>8), byte(x.frames)
		x.stream.seq++
		x.bench.feed(x.stream, p)
	}
}

// BenchmarkTransports forwards pictures of five packets to viewers on pion/webrtc and to
// as many on our own transport, in turns, and reports what the forwarding thread pays for
// one packet: sealing, the system call, and on loopback the way through the kernel to the
// receiver. "calls" are system calls per packet of our own; that of pion is one.
func BenchmarkTransports(b *testing.B) {
	for _, n := range []int{1, 10, 60} {
		b.Run(fmt.Sprintf("viewers=%d", n), func(b *testing.B) {
			engines := []*Engine{newEngine(b), newEngine(b, own)}
			engines[0].cfg.OwnTransport = false
			lanes := []*lane{newLane(b, engines[0], n), newLane(b, engines[1], n)}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var spent [2]time.Duration
			b.ResetTimer()
			for round := range b.N {
				for turn := range lanes {
					i := (round + turn) % 2
					from := threadTime()
					lanes[i].frame()
					spent[i] += threadTime() - from
				}
			}
			b.StopTimer()
			per := func(d time.Duration) float64 {
				return math.Round(float64(d.Nanoseconds()) / float64(b.N*framePackets*n))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(per(spent[0]), "cpu-ns/packet-pion")
			b.ReportMetric(per(spent[1]), "cpu-ns/packet-own")
			b.ReportMetric(float64(spent[1])/float64(spent[0]), "own/pion")
			sock := engines[1].socks.udp.socks[0].sock
			b.ReportMetric(float64(sock.Sent.Calls.Load())/float64(max(sock.Sent.Packets.Load(), 1)), "calls/packet-own")
		})
	}
}

// threadTime is the processor time of this thread.
func threadTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// BenchmarkViewerMemory reports what a viewer takes, memory and goroutines, on each
// transport; its client, which is in this process, is in both.
func BenchmarkViewerMemory(b *testing.B) {
	for _, which := range []string{"pion", "own"} {
		b.Run(which, func(b *testing.B) {
			const viewers = 30
			for b.Loop() {
				e := newEngine(b, func(c *Config) { c.OwnTransport = which == "own" })
				size := func() (bytes uint64, goroutines int) {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					return m.HeapAlloc + m.StackInuse, runtime.NumGoroutine()
				}
				bytes, goroutines := size()
				newLane(b, e, viewers)
				more, others := size()
				b.ReportMetric(float64(int64(more)-int64(bytes))/viewers/1024, "KiB/viewer")
				b.ReportMetric(float64(others-goroutines)/viewers, "goroutines/viewer")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
