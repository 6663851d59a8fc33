// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"time"

	"github.com/pion/rtp"
)

// How long a missing packet is waited for: until this many are there behind it,
// or the first of those has been for this long.
const (
	orderedAhead = 64
	orderedWait  = 250 * time.Millisecond
)

// ordered hands packets out in the order of their numbers. It waits for a
// missing one, but not for ever.
type ordered struct {
	begun bool
	ssrc  uint32
	next  uint16
	held  map[uint16]*rtp.Packet
	since time.Time // when something was missing first
}

func (o *ordered) push(p *rtp.Packet) []*rtp.Packet {
	switch ahead := int16(p.SequenceNumber - o.next); {
	case !o.begun, p.SSRC != o.ssrc, ahead > 1000 || ahead < -1000: // the first, or another sequence
		o.begun, o.ssrc, o.next, o.held = true, p.SSRC, p.SequenceNumber, map[uint16]*rtp.Packet{}
	case ahead < 0:
		return nil // too late, or a duplicate
	}
	o.held[p.SequenceNumber] = p
	var out []*rtp.Packet
	for len(o.held) > 0 {
		q, here := o.held[o.next]
		if !here {
			if o.since.IsZero() {
				o.since = time.Now()
			}
			if len(o.held) <= orderedAhead && time.Since(o.since) <= orderedWait {
				return out
			}
		}
		if here {
			delete(o.held, o.next)
			out = append(out, q)
			o.since = time.Time{}
		}
		o.next++
	}
	o.since = time.Time{}
	return out
}

// rest hands out what still waits; nothing follows it.
func (o *ordered) rest() (out []*rtp.Packet) {
	for ; len(o.held) > 0; o.next++ {
		if q, here := o.held[o.next]; here {
			delete(o.held, o.next)
			out = append(out, q)
		}
	}
	return out
}
