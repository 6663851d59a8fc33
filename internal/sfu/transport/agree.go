// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// Formats are the codecs and header extensions of one direction, by kind.
type Formats struct {
	Codecs     func(webrtc.RTPCodecType) []webrtc.RTPCodecParameters
	Extensions func(webrtc.RTPCodecType) []webrtc.RTPHeaderExtensionParameter
	// Same tells whether who has one codec can read what another has written.
	Same func(a, b webrtc.RTPCodecCapability) bool
}

// setOffer takes an offer of the peer. Numbers of formats and extensions are the offer's.
func (p *peer) setOffer(d *sdp.SessionDescription, t transportInfo) error {
	p.safe.openMu.Lock() // no packet comes while its section changes
	defer p.safe.openMu.Unlock()
	p.mu.Lock()
	if err := p.takes(d); err != nil {
		p.mu.Unlock()
		return err
	}
	for i, m := range d.MediaDescriptions {
		s := p.lineFor(m, i)
		s.theirs = m
		if s.kind == 0 {
			if p.data == nil && Used(m) && slices.Contains(m.MediaName.Formats, "webrtc-datachannel") {
				p.data = s
			}
			if p.data != s {
				m.MediaName.Port.Value = 0
			}
			continue
		}
		if s.src != nil {
			p.agreeToSend(s, m)
		} else {
			s.agree(m, p.mux.cfg.Receive.Codecs(s.kind), p.mux.cfg.Receive)
		}
	}
	p.restarts = p.remote != "" && p.remote != t.ufrag
	p.asked, p.remote = true, t.ufrag
	if !p.begun {
		p.print, p.passive = t.print, t.setup == "passive"
	}
	var heard []*section
	for _, s := range p.sections {
		if s.kind != 0 {
			heard = append(heard, s)
		}
	}
	p.mu.Unlock()
	p.safe.names(d.MediaDescriptions)
	for _, s := range heard {
		p.safe.expect(s)
	}
	return nil
}

// takes tells whether an offer can be one on this connection. p.mu is held.
func (p *peer) takes(d *sdp.SessionDescription) error {
	switch {
	case p.closed:
		return errClosed
	case p.offered:
		return errors.New("an offer of ours waits for its answer")
	case len(d.MediaDescriptions) < p.lines():
		return errors.New("sections are missing that were there before")
	}
	for i, m := range d.MediaDescriptions {
		if MidOf(m) == "" {
			return fmt.Errorf("section %d has no mid", i)
		}
		if i < p.lines() && p.sections[i].mid == MidOf(m) && p.sections[i].kind != webrtc.NewRTPCodecType(m.MediaName.Media) {
			return fmt.Errorf("section %q is of another kind than before", MidOf(m))
		}
	}
	return nil
}

// lines is how many sections descriptions have had so far. p.mu is held.
func (p *peer) lines() int {
	n := 0
	for n < len(p.sections) && p.sections[n].mid != "" {
		n++
	}
	return n
}

// lineFor is the section of a line of an offer. A new one in which the peer receives gets
// the source that waits for one. p.mu is held.
func (p *peer) lineFor(m *sdp.MediaDescription, line int) *section {
	kind := webrtc.NewRTPCodecType(m.MediaName.Media)
	if line < p.lines() {
		if s := p.sections[line]; s.mid == MidOf(m) {
			return s
		}
		p.safe.leave(p.sections[line]) // it was rejected, and is another's now
		p.sections = slices.Delete(p.sections, line, line+1)
	}
	s := &section{peer: p, kind: kind}
	if receives(m) {
		for i, one := range p.sections[line:] {
			if one.mid == "" && one.src != nil && one.kind == kind {
				s = one
				p.sections = slices.Delete(p.sections, line+i, line+i+1)
				break
			}
		}
	}
	s.mid = MidOf(m)
	p.sections = slices.Insert(p.sections, line, s)
	return s
}

// agreeToSend is agree for a section in which we send. What we offer later has the same
// numbers. p.mu is held.
func (p *peer) agreeToSend(s *section, m *sdp.MediaDescription) {
	s.agree(m, s.codecs, p.mux.cfg.Send)
	if !receives(m) {
		return
	}
	for _, c := range s.codecs {
		s.formats = append(s.formats, payloadType(c))
	}
	if p.learned.codecs == nil {
		p.learned.codecs, p.learned.extensions = map[webrtc.RTPCodecType][]webrtc.RTPCodecParameters{}, map[string]int{}
	}
	if len(s.codecs) > 0 {
		p.learned.codecs[s.kind] = s.codecs
	}
	for _, x := range s.extensions {
		p.learned.extensions[x.URI] = x.ID
	}
}

// learned are numbers that the peer has offered for what we send (RFC 8843, sections 9.1
// and 11: they mean the same in all sections).
type learned struct {
	codecs     map[webrtc.RTPCodecType][]webrtc.RTPCodecParameters
	extensions map[string]int
}

// codecs are what we offer of a kind: those of the peer's offer if it has made one, else
// ours, under numbers that mean nothing else. p.mu is held.
func (p *peer) codecs(kind webrtc.RTPCodecType) []webrtc.RTPCodecParameters {
	if known := p.learned.codecs[kind]; known != nil {
		return known
	}
	list := p.mux.cfg.Send.Codecs(kind)
	for _, other := range p.learned.codecs {
		list = slices.DeleteFunc(slices.Clone(list), func(c webrtc.RTPCodecParameters) bool {
			of, repairs := apt(c)
			return slices.ContainsFunc(other, func(o webrtc.RTPCodecParameters) bool {
				return o.PayloadType == c.PayloadType || repairs && o.PayloadType == of
			})
		})
	}
	return list
}

// extensions are the same of header extensions. p.mu is held.
func (p *peer) extensions(kind webrtc.RTPCodecType) []webrtc.RTPHeaderExtensionParameter {
	list := slices.Clone(p.mux.cfg.Send.Extensions(kind))
	for i := range list {
		if id, ok := p.learned.extensions[list[i].URI]; ok {
			list[i].ID = id
		}
	}
	return slices.DeleteFunc(list, func(x webrtc.RTPHeaderExtensionParameter) bool {
		for uri, id := range p.learned.extensions {
			if id == x.ID && uri != x.URI {
				return true
			}
		}
		return false
	})
}

// agree keeps what both sides have of a section that the peer offers. p.mu is held.
func (s *section) agree(m *sdp.MediaDescription, codecs []webrtc.RTPCodecParameters, ours Formats) {
	s.codecs = common(m, codecs, ours.Same)
	s.extensions, s.formats = nil, nil
	offered := extensionsOf(m)
	for _, x := range ours.Extensions(s.kind) {
		if id := offered[x.URI]; id != 0 {
			s.extensions = append(s.extensions, webrtc.RTPHeaderExtensionParameter{URI: x.URI, ID: id})
		}
	}
}

// Sends tells whether the peer sends in a section that it offers.
func Sends(m *sdp.MediaDescription) bool {
	_, not := m.Attribute("recvonly")
	_, none := m.Attribute("inactive")
	return Used(m) && !not && !none
}

// receives tells whether the peer receives in a section that it offers.
func receives(m *sdp.MediaDescription) bool {
	_, not := m.Attribute("sendonly")
	_, none := m.Attribute("inactive")
	return Used(m) && !not && !none
}

// ExtensionOf reads a=extmap (RFC 8285, section 8).
func ExtensionOf(a sdp.Attribute) (id int, uri string, ok bool) {
	words := strings.Fields(a.Value)
	if a.Key != "extmap" || len(words) < 2 {
		return 0, "", false
	}
	number, _, _ := strings.Cut(words[0], "/")
	id, err := strconv.Atoi(number)
	return id, words[1], err == nil
}

// extensionsOf are the numbers of the header extensions of a section, by name.
func extensionsOf(m *sdp.MediaDescription) map[string]int {
	out := map[string]int{}
	for _, a := range m.Attributes {
		if id, uri, ok := ExtensionOf(a); ok && id > 0 {
			out[uri] = id
		}
	}
	return out
}

// common are the codecs of a section that we have as well, in its order and as it
// describes them, each followed by its retransmission format (RFC 4588).
func common(m *sdp.MediaDescription, ours []webrtc.RTPCodecParameters, same func(a, b webrtc.RTPCodecCapability) bool) (list []webrtc.RTPCodecParameters) {
	offered := codecsOf(m)
	for _, c := range offered {
		if strings.EqualFold(c.MimeType, webrtc.MimeTypeRTX) {
			continue
		}
		i := slices.IndexFunc(ours, func(o webrtc.RTPCodecParameters) bool {
			return o.ClockRate == c.ClockRate && o.Channels == c.Channels && same(o.RTPCodecCapability, c.RTPCodecCapability)
		})
		if i < 0 {
			continue
		}
		c.RTCPFeedback = slices.DeleteFunc(c.RTCPFeedback, func(f webrtc.RTCPFeedback) bool { return !slices.Contains(ours[i].RTCPFeedback, f) })
		list = append(list, c)
		for _, x := range offered {
			if apt, ok := apt(x); ok && apt == c.PayloadType {
				x.RTCPFeedback = nil
				list = append(list, x)
				break
			}
		}
	}
	return list
}

// apt is the format that a retransmission format is for.
func apt(c webrtc.RTPCodecParameters) (webrtc.PayloadType, bool) {
	if !strings.EqualFold(c.MimeType, webrtc.MimeTypeRTX) {
		return 0, false
	}
	for part := range strings.SplitSeq(c.SDPFmtpLine, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "apt="); ok {
			n, err := strconv.ParseUint(v, 10, 7)
			return webrtc.PayloadType(n), err == nil
		}
	}
	return 0, false
}

// codecsOf reads the formats of a section, in its order (RFC 8866, section 6.6; RFC 4585,
// section 4.2).
func codecsOf(m *sdp.MediaDescription) (list []webrtc.RTPCodecParameters) {
	at := map[string]int{}
	for _, f := range m.MediaName.Formats {
		if n, err := strconv.ParseUint(f, 10, 7); err == nil {
			if _, twice := at[f]; !twice {
				at[f] = len(list)
				list = append(list, webrtc.RTPCodecParameters{PayloadType: webrtc.PayloadType(n)})
			}
		}
	}
	for _, a := range m.Attributes {
		format, value, _ := strings.Cut(a.Value, " ")
		i, ok := at[format]
		switch {
		case a.Key == "rtcp-fb" && format == "*":
			for i := range list {
				list[i].RTCPFeedback = append(list[i].RTCPFeedback, feedbackOf(value))
			}
		case !ok:
		case a.Key == "rtcp-fb":
			list[i].RTCPFeedback = append(list[i].RTCPFeedback, feedbackOf(value))
		case a.Key == "fmtp":
			list[i].SDPFmtpLine = value
		case a.Key == "rtpmap":
			name, rest, _ := strings.Cut(value, "/")
			rate, channels, _ := strings.Cut(rest, "/")
			clock, _ := strconv.ParseUint(rate, 10, 32)
			count, _ := strconv.ParseUint(channels, 10, 16)
			list[i].MimeType, list[i].ClockRate, list[i].Channels = m.MediaName.Media+"/"+name, uint32(clock), uint16(count)
		}
	}
	return slices.DeleteFunc(list, func(c webrtc.RTPCodecParameters) bool { return c.MimeType == "" })
}

func feedbackOf(value string) webrtc.RTCPFeedback {
	kind, parameter, _ := strings.Cut(value, " ")
	return webrtc.RTCPFeedback{Type: kind, Parameter: parameter}
}

// TrackOf reads the stream and track ids of a section (RFC 8830), or of its first source
// (RFC 5576) for browsers that still write them there.
func TrackOf(m *sdp.MediaDescription) (stream, id string) {
	value, ok := m.Attribute("msid")
	if !ok {
		for _, a := range m.Attributes {
			if a.Key == "ssrc" {
				if _, v, found := strings.Cut(a.Value, " msid:"); found {
					value = v
					break
				}
			}
		}
	}
	stream, id, _ = strings.Cut(strings.TrimSpace(value), " ")
	return stream, strings.TrimSpace(id)
}
