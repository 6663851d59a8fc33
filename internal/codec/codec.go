// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package codec reads what forwarding and recording must know of a payload without
// decoding it: where frames and key frames begin in VP8, VP9, H.264 and AV1, the
// picture counters of VP8 and VP9, the layers of a stream that has several (SVC), the
// blocks of redundant audio, and how long an Opus packet lasts and whether it holds
// speech. It is pure: bytes in, answers out, and no payload can make it panic.
// Nothing in it allocates for a packet.
package codec

import (
	"strings"

	"github.com/pion/webrtc/v4"
)

// MimeRED is redundant audio (RFC 2198).
const MimeRED = "audio/red"

// Format is one codec as a publisher sends it.
type Format struct {
	Params webrtc.RTPCodecParameters
	Clock  uint32 // Hz; never 0
	RED    bool   // packets hold blocks of another codec

	Layered bool // a stream may have several layers itself (SVC)
	VP9     bool // of which payloads tell

	// Inspect finds the key frames and picture counters of a packet; nil when
	// every packet stands on its own.
	Inspect func(payload []byte) (Hint, Counters)
}

// NewFormat reads a codec's parameters. One that this package does not know has
// no Inspect.
func NewFormat(c webrtc.RTPCodecParameters) *Format {
	f := &Format{Params: c, Clock: c.ClockRate, RED: strings.EqualFold(c.MimeType, MimeRED)}
	if p := parserOf(c.MimeType); p != nil {
		f.Inspect = p.inspect
	}
	f.VP9 = strings.EqualFold(c.MimeType, webrtc.MimeTypeVP9)
	f.Layered = f.VP9 || strings.EqualFold(c.MimeType, webrtc.MimeTypeAV1)
	if f.Clock == 0 {
		f.Clock = 90000
	}
	return f
}

// Hint is what a payload tells about key frames.
type Hint int

// The hints, the clearest last.
const (
	NoKey    Hint = iota
	KeyPart       // belongs to a key frame; the first packet of its picture begins it
	KeyStart      // begins a key frame, whatever came before
)

// parser is what is known of a codec's payloads. None of its functions is given an
// empty payload but inspect.
type parser struct {
	inspect func(b []byte) (Hint, Counters)
	first   func(b []byte) bool // is it the first of a frame?
	begins  func(b []byte) bool // does it begin a picture that needs no other?
}

// parserOf finds a codec by its MIME type, in which case does not matter (RFC
// 2045, section 5.1), or nil.
func parserOf(mime string) *parser {
	for i := range parsers {
		if strings.EqualFold(parsers[i].mime, mime) {
			return &parsers[i].parser
		}
	}
	return nil
}

var parsers = []struct {
	mime string
	parser
}{
	{webrtc.MimeTypeVP8, parser{VP8, vp8First, starts(VP8)}},
	{webrtc.MimeTypeVP9, parser{VP9, vp9First, starts(VP9)}},
	{webrtc.MimeTypeH264, parser{H264, h264First, h264Begins}},
	{webrtc.MimeTypeAV1, parser{AV1, av1First, starts(AV1)}},
}

// starts makes an answer of a hint that needs no other packet.
func starts(inspect func([]byte) (Hint, Counters)) func([]byte) bool {
	return func(b []byte) bool {
		h, _ := inspect(b)
		return h == KeyStart
	}
}

// First tells whether a payload is the first of a frame, for a reader that has
// lost packets before it. Of a codec that this package does not know every payload
// is.
func First(mime string, b []byte) bool {
	p := parserOf(mime)
	return p == nil || len(b) > 0 && p.first(b)
}

// Begins tells whether a payload begins a picture that needs no other.
func Begins(mime string, b []byte) bool {
	p := parserOf(mime)
	return p != nil && len(b) > 0 && p.begins(b)
}
