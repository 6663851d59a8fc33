// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"crypto/rand"
	"errors"
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
	if err := p.turn(!p.asked, errAsked); err != nil {
		p.mu.Unlock()
		return err
	}
	for _, s := range p.sections {
		if s.mid == "" {
			s.mid = p.nextMid()
		}
	}
	if p.chn != nil && p.data == nil {
		p.data = &section{peer: p, mid: p.nextMid()}
		p.sections = append(p.sections, p.data)
	}
	fresh, gone := p.freshen(restart)
	p.version++
	p.local, p.offered = webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: p.describe((*section).writeOffer)}, true
	begun := p.ice != webrtc.ICEConnectionStateNew
	p.mu.Unlock()
	p.freshened(fresh, gone)
	if begun {
		p.checking(restart)
	}
	return nil
}

// Answer answers the offer. What it says is in force at once.
func (p *peer) Answer() error {
	p.mu.Lock()
	if err := p.turn(p.asked, errNoOffer); err != nil {
		p.mu.Unlock()
		return err
	}
	restart := p.restarts
	fresh, gone := p.freshen(restart)
	p.version++
	p.local = webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: p.describe((*section).writeAnswer)}
	p.asked, p.restarts = false, false
	var bind []*section
	for _, s := range p.sections {
		if s.src != nil && s.formats != nil && !s.answered {
			s.answered = true
			bind = append(bind, s)
		}
	}
	p.mu.Unlock()
	for _, s := range bind {
		s.bind()
	}
	p.freshened(fresh, gone)
	p.checking(restart)
	return nil
}

var (
	errAsked   = errors.New("the peer's offer waits for our answer")
	errNoOffer = errors.New("no offer waits for an answer")
)

// turn tells whether a description may come now: not is why it may not. p.mu is held.
func (p *peer) turn(may bool, not error) error {
	switch {
	case p.closed:
		return errClosed
	case !may:
		return not
	}
	return nil
}

// freshen gives us new ICE credentials if it is the first time, or again. p.mu is held.
func (p *peer) freshen(again bool) (fresh bool, gone string) {
	if p.own.ufrag != "" && !again {
		return false, ""
	}
	gone, p.was, p.own = p.was.ufrag, p.own, newCredential()
	p.mux.claim(p.own.ufrag, p)
	if p.cfg.Candidates != nil {
		p.reaches = p.cfg.Candidates(p.own.ufrag, func(wire Wire, b []byte, from netip.AddrPort) { p.mux.Handle(wire, b, from) })
	}
	return true, gone
}

// freshened is what follows once p.mu is not held.
func (p *peer) freshened(fresh bool, gone string) {
	if gone != "" {
		p.mux.release(p, []string{gone}, nil)
		if p.cfg.Forget != nil {
			p.cfg.Forget(gone)
		}
	}
	if fresh {
		p.cfg.Events.Candidate(nil) // all are in the description
	}
}

// checking is the state of a path that both sides have described and that is not up;
// restarted is that one which was lost is looked for again.
func (p *peer) checking(restarted bool) {
	p.change(func() { // unless a check that came since has made it another
		lost := p.ice == webrtc.ICEConnectionStateDisconnected || p.ice == webrtc.ICEConnectionStateFailed
		if p.ice == webrtc.ICEConnectionStateNew || lost && restarted && !p.closed {
			p.ice = webrtc.ICEConnectionStateChecking
		}
	})
}

// nextMid is the next mid of those that are numbers. p.mu is held.
func (p *peer) nextMid() string {
	taken := map[string]bool{}
	for _, s := range p.sections {
		taken[s.mid] = true
	}
	n := len(taken)
	if taken[""] {
		n--
	}
	for taken[strconv.Itoa(n)] {
		n++
	}
	return strconv.Itoa(n)
}

func (p *peer) Local() webrtc.SessionDescription {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.local
}

func (p *peer) SetRemote(d webrtc.SessionDescription) error {
	var parsed sdp.SessionDescription
	if err := parsed.UnmarshalString(d.SDP); err != nil {
		return err
	}
	t, err := transportOf(&parsed)
	if err != nil {
		return err
	}
	switch d.Type {
	case webrtc.SDPTypeOffer:
		return p.setOffer(&parsed, t)
	case webrtc.SDPTypeAnswer:
		return p.setAnswer(&parsed, t)
	}
	return errors.New("neither an offer nor an answer")
}

func (p *peer) setAnswer(d *sdp.SessionDescription, t transportInfo) error {
	p.mu.Lock()
	if err := p.turn(p.offered, errNoOffer); err != nil {
		p.mu.Unlock()
		return err
	}
	var bind []*section
	for _, s := range p.sections {
		s.free = s.src == nil && s.kind != 0 && s.mid != "" // the peer knows that nothing comes in it
	}
	for _, m := range d.MediaDescriptions {
		s := p.section(MidOf(m))
		switch {
		case s == nil:
		case s == p.data:
			if m.MediaName.Port.Value == 0 && !p.begun {
				p.chn = nil
			}
		default:
			s.apply(m, p.extensions(s.kind))
			if !s.answered && s.src != nil {
				s.answered = true
				bind = append(bind, s)
			}
		}
	}
	p.offered = false
	p.remote = t.ufrag
	var early *path
	if !p.begun {
		p.print, p.passive = t.print, t.setup == "passive"
		early = p.settle()
	}
	ours := p.own.ufrag
	p.mu.Unlock()
	for _, s := range bind {
		s.bind()
	}
	p.checking(false)
	if used := p.path.Load(); early != nil && (used == early || used == nil) { // its checks were quicker than its answer, and the next comes much later
		p.prove(early, ours)
		p.use(early, true)
	}
	p.begin()
	return nil
}

// section is the one of a mid, or nil. p.mu is held.
func (p *peer) section(mid string) *section {
	for _, s := range p.sections {
		if s.mid == mid && mid != "" {
			return s
		}
	}
	return nil
}

// MidOf is the name of a section (RFC 5888, section 4), empty where it has none.
func MidOf(m *sdp.MediaDescription) string {
	mid, _ := m.Attribute("mid")
	return mid
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
	answered := extensionsOf(m)
	for _, x := range offered {
		if answered[x.URI] == x.ID {
			s.extensions = append(s.extensions, x)
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
