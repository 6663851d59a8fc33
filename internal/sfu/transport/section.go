// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// section is one in which we send. Its fields are guarded by the peer's lock.
type section struct {
	peer *peer
	kind webrtc.RTPCodecType
	mid  string // empty before it is offered; application is peer.dataMid

	src       Source // nil: stopped
	free      bool   // and the peer has agreed to that
	codecs    []webrtc.RTPCodecParameters
	ssrc, rtx uint32
	// of the last answer
	formats    []string
	extensions []webrtc.RTPHeaderExtensionParameter
	answered   bool

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
	s.src, s.free, s.codecs, s.answered = src, false, p.mux.cfg.Codecs(s.kind), false
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
		if slices.Contains(s.formats, strconv.Itoa(int(c.PayloadType))) {
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

// write adds the section to a description. p.mu is held.
func (s *section) write(d *strings.Builder, p *peer) {
	d.WriteString("m=" + s.kind.String() + " 9 UDP/TLS/RTP/SAVPF")
	for _, c := range s.codecs {
		d.WriteString(" " + strconv.Itoa(int(c.PayloadType)))
	}
	d.WriteString("\r\nc=IN IP4 0.0.0.0\r\n")
	p.writeTransport(d, s.mid)
	d.WriteString("a=rtcp-mux\r\na=rtcp-rsize\r\n")
	for _, c := range s.codecs {
		pt := strconv.Itoa(int(c.PayloadType))
		_, name, _ := strings.Cut(c.MimeType, "/")
		d.WriteString("a=rtpmap:" + pt + " " + name + "/" + strconv.Itoa(int(c.ClockRate)))
		if c.Channels > 1 {
			d.WriteString("/" + strconv.Itoa(int(c.Channels)))
		}
		d.WriteString("\r\n")
		if c.SDPFmtpLine != "" {
			d.WriteString("a=fmtp:" + pt + " " + c.SDPFmtpLine + "\r\n")
		}
		for _, f := range c.RTCPFeedback {
			d.WriteString(strings.TrimSuffix("a=rtcp-fb:"+pt+" "+f.Type+" "+f.Parameter, " ") + "\r\n")
		}
	}
	for _, x := range p.mux.cfg.Extensions(s.kind) {
		d.WriteString("a=extmap:" + strconv.Itoa(x.ID) + " " + x.URI + "\r\n")
	}
	if s.src == nil {
		d.WriteString("a=inactive\r\n")
		return
	}
	d.WriteString("a=msid:" + s.src.StreamID() + " " + s.src.ID() + "\r\na=sendonly\r\n")
	ssrc, rtx, cname := strconv.Itoa(int(s.ssrc)), strconv.Itoa(int(s.rtx)), " cname:"+s.src.StreamID()+"\r\n"
	if s.rtx != 0 {
		d.WriteString("a=ssrc-group:FID " + ssrc + " " + rtx + "\r\n")
	}
	d.WriteString("a=ssrc:" + ssrc + cname)
	if s.rtx != 0 {
		d.WriteString("a=ssrc:" + rtx + cname)
	}
}
