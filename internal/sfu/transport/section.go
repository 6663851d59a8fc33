// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// section is one media section of the descriptions. Its fields are guarded by the
// peer's lock.
type section struct {
	peer *peer
	kind webrtc.RTPCodecType // 0: that of the data channel
	mid  string              // empty before it is offered

	// what we send in it
	src       Source // nil: stopped, or never
	free      bool   // and the peer has agreed to that
	ssrc, rtx uint32
	answered  bool // the peer has answered since src came

	// codecs are what we offer, and once the peer has offered what it has of those, under
	// its numbers; best first.
	codecs []webrtc.RTPCodecParameters
	// of the peer's latest description
	theirs     *sdp.MediaDescription // nil: it has not offered this section
	formats    []string              // payload types that it accepts
	extensions []webrtc.RTPHeaderExtensionParameter

	in *inbound // what the peer sends in it; nil: nothing

	bindMu sync.Mutex
	bound  Source
}

func randomNumber() uint64 { return rand.Uint64() }

// number is a synchronization source: none is 0 (RFC 3550, section 8).
func number() uint32 {
	for {
		if n := rand.Uint32(); n != 0 {
			return n
		}
	}
}

func (p *peer) Send(src Source, reuse bool) (Sender, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	var s *section
	if reuse {
		for _, one := range p.sections {
			if one.free && one.kind == src.Kind() {
				s = one
				break
			}
		}
	}
	if s == nil {
		s = &section{peer: p, kind: src.Kind()}
		p.sections = append(p.sections, s)
	}
	s.src, s.free, s.codecs, s.answered = src, false, p.codecs(s.kind), false
	s.ssrc, s.rtx = number(), 0
	if s.kind == webrtc.RTPCodecTypeVideo {
		s.rtx = number()
	}
	return s, nil
}

func (s *section) Kind() webrtc.RTPCodecType { return s.kind }

func (s *section) Mid() string {
	s.peer.mu.Lock()
	defer s.peer.mu.Unlock()
	return s.mid
}

func (s *section) SetCodecs(codecs []webrtc.RTPCodecParameters) error {
	s.peer.mu.Lock()
	defer s.peer.mu.Unlock()
	s.codecs = slices.Clone(codecs)
	return nil
}

// Codecs are those that are listed, best first.
func (s *section) Codecs() []webrtc.RTPCodecParameters {
	s.peer.mu.Lock()
	defer s.peer.mu.Unlock()
	return slices.Clone(s.codecs)
}

func (s *section) Rebind() error {
	s.peer.mu.Lock()
	again := s.answered && s.src != nil
	s.peer.mu.Unlock()
	if again {
		s.unbind()
		s.bind()
	}
	return nil
}

func (s *section) Stop() error {
	s.peer.mu.Lock()
	s.src = nil
	s.peer.mu.Unlock()
	s.unbind()
	return nil
}

// bind hands the source what the answer agreed to.
func (s *section) bind() {
	s.peer.mu.Lock()
	src := s.src
	b := Binding{Mid: s.mid, Writer: s, SSRC: s.ssrc, RTXSSRC: s.rtx, Extensions: s.extensions}
	for _, c := range s.codecs {
		if slices.Contains(s.formats, payloadType(c)) {
			b.Codecs = append(b.Codecs, c)
		}
	}
	s.peer.mu.Unlock()
	if src == nil {
		return
	}
	s.bindMu.Lock()
	s.bound = src
	s.bindMu.Unlock()
	src.Bind(b)
}

func (s *section) unbind() {
	s.bindMu.Lock()
	src := s.bound
	s.bound = nil
	s.bindMu.Unlock()
	if src != nil {
		src.Unbind()
	}
}

// WriteRTP seals a packet and sends it at once.
func (s *section) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	room := rooms.Get().(*[MaxPacket + sealing]byte)
	defer rooms.Put(room)
	sealed, err := s.peer.safe.seal(room[:], h, payload)
	if err != nil {
		return 0, err
	}
	return h.MarshalSize() + len(payload), s.peer.write(sealed)
}

var rooms = sync.Pool{New: func() any { return new([MaxPacket + sealing]byte) }}

// WriteBatched seals a packet into a batch, or sends it at once where the path takes
// none.
func (s *section) WriteBatched(batch *Batch, h *rtp.Header, payload []byte) (int, error) {
	p := s.peer
	w := p.path.Load()
	if w == nil {
		return 0, errClosed
	}
	if w.sock == nil || p.gate(false) != nil {
		return s.WriteRTP(h, payload)
	}
	size := h.MarshalSize() + len(payload)
	err := batch.add(w, func(room []byte) ([]byte, error) {
		sealed, err := p.safe.seal(room, h, payload)
		switch {
		case err != nil:
			return nil, err
		case !p.cfg.Addresses.Out(sealed, w.to):
			return nil, nil
		case p.cfg.Count != nil:
			p.cfg.Count(true, false, sealed)
		}
		return sealed, nil
	})
	return size, err
}
