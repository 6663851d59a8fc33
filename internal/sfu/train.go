// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"math"
	"time"

	"github.com/pion/webrtc/v4"
)

// Before more is sent to a subscriber than its path is known to carry, a train of packets
// asks the path: padding at the rate that is wanted, for a tenth of a second at most, so that a
// thin path is told from a wide one without a picture that does not get through, and a wide one
// is made use of soon. Padding goes over the retransmission stream, in packets that have no
// content (RFC 3550, section 5.1, and RFC 4588), which receivers count and drop.

const (
	trainTick = 10 * time.Millisecond
	padding   = 255 // bytes of one packet
)

// padder sends trains. It belongs to the subscriber's loop.
type padder struct {
	by    *DownTrack
	o     *binding
	pt    uint8
	flags int
	began int64
	long  time.Duration
	bytes float64 // a nanosecond
	sent  int     // bytes
	tick  *time.Ticker
}

// wakes is when more is to be sent, nil while no train leaves.
func (p *padder) wakes() <-chan time.Time {
	if p.tick == nil {
		return nil
	}
	return p.tick.C
}

// carries is what the path of the subscriber is known to carry, infinite where it cannot be asked.
func (p *padder) carries(s *Subscriber, at int64) float64 {
	carried := s.estimate.Carried(at)
	if !math.IsInf(carried, 1) {
		if d, _, _ := p.carrier(s); d == nil {
			return math.Inf(1)
		}
	}
	return carried
}

// carrier is a DownTrack over whose retransmission stream padding can be sent, nil for none.
func (p *padder) carrier(s *Subscriber) (*DownTrack, *binding, uint8) {
	for _, d := range s.list() {
		o, f := d.binding.Load(), d.track.format.Load()
		if o == nil || f == nil || d.track.kind != webrtc.RTPCodecTypeVideo || d.current.Load() == nil || !o.numbered {
			continue
		}
		if how := o.match(f); how.rtx != 0 {
			return d, o, how.rtx
		}
	}
	return nil, nil, 0
}

// ask begins a train where more is wanted than the path is known to carry, unless one is under
// way or has just failed.
func (p *padder) ask(s *Subscriber, wanted float64, at int64) {
	if p.tick != nil || !s.up.Load() {
		return
	}
	d, o, pt := p.carrier(s)
	if d == nil {
		return
	}
	rate, long := s.estimate.Ask(wanted, at)
	if rate == 0 {
		return
	}
	*p = padder{by: d, o: o, pt: pt, flags: d.numbered(), began: at, long: long, bytes: max(rate-s.sending(at), rate/4) / 8e9, tick: time.NewTicker(trainTick)}
}

// pad sends what of a train is due, and ends it.
func (p *padder) pad(s *Subscriber, at int64) {
	due := int(p.bytes * float64(min(at-p.began, int64(p.long))))
	for ; p.sent < due && s.up.Load(); p.sent += padding {
		hdr := p.o.pad.set(p.flags, 0, s.number(p.flags, padding, false))
		hdr.Padding = true
		hdr.PayloadType, hdr.SequenceNumber, hdr.SSRC = p.pt, p.by.rtx.next(), p.o.rtxSSRC
		hdr.Timestamp = p.by.rtx.timestamp.Load()
		if _, err := p.o.w.WriteRTP(hdr, paddingBytes[:]); err != nil {
			break
		}
	}
	if at-p.began >= int64(p.long) {
		p.end(s, max(at, now())) // the last of them have just left
	}
}

// end ends the train that leaves, if one does.
func (p *padder) end(s *Subscriber, at int64) {
	if p.tick != nil {
		p.tick.Stop()
		*p = padder{}
		s.estimate.EndTrain(at)
	}
}

// paddingBytes are what a packet of padding has: its last byte says how many.
var paddingBytes = func() (b [padding]byte) { b[padding-1] = padding; return b }()
