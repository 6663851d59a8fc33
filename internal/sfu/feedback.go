// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"slices"

	"github.com/pion/rtcp"

	"github.com/redial-rtc/redial/internal/sfu/gcc"
)

// feedback handles one RTCP packet of the subscriber, addressed to the stream
// ssrc. All of a connection's RTCP comes on one goroutine.
func (s *Subscriber) feedback(ssrc uint32, b []byte) {
	if acks, ok := s.log.Read(b, s.acks[:0]); ok {
		s.acks = acks
		s.fed(acks, now())
		return
	}
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
			s.compounded(pkt, ssrc, at)
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			s.estimate.FeedREMB(float64(pkt.Bitrate), s.sending(at), at)
		default:
			if d != nil {
				d.feedback(ssrc, pkt, at)
			}
		}
	}
}

// fed hears what became of packets.
func (s *Subscriber) fed(acks []gcc.Ack, at int64) {
	if s.estimate.Feed(acks, at) {
		s.kickAllocation() // more may be sent, or less
	}
	s.pacer.follow(s.estimate, at)
}

// compounded takes transport-wide feedback that came together with other packets. All
// of a compound comes once for each stream that any part of it is about.
func (s *Subscriber) compounded(fb *rtcp.TransportLayerCC, ssrc uint32, at int64) {
	if fb.MediaSSRC != ssrc {
		return
	}
	b, err := fb.Marshal()
	if err != nil {
		return
	}
	if acks, ok := s.log.Read(b, s.acks[:0]); ok {
		s.acks = acks
		s.fed(acks, at)
	}
}

// feedback takes one packet of a compound that came for the stream ssrc: only what is
// about that stream counts, as the compound comes once for each that it is about.
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
		if pkt.MediaSSRC == o.ssrc && pkt.MediaSSRC == ssrc {
			d.retransmit(pkt)
		}
	case *rtcp.PictureLossIndication:
		if pkt.MediaSSRC == o.ssrc && pkt.MediaSSRC == ssrc {
			d.keyframeAsked()
		}
	case *rtcp.FullIntraRequest:
		if ssrc == o.ssrc && slices.ContainsFunc(pkt.FIR, func(e rtcp.FIREntry) bool { return e.SSRC == ssrc }) {
			d.keyframeAsked()
		}
	}
}

// keyframeAsked hears that the subscriber needs a key frame.
func (d *DownTrack) keyframeAsked() {
	d.asks.Add(1)
	if l := d.current.Load(); l != nil {
		l.requestKeyframe(false)
	}
}

// sending is the rate of everything that is forwarded now.
func (s *Subscriber) sending(at int64) float64 {
	var sum uint64
	for _, d := range s.list() {
		if l := d.current.Load(); l != nil {
			sum += l.bitrateAt(d.now(), at)
		}
	}
	return float64(sum)
}
