// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"github.com/pion/rtcp"
)

// feedback handles one RTCP packet of the subscriber, addressed to the stream
// ssrc. All of a connection's RTCP comes on one goroutine.
func (s *Subscriber) feedback(ssrc uint32, b []byte) {
	list, err := rtcp.Unmarshal(b)
	if err != nil {
		s.engine.totals.badPackets.Add(1)
		return
	}
	s.routesMu.RLock()
	d := s.routes[ssrc]
	s.routesMu.RUnlock()
	at := now()
	for _, pkt := range list {
		switch pkt := pkt.(type) {
		case *rtcp.TransportLayerCC:
			s.acks = s.log.Read(pkt, s.acks[:0])
			s.estimate.Feed(s.acks, at)
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			s.estimate.FeedREMB(float64(pkt.Bitrate), s.sending(at), at)
		default:
			if d != nil {
				d.feedback(ssrc, pkt, at)
			}
		}
	}
}

func (d *DownTrack) feedback(ssrc uint32, pkt rtcp.Packet, at int64) {
	o := d.binding.Load()
	if o == nil {
		return
	}
	switch pkt := pkt.(type) {
	case *rtcp.ReceiverReport:
		for _, r := range pkt.Reports {
			if r.SSRC == o.ssrc && r.SSRC == ssrc {
				d.heard.Store(true)
				d.report.heard(r)
				d.sub.estimate.FeedLoss(float64(r.FractionLost)/256, at)
			}
		}
	case *rtcp.TransportLayerNack:
		if pkt.MediaSSRC == o.ssrc {
			d.retransmit(pkt)
		}
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		d.asks.Add(1)
		if l := d.current.Load(); l != nil {
			l.requestKeyframe(false)
		}
	}
}

// sending is the rate of everything that is forwarded now.
func (s *Subscriber) sending(at int64) float64 {
	var sum uint64
	for _, d := range s.list() {
		if l := d.current.Load(); l != nil {
			sum += l.bitrate(at)
		}
	}
	return float64(sum)
}
