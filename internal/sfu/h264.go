package sfu

import "encoding/binary"

// NAL unit types (RFC 6184, section 5.2, and H.264, table 7-1).
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalSTAPB = 25
	nalFUA   = 28
	nalFUB   = 29
)

// inspectH264 looks for a sequence parameter set, which begins a key frame, or
// for an IDR slice, which belongs to one.
func inspectH264(b []byte) keyHint {
	if len(b) < 1 {
		return keyNone
	}
	switch t := b[0] & 0x1f; t {
	case nalSTAPA, nalSTAPB:
		at := 1
		if t == nalSTAPB {
			at += 2
		}
		found := keyNone
		for at+2 < len(b) {
			size := int(binary.BigEndian.Uint16(b[at:]))
			at += 2
			found = max(found, nalHint(b[at]&0x1f))
			at += size
		}
		return found
	case nalFUA, nalFUB:
		if len(b) < 2 || b[1]&0x80 == 0 { // only the first fragment tells
			return keyNone
		}
		return nalHint(b[1] & 0x1f)
	default:
		return nalHint(t)
	}
}

func nalHint(t byte) keyHint {
	switch t {
	case nalSPS:
		return keyStart
	case nalIDR:
		return keyPart
	}
	return keyNone
}
