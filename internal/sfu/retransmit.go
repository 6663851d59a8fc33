// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/redial-rtc/redial/internal/rtpseq"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// rtxResponder answers a subscriber's requests for lost packets (RFC 4585, section
// 6.2.1) from the history of the track, over the retransmission stream (RFC 4588)
// where there is one. It runs on the goroutine that reads the connection's RTCP.
//
// What it sends is bounded whatever is asked: a packet is sent again
// [Config.Retransmits] times at most, a round trip apart, not when the last repeat
// is known to have arrived, and within the repairBudget of the whole connection.
type rtxResponder struct {
	seq       atomic.Uint32 // of the stream, of which 16 bits count
	timestamp atomic.Uint32 // of the latest repeat
	sent      *repeatLog    // nil until something is asked for

	asked, repeated atomic.Uint64
	refused         [refusals]atomic.Uint64
}

// next is the next number of the retransmission stream.
func (r *rtxResponder) next() uint16 { return uint16(r.seq.Add(1) - 1) }

// repeatLog is which packets were sent again lately. Each packet that can still be
// had has a place of its own, so that no request makes one forgotten.
type repeatLog struct {
	of      [rtpbuf.HistorySize]repeat
	scratch [receiveMTU + 2]byte
}

// repeat is how often one packet was sent again, and the latest time of it.
type repeat struct {
	out   uint32 // low half of the extended number
	at    uint32 // milliseconds of now
	twcc  uint16 // transport-wide number, if it has one
	heard bool   // it has one
	times uint8
}

// Why a packet that was asked for is not sent again.
const (
	refusedTimes   = iota // often enough
	refusedSoon           // the last repeat may still be under way
	refusedArrived        // the subscriber has it
	refusedBudget         // too much at once
	refusedPast           // more is lost than by chance, and a layer has begun since, whose key frame needs nothing of before
	refusals
)

var refusalNames = [refusals]string{"limit", "early", "arrived", "budget", "past"}

const (
	minRepeatGap     = 10 * time.Millisecond
	unknownRepeatGap = 50 * time.Millisecond  // while the round trip is not known
	maxRepeatGap     = 500 * time.Millisecond // one slow report must not stop repairs
)

// repeatGap is how long after one repeat of a packet the next may follow: if the
// first was lost, the subscriber cannot have noticed sooner.
func repeatGap(trip time.Duration) time.Duration {
	if trip == 0 {
		return unknownRepeatGap
	}
	return min(max(trip, minRepeatGap), maxRepeatGap)
}

func (d *DownTrack) retransmit(nack *rtcp.TransportLayerNack) {
	o := d.binding.Load()
	f := d.track.format.Load()
	if o == nil || f.Inspect == nil {
		return
	}
	if d.rtx.sent == nil {
		d.rtx.sent = &repeatLog{}
	}
	maps := *d.maps.Load()
	newest, needed := d.lastSent.Load(), uint64(0)
	if d.sub.estimate.Losing() { // what has room is for what is still needed
		needed = d.firstOut.Load()
	}
	at := now()
	gap := repeatGap(d.report.rtt())
	d.sub.repairs.renew(d.sub.estimate.Estimate())
	for _, pair := range nack.Nacks {
		pair.Range(func(seq uint16) bool {
			d.rtx.asked.Add(1)
			out := rtpseq.ExtendNear(newest, seq)
			if out > newest || newest-out >= rtpbuf.HistorySize {
				return true // never sent, or not kept any more
			}
			if out < needed {
				d.rtx.refused[refusedPast].Add(1)
				return true
			}
			last := d.rtx.sent.find(out)
			if why, no := d.refuses(last, gap, at); no {
				d.rtx.refused[why].Add(1)
				return true
			}
			d.retransmitOne(o, maps, out, last, at)
			return true
		})
	}
}

// find is the place of a packet.
func (r *repeatLog) find(out uint64) *repeat {
	last := &r.of[out%rtpbuf.HistorySize]
	if last.out != uint32(out) {
		*last = repeat{out: uint32(out)}
	}
	return last
}

func (d *DownTrack) refuses(last *repeat, gap time.Duration, at int64) (why int, no bool) {
	switch {
	case last.times == 0:
		return 0, false
	case last.heard && d.sub.log.Arrived(last.twcc):
		return refusedArrived, true
	case int(last.times) >= d.sub.engine.cfg.Retransmits:
		return refusedTimes, true
	case time.Duration(milliseconds(at)-last.at)*time.Millisecond < gap:
		return refusedSoon, true
	}
	return 0, false
}

func milliseconds(at int64) uint32 { return uint32(at / int64(time.Millisecond)) }

// retransmitOne sends a packet again, if it is still there, and notes it in last.
func (d *DownTrack) retransmitOne(o *binding, maps rtpbuf.Mapping[*upstream], out uint64, last *repeat, at int64) {
	k, ok := d.keeps(o, maps, out)
	if !ok {
		return
	}
	p, seg, how := k.p, k.seg, k.how
	defer p.Drop()
	if !d.sub.repairs.take(p.Size) {
		d.rtx.refused[refusedBudget].Add(1)
		return
	}
	scratch := d.rtx.sent.scratch[:]
	payload := k.payload(d, scratch[2:])
	flags, one := d.flags(p, how)
	pt, ssrc, seq := how.pt, o.ssrc, uint16(out)
	if how.rtx != 0 {
		if len(payload) > 0 && &payload[0] != &scratch[2] {
			payload = scratch[2 : 2+copy(scratch[2:], payload)]
		}
		binary.BigEndian.PutUint16(scratch, seq)
		payload = scratch[:2+len(payload)]
		pt, ssrc, seq = how.rtx, o.rtxSSRC, d.rtx.next()
	}
	number := d.sub.number(flags, len(payload), false)
	hdr := o.header(&o.rtx, p, seg, flags, one, number)
	hdr.Marker, hdr.PayloadType, hdr.SequenceNumber = k.marker, pt, seq
	hdr.Timestamp, hdr.SSRC = p.TS+seg.TS, ssrc
	if _, err := o.w.WriteRTP(hdr, payload); err != nil {
		return
	}
	d.sub.pacer.spent(len(payload), at)
	d.rtx.timestamp.Store(hdr.Timestamp)
	last.at, last.twcc, last.heard = milliseconds(at), number, flags&withTWCC != 0
	last.times++
	d.rtx.repeated.Add(1)
}

// kept is a packet under the number it is sent under, from the history of its layer.
type kept struct {
	p      *rtpbuf.Packet // a share of it, to be dropped
	seg    *rtpbuf.Segment[*upstream]
	how    match
	marker bool
	empty  bool // it is left out, so that its number has nothing in it
}

// payload is what is sent of it, changed in scratch where it must be.
func (k *kept) payload(d *DownTrack, scratch []byte) []byte {
	if k.empty {
		return scratch[:0]
	}
	return d.payload(scratch, k.p, k.seg, k.how)
}

// keeps finds a packet, if it is still there.
func (d *DownTrack) keeps(o *binding, maps rtpbuf.Mapping[*upstream], out uint64) (k kept, ok bool) {
	seg, in := maps.ByOut(out)
	if seg == nil || seg.Layer.hist == nil {
		return k, false
	}
	p := seg.Layer.hist.Get(in)
	if p == nil {
		return k, false
	}
	k = kept{p: p, seg: seg, how: o.match(p.Codec), marker: p.Marker}
	ok = k.how.ok && p.Start < p.End
	if seg.Numbers != nil && ok {
		var sent rtpbuf.Sent
		if sent, ok = seg.Numbers.Get(out); ok {
			k.marker, k.empty = sent.Marker, sent.Empty
		}
	}
	if !ok {
		p.Drop()
	}
	return k, ok
}
