// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// rtxResponder answers a subscriber's requests for lost packets (RFC 4585, section
// 6.2.1) from the history of the track, over the retransmission stream (RFC 4588)
// where there is one. It runs on the goroutine that reads the connection's RTCP.
type rtxResponder struct {
	seq     uint16
	recent  [256]recentRtx
	scratch [receiveMTU + 2]byte

	asked, sent atomic.Uint64
}

type recentRtx struct {
	seq uint16
	at  int64
}

const (
	minRtxInterval = int64(10 * time.Millisecond) // the same packet is not sent again sooner
	maxRtx         = 256                          // per request
)

func (d *DownTrack) retransmit(nack *rtcp.TransportLayerNack) {
	o := d.binding.Load()
	f := d.track.format.Load()
	if o == nil || f.Inspect == nil {
		return
	}
	maps := *d.maps.Load()
	newest := d.lastSent.Load()
	at := now()
	wait := max(minRtxInterval, int64(d.report.rtt())/2)
	left := maxRtx
	for _, pair := range nack.Nacks {
		pair.Range(func(seq uint16) bool {
			d.rtx.asked.Add(1)
			left--
			last := &d.rtx.recent[seq%256]
			if last.seq == seq && last.at != 0 && at-last.at < wait {
				return left > 0
			}
			if d.retransmitOne(o, maps, rtpbuf.ExtendNear(newest, seq)) {
				last.seq, last.at = seq, at
			}
			return left > 0
		})
		if left <= 0 {
			return
		}
	}
}

func (d *DownTrack) retransmitOne(o *binding, maps rtpbuf.Mapping[*upstream], out uint64) bool {
	seg, in := maps.ByOut(out)
	if seg == nil || seg.Layer.hist == nil {
		return false
	}
	p := seg.Layer.hist.Get(in)
	if p == nil {
		return false
	}
	defer p.Drop()
	if p.Start == p.End {
		return false
	}
	how := o.match(p.Codec)
	if !how.ok {
		return false
	}
	scratch := d.rtx.scratch[:]
	payload := d.payload(scratch[2:], p, seg, how)
	flags, one := d.flags(p, how)
	pt, ssrc, seq := how.pt, o.ssrc, uint16(out)
	if how.rtx != 0 {
		if &payload[0] != &scratch[2] {
			payload = scratch[2 : 2+copy(scratch[2:], payload)]
		}
		binary.BigEndian.PutUint16(scratch, seq)
		payload = scratch[:2+len(payload)]
		pt, ssrc, seq = how.rtx, o.rtxSSRC, d.rtx.seq
		d.rtx.seq++
	}
	hdr := o.rtx.set(flags, one, d.sub.number(flags, len(payload)))
	hdr.Marker, hdr.PayloadType, hdr.SequenceNumber = p.Marker, pt, seq
	hdr.Timestamp, hdr.SSRC = p.TS+seg.TS, ssrc
	if _, err := o.w.WriteRTP(hdr, payload); err != nil {
		return false
	}
	d.rtx.sent.Add(1)
	return true
}
