// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// refilled are the numbers that a DownTrack has sent with what redundant audio
// (RFC 2198) repeats of them, for a subscriber that has no redundant audio itself.
// A number is never sealed with two contents, so what comes late of them is dropped,
// and so is what comes too late to know.
type refilled [refillSpan]uint64

const (
	refillSpan = 16 // packets: 320 ms, after which sound is of no use
	refillMost = 8  // that are missing at once
)

func (r *refilled) add(seq uint64)      { r[seq%refillSpan] = seq }
func (r *refilled) has(seq uint64) bool { return r[seq%refillSpan] == seq }

// refill sends what a packet repeats of those right before it that have not come. It
// holds busy.
func (d *DownTrack) refill(o *binding, p *rtpbuf.Packet, seg *rtpbuf.Segment[*upstream]) {
	missing := p.Seq - d.lastIn - 1
	for back := min(missing, refillMost); back > 0; back-- {
		seq := p.Seq - back
		block, older, ok := codec.REDBlock(p.Payload(), int(back))
		if !ok || older == 0 || seq < seg.In0 {
			continue
		}
		d.refilled.add(seq)
		// One that cannot be sent is as lost as it was.
		_ = d.emit(seg, o, p, block, false, p.TS+seg.TS-older, seg.Out(seq))
	}
}
