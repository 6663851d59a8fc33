// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// DownTrack is one track on its way to one subscriber. It chooses among the track's
// layers, makes one continuous stream of them, and retransmits what was lost.
//
// Packets come from the read loops of the track's layers, one loop per layer.
// Only the loop of the current layer writes; at a key frame of the layer aimed
// at, that layer's loop takes over. The loops keep out of each other's way with
// the busy flag: the one that finds it taken while it forwards has just been
// replaced and drops its packet.
type DownTrack struct {
	sub     *Subscriber
	track   *Track
	binding atomic.Pointer[binding] // nil until negotiated

	current atomic.Pointer[upstream] // what is being forwarded
	target  atomic.Pointer[upstream] // what is aimed at; nil forwards nothing
	aimed   atomic.Uint32            // the point of it, if it has several layers itself
	busy    atomic.Bool
	maps    atomic.Pointer[rtpbuf.Mapping[*upstream]]

	// of whoever holds busy
	seg       rtpbuf.Segment[*upstream] // the open one
	begun     bool
	lastIn    uint64
	lastOut   uint64
	lastTS    uint32 // as sent
	lastAt    int64
	lastPID   uint16
	lastTL0   uint8
	frameDone bool
	refilled  refilled
	fmt       *codec.Format
	via       *binding
	how       match // how fmt leaves by via
	scratch   [receiveMTU]byte
	lastFrame uint16 // of those, as sent
	spread    bool   // packets pass the pacer

	thinning atomic.Pointer[thinning] // nil before a stream has several layers

	heard atomic.Bool // the subscriber reported on this stream: it knows whose it is

	packets, bytes, keyframes, switches, dropped atomic.Uint64
	lastSent                                     atomic.Uint64 // lastOut, for others
	firstOut                                     atomic.Uint64 // of the layer, a key frame's
	asks                                         atomic.Uint64 // key frames the subscriber asked for

	rtx    rtxResponder
	report receiverReport

	state      ForwardState // as it was last looked at, of the subscriber's loop
	stateSince atomic.Int64 // since when, to within a turn of that loop
	waits      atomic.Bool  // that state is ForwardKeyframe

	desired           atomic.Int32 // rank the peer asked for
	pausedByBandwidth atomic.Bool  // the network cannot carry it

	// of the negotiation, guarded by Subscriber.neg
	section transport.Sender
	bad     atomic.Bool // cannot be forwarded to this peer as it is
	told    atomic.Bool // and never can be, which the owner knows
}

func newDownTrack(s *Subscriber, t *Track) *DownTrack {
	d := &DownTrack{sub: s, track: t}
	d.maps.Store(&rtpbuf.Mapping[*upstream]{})
	d.aimed.Store(uint32(wholeStream))
	return d
}

// watch notes when the state of forwarding changes. It runs on the subscriber's loop.
func (d *DownTrack) watch(at int64) {
	if state := d.forwardState(); state != d.state {
		d.state = state
		d.waits.Store(state == ForwardKeyframe)
		d.stateSince.Store(max(at, 1))
	}
}

// write is called by a layer's read loop for each of its packets.
func (d *DownTrack) write(l *upstream, p *rtpbuf.Packet) {
	if d.current.Load() == l {
		d.forward(l, p)
		return
	}
	if d.target.Load() != l || !d.sub.up.Load() {
		return
	}
	if !p.Key {
		d.requestKeyframe(l)
		return
	}
	d.takeOver(l, p)
}

// requestKeyframe asks for what the DownTrack can begin layer l with.
func (d *DownTrack) requestKeyframe(l *upstream) { l.requestKeyframe(d.packets.Load() == 0) }

// forward sends a packet of the current layer.
func (d *DownTrack) forward(l *upstream, p *rtpbuf.Packet) {
	if !d.busy.CompareAndSwap(false, true) {
		return // another layer is taking over
	}
	if d.current.Load() == l {
		d.forwardHeld(l, p)
	}
	d.busy.Store(false)
}

func (d *DownTrack) forwardHeld(l *upstream, p *rtpbuf.Packet) {
	if !d.sub.up.Load() {
		d.halt()
		return
	}
	// A picture that was begun is finished before a pause takes effect.
	if d.target.Load() == nil && (d.frameDone || l.hist == nil || p.TS+d.seg.TS != d.lastTS) {
		d.halt()
		return
	}
	d.send(l, p)
}

// halt stops forwarding; the next packet must begin a key frame.
func (d *DownTrack) halt() {
	if old := d.current.Swap(nil); old != nil {
		next := d.maps.Load().Close(d.lastIn)
		d.maps.Store(&next)
		d.sub.layerChanged(d)
	}
}

// takeOver switches to layer l at a key frame.
func (d *DownTrack) takeOver(l *upstream, p *rtpbuf.Packet) {
	for spin := 0; !d.busy.CompareAndSwap(false, true); spin++ {
		if spin > 10000 { // the other loop is stuck in a send
			d.requestKeyframe(l)
			return
		}
		runtime.Gosched()
	}
	if d.target.Load() == l && d.current.Load() != l && d.binding.Load() != nil {
		d.begin(l, p)
		if old := d.current.Swap(l); old != nil {
			d.switches.Add(1)
		}
		d.send(l, p)
		d.sub.layerChanged(d)
	}
	d.busy.Store(false)
}

// begin opens a segment at p that continues what was sent before.
func (d *DownTrack) begin(l *upstream, p *rtpbuf.Packet) {
	if was := d.seg.Layer; was != nil && was != l {
		was.batch.Flush() // what it has sent goes first
	}
	s := rtpbuf.Segment[*upstream]{Layer: l, In0: p.Seq, In1: rtpbuf.Open}
	if !d.begun {
		d.begun = true
		d.lastOut = 1<<16 | uint64(rand.Uint32()&0x7fff)
	} else {
		s.TS = d.seg.TS
		if d.seg.Layer != l {
			s.TS = d.align(l, p)
		}
		s.PID = d.lastPID + 1 - p.Counters.PID
		s.TL0 = d.lastTL0 + 1 - p.Counters.TL0
		if p.DescriptorEnd > 0 {
			s.Frame = d.lastFrame + 1 - codec.FrameNumber(p.Descriptor())
		}
	}
	s.Out0 = d.lastOut + 1
	d.firstOut.Store(s.Out0)
	if p.Frame.Structure != nil {
		d.thin(&s)
	}
	next := d.maps.Load().Close(d.lastIn).Add(s)
	d.maps.Store(&next)
	d.seg, d.lastIn = s, p.Seq-1
	d.frameDone = true
}

// align chooses what to add to the timestamps of layer l so that they continue
// those of the layer before: by the publisher's sender reports, which relate both
// to one clock, else by the time that has passed.
func (d *DownTrack) align(l *upstream, p *rtpbuf.Packet) uint32 {
	clock := p.Codec.Clock
	passed := uint32((p.Arrival - d.lastAt) * int64(clock) / 1e9)
	want := d.lastTS + max(passed, 1)
	old, latest := d.seg.Layer.report.Load(), l.report.Load()
	if old != nil && latest != nil {
		exact := old.rtpAt(latest.timeOf(p.TS, clock), clock) + d.seg.TS
		// Reports can be wrong by a lot, the passing of time only by the jitter.
		if off := int32(exact - want); off < int32(clock) && off > -int32(clock) {
			want = exact
		}
	}
	if int32(want-d.lastTS) <= 0 { // the same picture in another size
		want = d.lastTS + 1
	}
	return want - p.TS
}

// send maps one packet and passes it on.
func (d *DownTrack) send(l *upstream, p *rtpbuf.Packet) {
	if p.Frame.Structure != nil || d.seg.Numbers != nil {
		d.sendPart(l, p)
		return
	}
	seg := &d.seg
	late := p.Seq <= d.lastIn
	switch {
	case late:
		if seg = d.maps.Load().ByIn(l, p.Seq); seg == nil {
			return
		}
	case p.Seq-d.lastIn > rtpbuf.HistorySize:
		// More is missing than could ever be repeated.
		d.skip(d.lastIn, p.Seq)
		seg = &d.seg
	}
	if p.Start == p.End { // padding only: a probe of the publisher
		if !late {
			d.skip(p.Seq-1, p.Seq+1)
			d.lastIn = p.Seq
		}
		return
	}
	o := d.format(p)
	if o == nil {
		return
	}
	if d.how.unwrap {
		switch {
		case !late:
			d.refill(o, p, seg)
		case p.Seq+refillSpan <= d.lastIn || d.refilled.has(p.Seq):
			return
		}
	}
	out := seg.Out(p.Seq)
	if !late {
		d.lastIn, d.lastOut = p.Seq, out
		d.sent(p, seg, out, p.Marker)
	}
	d.pass(o, p, seg, p.Marker, out)
}

// format finds out how a packet leaves, and by what; nil: it cannot.
func (d *DownTrack) format(p *rtpbuf.Packet) *binding {
	o := d.binding.Load()
	if p.Codec != d.fmt || o != d.via {
		d.fmt, d.via, d.how = p.Codec, o, o.match(p.Codec)
	}
	if !d.how.ok {
		d.mismatch()
		return nil
	}
	return o
}

// sent notes the latest packet.
func (d *DownTrack) sent(p *rtpbuf.Packet, seg *rtpbuf.Segment[*upstream], out uint64, marker bool) {
	d.lastTS, d.lastAt = p.TS+seg.TS, p.Arrival
	d.lastPID, d.lastTL0 = p.Counters.PID+seg.PID, p.Counters.TL0+seg.TL0
	if p.DescriptorEnd > 0 {
		d.lastFrame = codec.FrameNumber(p.Descriptor()) + seg.Frame
	}
	d.frameDone = marker
	d.lastSent.Store(out)
}

// skip leaves out what lies between the layer's numbers last and next.
func (d *DownTrack) skip(last, next uint64) {
	s := d.seg
	s.Out0, s.In0 = d.seg.Out(last)+1, next
	m := d.maps.Load().Close(last).Add(s)
	d.maps.Store(&m)
	d.seg = s
}

// pass sends a packet as this subscriber takes it, or gives the picture up.
func (d *DownTrack) pass(o *binding, p *rtpbuf.Packet, seg *rtpbuf.Segment[*upstream], marker bool, out uint64) {
	if err := d.emit(seg, o, p, d.payload(d.scratch[:], p, seg, d.how), marker, p.TS+seg.TS, out); err != nil {
		d.dropped.Add(1)
		if l := seg.Layer; l.hist != nil {
			// The picture is damaged; the rest of it would be in vain.
			d.halt()
			l.requestKeyframe(false)
		}
		return
	}
	if p.Key && p.Codec.Inspect != nil {
		d.keyframes.Add(1)
	}
}

// emit sends a payload with the extensions of a packet, or has it wait for its turn, when
// release sends it.
func (d *DownTrack) emit(seg *rtpbuf.Segment[*upstream], o *binding, p *rtpbuf.Packet, payload []byte, marker bool, ts uint32, out uint64) error {
	batched := o.batched
	if d.sub.pacer.on.Load() && seg.Layer.hist != nil {
		if waits, err := d.queue(seg.Layer, out, len(payload)); waits || err != nil {
			return err
		}
		batched = nil
	} else if d.spread { // hardly ever: most packets need not write it
		d.spread = false
	}
	flags, one := d.flags(p, d.how)
	hdr := o.header(&o.main, p, seg, flags, one, d.sub.number(flags, len(payload), false))
	hdr.Marker = marker
	hdr.PayloadType = d.how.pt
	hdr.SequenceNumber = uint16(out)
	hdr.Timestamp = ts
	hdr.SSRC = o.ssrc
	var n int
	var err error
	if batched != nil {
		n, err = batched.WriteBatched(&seg.Layer.batch, hdr, payload)
	} else {
		n, err = o.w.WriteRTP(hdr, payload)
	}
	if err != nil {
		return err
	}
	d.packets.Add(1)
	d.bytes.Add(uint64(n))
	return nil
}

// flags chooses the header extensions of a packet. A stream without a
// retransmission format repeats packets under their own number, and a number
// must never be sealed with two different contents: it gets no extension that
// could change in between.
func (d *DownTrack) flags(p *rtpbuf.Packet, how match) (flags int, one uint8) {
	switch {
	case p.HasLevel:
		flags, one = withOne, p.Level
	case p.HasCVO:
		flags, one = withOne, p.Orientation
	}
	if p.Codec.Inspect != nil && how.rtx == 0 {
		return flags, one
	}
	return flags | d.numbered(), one
}

// numbered are the header extensions of every packet that is numbered: until the subscriber
// has told that it hears the stream, which section it is of as well.
func (d *DownTrack) numbered() int {
	if d.heard.Load() {
		return withTWCC
	}
	return withTWCC | withMid
}

// payload gives what is sent of a packet, changed in scratch where it must be.
func (d *DownTrack) payload(scratch []byte, p *rtpbuf.Packet, seg *rtpbuf.Segment[*upstream], how match) []byte {
	b := p.Payload()
	switch {
	case seg.PID != 0 && p.Counters.PIDLen != 0, seg.TL0 != 0 && p.Counters.TL0Len != 0:
		b = scratch[:copy(scratch, b)]
		p.Counters.Rewrite(b, seg.PID, seg.TL0)
	case how.unwrap:
		if block, _, ok := codec.REDPrimary(b); ok {
			b = block
		}
	case how.block != 0 && how.block != b[0]&0x7f:
		b = scratch[:copy(scratch, b)]
		codec.REDRetype(b, how.block)
	}
	return b
}

// mismatch hears that the track is sent in what the section does not list: the
// section is offered anew, or the subscriber cannot have the track.
func (d *DownTrack) mismatch() {
	if d.bad.CompareAndSwap(false, true) {
		d.sub.nego.recode(d)
		d.sub.kickNegotiation()
	}
}

// The methods below make a DownTrack a transport.Source.

// Bind is called when the subscriber has answered.
func (d *DownTrack) Bind(agreed transport.Binding) webrtc.RTPCodecParameters {
	o := newBinding(agreed, d.track.kind)
	d.sub.accepted(o)
	chosen := webrtc.RTPCodecParameters{}
	for _, c := range o.codecs {
		if sameCodec(d.track.Codec().RTPCodecCapability, c.RTPCodecCapability) {
			chosen = c
			break
		}
	}
	if chosen.MimeType == "" && len(o.codecs) > 0 {
		// An error here would stop the negotiation of all other tracks half way.
		chosen = o.codecs[0]
	}
	d.sub.route(o.ssrc, o.rtxSSRC, d)
	d.binding.Store(o)
	return chosen
}

// Unbind is called when the track is removed from the connection.
func (d *DownTrack) Unbind() {
	d.track.detach(d)
	if o := d.binding.Load(); o != nil {
		d.sub.unroute(o.ssrc, o.rtxSSRC)
	}
}

// ID is the publisher's track id.
func (d *DownTrack) ID() string { return d.track.id }

// StreamID is the publisher's stream id.
func (d *DownTrack) StreamID() string { return d.track.stream }

// Kind tells audio from video.
func (d *DownTrack) Kind() webrtc.RTPCodecType { return d.track.kind }
