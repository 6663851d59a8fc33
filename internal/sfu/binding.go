// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// binding is what a negotiation gave a DownTrack to send with: where to, under which
// numbers, and in which formats.
type binding struct {
	mid     string
	w       transport.Writer
	batched transport.BatchWriter // w, if it is one
	ssrc    uint32
	rtxSSRC uint32
	codecs  []webrtc.RTPCodecParameters
	main    headers  // of the forwarding loop
	rtx     headers  // of whoever answers NACKs
	pad     headers  // of trains, of the subscriber's loop
	paced   *headers // of what had to wait, of the pacer; nil before something has

	midID, oneID, twccID uint8 // of header extensions; 0: they are not agreed on

	numbered bool // packets can be numbered for the bandwidth estimate

	dependencyID uint8 // of the dependency descriptor; 0: it is not agreed on
}

// headers are RTP headers made ready once per negotiation. Their extensions
// share the memory below, so that a packet only has to fill in values. A set
// belongs to one goroutine.
type headers struct {
	sets [8]rtp.Header // by the flags below
	twcc [2]byte
	one  [1]byte // audio level or orientation

	described *describedHeader // nil before a packet has a dependency descriptor
}

const (
	withMid  = 1 << iota // tells the receiver which section this is
	withOne              // the audio level or the orientation
	withTWCC             // numbered for the bandwidth estimate
)

func newBinding(agreed transport.Binding, kind webrtc.RTPCodecType) *binding {
	mid := agreed.Mid
	o := &binding{
		mid: mid,
		w:   agreed.Writer, ssrc: agreed.SSRC, rtxSSRC: agreed.RTXSSRC,
		codecs: slices.Clone(agreed.Codecs),
	}
	for _, x := range agreed.Extensions {
		if x.ID < 1 || x.ID > 14 {
			continue
		}
		switch {
		case x.URI == extMid && mid != "" && len(mid) <= 16:
			o.midID = uint8(x.ID)
		case x.URI == extTWCC:
			o.twccID = uint8(x.ID)
		case x.URI == extAudioLevel && kind == webrtc.RTPCodecTypeAudio,
			x.URI == extOrientation && kind == webrtc.RTPCodecTypeVideo:
			o.oneID = uint8(x.ID)
		case x.URI == extDependency && kind == webrtc.RTPCodecTypeVideo:
			o.dependencyID = uint8(x.ID)
		}
	}
	o.numbered = o.twccID != 0
	o.batched, _ = agreed.Writer.(transport.BatchWriter)
	for _, h := range []*headers{&o.main, &o.rtx, &o.pad} {
		o.prepare(h)
	}
	return o
}

// prepare makes a set of headers ready.
func (o *binding) prepare(h *headers) {
	for flags := range h.sets {
		hdr := &h.sets[flags]
		hdr.Version = 2
		// Fails only for ids and lengths that newBinding rules out.
		if flags&withMid != 0 && o.midID != 0 {
			_ = hdr.SetExtension(o.midID, []byte(o.mid))
		}
		if flags&withOne != 0 && o.oneID != 0 {
			_ = hdr.SetExtension(o.oneID, h.one[:])
		}
		if flags&withTWCC != 0 && o.twccID != 0 {
			_ = hdr.SetExtension(o.twccID, h.twcc[:])
		}
	}
}

// set picks the header for the flags and fills the shared extensions in.
func (h *headers) set(flags int, one uint8, twcc uint16) *rtp.Header {
	h.one[0] = one
	binary.BigEndian.PutUint16(h.twcc[:], twcc)
	return &h.sets[flags]
}

// describedHeader is a header with a dependency descriptor (RTP payload format for AV1,
// appendix A), which is of another length in each packet. It belongs to one goroutine.
type describedHeader struct {
	hdr        rtp.Header
	extensions [4]rtp.Extension
	descriptor [255]byte
}

// describes tells whether a packet leaves with its dependency descriptor.
func (o *binding) describes(p *rtpbuf.Packet) bool {
	return p.DescriptorEnd > 0 && o.dependencyID != 0 && p.Codec.Layered
}

// header makes the header of a packet ready: its extensions are filled in.
func (o *binding) header(h *headers, p *rtpbuf.Packet, seg *rtpbuf.Segment[*upstream], flags int, one uint8, number uint16) *rtp.Header {
	hdr := h.set(flags, one, number)
	if !o.describes(p) {
		return hdr
	}
	if h.described == nil {
		h.described = &describedHeader{}
	}
	return h.described.of(hdr, o.dependencyID, p.Descriptor(), seg.Frame)
}

// of adds a descriptor to a header. shift is added to its frame number. One of more than
// 16 bytes makes all extensions of the packet two-byte ones (RFC 8285, section 4.1.2):
// who takes descriptors has to read those, as no structure is shorter.
func (x *describedHeader) of(hdr *rtp.Header, id uint8, descriptor []byte, shift uint16) *rtp.Header {
	x.hdr = *hdr
	x.hdr.Extensions = append(x.extensions[:0], hdr.Extensions...)
	if shift != 0 {
		descriptor = x.descriptor[:copy(x.descriptor[:], descriptor)]
		codec.ShiftFrameNumber(descriptor, shift)
	}
	profile := uint16(rtp.ExtensionProfileOneByte)
	if len(descriptor) > 16 {
		profile = rtp.ExtensionProfileTwoByte
	}
	// Fails for nothing that has been an extension before.
	_ = x.hdr.SetExtensionWithProfile(id, descriptor, profile)
	return &x.hdr
}

// match says how a publisher's format is sent to this subscriber.
type match struct {
	ok     bool
	pt     uint8
	rtx    uint8 // 0: lost packets are repeated as they were
	unwrap bool  // strip the redundancy
	block  uint8 // payload type inside redundant audio; 0 leaves it as it is
}

// match finds the subscriber's number for a format.
func (o *binding) match(f *codec.Format) match {
	for _, c := range o.codecs {
		if !sameCodec(f.Params.RTPCodecCapability, c.RTPCodecCapability) {
			continue
		}
		m := match{ok: true, pt: uint8(c.PayloadType)}
		if rtx, ok := rtxFor(o.codecs, c.PayloadType); ok && o.rtxSSRC != 0 {
			m.rtx = uint8(rtx.PayloadType)
		}
		if f.RED {
			m.block = o.opus()
		}
		return m
	}
	if f.RED {
		if pt := o.opus(); pt != 0 {
			return match{ok: true, pt: pt, unwrap: true}
		}
	}
	return match{}
}

func (o *binding) opus() uint8 {
	for _, c := range o.codecs {
		if codecName(c.MimeType) == "opus" {
			return uint8(c.PayloadType)
		}
	}
	return 0
}

func ptString(pt webrtc.PayloadType) string { return strconv.Itoa(int(pt)) }
