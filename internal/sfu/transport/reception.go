// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"time"

	"github.com/pion/rtcp"
)

// reception counts how a stream arrives, for receiver reports (RFC 3550, section 6.4 and
// appendices A.3 and A.8).
type reception struct {
	clock    uint32 // ticks of the media clock a second; 0: no jitter is told
	base     uint32 // first extended number
	highest  uint32 // extended
	received uint32

	expectedBefore, receivedBefore uint32 // at the last report

	transit int64 // in ticks
	jitter  float64

	reported   uint32 // middle of the NTP time of the latest sender report; 0: none
	reportedAt time.Time
}

// took counts a packet.
func (r *reception) took(seq uint16, ts uint32, at time.Time) {
	ticks := int64(at.UnixNano()/1e3) * int64(r.clock) / 1e6
	transit := int64(int32(uint32(ticks) - ts))
	switch {
	case r.received == 0:
		r.base, r.highest = uint32(seq), uint32(seq)
	default:
		if ahead := int16(seq - uint16(r.highest)); ahead > 0 {
			r.highest += uint32(ahead)
		}
		if d := transit - r.transit; r.clock > 0 {
			r.jitter += (float64(max(d, -d)) - r.jitter) / 16
		}
	}
	r.transit = transit
	r.received++
}

// mostLost is what 24 bits with a sign can tell.
const mostLost = 1<<23 - 1

// report is the block about the stream since the last one.
func (r *reception) report(ssrc uint32, at time.Time) rtcp.ReceptionReport {
	expected := r.highest - r.base + 1
	due, came := expected-r.expectedBefore, r.received-r.receivedBefore
	r.expectedBefore, r.receivedBefore = expected, r.received
	fraction := uint8(0)
	if due > came {
		fraction = uint8(min(uint64(due-came)*256/uint64(due), 255))
	}
	out := rtcp.ReceptionReport{
		SSRC: ssrc, FractionLost: fraction, TotalLost: uint32(min(max(int64(expected)-int64(r.received), 0), mostLost)),
		LastSequenceNumber: r.highest, Jitter: uint32(r.jitter),
	}
	if r.reported != 0 {
		out.LastSenderReport, out.Delay = r.reported, uint32(at.Sub(r.reportedAt)*65536/time.Second)
	}
	return out
}
