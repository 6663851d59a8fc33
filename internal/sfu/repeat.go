package sfu

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// repeater answers a subscriber's requests for lost packets (RFC 4585, section
// 6.2.1) from the history of the track, over the retransmission stream (RFC 4588)
// where there is one. It runs on the goroutine that reads the connection's RTCP.
type repeater struct {
	seq     uint16
	recent  [256]recentRepeat
	scratch [receiveMTU + 2]byte

	asked, sent atomic.Uint64
}

type recentRepeat struct {
	seq uint16
	at  int64
}

const (
	minRepeat  = int64(10 * time.Millisecond) // the same packet is not repeated sooner
	maxRepeats = 256                          // per request
)

func (d *Down) repeat(nack *rtcp.TransportLayerNack) {
	o := d.out.Load()
	f := d.track.format.Load()
	if o == nil || f.Inspect == nil {
		return
	}
	maps := *d.maps.Load()
	newest := d.lastSent.Load()
	at := now()
	wait := max(minRepeat, int64(d.received.rtt())/2)
	left := maxRepeats
	for _, pair := range nack.Nacks {
		pair.Range(func(seq uint16) bool {
			d.again.asked.Add(1)
			left--
			last := &d.again.recent[seq%256]
			if last.seq == seq && last.at != 0 && at-last.at < wait {
				return left > 0
			}
			if d.repeatOne(o, maps, rtpbuf.ExtendNear(newest, seq)) {
				last.seq, last.at = seq, at
			}
			return left > 0
		})
		if left <= 0 {
			return
		}
	}
}

func (d *Down) repeatOne(o *outlet, maps rtpbuf.Mapping[*layer], out uint64) bool {
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
	room := d.again.scratch[:]
	payload := d.payload(room[2:], p, seg, how)
	flags, one := d.flags(p, how)
	pt, ssrc, seq := how.pt, o.ssrc, uint16(out)
	if how.rtx != 0 {
		if &payload[0] != &room[2] {
			payload = room[2 : 2+copy(room[2:], payload)]
		}
		binary.BigEndian.PutUint16(room, seq)
		payload = room[:2+len(payload)]
		pt, ssrc, seq = how.rtx, o.rtxSSRC, d.again.seq
		d.again.seq++
	}
	hdr := o.again.set(flags, one, d.sub.number(flags, len(payload)))
	hdr.Marker, hdr.PayloadType, hdr.SequenceNumber = p.Marker, pt, seq
	hdr.Timestamp, hdr.SSRC = p.TS+seg.TS, ssrc
	if _, err := o.w.WriteRTP(hdr, payload); err != nil {
		return false
	}
	d.again.sent.Add(1)
	return true
}
