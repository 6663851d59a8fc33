// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// newCredential has 24 and 130 bits or more of chance (RFC 8445, section 5.3).
func newCredential() credential {
	text := rand.Text() + rand.Text()
	return credential{ufrag: text[:16], pwd: text[16:48]}
}

func (p *peer) Offer(restart bool) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return errClosed
	}
	fresh := p.own.ufrag == "" || restart
	var gone string
	if fresh {
		gone, p.was, p.own = p.was.ufrag, p.own, newCredential()
		p.mux.claim(p.own.ufrag, p)
		if p.cfg.Candidates != nil {
			p.reaches = p.cfg.Candidates(p.own.ufrag, func(wire Wire, b []byte, from netip.AddrPort) { p.mux.Handle(wire, b, from) })
		}
	}
	for _, s := range p.sections {
		if s.mid == "" {
			s.mid = p.nextMid()
		}
	}
	if p.chn != nil && p.dataMid == "" {
		p.dataMid = p.nextMid()
	}
	p.version++
	p.local, p.offered = p.describe(), true
	lost := p.ice == webrtc.ICEConnectionStateDisconnected || p.ice == webrtc.ICEConnectionStateFailed
	p.mu.Unlock()
	if gone != "" {
		p.mux.release(p, []string{gone}, nil)
		if p.cfg.Forget != nil {
			p.cfg.Forget(gone)
		}
	}
	if restart && lost {
		p.change(func() {
			if !p.closed {
				p.ice = webrtc.ICEConnectionStateChecking
			}
		})
	}
	if fresh {
		p.cfg.Events.Candidate(nil) // all are in the description
	}
	return nil
}

// nextMid is the next mid of those that are numbers. p.mu is held.
func (p *peer) nextMid() string {
	n := 0
	for _, s := range p.sections {
		if s.mid != "" {
			n++
		}
	}
	if p.dataMid != "" {
		n++
	}
	return strconv.Itoa(n)
}

func (p *peer) Local() webrtc.SessionDescription {
	p.mu.Lock()
	defer p.mu.Unlock()
	return webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: p.local}
}

// describe is the offer (RFC 8829, section 5.2). Sources come last in a section. p.mu is
// held.
func (p *peer) describe() string {
	var d, media strings.Builder
	var mids []string
	first := true
	write := func(mid string, f func()) {
		mids = append(mids, mid)
		f()
		if first {
			p.writeCandidates(&media)
			first = false
		}
	}
	for _, mid := range p.order() {
		if mid == p.dataMid {
			write(mid, func() { p.writeData(&media) })
			continue
		}
		for _, s := range p.sections {
			if s.mid == mid {
				write(mid, func() { s.write(&media, p) })
			}
		}
	}
	fmt.Fprintf(&d, "v=0\r\no=- %d %d IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=msid-semantic:WMS *\r\na=fingerprint:sha-256 %s\r\na=ice-lite\r\na=extmap-allow-mixed\r\na=group:BUNDLE %s\r\n",
		p.id, p.version, p.mux.print, strings.Join(mids, " "))
	return d.String() + media.String()
}

// order is the mids as their sections stand: by number. p.mu is held.
func (p *peer) order() []string {
	n := len(p.sections)
	if p.dataMid != "" {
		n++
	}
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

func (p *peer) writeTransport(d *strings.Builder, mid string) {
	d.WriteString("a=setup:actpass\r\na=mid:" + mid + "\r\na=ice-ufrag:" + p.own.ufrag + "\r\na=ice-pwd:" + p.own.pwd + "\r\n")
}

func (p *peer) writeData(d *strings.Builder) {
	d.WriteString("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n")
	p.writeTransport(d, p.dataMid)
	d.WriteString("a=sendrecv\r\na=sctp-port:5000\r\na=max-message-size:" + strconv.Itoa(longestMessage) + "\r\n")
}

// writeCandidates lists where we are reached (RFC 8839, section 5.1; RFC 6544, section
// 4.5).
func (p *peer) writeCandidates(d *strings.Builder) {
	for i, c := range p.reaches {
		protocol, priority, kind := "udp", 126<<24|(65535-i)<<8|255, ""
		if c.TCP {
			protocol, priority, kind = "tcp", 99<<24|(4<<13+8191-i)<<8|255, " tcptype passive"
		}
		fmt.Fprintf(d, "a=candidate:%d 1 %s %d %s %d typ host%s\r\n", i+1, protocol, priority, c.Addr.Addr(), c.Addr.Port(), kind)
	}
	d.WriteString("a=end-of-candidates\r\n")
}

func (p *peer) SetRemote(answer webrtc.SessionDescription) error {
	if answer.Type != webrtc.SDPTypeAnswer {
		return errOffers
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer.SDP); err != nil {
		return err
	}
	t, err := transportOf(&d)
	if err != nil {
		return err
	}
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return errClosed
	case !p.offered:
		p.mu.Unlock()
		return errors.New("no offer waits for an answer")
	}
	var bind []*section
	for _, s := range p.sections {
		s.free = s.src == nil && s.mid != "" // the peer knows that nothing comes in it
	}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute("mid")
		if mid == "" {
			continue
		}
		for _, s := range p.sections {
			if s.mid != mid {
				continue
			}
			s.apply(m, p.mux.cfg.Extensions(s.kind))
			if !s.answered && s.src != nil {
				s.answered = true
				bind = append(bind, s)
			}
		}
		if mid == p.dataMid && m.MediaName.Port.Value == 0 && !p.begun {
			p.chn = nil
		}
	}
	p.offered = false
	p.remote = t.ufrag
	var early *path
	if !p.begun {
		p.print, p.passive = t.print, t.setup == "passive"
		early = p.settle()
	}
	p.mu.Unlock()
	for _, s := range bind {
		s.bind()
	}
	p.change(func() { // unless a check that came since has
		if p.ice == webrtc.ICEConnectionStateNew {
			p.ice = webrtc.ICEConnectionStateChecking
		}
	})
	if used := p.path.Load(); early != nil && (used == early || used == nil) {
		p.use(early, true) // its checks were quicker than its answer, and the next comes much later
	}
	p.begin()
	return nil
}

// apply keeps what a section of an answer agrees to. The peer's lock is held.
func (s *section) apply(m *sdp.MediaDescription, offered []webrtc.RTPHeaderExtensionParameter) {
	s.formats, s.extensions = nil, nil
	if m.MediaName.Port.Value == 0 {
		return
	}
	if _, inactive := m.Attribute("inactive"); !inactive {
		s.formats = slices.Clone(m.MediaName.Formats)
	}
	for _, a := range m.Attributes {
		if a.Key != "extmap" {
			continue
		}
		id, uri, _ := strings.Cut(a.Value, " ")
		id, _, _ = strings.Cut(id, "/")
		uri, _, _ = strings.Cut(uri, " ")
		for _, x := range offered {
			if x.URI == uri && strconv.Itoa(x.ID) == id {
				s.extensions = append(s.extensions, x)
			}
		}
	}
}

// transportInfo is what a description says of the one transport that all sections share.
type transportInfo struct {
	ufrag, setup string
	print        print
}

func transportOf(d *sdp.SessionDescription) (t transportInfo, err error) {
	take := func(key, value string) {
		switch key {
		case "ice-ufrag":
			t.ufrag = value
		case "setup":
			t.setup = value
		case "fingerprint":
			h, v, _ := strings.Cut(value, " ")
			if t.print.value == "" || strings.EqualFold(h, "sha-256") {
				t.print = print{h, strings.TrimSpace(v)}
			}
		}
	}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Port.Value == 0 || t.ufrag != "" {
			continue
		}
		for _, a := range m.Attributes {
			take(a.Key, a.Value)
		}
	}
	for _, a := range d.Attributes {
		if a.Key == "ice-ufrag" && t.ufrag == "" || a.Key == "setup" && t.setup == "" || a.Key == "fingerprint" && t.print.value == "" {
			take(a.Key, a.Value)
		}
	}
	switch {
	case t.ufrag == "":
		return t, errors.New("the description has no ice-ufrag")
	case t.print.value == "":
		return t, errors.New("the description has no fingerprint")
	}
	return t, nil
}
