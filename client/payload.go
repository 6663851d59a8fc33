package client

import (
	"strings"
	"time"

	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// codecName writes a MIME type as the constants of package webrtc do; "" for
// what samples cannot be made of. Case does not matter in them (RFC 2045, 5.1).
func codecName(mime string) string {
	for _, known := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeH264, webrtc.MimeTypeAV1, webrtc.MimeTypeOpus} {
		if strings.EqualFold(mime, known) {
			return known
		}
	}
	return ""
}

// H.264 NAL unit types (ITU-T H.264, 7.4.1) and those of RFC 6184, 5.2.
const (
	nalSlice, nalIDR, nalSEI, nalSPS, nalAUD = 1, 5, 6, 7, 9
	nalSTAPA, nalFUA                         = 24, 28
)

// obuTiles is the type of an OBU that holds a later part of a picture (AV1
// bitstream specification, 6.2.2).
const obuTiles = 4

// heads tells whether a payload is the first of a frame. It is asked only where
// packets before it are missing; the payload is not empty.
func heads(codec string, b []byte) bool {
	switch codec {
	case webrtc.MimeTypeVP8: // RFC 7741, 4.2: the start of partition 0
		return b[0]&0x10 != 0 && b[0]&0x07 == 0
	case webrtc.MimeTypeVP9: // RFC 9628, 4.2: the beginning of the lowest layer
		var p codecs.VP9Packet
		_, err := p.Unmarshal(b)
		return err == nil && p.B && p.SID == 0
	case webrtc.MimeTypeH264:
		units := nals(b)
		if len(units) == 0 {
			return false
		}
		switch units[0].kind {
		case nalSEI, nalSPS, nalAUD:
			return true
		case nalSlice: // first_mb_in_slice is 0, which is written as one bit; a whole
			// picture begins with its parameter sets
			return len(units[0].body) > 0 && units[0].body[0]&0x80 != 0
		}
		return false
	case webrtc.MimeTypeAV1: // not the rest of an OBU, and not a tile group
		return b[0]&0x80 == 0 && firstOBU(b) != obuTiles
	}
	return true
}

// begins tells whether a payload begins a picture that needs no other.
func begins(codec string, b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch codec {
	case webrtc.MimeTypeVP8: // RFC 6386, 9.1
		var p codecs.VP8Packet
		rest, err := p.Unmarshal(b)
		return err == nil && p.S == 1 && p.PID == 0 && len(rest) > 0 && rest[0]&1 == 0
	case webrtc.MimeTypeVP9:
		var p codecs.VP9Packet
		_, err := p.Unmarshal(b)
		return err == nil && p.B && !p.P && p.SID == 0
	case webrtc.MimeTypeH264:
		for _, u := range nals(b) {
			if u.kind == nalIDR && len(u.body) > 0 && u.body[0]&0x80 != 0 {
				return true
			}
		}
	case webrtc.MimeTypeAV1: // the first packet of a coded video sequence
		return b[0]&0x88 == 0x08
	}
	return false
}

type nal struct {
	kind byte
	body []byte // what follows the header
}

// nals are the NAL units that begin in a payload.
func nals(b []byte) []nal {
	if len(b) < 2 {
		return nil
	}
	switch b[0] & 0x1f {
	case nalFUA: // RFC 6184, 5.8
		if b[1]&0x80 == 0 {
			return nil
		}
		return []nal{{b[1] & 0x1f, b[2:]}}
	case nalSTAPA: // 5.7.1: each unit after its size
		var out []nal
		for b = b[1:]; len(b) > 2; {
			size := int(b[0])<<8 | int(b[1])
			if b = b[2:]; size == 0 || size > len(b) {
				return out
			}
			out = append(out, nal{b[0] & 0x1f, b[1:size]})
			b = b[size:]
		}
		return out
	}
	return []nal{{b[0] & 0x1f, b[1:]}}
}

// firstOBU is the type of the first OBU of a payload (AV1 RTP payload format,
// 4.4), which has its size before it unless it is the only one.
func firstOBU(b []byte) byte {
	at := 1
	if b[0]&0x30 != 0x10 {
		for at < len(b) && b[at]&0x80 != 0 {
			at++
		}
		at++
	}
	if at >= len(b) {
		return 0
	}
	return b[at] >> 3 & 0x0f
}

// opusDuration is how long an Opus packet lasts (RFC 6716, 3.1 and 3.2), 0 for
// one that is none.
func opusDuration(b []byte) time.Duration {
	if len(b) == 0 {
		return 0
	}
	var frame time.Duration
	switch config := b[0] >> 3; {
	case config < 12: // SILK
		frame = []time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16: // hybrid
		frame = []time.Duration{10, 20}[config&1] * time.Millisecond
	default: // CELT
		frame = 2500 * time.Microsecond << (config & 3)
	}
	switch b[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(b) < 2 {
		return 0
	}
	return time.Duration(b[1]&0x3f) * frame
}
