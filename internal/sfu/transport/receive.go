// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"encoding/binary"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// receiving is what a peer sends us: its streams, and what we tell it of how they arrive.
// It is guarded by secure.openMu.
type receiving struct {
	ids    extensionIDs
	routes map[uint32]*route
	count  int // of streams
	heard  int // numbers of which SRTP has kept something
	rtp    rtp.Header
	keying srtp.Config

	arrivals *twcc.Recorder // nil before there are any
	pulses   int
}

// receiveRTP opens a packet and has its stream take it. One whose number is new finds its
// stream once it is known to be the peer's.
func (s *secure) receiveRTP(b []byte) {
	if s.peer.cfg.Events.Stream == nil || len(b) < 12 || len(b) > MaxPacket {
		return
	}
	at := time.Now()
	ssrc := binary.BigEndian.Uint32(b[8:])
	s.openMu.Lock()
	defer s.openMu.Unlock()
	if s.in == nil {
		return
	}
	r := s.routes[ssrc]
	if r == nil && len(s.routes) >= maxRoutes {
		s.refuse()
		return
	}
	if r != nil && r.stream != nil && !r.repair {
		if to := r.stream.to(); to != nil {
			if n := s.open(b, to.Room(), at); n > 0 {
				s.arrived(r, ssrc, at)
				to.RTP(n)
			}
			return
		}
	}
	n := s.open(b, s.scratch[:], at)
	if n == 0 {
		return
	}
	if r == nil {
		if s.heard++; s.heard > maxHeard && !s.forgetOthers() {
			return
		}
		r = &route{}
		s.routes[ssrc] = r
	}
	if r.stream == nil {
		found := s.find(&s.rtp)
		if found == nil {
			s.arrived(r, ssrc, at)
			s.refuse()
			return
		}
		r = found
		s.routes[ssrc] = r
	}
	s.arrived(r, ssrc, at)
	to := r.stream.to()
	switch {
	case to == nil:
	case r.repair:
		if n := r.restore(to.Room(), s.scratch[:n]); n > 0 {
			to.RTP(n)
		}
	default:
		to.RTP(copy(to.Room(), s.scratch[:n]))
	}
}

// refuse counts a packet that goes nowhere.
func (s *secure) refuse() {
	if f := s.peer.cfg.Refused; f != nil {
		f()
	}
}

// open opens a packet into room and returns how long it is, 0 when it is not the peer's.
// Its header is in s.rtp then.
func (s *secure) open(b, room []byte, at time.Time) int {
	plain, err := s.in.DecryptRTP(room[:0], b, &s.rtp)
	if err != nil {
		return 0
	}
	s.peer.alive(at)
	return len(plain)
}

// forgetOthers drops what SRTP has kept of numbers that are nobody's any more: it never
// does by itself. What stays has its count of turns (RFC 3711, section 3.3.1).
func (s *secure) forgetOthers() bool {
	next, err := s.inward()
	if err != nil {
		return false
	}
	for ssrc, r := range s.routes {
		if r.stream == nil {
			delete(s.routes, ssrc)
			continue
		}
		if turns, ok := s.in.ROC(ssrc); ok {
			next.SetROC(ssrc, turns)
		}
	}
	s.in, s.heard = next, len(s.routes)
	return true
}

// arrived notes for feedback that a packet has come.
func (s *secure) arrived(r *route, ssrc uint32, at time.Time) {
	if id := s.ids.twcc; id != 0 {
		if number := s.rtp.GetExtension(id); len(number) == 2 {
			if s.arrivals == nil {
				s.arrivals = twcc.NewRecorder(s.peer.ssrc)
			}
			s.arrivals.Record(ssrc, binary.BigEndian.Uint16(number), at.UnixMicro())
		}
	}
	if !r.repair {
		r.took(s.rtp.SequenceNumber, s.rtp.Timestamp, at)
	}
}

// restore makes a retransmission what it was the first time (RFC 4588, section 4) and
// returns its length; 0 for one that has nothing in it, as those that probe for
// bandwidth have.
func (r *route) restore(room, packet []byte) int {
	header := 12 + 4*int(packet[0]&0x0f)
	if packet[0]&0x10 != 0 && len(packet) >= header+4 {
		header += 4 + 4*int(binary.BigEndian.Uint16(packet[header+2:]))
	}
	end := len(packet)
	if packet[0]&0x20 != 0 {
		end -= int(packet[end-1])
	}
	pt := r.stream.of.apts[packet[1]&0x7f]
	if end < header+3 || pt == 0 {
		return 0
	}
	n := copy(room, packet[:header])
	n += copy(room[n:], packet[header+2:end])
	room[0] &^= 0x20
	room[1] = packet[1]&0x80 | pt
	copy(room[2:4], packet[header:header+2])
	binary.BigEndian.PutUint32(room[8:], r.stream.ssrc)
	return n
}

const (
	pulse       = 100 * time.Millisecond // between two transport-wide feedbacks
	reportEvery = 10                     // pulses
)

// tell sends what is due to who sends to us: when its packets came
// (draft-holmer-rmcat-transport-wide-cc-extensions-01) and receiver reports.
func (s *secure) tell(at time.Time) {
	s.openMu.Lock()
	var out []rtcp.Packet
	if s.in != nil {
		if s.arrivals != nil && s.arrivals.PacketsHeld() > 0 {
			out = s.arrivals.BuildFeedbackPacket()
		}
		if s.pulses++; s.pulses%reportEvery == 0 {
			out = append(out, s.reports(at)...)
		}
	}
	s.openMu.Unlock()
	for _, one := range out {
		if b, err := one.Marshal(); err == nil {
			_ = s.writeRTCP(b) // the next makes up for one that fails
		}
	}
}

// reports are receiver reports on all streams of which something came lately. openMu is
// held.
func (s *secure) reports(at time.Time) (out []rtcp.Packet) {
	const most = 31 // blocks of one (RFC 3550, section 6.4.2)
	var list *rtcp.ReceiverReport
	for ssrc, r := range s.routes {
		if r.stream == nil || r.repair || r.received == 0 {
			continue
		}
		if list == nil || len(list.Reports) == most {
			list = &rtcp.ReceiverReport{SSRC: s.peer.ssrc}
			out = append(out, list)
		}
		list.Reports = append(list.Reports, r.report(ssrc, at))
	}
	return out
}

// reported passes a compound on to the streams whose sender reports are in it. openMu is
// held.
func (s *secure) reported(b []byte, at time.Time) {
	const senderReport = 200
	for rest := b; len(rest) >= 4; {
		size := 4 * (int(binary.BigEndian.Uint16(rest[2:])) + 1)
		if size > len(rest) {
			return
		}
		if rest[1] == senderReport && size >= 28 {
			if r := s.routes[binary.BigEndian.Uint32(rest[4:])]; r != nil && r.stream != nil && !r.repair {
				r.reported, r.reportedAt = binary.BigEndian.Uint32(rest[10:]), at
				if to := r.stream.to(); to != nil {
					to.RTCP(b)
				}
			}
		}
		rest = rest[size:]
	}
}
