// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// inbound is a track that the peer sends in a section. It is guarded by secure.openMu,
// but for what does not change.
type inbound struct {
	mid, id    string
	kind       webrtc.RTPCodecType
	rids       []string // simulcast encodings (RFC 8853); none: there is one without a name
	ssrc, rtx  uint32   // that the description names; 0: none
	codecs     []webrtc.RTPCodecParameters
	extensions []webrtc.RTPHeaderExtensionParameter
	apts       [128]uint8 // of each retransmission format; 0: it is none
	streams    []*stream
}

// stream is one encoding of an inbound.
type stream struct {
	of   *inbound
	rid  string
	ssrc uint32
	sink Sink // nil: nobody wants it yet; guarded by mu

	mu    sync.Mutex
	ended bool
}

func (s *stream) Mid() string               { return s.of.mid }
func (s *stream) ID() string                { return s.of.id }
func (s *stream) RID() string               { return s.rid }
func (s *stream) SSRC() uint32              { return s.ssrc }
func (s *stream) Kind() webrtc.RTPCodecType { return s.of.kind }

// Codec is the one of a payload type.
func (s *stream) Codec(pt uint8) (webrtc.RTPCodecParameters, bool) {
	for _, c := range s.of.codecs {
		if uint8(c.PayloadType) == pt {
			return c, true
		}
	}
	return webrtc.RTPCodecParameters{}, false
}

func (s *stream) Extensions() []webrtc.RTPHeaderExtensionParameter { return s.of.extensions }

// Deliver begins to pass packets on; those that came before are lost.
func (s *stream) Deliver(to Sink) {
	s.mu.Lock()
	s.sink = to
	ended := s.ended
	s.mu.Unlock()
	if ended {
		to.End()
	}
}

// to is where packets go, or nil.
func (s *stream) to() Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink
}

// end tells the sink, once.
func (s *stream) end() {
	s.mu.Lock()
	to, again := s.sink, s.ended
	s.ended = true
	s.mu.Unlock()
	if to != nil && !again {
		to.End()
	}
}

// route is where the packets of one number go.
type route struct {
	stream *stream // nil: nobody knows
	repair bool    // they are retransmissions of the stream's (RFC 4588)
	reception
}

// Limits of what one peer can have us keep.
const (
	maxRoutes  = 512  // numbers that are told apart at once
	maxStreams = 256  // streams at once
	maxHeard   = 1024 // numbers of which SRTP has kept something
)

// extensionIDs are the numbers of the header extensions by which a packet finds its way.
type extensionIDs struct{ mid, rid, repaired, twcc uint8 }

// names keeps the numbers of the header extensions: they mean the same in all sections
// (RFC 8843, section 11). openMu is held.
func (s *secure) names(list []*sdp.MediaDescription) {
	all := map[string]int{}
	for _, m := range list {
		if Used(m) {
			maps.Copy(all, extensionsOf(m))
		}
	}
	s.ids = extensionIDs{
		uint8(all[sdp.SDESMidURI]), uint8(all[sdp.SDESRTPStreamIDURI]), uint8(all[sdp.SDESRepairRTPStreamIDURI]), uint8(all[sdp.TransportCCURI]),
	}
}

// expect makes a section that was offered ready for what comes in it. openMu is held.
func (s *secure) expect(at *section) {
	p := s.peer
	p.mu.Lock()
	old, m := at.in, at.theirs
	var next *inbound
	if m != nil && Sends(m) && len(at.codecs) > 0 && p.cfg.Events.Stream != nil {
		_, id := TrackOf(m)
		next = &inbound{mid: at.mid, id: id, kind: at.kind, codecs: at.codecs, extensions: at.extensions, rids: ridsOf(m)}
		if next.rids == nil {
			next.ssrc, next.rtx = sourceOf(m)
		}
		for _, c := range at.codecs {
			if of, ok := apt(c); ok {
				next.apts[c.PayloadType] = uint8(of)
			}
		}
	}
	if old != nil && next != nil && old.goesOnAs(next) {
		p.mu.Unlock()
		return
	}
	at.in = next
	p.mu.Unlock()
	if old != nil {
		s.stop(old)
	}
	if next != nil && next.ssrc != 0 {
		s.begin(next, "", next.ssrc)
		if next.rtx != 0 && len(next.streams) > 0 {
			s.routes[next.rtx] = &route{stream: next.streams[0], repair: true}
		}
	}
}

// goesOnAs tells whether a later description says the same.
func (in *inbound) goesOnAs(next *inbound) bool {
	return in.id == next.id && in.ssrc == next.ssrc && in.rtx == next.rtx && slices.Equal(in.rids, next.rids) &&
		slices.Equal(in.extensions, next.extensions) &&
		slices.EqualFunc(in.codecs, next.codecs, func(a, b webrtc.RTPCodecParameters) bool {
			return a.PayloadType == b.PayloadType && a.MimeType == b.MimeType && a.SDPFmtpLine == b.SDPFmtpLine
		})
}

// leave ends what came in a section. openMu and the peer's lock are held.
func (s *secure) leave(at *section) {
	if at.in != nil {
		s.stop(at.in)
		at.in = nil
	}
}

// stop ends all streams of a track. openMu is held.
func (s *secure) stop(in *inbound) {
	for _, one := range slices.Clone(in.streams) {
		s.endStream(one)
	}
}

func (s *secure) endStream(one *stream) {
	one.of.streams = slices.DeleteFunc(one.of.streams, func(x *stream) bool { return x == one })
	maps.DeleteFunc(s.routes, func(_ uint32, r *route) bool { return r.stream == one })
	s.count--
	one.end()
}

// begin makes a stream and tells of it; nil when there are too many. openMu is held.
func (s *secure) begin(in *inbound, rid string, ssrc uint32) *stream {
	if s.count == maxStreams {
		return nil
	}
	one := &stream{of: in, rid: rid, ssrc: ssrc}
	in.streams = append(in.streams, one)
	s.count++
	r := &route{stream: one}
	if len(in.codecs) > 0 {
		r.clock = in.codecs[0].ClockRate
	}
	s.routes[ssrc] = r
	s.peer.cfg.Events.Stream(one)
	return one
}

// find looks for the stream of a packet whose number is new (RFC 8843, section 9.2), and
// begins it if need be. openMu is held.
func (s *secure) find(h *rtp.Header) *route {
	in := s.inboundOf(string(h.GetExtension(s.ids.mid)), h.PayloadType)
	if in == nil {
		return nil
	}
	repair := in.apts[h.PayloadType&0x7f] != 0
	rid := string(h.GetExtension(s.ids.rid))
	if of := string(h.GetExtension(s.ids.repaired)); of != "" {
		rid, repair = of, true
	}
	if in.rids == nil {
		rid = ""
	} else if !slices.Contains(in.rids, rid) {
		return nil
	}
	i := slices.IndexFunc(in.streams, func(one *stream) bool { return one.rid == rid })
	if repair {
		if i < 0 {
			return nil
		}
		return &route{stream: in.streams[i], repair: true}
	}
	if i >= 0 { // it goes on under another number
		s.endStream(in.streams[i])
	}
	if s.begin(in, rid, h.SSRC) == nil {
		return nil
	}
	return s.routes[h.SSRC]
}

// inboundOf is the track of a mid, or without one the only track with such a format.
func (s *secure) inboundOf(mid string, pt uint8) (found *inbound) {
	p := s.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	if mid != "" {
		if at := p.section(mid); at != nil {
			return at.in
		}
		return nil
	}
	for _, at := range p.sections {
		if at.in == nil || !slices.ContainsFunc(at.in.codecs, func(c webrtc.RTPCodecParameters) bool { return uint8(c.PayloadType) == pt }) {
			continue
		}
		if found != nil {
			return nil
		}
		found = at.in
	}
	return found
}

// ridsOf are the encodings that a section sends (RFC 8853, section 5.1), nil without
// simulcast.
func ridsOf(m *sdp.MediaDescription) (list []string) {
	value, _ := m.Attribute("simulcast")
	words := strings.Fields(value)
	i := slices.Index(words, "send")
	if i < 0 || i+1 == len(words) {
		return nil
	}
	for _, rid := range strings.FieldsFunc(words[i+1], func(r rune) bool { return r == ';' || r == ',' }) {
		list = append(list, strings.TrimPrefix(rid, "~"))
	}
	return list
}

// sourceOf is the number that a section names, and that of its retransmissions (RFC 5576,
// sections 4.1 and 4.2).
func sourceOf(m *sdp.MediaDescription) (ssrc, rtx uint32) {
	number := func(text string) uint32 {
		n, _ := strconv.ParseUint(text, 10, 32)
		return uint32(n)
	}
	second := map[uint32]bool{} // in a group
	groups := map[uint32]uint32{}
	for _, a := range m.Attributes {
		if words := strings.Fields(a.Value); a.Key == "ssrc-group" && len(words) == 3 {
			second[number(words[2])] = true
			if words[0] == "FID" {
				groups[number(words[1])] = number(words[2])
			}
		}
	}
	for _, a := range m.Attributes {
		if a.Key != "ssrc" {
			continue
		}
		first, _, _ := strings.Cut(a.Value, " ")
		if n := number(first); n != 0 && !second[n] {
			return n, groups[n]
		}
	}
	return 0, 0
}
