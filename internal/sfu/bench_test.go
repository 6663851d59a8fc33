// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// nowhere takes packets and forgets them.
type nowhere struct{}

func (nowhere) WriteRTP(h *rtp.Header, payload []byte) (int, error) { return 12 + len(payload), nil }
func (nowhere) Write(b []byte) (int, error)                         { return len(b), nil }

// BenchmarkFanout measures one packet from the read loop to the last hop, which
// is left out: what this package adds to every packet of every subscriber. After
// a switch of the layer the picture counters are rewritten as well.
func BenchmarkFanout(b *testing.B) {
	for _, n := range []int{1, 10, 60} {
		for _, switched := range []bool{false, true} {
			b.Run(fmt.Sprintf("subscribers=%d/switched=%v", n, switched), func(b *testing.B) {
				bench := newBench(b, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
				low, s := bench.layer(1, vp8Params), bench.layer(3, vp8Params)
				bench.track.detach(bench.d)
				var downTracks []*DownTrack
				for range n {
					d := newDownTrack(bench.d.sub, bench.track)
					o := *bench.d.binding.Load()
					o.w = nowhere{}
					d.binding.Store(&o)
					bench.track.attach(d)
					downTracks = append(downTracks, d)
				}
				aim := func(s *stream) {
					for _, d := range downTracks {
						d.target.Store(s.l)
					}
					for _, p := range s.frame(true, 1) {
						bench.feed(s, p)
					}
				}
				if switched {
					aim(low)
				}
				aim(s)
				packet := raw(96, 0, 0, false, append(vp8Head(false, false, s.pid, s.tl0), make([]byte, 1180)...))
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					packet[2], packet[3] = byte(s.seq>>8), byte(s.seq)
					packet[6], packet[7] = byte(i>>11), byte(i>>3) // a picture of eight packets
					s.seq++
					bench.feed(s, packet)
				}
				b.StopTimer()
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/packet")
				for _, d := range downTracks {
					if d.packets.Load() < uint64(b.N) {
						b.Fatalf("%d of %d packets sent", d.packets.Load(), b.N)
					}
				}
			})
		}
	}
}

// BenchmarkTransport measures the same down to the socket: sealed and sent to
// real peers on loopback, which also pay for receiving here.
func BenchmarkTransport(b *testing.B) {
	for _, n := range []int{1, 10, 60} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			e := newEngine(b)
			pub, err := e.NewPublisher(PublisherConfig{})
			if err != nil {
				b.Fatal(err)
			}
			bench := newBench(b, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
			bench.track.pub = pub
			bench.track.detach(bench.d)
			s := bench.layer(3, vp8Params)
			s.l.lastPacket.Store(now())
			var viewers []*viewer
			for range n {
				v := newViewer(b, e).start()
				if err := v.sub.Add(bench.track, AddOptions{}); err != nil {
					b.Fatal(err)
				}
				if err := v.sub.SetLayer("id", LayerHigh); err != nil {
					b.Fatal(err)
				}
				viewers = append(viewers, v)
			}
			for _, v := range viewers {
				until(b, "ready", func() bool {
					d, err := v.sub.find("id")
					return err == nil && v.sub.up.Load() && d.target.Load() != nil
				})
			}
			for _, p := range s.frame(true, 1) {
				bench.feed(s, p)
			}
			packet := raw(96, 0, 0, false, append(vp8Head(false, false, s.pid, s.tl0), make([]byte, 1180)...))
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				packet[2], packet[3] = byte(s.seq>>8), byte(s.seq)
				packet[6], packet[7] = byte(i>>11), byte(i>>3)
				s.seq++
				bench.feed(s, packet)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/packet")
		})
	}
}

// BenchmarkJoin measures a viewer's way from nothing to its first packet, the
// peer's half of the work included.
func BenchmarkJoin(b *testing.B) {
	e := newEngine(b)
	s := newSender(b, e)
	src := s.publish(webrtc.MimeTypeOpus, "mic")
	tr := receiveFrom(b, "OnTrack", s.tracks)
	src.pump(5*time.Millisecond, 1, nil)
	until(b, "packets", func() bool { return len(tr.Layers()) == 1 })
	for b.Loop() {
		v := newViewer(b, e)
		if err := v.sub.Add(tr, AddOptions{}); err != nil {
			b.Fatal(err)
		}
		v.start()
		receiveFrom(b, "the first packet", v.tracks)
		b.StopTimer()
		_ = v.sub.Close()
		_ = v.pc.Close()
		b.StartTimer()
	}
}
