// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// receiverReport is what a subscriber reports about one stream (RFC 3550, section
// 6.4), and what is needed to understand it: the sender reports sent last.
type receiverReport struct {
	mu      sync.Mutex
	loss    float64 // smoothed, 0 to 1
	jitter  uint32  // in units of the media clock
	trip    time.Duration
	lost    uint32
	known   bool
	reports [4]struct {
		mid uint32 // middle half of the NTP time
		at  int64
	}
	next int
	inAt int64
}

func (r *receiverReport) sentReport(ntp uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports[r.next].mid, r.reports[r.next].at = uint32(ntp>>16), now()
	r.next = (r.next + 1) % len(r.reports)
}

func (r *receiverReport) heard(b rtcp.ReceptionReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	loss := float64(b.FractionLost) / 256
	if !r.known {
		r.loss = loss
	}
	r.known = true
	r.inAt = now()
	r.loss += (loss - r.loss) / 2
	r.jitter = b.Jitter
	r.lost = b.TotalLost
	if b.LastSenderReport == 0 {
		return
	}
	for _, s := range r.reports {
		if s.mid == b.LastSenderReport && s.at != 0 {
			held := time.Duration(b.Delay) * time.Second / 65536
			if trip := time.Duration(now()-s.at) - held; trip >= 0 && trip < 10*time.Second {
				r.trip = trip
			}
		}
	}
}

// last is when a report last came, and when one of ours last went.
func (r *receiverReport) last() (in, out int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.reports {
		out = max(out, s.at)
	}
	return r.inAt, out
}

func (r *receiverReport) rtt() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trip
}

func (r *receiverReport) read() (loss float64, jitter uint32, trip time.Duration, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loss, r.jitter, r.trip, r.known
}

// senderReport is our report about a stream at this moment, or nil before there
// is anything to tell. Its times are the publisher's, moved to our clock: all
// tracks of a publisher are moved alike and stay in step.
func (d *DownTrack) senderReport(at time.Time) *rtcp.SenderReport {
	o := d.binding.Load()
	maps := *d.maps.Load()
	sent := d.packets.Load()
	if o == nil || len(maps) == 0 || sent == 0 {
		return nil
	}
	f := d.track.format.Load()
	seg := &maps[len(maps)-1]
	sr := &rtcp.SenderReport{
		SSRC: o.ssrc, NTPTime: toNTP(at), PacketCount: uint32(sent), OctetCount: uint32(d.bytes.Load()),
	}
	if r := seg.Layer.report.Load(); r != nil {
		theirs := at.Add(-time.Duration(d.track.pub.clock.offset.Load()))
		sr.RTPTime = r.rtpAt(theirs, f.Clock) + seg.TS
	} else {
		sr.RTPTime = seg.Layer.zeroTS.Load() + ticks(now(), f.Clock) + seg.TS
	}
	d.report.sentReport(sr.NTPTime)
	return sr
}
