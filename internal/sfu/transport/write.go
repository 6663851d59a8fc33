// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// describe is a description whose sections are written by a function, which tells whether
// one is in use (RFC 8829, sections 5.2 and 5.3). p.mu is held.
func (p *peer) describe(write func(*section, *strings.Builder, bool) bool) string {
	var d, media strings.Builder
	var mids []string
	for _, s := range p.sections {
		if s.mid == "" { // not before our next offer
			continue
		}
		if write(s, &media, len(mids) == 0) {
			mids = append(mids, s.mid)
		}
	}
	fmt.Fprintf(&d, "v=0\r\no=- %d %d IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=msid-semantic:WMS *\r\na=fingerprint:sha-256 %s\r\na=ice-lite\r\na=extmap-allow-mixed\r\na=group:BUNDLE %s\r\n",
		p.id, p.version, p.mux.print, strings.Join(mids, " "))
	return d.String() + media.String()
}

// writeOffer adds the section to an offer. Sources come last in it.
func (s *section) writeOffer(d *strings.Builder, first bool) bool {
	p := s.peer
	if s == p.data {
		p.writeData(d, "actpass", first)
		return true
	}
	s.writeMedia(d, "actpass", p.extensions(s.kind), first)
	if s.src == nil {
		d.WriteString("a=inactive\r\n")
		return true
	}
	s.writeSource(d)
	return true
}

// writeAnswer adds the section to an answer.
func (s *section) writeAnswer(d *strings.Builder, first bool) bool {
	p := s.peer
	m := s.theirs
	if m == nil || !Used(m) || s.kind != 0 && len(s.codecs) == 0 {
		s.writeRejected(d)
		return false
	}
	setup := "passive"
	if p.passive {
		setup = "active"
	}
	if s.kind == 0 {
		p.writeData(d, setup, first)
		return true
	}
	s.writeMedia(d, setup, s.extensions, first)
	send := s.src != nil && s.formats != nil
	switch {
	case s.in != nil && send:
		d.WriteString("a=sendrecv\r\n")
	case s.in != nil:
		d.WriteString("a=recvonly\r\n")
	case !send:
		d.WriteString("a=inactive\r\n")
	}
	if s.in != nil && len(s.in.rids) > 0 {
		for _, rid := range s.in.rids {
			d.WriteString("a=rid:" + rid + " recv\r\n")
		}
		d.WriteString("a=simulcast:recv " + strings.Join(s.in.rids, ";") + "\r\n")
	}
	if send {
		s.writeSource(d)
	}
	return true
}

// writeRejected writes a section that is not in use (RFC 3264, section 6). Formats are
// listed as if it were: there are peers that look.
func (s *section) writeRejected(d *strings.Builder) {
	kind, proto, formats := s.kind.String(), "UDP/TLS/RTP/SAVPF", "0"
	if m := s.theirs; m != nil {
		kind, proto = m.MediaName.Media, strings.Join(m.MediaName.Protos, "/")
		if s.kind == 0 {
			formats = strings.Join(m.MediaName.Formats, " ")
		}
	}
	if len(s.codecs) > 0 {
		formats = formatsOf(s.codecs)
	}
	d.WriteString("m=" + kind + " 0 " + proto + " " + formats + "\r\nc=IN IP4 0.0.0.0\r\na=mid:" + s.mid + "\r\na=inactive\r\n")
	writeCodecs(d, s.codecs)
}

// writeSource says what we send in a section, and that we do.
func (s *section) writeSource(d *strings.Builder) {
	d.WriteString("a=msid:" + s.src.StreamID() + " " + s.src.ID() + "\r\n")
	if s.in == nil {
		d.WriteString("a=sendonly\r\n")
	}
	ssrc, rtx, cname := strconv.Itoa(int(s.ssrc)), strconv.Itoa(int(s.rtx)), " cname:"+s.src.StreamID()+"\r\n"
	if s.rtx != 0 {
		d.WriteString("a=ssrc-group:FID " + ssrc + " " + rtx + "\r\n")
	}
	d.WriteString("a=ssrc:" + ssrc + cname)
	if s.rtx != 0 {
		d.WriteString("a=ssrc:" + rtx + cname)
	}
}

// writeMedia writes what a section has whatever is sent in it.
func (s *section) writeMedia(d *strings.Builder, setup string, extensions []webrtc.RTPHeaderExtensionParameter, first bool) {
	d.WriteString("m=" + s.kind.String() + " 9 UDP/TLS/RTP/SAVPF " + formatsOf(s.codecs) + "\r\nc=IN IP4 0.0.0.0\r\n")
	s.peer.writeTransport(d, setup, s.mid, first)
	d.WriteString("a=rtcp-mux\r\na=rtcp-rsize\r\n")
	writeCodecs(d, s.codecs)
	for _, x := range extensions {
		d.WriteString("a=extmap:" + strconv.Itoa(x.ID) + " " + x.URI + "\r\n")
	}
}

func formatsOf(codecs []webrtc.RTPCodecParameters) string {
	var all []string
	for _, c := range codecs {
		all = append(all, payloadType(c))
	}
	return strings.Join(all, " ")
}

func writeCodecs(d *strings.Builder, codecs []webrtc.RTPCodecParameters) {
	for _, c := range codecs {
		pt := payloadType(c)
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
}

func (p *peer) writeData(d *strings.Builder, setup string, first bool) {
	d.WriteString("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n")
	p.writeTransport(d, setup, p.data.mid, first)
	d.WriteString("a=sendrecv\r\na=sctp-port:5000\r\na=max-message-size:" + strconv.Itoa(longestMessage) + "\r\n")
}

// writeTransport writes what is said of the transport; candidates are in the first
// section.
func (p *peer) writeTransport(d *strings.Builder, setup, mid string, first bool) {
	d.WriteString("a=setup:" + setup + "\r\na=mid:" + mid + "\r\na=ice-ufrag:" + p.own.ufrag + "\r\na=ice-pwd:" + p.own.pwd + "\r\n")
	if first {
		p.writeCandidates(d)
	}
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

func payloadType(c webrtc.RTPCodecParameters) string { return strconv.Itoa(int(c.PayloadType)) }

// Used tells whether a section is in use: a port of 0 rejects it, unless its transport is
// another's (RFC 8843, section 6).
func Used(m *sdp.MediaDescription) bool {
	_, only := m.Attribute("bundle-only")
	return m.MediaName.Port.Value != 0 || only
}
