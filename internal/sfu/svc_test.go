// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/codec/svctest"
)

var (
	vp9Params = webrtc.RTPCodecParameters{
		PayloadType:        98,
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9, ClockRate: 90000},
	}
	av1Params = webrtc.RTPCodecParameters{
		PayloadType:        45,
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeAV1, ClockRate: 90000},
	}
)

const descriptorID = 5

// svcBench is a bench whose one stream has several layers.
type svcBench struct {
	*bench
	s    *stream
	of   *svctest.Stream
	how  webrtc.RTPCodecParameters
	told bool            // packets have descriptors
	made []svctest.Frame // by number from the first on
	size [codec.MaxSpatial]int
	ts   uint32 // of the latest picture
	sees *decoder
}

// svcModes are streams as browsers make them, told of in both ways.
func svcModes(t *testing.T, do func(t *testing.T, b *svcBench)) {
	for _, mode := range []struct {
		name              string
		spatial, temporal int
		keyOnly           bool
	}{{"L1T3", 1, 3, false}, {"L2T1", 2, 1, false}, {"L3T3", 3, 3, false}, {"L3T1_KEY", 3, 1, true}, {"L3T3_KEY", 3, 3, true}} {
		for _, how := range []struct {
			name   string
			params webrtc.RTPCodecParameters
			told   bool
		}{{"AV1", av1Params, true}, {"VP9", vp9Params, true}, {"VP9 without descriptors", vp9Params, false}} {
			t.Run(mode.name+" "+how.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					of := &svctest.Stream{
						Spatial: mode.spatial, Temporal: mode.temporal, KeyOnly: mode.keyOnly,
						Number: uint16(rand.Uint32()), Picture: uint16(rand.Uint32() & 0x7fff), Offset: uint8(rand.Uint32() & 63),
					}
					do(t, newSVCBench(t, of, how.params, how.told))
				})
			})
		}
	}
}

func newSVCBench(t testing.TB, of *svctest.Stream, how webrtc.RTPCodecParameters, told bool) *svcBench {
	rtx := webrtc.RTPCodecParameters{
		PayloadType:        how.PayloadType + 1,
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", how.PayloadType)},
	}
	b := &svcBench{bench: newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{how, rtx}), of: of, how: how, told: told, size: [codec.MaxSpatial]int{100, 300, 900}}
	b.s = b.layer(3, how)
	if told {
		b.s.l.ids.Dependency = descriptorID
		b.d.binding.Load().dependencyID = descriptorID
	}
	b.d.desired.Store(3)
	b.d.target.Store(b.s.l)
	b.sees = newDecoder(t, b)
	return b
}

// part is one packet of a picture, before it is sent.
type part struct {
	f           svctest.Frame
	bytes       []byte
	first, last bool
}

// picture makes the next picture, two packets for each layer.
func (b *svcBench) picture(key bool, active uint32) (parts []part) {
	frames := b.of.Next(key)
	for i, f := range frames {
		if active != 0 && active>>(f.Spatial*b.of.Temporal)&1 == 0 {
			continue // it is not sent at present
		}
		end := i == len(frames)-1 || active != 0 && active>>((f.Spatial+1)*b.of.Temporal)&1 == 0
		for n := range 2 {
			first, last := n == 0, n == 1
			var head []byte
			if b.how.MimeType == webrtc.MimeTypeVP9 {
				head = f.VP9(first, last)
			} else if head = []byte{0x10, 0x30}; f.Structure && first {
				head[0] |= 0x08 // a coded video sequence begins
			}
			h := rtp.Header{Version: 2, PayloadType: uint8(b.how.PayloadType), SequenceNumber: b.s.seq, Timestamp: b.s.ts, Marker: end && last, SSRC: 7}
			if b.told {
				told := f.Descriptor(first, last, active)
				profile := uint16(rtp.ExtensionProfileOneByte)
				if len(told) > 16 {
					profile = rtp.ExtensionProfileTwoByte
				}
				if err := h.SetExtensionWithProfile(descriptorID, told, profile); err != nil {
					b.t.Fatal(err)
				}
			}
			head = binary.BigEndian.AppendUint32(head, uint32(len(b.made)))
			raw, err := (&rtp.Packet{Header: h, Payload: append(head, make([]byte, b.size[f.Spatial])...)}).Marshal()
			if err != nil {
				b.t.Fatal(err)
			}
			b.s.seq++
			parts = append(parts, part{f, raw, first, last})
		}
		b.made = append(b.made, f)
	}
	b.ts = b.s.ts
	b.s.next()
	return parts
}

// show sends pictures, one each 33 ms, a key picture whenever one is asked for.
func (b *svcBench) show(pictures int) {
	for range pictures {
		key := b.s.l.wantKey.Load()
		for _, p := range b.picture(key, 0) {
			b.feed(b.s, p.bytes)
		}
		time.Sleep(33 * time.Millisecond)
	}
	b.sees.take()
}

// prefer asks for a layer, as a peer does.
func (b *svcBench) prefer(l Layer) {
	b.d.desired.Store(int32(l.rank()))
	o := b.track.options(l.rank(), now())
	b.d.sub.aim(b.d, o[len(o)-1].l, o[len(o)-1].point)
}

// decoder is a viewer who knows which frames need which.
type decoder struct {
	t        testing.TB
	b        *svcBench
	next     int          // of the packets sent
	has      map[int]bool // frames that it has decoded
	pictures int
	keys     int
	top      [2]int // layers of the latest picture
	temporal map[int]int
	ended    bool
}

func newDecoder(t testing.TB, b *svcBench) *decoder {
	return &decoder{t: t, b: b, has: map[int]bool{}, temporal: map[int]int{}, ended: true}
}

// index tells which frame a packet is of.
func (b *svcBench) index(p *rtp.Packet) int {
	if b.how.MimeType == webrtc.MimeTypeVP9 {
		f := p.Payload
		at := 4
		if f[0]&0x40 != 0 {
			for more := true; more; at++ {
				more = f[at]&1 != 0
			}
		}
		if f[0]&0x02 != 0 {
			at++
		}
		return int(binary.BigEndian.Uint32(f[at:]))
	}
	return int(binary.BigEndian.Uint32(p.Payload[2:]))
}

// take decodes what was sent since the last time.
func (x *decoder) take() {
	x.t.Helper()
	sent := x.b.w.sent
	for ; x.next < len(sent); x.next++ {
		p := &sent[x.next]
		if x.next > 0 && p.SequenceNumber != sent[x.next-1].SequenceNumber+1 {
			x.t.Fatalf("packet %d: number %d after %d", x.next, p.SequenceNumber, sent[x.next-1].SequenceNumber)
		}
		i := x.b.index(p)
		f := x.b.made[i]
		if x.ended != (x.next == 0 || p.Timestamp != sent[x.next-1].Timestamp) {
			x.t.Fatalf("packet %d: the picture before it has ended: %v", x.next, x.ended)
		}
		x.ended = p.Marker
		for _, n := range f.Needs {
			if need := i - int(f.Number-n); !x.has[need] {
				x.t.Fatalf("frame %d (layer %d/%d) needs frame %d, which was left out", i, f.Spatial, f.Temporal, need)
			}
		}
		if x.has[i] = true; f.Structure && p.Marker {
			x.keys++
		}
		if p.Marker {
			x.pictures++
			x.top = [2]int{f.Spatial, f.Temporal}
			x.temporal[f.Temporal]++
		}
	}
}

// Whatever layers are asked for, what is sent can be decoded, has no gap in its numbers
// and ends each picture with a marker; and the layer that was asked for comes.
func TestSVCLayers(t *testing.T) {
	svcModes(t, func(t *testing.T, b *svcBench) {
		b.show(40)
		spatial := b.of.Spatial
		if b.sees.top[0] != spatial-1 || b.sees.pictures != 40 {
			t.Fatalf("begins with layer %d, %d pictures", b.sees.top[0], b.sees.pictures)
		}
		keys := b.s.l.keyframes.Load()
		for i, step := range []Layer{LayerLow, LayerHigh, LayerMedium, LayerLow, LayerMedium, LayerHigh, LayerHigh} {
			was := b.sees.top[0]
			b.prefer(step)
			want := int(spatialOf(step.rank(), spatial))
			before := b.sees.pictures
			b.show(12)
			if got := b.sees.top[0]; got != want {
				t.Fatalf("step %d, %s: layer %d, want %d", i, step, got, want)
			}
			if n := b.sees.pictures - before; n != 12 {
				t.Errorf("step %d, %s: %d pictures of 12", i, step, n)
			}
			if got := b.d.currentLayer(); got != layerOf(b.s.l.rankAt(point(want<<8))) {
				t.Errorf("step %d: told %s", i, got)
			}
			needed := uint64(0)
			if want > was || want < was && b.of.KeyOnly {
				needed = 1
			}
			if got := b.s.l.keyframes.Load() - keys; got != needed {
				t.Errorf("step %d, from %d to %d: %d key pictures, want %d", i, was, want, got, needed)
			}
			keys = b.s.l.keyframes.Load()
		}
	})
}

// Whenever anything else is aimed at, also in the middle of a picture, what is sent can be
// decoded.
func TestSVCAnyTime(t *testing.T) {
	svcModes(t, func(t *testing.T, b *svcBench) {
		b.show(10)
		for range 300 {
			key := b.s.l.wantKey.Load() && rand.IntN(3) == 0
			for _, p := range b.picture(key, 0) {
				if rand.IntN(20) == 0 {
					b.d.desired.Store(1 + rand.Int32N(3))
					b.d.sub.aim(b.d, b.s.l, pointOf(codec.Layers{Spatial: uint8(rand.IntN(3)), Temporal: uint8(rand.IntN(3))}))
				}
				b.feed(b.s, p.bytes)
			}
			time.Sleep(33 * time.Millisecond)
		}
		b.sees.take()
		if b.sees.pictures < 60 {
			t.Errorf("%d pictures", b.sees.pictures)
		}
	})
}

// The frame rate is lowered and raised without a key picture, within four pictures.
func TestSVCFrameRate(t *testing.T) {
	svcModes(t, func(t *testing.T, b *svcBench) {
		b.show(40)
		top, keys := uint8(b.of.Spatial-1), b.s.l.keyframes.Load()
		for i, temporal := range []int{0, 2, 1, 0, 1, 2} {
			temporal = min(temporal, b.of.Temporal-1)
			b.d.sub.aim(b.d, b.s.l, pointOf(codec.Layers{Spatial: top, Temporal: uint8(temporal)}))
			b.show(4)
			before := b.sees.pictures
			b.show(16)
			want := []int{16, 8, 4}[b.of.Temporal-1-temporal]
			if b.of.Temporal == 1 {
				want = 16
			}
			if got := b.sees.pictures - before; got != want || b.sees.top[0] != int(top) {
				t.Errorf("step %d, up to %d: %d pictures of 16 of layer %d, want %d", i, temporal, got, b.sees.top[0], want)
			}
		}
		if got := b.s.l.keyframes.Load(); got != keys {
			t.Errorf("%d key pictures", got-keys)
		}
	})
}

// What is cheaper is chosen on a thin link, and all of it told truly.
func TestSVCOptions(t *testing.T) {
	svcModes(t, func(t *testing.T, b *svcBench) {
		b.show(100)
		all := b.track.options(LayerHigh.rank(), now())
		var rates []int
		for _, o := range all {
			rates = append(rates, int(o.rate/1000))
		}
		if !slices.IsSorted(rates) || len(all) < max(b.of.Spatial, b.of.Temporal-1) {
			t.Errorf("options of %v kbit/s", rates)
		}
		if low := b.track.options(LayerLow.rank(), now()); b.of.Spatial > 1 && low[len(low)-1].rate > all[len(all)-1].rate/3 {
			t.Errorf("low costs %.0f of %.0f", low[len(low)-1].rate, all[len(all)-1].rate)
		}
		layers := b.track.Layers()
		want := map[int][]Layer{1: {LayerHigh}, 2: {LayerLow, LayerHigh}, 3: {LayerLow, LayerMedium, LayerHigh}}[b.of.Spatial]
		if !slices.Equal(layers, want) {
			t.Errorf("layers %v, want %v", layers, want)
		}
		var packets, bytes uint64
		for _, l := range b.track.stats().Layers {
			packets, bytes = packets+l.Packets, bytes+l.Bytes
		}
		if packets > b.s.l.packets.Load() || bytes > b.s.l.bytes.Load() || packets < b.s.l.packets.Load()-8 {
			t.Errorf("%d packets and %d bytes told of %d and %d", packets, bytes, b.s.l.packets.Load(), b.s.l.bytes.Load())
		}
		// Half of what all of it costs pays for something.
		w := &demand{d: b.d, rank: 3, options: all}
		allocate([]*demand{w}, all[len(all)-1].rate*0.5, math.Inf(1), true, false)
		if w.at < 0 || all[w.at].rate > all[len(all)-1].rate*0.505 && w.at > 0 { // rates are smoothed
			t.Errorf("choice %d of %v: %.0f of %.0f", w.at, rates, all[w.at].rate, all[len(all)-1].rate)
		}
		b.d.sub.aim(b.d, w.chosen(), w.point())
		b.show(60)
		if got := float64(b.s.l.bitrateAt(b.d.now(), now())); got > all[len(all)-1].rate*0.6 && w.at > 0 {
			t.Errorf("%.0f are sent of %.0f", got, all[len(all)-1].rate)
		}
	})
}

// Leaving out goes on for hours in the memory it began with, and each of the latest
// packets can be had again as it was.
func TestSVCRetransmit(t *testing.T) {
	svcModes(t, func(t *testing.T, b *svcBench) {
		b.show(40)
		b.prefer(LayerLow)
		b.show(3000)
		if n := len(*b.d.maps.Load()); n > 3 {
			t.Errorf("%d segments", n)
		}
		sent := slices.Clone(b.w.sent)
		b.w.sent = nil
		last := sent[len(sent)-60:]
		for _, p := range last {
			b.d.retransmit(&rtcp.TransportLayerNack{MediaSSRC: 1000, Nacks: []rtcp.NackPair{{PacketID: p.SequenceNumber}}})
		}
		if len(b.w.sent) != len(last) {
			t.Fatalf("%d of %d repeated", len(b.w.sent), len(last))
		}
		for i, got := range b.w.sent {
			got.SSRC, got.PayloadType, got.SequenceNumber = last[i].SSRC, last[i].PayloadType, binary.BigEndian.Uint16(got.Payload)
			got.Payload = got.Payload[2:]
			a, _ := got.Marshal()
			w, _ := last[i].Marshal()
			if !slices.Equal(a, w) {
				t.Fatalf("packet %d repeated differently\n%x\n%x", i, a[:40], w[:40])
			}
		}
	})
}

// Packets that come late, or twice, or never: those of layers that are sent take the
// numbers that were kept for them, those that are left out fill theirs with nothing.
func TestSVCDisorder(t *testing.T) {
	svcModes(t, func(t *testing.T, b *svcBench) {
		b.show(40)
		b.prefer(LayerLow)
		b.show(12)
		b.sees.take()
		from := len(b.w.sent)
		var parts []part
		for range 100 {
			parts = append(parts, b.picture(false, 0)...)
		}
		order := slices.Clone(parts)
		for i := 0; i+8 < len(order); i += 8 {
			rand.Shuffle(8, func(x, y int) { order[i+x], order[i+y] = order[i+y], order[i+x] })
		}
		lost := 0
		for i, p := range order {
			if i%31 == 30 {
				lost++
				continue
			}
			b.feed(b.s, p.bytes)
			b.feed(b.s, p.bytes)
		}
		spatial := int(spatialOf(1, b.of.Spatial))
		seen, empty := map[uint16]bool{}, 0
		for _, p := range b.w.sent[from:] {
			if seen[p.SequenceNumber] {
				t.Fatalf("number %d is sent twice", p.SequenceNumber)
			}
			seen[p.SequenceNumber] = true
			if len(p.Payload) == 0 {
				empty++
				continue
			}
			if f := b.made[b.index(&p)]; f.Spatial > spatial {
				t.Fatalf("a packet of layer %d", f.Spatial)
			}
		}
		own := 0
		for i, p := range order {
			if i%31 != 30 && p.f.Spatial <= spatial {
				own++
			}
		}
		if got := len(seen) - empty; got != own {
			t.Errorf("%d packets of the layer, want %d (%d empty, %d lost)", got, own, empty, lost)
		}
		newest, first := b.w.sent[len(b.w.sent)-1].SequenceNumber, b.w.sent[from].SequenceNumber
		for _, p := range b.w.sent[from:] {
			if int16(p.SequenceNumber-newest) > 0 {
				newest = p.SequenceNumber
			}
			if int16(p.SequenceNumber-first) < 0 {
				first = p.SequenceNumber
			}
		}
		if gaps := int(newest-first) + 1 - len(seen); gaps > lost {
			t.Errorf("%d numbers were never sent, and %d packets never came", gaps, lost)
		}
		// An empty one is repeated as well.
		if empty > 0 {
			i := slices.IndexFunc(b.w.sent[from:], func(p rtp.Packet) bool { return len(p.Payload) == 0 })
			number := b.w.sent[from+i].SequenceNumber
			b.w.sent = nil
			b.d.retransmit(&rtcp.TransportLayerNack{MediaSSRC: 1000, Nacks: []rtcp.NackPair{{PacketID: number}}})
			if len(b.w.sent) == 1 && len(b.w.sent[0].Payload) != 2 {
				t.Errorf("an empty packet is repeated with %d bytes", len(b.w.sent[0].Payload))
			}
		}
	})
}

// A layer that its publisher stops sending is done without, and is back when it is.
func TestSVCLayersThatStop(t *testing.T) {
	svcModes(t, func(t *testing.T, b *svcBench) {
		if b.of.Spatial < 2 || !b.told {
			return
		}
		b.show(20)
		fewer := uint32(1)<<((b.of.Spatial-1)*b.of.Temporal) - 1
		for range 20 {
			key := b.s.l.wantKey.Load()
			for _, p := range b.picture(key, fewer) {
				b.feed(b.s, p.bytes)
			}
			time.Sleep(33 * time.Millisecond)
		}
		b.skipMade(t)
		if got, want := b.d.currentLayer(), layerOf(rankOfSpatial(uint8(b.of.Spatial-2), b.of.Spatial)); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
		if got := len(b.track.Layers()); got != b.of.Spatial-1 {
			t.Errorf("%d layers are told", got)
		}
	})
}

// skipMade looks at the latest picture only: numbers of frames have gaps.
func (b *svcBench) skipMade(t *testing.T) {
	t.Helper()
	last := b.w.sent[len(b.w.sent)-1]
	if f := b.made[b.index(&last)]; !last.Marker || f.Spatial != b.of.Spatial-2 || last.Timestamp-b.d.seg.TS != b.ts {
		t.Errorf("the latest packet is of layer %d, marked %v", f.Spatial, last.Marker)
	}
}

// Packets whose descriptors say nothing, or nonsense, are passed on.
func TestSVCNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSVCBench(t, &svctest.Stream{Spatial: 3, Temporal: 3}, av1Params, true)
		b.show(10)
		b.prefer(LayerLow)
		b.show(10)
		for range 500 {
			for _, p := range b.picture(rand.IntN(20) == 0, 0) {
				at := 12 + 4 + 1 + rand.IntN(3)
				p.bytes[at] = byte(rand.Uint32())
				b.feed(b.s, p.bytes)
			}
		}
		if len(b.w.sent) < 100 {
			t.Errorf("%d packets", len(b.w.sent))
		}
	})
}

// A publisher that changes its layers with each picture has nobody told of each.
func TestSVCFlutter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSVCBench(t, &svctest.Stream{Spatial: 2, Temporal: 1}, av1Params, true)
		var told, last atomic.Int64
		b.d.sub.cfg.OnLayer = func(_ string, current, _ Layer) {
			told.Add(1)
			last.Store(int64(current.rank()))
		}
		b.d.sub.alloc = make(chan struct{}, 1)
		kicks := 0
		for i := range 1000 {
			for _, p := range b.picture(true, []uint32{0b01, 0b11}[i%2]) {
				b.feed(b.s, p.bytes)
			}
			select {
			case <-b.d.sub.alloc:
				kicks++
			default:
			}
			time.Sleep(2 * time.Millisecond)
		}
		synctest.Wait()
		if n := told.Load(); n < 5 || n > 15 || kicks > 15 || b.d.switches.Load() < 900 {
			t.Errorf("told %d times and kicked %d times of %d changes in 2 s", n, kicks, b.d.switches.Load())
		}
		b.d.sub.downTracks = []*DownTrack{b.d}
		b.d.sub.allocate() // as its loop does now and then
		synctest.Wait()
		if got := int(last.Load()); got != b.d.currentLayer().rank() {
			t.Errorf("told last of layer %d, which is %s", got, b.d.currentLayer())
		}
	})
}

// The numbers of frames go on where a stream was paused, and descriptors are whole.
func TestSVCDescriptorsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSVCBench(t, &svctest.Stream{Spatial: 2, Temporal: 2, Number: 60000}, av1Params, true)
		read := func() (numbers []uint16) {
			var d codec.Dependencies
			for i, p := range b.w.sent {
				var f codec.Frame
				if !d.Read(p.GetExtension(descriptorID), uint64(i), &f) {
					t.Fatalf("packet %d has the descriptor %x", i, p.GetExtension(descriptorID))
				}
				if f.First {
					numbers = append(numbers, f.Number)
				}
			}
			return numbers
		}
		b.show(10)
		b.d.target.Store(nil)
		b.show(10)
		b.d.target.Store(b.s.l)
		b.s.l.requestKeyframe(false)
		b.show(10)
		numbers := read()
		if len(numbers) != 40 {
			t.Fatalf("%d frames", len(numbers))
		}
		for i, n := range numbers {
			if n != 60000+uint16(i) {
				t.Fatalf("frame %d has number %d", i, n)
			}
		}
	})
}

// A track of one layer costs a DownTrack nothing.
func TestOneLayerIsNotThinned(t *testing.T) {
	b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
	s := b.layer(3, vp8Params)
	b.d.target.Store(s.l)
	for i := range 10 {
		for _, p := range s.frame(i == 0, 2) {
			b.feed(s, p)
		}
	}
	if b.d.thinning.Load() != nil || b.d.binding.Load().main.described != nil || s.l.layering.Load() != nil || len(b.w.sent) != 20 {
		t.Error("something was made for layers")
	}
}

// BenchmarkSVC measures one packet of a stream of nine choices, of which a subscriber is
// sent all or the least.
func BenchmarkSVC(b *testing.B) {
	for _, layer := range []Layer{LayerHigh, LayerLow} {
		b.Run("layer="+string(layer), func(b *testing.B) {
			bench := newSVCBench(b, &svctest.Stream{Spatial: 3, Temporal: 3}, av1Params, true)
			bench.d.binding.Load().w = nowhere{}
			var packets [][]byte
			for i := range 64 {
				for _, p := range bench.picture(i == 0, 0) {
					packets = append(packets, p.bytes)
				}
			}
			at := 0
			feed := func() {
				p := packets[at%len(packets)]
				n := bench.s.seq + uint16(at)
				p[2], p[3] = byte(n>>8), byte(n)
				at++
				bench.feed(bench.s, p)
			}
			bench.prefer(layer)
			for range packets {
				feed()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				feed()
			}
			b.StopTimer()
			b.ReportMetric(float64(bench.d.packets.Load())/float64(at), "sent/packet")
		})
	}
}
