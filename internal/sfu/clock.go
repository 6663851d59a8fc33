// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync/atomic"
	"time"
)

// The NTP era begins 70 years before Unix time (RFC 5905).
const ntpToUnix = 2208988800

func ntpTime(n uint64) time.Time {
	return time.Unix(int64(n>>32)-ntpToUnix, int64((n&0xffffffff)*uint64(time.Second)>>32))
}

func toNTP(t time.Time) uint64 {
	return uint64(t.Unix()+ntpToUnix)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// mediaClock relates one publisher's clock to ours. All tracks of a publisher
// share it, so that subscribers can play them in step.
type mediaClock struct{ offset atomic.Int64 } // ours minus theirs, ns; 0 is unknown

// see learns from a sender report. A clock that was set anew is followed.
func (c *mediaClock) see(r *senderReport) {
	offset := int64(time.Since(r.ntp))
	if old := c.offset.Load(); old == 0 || abs(offset-old) > int64(2*time.Second) {
		c.offset.Store(offset | 1)
	}
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// ticks is how far a media clock moves in ns, modulo 2^32 as RTP timestamps are.
func ticks(ns int64, clock uint32) uint32 {
	const second = int64(time.Second)
	return uint32(ns/second*int64(clock) + ns%second*int64(clock)/second)
}

// rtpAt is the media time of a layer at a moment of its publisher's clock.
func (r *senderReport) rtpAt(t time.Time, clock uint32) uint32 {
	return r.rtp + uint32(int64(t.Sub(r.ntp))*int64(clock)/int64(time.Second))
}

// timeOf is the moment of the publisher's clock at which ts was sampled.
func (r *senderReport) timeOf(ts, clock uint32) time.Time {
	return r.ntp.Add(time.Duration(int64(int32(ts-r.rtp)) * int64(time.Second) / int64(clock)))
}
