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
		if i == len(p.sections) {
			p.sections = append(p.sections, &section{peer: p, kind: webrtc.NewRTPCodecType(m.MediaName.Media)})
		}
		s := p.sections[i]
		if s.mid != midOf(m) { // a section that was rejected is another's now
			p.safe.leave(s)
			s = &section{peer: p, kind: webrtc.NewRTPCodecType(m.MediaName.Media), mid: midOf(m)}
			p.sections[i] = s
		}
		s.theirs = m
		if s.kind == 0 {
			if p.data == nil && used(m) && slices.Contains(m.MediaName.Formats, "webrtc-datachannel") {
				p.data = s
			}
			if p.data != s {
				m.MediaName.Port.Value = 0
			}
			continue
		}
		s.agree(m, p.mux.cfg.Receive)
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
	case len(d.MediaDescriptions) < len(p.sections):
		return errors.New("sections are missing that were there before")
	}
	for i, m := range d.MediaDescriptions {
		if midOf(m) == "" {
			return fmt.Errorf("section %d has no mid", i)
		}
		if i < len(p.sections) && p.sections[i].mid == midOf(m) && p.sections[i].kind != webrtc.NewRTPCodecType(m.MediaName.Media) {
			return fmt.Errorf("section %q is of another kind than before", midOf(m))
		}
	}
	return nil
}

// agree keeps what both sides have of a section that the peer offers. p.mu is held.
func (s *section) agree(m *sdp.MediaDescription, ours Formats) {
	s.codecs, s.extensions, s.formats = common(m, ours.Codecs(s.kind), ours.Same), nil, nil
	offered := extensionsOf(m)
	for _, x := range ours.Extensions(s.kind) {
		if id := offered[x.URI]; id != 0 {
			s.extensions = append(s.extensions, webrtc.RTPHeaderExtensionParameter{URI: x.URI, ID: id})
		}
	}
}

// sends tells whether the peer sends in a section that it offers.
func sends(m *sdp.MediaDescription) bool {
	_, only := m.Attribute("recvonly")
	_, none := m.Attribute("inactive")
	return used(m) && !only && !none
}

// extensionsOf are the numbers of the header extensions of a section (RFC 8285, section
// 8), by name.
func extensionsOf(m *sdp.MediaDescription) map[string]int {
	out := map[string]int{}
	for _, a := range m.Attributes {
		words := strings.Fields(a.Value)
		if a.Key != "extmap" || len(words) < 2 {
			continue
		}
		number, _, _ := strings.Cut(words[0], "/")
		if id, err := strconv.Atoi(number); err == nil && id > 0 {
			out[words[1]] = id
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
