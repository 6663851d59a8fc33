// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

import "encoding/binary"

// NAL unit types (ITU-T H.264, table 7-1) and those of RFC 6184, section 5.2.
const (
	nalSlice = 1
	nalIDR   = 5
	nalSEI   = 6
	nalSPS   = 7
	nalAUD   = 9
	nalSTAPA = 24
	nalSTAPB = 25
	nalFUA   = 28
	nalFUB   = 29
)

// nal is one NAL unit that begins in a payload.
type nal struct {
	kind byte
	body []byte // what follows its header, as far as it is in the payload
}

// firstMacroblock tells whether a slice is the first of its picture:
// first_mb_in_slice is 0, which is written as one bit.
func (u nal) firstMacroblock() bool { return len(u.body) > 0 && u.body[0]&0x80 != 0 }

// next takes the first NAL unit off a payload (RFC 6184, sections 5.6 to 5.8). A
// payload is given whole the first time, and as what was left over afterwards.
func (w *nalWalk) next() (nal, bool) {
	b := w.rest
	if !w.begun {
		w.begun = true
		w.rest = nil
		if len(b) == 0 {
			return nal{}, false
		}
		switch b[0] & 0x1f {
		case nalFUA, nalFUB: // only the first fragment tells
			if len(b) < 2 || b[1]&0x80 == 0 {
				return nal{}, false
			}
			return nal{b[1] & 0x1f, b[2:]}, true
		case nalSTAPA:
			b = b[1:]
		case nalSTAPB: // a decoding order number comes first
			b = b[min(3, len(b)):]
		default:
			return nal{b[0] & 0x1f, b[1:]}, true
		}
	}
	if len(b) < 3 { // each unit comes after its size
		return nal{}, false
	}
	size := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; size == 0 || size > len(b) {
		return nal{}, false
	}
	w.rest = b[size:]
	return nal{b[0] & 0x1f, b[1:size]}, true
}

// nalWalk walks the NAL units that begin in a payload.
type nalWalk struct {
	rest  []byte
	begun bool
}

// H264 looks for a sequence parameter set, which begins a key frame, or for an IDR
// slice, which belongs to one.
func H264(b []byte) (Hint, Counters) {
	found := NoKey
	for w := (nalWalk{rest: b}); ; {
		u, ok := w.next()
		switch {
		case !ok:
			return found, Counters{}
		case u.kind == nalSPS:
			return KeyStart, Counters{}
		case u.kind == nalIDR:
			found = KeyPart
		}
	}
}

// h264First looks at the first unit: a whole picture begins with its parameter
// sets, another with its first slice.
func h264First(b []byte) bool {
	w := nalWalk{rest: b}
	u, _ := w.next()
	switch u.kind {
	case nalSEI, nalSPS, nalAUD:
		return true
	case nalSlice:
		return u.firstMacroblock()
	}
	return false
}

// h264Begins looks for the first slice of an IDR picture.
func h264Begins(b []byte) bool {
	for w := (nalWalk{rest: b}); ; {
		u, ok := w.next()
		if !ok {
			return false
		}
		if u.kind == nalIDR && u.firstMacroblock() {
			return true
		}
	}
}
