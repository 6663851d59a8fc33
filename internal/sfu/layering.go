// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"math/bits"
	"sync/atomic"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/gcc"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// layering is what is known of a stream that has several layers itself (SVC), of VP9 or
// AV1: which there are, and what each choice of them costs.
type layering struct {
	// of what delivers packets
	dependencies codec.Dependencies
	payloads     codec.VP9Layers
	described    bool // packets have dependency descriptors
	kickedAt     int64
	window       gcc.RateMeter
	total        int
	bytesOf      [codec.MaxTargets]int
	bytesIn      [codec.MaxSpatial]int

	// written by what delivers packets, read by anyone
	structure atomic.Pointer[codec.Structure] // nil: there is one layer
	active    atomic.Uint32                   // targets that are sent
	rates     [codec.MaxTargets]bitrate       // by target
	spatial   [codec.MaxSpatial]spatialLayer
}

// spatialLayer counts what one spatial layer has by itself.
type spatialLayer struct{ packets, bytes, rate atomic.Uint64 }

// point is a choice of layers: the highest spatial layer and the highest temporal one.
// They are in order, worst first.
type point uint32

// wholeStream is all layers, however many there are.
const wholeStream = point(0xffff)

func pointOf(l codec.Layers) point { return point(l.Spatial)<<8 | point(l.Temporal) }

func (p point) spatial() uint8  { return uint8(p >> 8) }
func (p point) temporal() uint8 { return uint8(p) }

// readLayers reads what a packet tells of its layers, of a codec that has such streams.
func (l *upstream) readLayers(p *rtpbuf.Packet) {
	g := l.layering.Load()
	described := p.DescriptorEnd > 0
	if g == nil {
		if !described && !(p.Codec.VP9 && codec.VP9Layered(p.Payload())) {
			return
		}
		g = &layering{}
		l.layering.Store(g)
	}
	f := &p.Frame
	switch {
	case described:
		g.described = true
		g.dependencies.Read(p.Descriptor(), p.Seq, f)
	case !g.described && p.Codec.VP9:
		g.payloads.Read(p.Payload(), f)
	}
	if f.Structure == nil {
		return
	}
	if f.Structure.Targets == 1 {
		f.Structure = nil // there is nothing to choose
		g.structure.Store(nil)
		return
	}
	if p.Seq >= l.lastSeq && (g.structure.Load() != f.Structure || g.active.Load() != f.Active) {
		g.structure.Store(f.Structure)
		g.active.Store(f.Active)
		// A publisher may change it with each packet; viewers look again by themselves.
		if g.kickedAt == 0 || p.Arrival-g.kickedAt > seldom {
			g.kickedAt = p.Arrival
			for _, d := range *l.track.downTracks.Load() {
				d.sub.kickAllocation()
			}
		}
	}
	g.count(p)
}

func (g *layering) count(p *rtpbuf.Packet) {
	f := &p.Frame
	s := &g.spatial[f.Spatial]
	s.packets.Add(1)
	s.bytes.Add(uint64(p.Size))
	g.total += p.Size
	g.bytesIn[f.Spatial] += p.Size
	for rest := f.Targets; rest != 0; rest &= rest - 1 {
		g.bytesOf[bits.TrailingZeros32(rest)] += p.Size
	}
	rate, ok := g.window.Add(p.Arrival, p.Size)
	if !ok {
		return
	}
	share := func(bytes int) uint64 { return uint64(float64(rate) * float64(bytes) / float64(g.total)) }
	for i := range g.rates {
		of := share(g.bytesOf[i])
		if before := g.rates[i].now.Load(); before > 0 {
			of = (before + of) / 2
		}
		g.rates[i].set(of)
	}
	for i := range g.spatial {
		g.spatial[i].rate.Store(share(g.bytesIn[i]))
	}
	g.total, g.bytesOf, g.bytesIn = 0, [codec.MaxTargets]int{}, [codec.MaxSpatial]int{}
}

// several is the structure of a stream with several layers, else nil.
func (l *upstream) several() (*layering, *codec.Structure) {
	g := l.layering.Load()
	if g == nil {
		return nil, nil
	}
	return g, g.structure.Load()
}

// spatialOf is the highest spatial layer of n that a rank allows: low is the lowest, high
// the highest, medium the one below that.
func spatialOf(rank, n int) uint8 {
	switch {
	case rank >= 3:
		return uint8(n - 1)
	case rank == 2:
		return uint8(max(n-2, 0))
	}
	return 0
}

// rankOfSpatial is the rank of a spatial layer of n.
func rankOfSpatial(spatial uint8, n int) int {
	switch {
	case int(spatial) >= n-1:
		return LayerHigh.rank()
	case spatial == 0:
		return LayerLow.rank()
	}
	return LayerMedium.rank()
}

// rankAt is the rank of what is forwarded of a stream at a point of it.
func (l *upstream) rankAt(p point) int {
	if _, s := l.several(); s != nil && s.Spatial > 1 {
		return rankOfSpatial(p.spatial(), s.Spatial)
	}
	return l.rank
}

// rateAt is the rate of what a point of the stream has.
func (l *upstream) rateAt(p point) *bitrate {
	g, s := l.several()
	if s == nil {
		return &l.rate
	}
	return &g.rates[g.target(s, p)]
}

// bitrateAt is the recent rate of what a point of the stream has, in bits per second, 0 when
// nothing arrives.
func (l *upstream) bitrateAt(p point, at int64) uint64 {
	if !l.alive(at) {
		return 0
	}
	return l.rateAt(p).now.Load()
}

// target is which targets' packets a choice of layers has.
func (g *layering) target(s *codec.Structure, p point) int {
	return s.Target(g.active.Load(), p.spatial(), p.temporal())
}

// ranks are the ranks of the spatial layers that are sent, worst first; nil for a stream
// that has one.
func (l *upstream) ranks() (list []int) {
	l.eachSpatial(func(_ *spatialLayer, rank int) {
		if len(list) == 0 || list[len(list)-1] != rank {
			list = append(list, rank)
		}
	})
	return list
}

// eachSpatial visits the spatial layers that are sent, if there are several, and tells
// whether there are.
func (l *upstream) eachSpatial(do func(s *spatialLayer, rank int)) bool {
	g, st := l.several()
	if st == nil || st.Spatial < 2 {
		return false
	}
	active := g.active.Load()
	for s := range st.Spatial {
		for i := range st.Targets {
			if active>>i&1 != 0 && int(st.Of[i].Spatial) == s {
				do(&g.spatial[s], rankOfSpatial(uint8(s), st.Spatial))
				break
			}
		}
	}
	return true
}

// options are what can be forwarded of a stream within a rank, the cheapest first, each
// dearer than the one before. The frame rate is lowered by more than a step in the
// smallest picture alone.
func (l *upstream) options(rank int, at int64, out []option) []option {
	alive := l.alive(at)
	of := func(p point) option {
		o := option{l: l, point: p}
		if alive {
			r := l.rateAt(p)
			o.rate, o.most = float64(r.now.Load()), float64(r.most.Load())
		}
		return o
	}
	g, st := l.several()
	if st == nil {
		return append(out, of(wholeStream))
	}
	before := len(out)
	active, highest := g.active.Load(), spatialOf(rank, st.Spatial)
	for spatial := range highest + 1 {
		top := st.Of[st.Target(active, spatial, codec.MaxTemporal)]
		if top.Spatial != spatial && len(out) > before {
			continue // it is not sent
		}
		lowest := uint8(0)
		if len(out) > before {
			lowest = max(top.Temporal, 1) - 1
		}
		for t := lowest; t <= top.Temporal; t++ {
			o := of(pointOf(codec.Layers{Spatial: top.Spatial, Temporal: t}))
			for n := len(out); n > before && out[n-1].rate >= o.rate; n-- {
				out = out[:n-1] // it has less for as much
			}
			out = append(out, o)
		}
	}
	return out
}

// split adds what is told of a stream, by layer if it has several: what each has by
// itself. What is known of the stream as a whole, such as losses, is with the best.
func (l *upstream) split(out []LayerStats, whole LayerStats) []LayerStats {
	before := len(out)
	if !l.eachSpatial(func(s *spatialLayer, rank int) {
		out = append(out, LayerStats{
			Layer: layerOf(rank), SSRC: whole.SSRC, LastPacket: whole.LastPacket,
			Packets: s.packets.Load(), Bytes: s.bytes.Load(), Bitrate: s.rate.Load(),
		})
	}) || len(out) == before {
		return append(out, whole)
	}
	best := &out[len(out)-1]
	best.Lost, best.NACKs, best.Keyframes, best.KeyframeAsks = whole.Lost, whole.NACKs, whole.Keyframes, whole.KeyframeAsks
	return out
}
