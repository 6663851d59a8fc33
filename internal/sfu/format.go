package sfu

import (
	"strings"

	"github.com/pion/webrtc/v4"
)

// format is one codec as a publisher sends it.
type format struct {
	params webrtc.RTPCodecParameters
	clock  uint32
	// inspect finds the key frames and picture counters of a packet; nil when
	// every packet stands on its own.
	inspect func(payload []byte) (key keyHint, desc frameDesc)
	red     bool
}

// keyHint is what a payload tells about key frames.
type keyHint int

const (
	keyNone  keyHint = iota
	keyPart          // belongs to a key frame; the first packet of its picture begins it
	keyStart         // begins a key frame, whatever came before
)

func newFormat(c webrtc.RTPCodecParameters) *format {
	f := &format{params: c, clock: c.ClockRate}
	switch strings.ToLower(c.MimeType) {
	case strings.ToLower(webrtc.MimeTypeVP8):
		f.inspect = inspectVP8
	case strings.ToLower(webrtc.MimeTypeVP9):
		f.inspect = inspectVP9
	case strings.ToLower(webrtc.MimeTypeH264):
		f.inspect = func(b []byte) (keyHint, frameDesc) { return inspectH264(b), frameDesc{} }
	case strings.ToLower(webrtc.MimeTypeAV1):
		f.inspect = func(b []byte) (keyHint, frameDesc) { return inspectAV1(b), frameDesc{} }
	case mimeRED:
		f.red = true
	}
	if f.clock == 0 {
		f.clock = 90000
	}
	return f
}
