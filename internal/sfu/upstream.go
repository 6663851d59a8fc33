// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/rtpseq"
	"github.com/redial-rtc/redial/internal/sfu/gcc"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// upstream is one received stream of a track: its only one, or one simulcast
// encoding. Every packet of it is handed to the track's receivers.
type upstream struct {
	track     *Track
	rank      int
	ssrc      uint32
	remote    transport.Stream
	ids       rtpbuf.ExtIDs
	hist      *rtpbuf.History // nil for audio, which is not repeated
	nackQueue rtpseq.NACKQueue
	layering  atomic.Pointer[layering] // nil before a packet tells of layers
	batch     transport.Batch          // of what delivers packets: what goes out by our own transport

	// of what delivers packets
	next      *rtpbuf.Packet // nil: it has no room yet
	seq       rtpseq.Unwrapper
	formats   [128]*codec.Format
	began     uint64 // first extended sequence number
	lastSeq   uint64
	lastTS    uint32
	lastKeyTS uint32
	keyed     bool
	leveled   bool // a packet has told its level
	unleveled int  // packets that have not, before the first that does
	window    gcc.RateMeter

	// written by what delivers packets, read by anyone
	packets, bytes, keyframes, nacks atomic.Uint64
	expected                         atomic.Uint64
	rate                             bitrate
	lastPacket                       atomic.Int64
	report                           atomic.Pointer[senderReport]
	zeroTS                           atomic.Uint32 // media time when now() was 0, before there is a report

	// key frame requests, see keyframes.go
	wantKey     atomic.Bool
	wantFirst   atomic.Bool // for somebody who has no picture yet
	keyAnswered atomic.Bool // one has come since the publisher's loop looked
	asks        atomic.Uint64
	askedAt     time.Time // of the publisher's loop
	unheard     int
}

// senderReport relates the publisher's clock to the media clock (RFC 3550,
// section 6.4.1).
type senderReport struct {
	ntp     time.Time
	rtp     uint32
	arrival int64
}

const silent = int64(2 * time.Second)

// alive tells whether packets arrived lately.
func (l *upstream) alive(at int64) bool {
	last := l.lastPacket.Load()
	return last != 0 && at-last < silent
}

// bitrate is the recent rate in bits per second, 0 when nothing arrives.
func (l *upstream) bitrate(at int64) uint64 {
	if !l.alive(at) {
		return 0
	}
	return l.rate.now.Load()
}

// bitrate is a rate in bits per second that is measured twice a second, and the most that it
// has been lately: that rises at once, and takes some four seconds to come down.
type bitrate struct{ now, most atomic.Uint64 }

func (b *bitrate) set(rate uint64) {
	b.now.Store(rate)
	most := b.most.Load()
	b.most.Store(max(rate, most-(most-min(rate, most))/8))
}

// Room is where the next packet is put.
func (l *upstream) Room() []byte {
	if l.next == nil {
		l.next = rtpbuf.New()
	}
	return l.next.Buf[:]
}

// RTP hands a packet on.
func (l *upstream) RTP(n int) {
	p := l.next
	if !l.receive(p, n) {
		return // its memory is for the next
	}
	l.next = nil
	p.Publish()
	if l.hist != nil {
		l.hist.Put(p)
	}
	l.track.forward(l, p)
	p.Drop()
}

// Bad counts a packet that nobody could read.
func (l *upstream) Bad() { l.track.pub.engine.totals.badPackets.Add(1) }

// End takes the layer off its track.
func (l *upstream) End() {
	if l.next != nil {
		l.next.Discard()
		l.next = nil
	}
	if l.hist != nil {
		l.hist.Clear()
	}
	l.track.layers[l.rank].CompareAndSwap(l, nil)
	l.track.pub.engine.totals.addLayer(l)
}

// receive fills in what the fan-out must know. It reports false for a packet
// that goes nowhere.
func (l *upstream) receive(p *rtpbuf.Packet, n int) bool {
	seq16, ok := p.Parse(n, l.ids)
	if !ok {
		l.track.pub.engine.totals.badPackets.Add(1)
		return false
	}
	f := l.formats[p.PT]
	if f == nil {
		c, ok := l.remote.Codec(p.PT)
		if !ok {
			l.track.pub.engine.totals.badPackets.Add(1)
			return false
		}
		f = codec.NewFormat(c)
		l.formats[p.PT] = f
	}
	p.Codec = f
	if l.track.format.Load() != f {
		l.track.format.Store(f)
	}
	p.Arrival = now()
	first, highest := !l.seq.Begun, l.seq.Highest
	p.Seq = l.seq.Extend(seq16)
	if first {
		l.began = p.Seq
		l.track.begins(p.Arrival)
	}
	if l.hist != nil && (p.Seq+rtpbuf.HistorySize <= l.seq.Highest || l.hist.Has(p.Seq)) {
		return false // too late for anybody, or a probe that repeats what we have
	}
	if !first && l.hist != nil && l.nackQueue.Arrived(p.Seq, highest, p.Arrival) {
		kick(l.track.pub.askKick)
	}
	if p.Seq >= highest && l.report.Load() == nil {
		l.zeroTS.Store(p.TS - ticks(p.Arrival, f.Clock))
	}
	if l.wantKey.Load() && !l.alive(p.Arrival) {
		kick(l.track.pub.askKick) // it was asked seldom while it was silent
	}
	l.count(p)
	l.detectKeyframe(p, first)
	if f.Layered {
		l.readLayers(p)
	}
	return true
}

func (l *upstream) count(p *rtpbuf.Packet) {
	l.packets.Add(1)
	l.bytes.Add(uint64(p.Size))
	l.expected.Store(l.seq.Highest - l.began + 1)
	l.lastPacket.Store(p.Arrival)
	if rate, ok := l.window.Add(p.Arrival, p.Size); ok {
		l.rate.set(rate)
	}
}

// detectKeyframe decides whether the packet begins a key frame.
func (l *upstream) detectKeyframe(p *rtpbuf.Packet, first bool) {
	if p.Codec.Inspect == nil {
		p.Key = true
		l.listen(p)
		return
	}
	hint := codec.NoKey
	if p.Start < p.End {
		hint, p.Counters = p.Codec.Inspect(p.Payload())
	}
	// A stream that can only be told apart by its picture must show where the
	// picture begins: right after the last packet of another one.
	begins := first || p.Seq == l.lastSeq+1 && p.TS != l.lastTS
	if hint == codec.KeyStart || hint == codec.KeyPart && begins {
		if !l.keyed || p.TS != l.lastKeyTS {
			p.Key = true
			l.keyed, l.lastKeyTS = true, p.TS
			l.keyframes.Add(1)
			if first := &l.track.keyed; first.Load() == 0 {
				first.CompareAndSwap(0, max(p.Arrival, 1))
			}
			l.keyframeCame()
		}
	}
	if p.Seq >= l.lastSeq {
		l.lastSeq, l.lastTS = p.Seq, p.TS
	}
}

// unleveledMost is how many packets may come before one tells its level: two
// seconds of speech.
const unleveledMost = 100

// listen takes the level that a packet tells. Until one has, it takes what Opus
// says of voice.
func (l *upstream) listen(p *rtpbuf.Packet) {
	switch {
	case p.HasLevel:
		l.leveled = true
		l.track.hear(p.Level&0x7f, p.Arrival)
		return
	case l.leveled:
		return
	}
	if l.unleveled++; l.unleveled == unleveledMost {
		l.track.levelMissing("the packets do not carry it")
	}
	payload := p.Payload()
	if p.Codec.RED {
		payload, _, _ = codec.REDPrimary(payload)
	}
	if voice, known := codec.OpusVoice(payload); voice {
		l.track.hear(voiceLevel, p.Arrival)
	} else if known {
		l.track.hear(127, p.Arrival)
	}
}

// RTCP takes a compound packet of the publisher; of one that cannot be read nothing is
// kept.
func (l *upstream) RTCP(b []byte) {
	list, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, pkt := range list {
		if sr, ok := pkt.(*rtcp.SenderReport); ok && sr.SSRC == l.ssrc {
			r := &senderReport{ntp: ntpTime(sr.NTPTime), rtp: sr.RTPTime, arrival: now()}
			l.track.pub.clock.see(r)
			l.report.Store(r)
		}
	}
}
