package sfu

import "encoding/binary"

// inspectVP8 reads the VP8 payload descriptor and header (RFC 7741, sections 4.2
// and 4.3).
func inspectVP8(b []byte) (keyHint, frameDesc) {
	var d frameDesc
	if len(b) < 1 {
		return keyNone, d
	}
	begins := b[0]&0x10 != 0 && b[0]&0x07 == 0 // start of partition 0
	at := 1
	if b[0]&0x80 != 0 { // X
		if len(b) < 2 {
			return keyNone, d
		}
		x := b[1]
		at = 2
		if x&0x80 != 0 { // I
			at = d.pictureID(b, at)
		}
		if x&0x40 != 0 { // L
			if at < len(b) {
				d.tl0At, d.tl0Len, d.tl0 = at, 1, b[at]
			}
			at++
		}
		if x&0x30 != 0 { // T or K
			at++
		}
	}
	if at >= len(b) {
		return keyNone, d
	}
	// The first bit of the frame tag is 0 for a key frame (RFC 6386, 9.1).
	if begins && b[at]&0x01 == 0 {
		return keyStart, d
	}
	return keyNone, d
}

// pictureID notes the picture id at position at and returns where it ends. VP8
// and VP9 write it alike: one byte, or two when the first bit is set.
func (d *frameDesc) pictureID(b []byte, at int) int {
	switch {
	case at >= len(b):
		return at + 1
	case b[at]&0x80 == 0:
		d.pidAt, d.pidLen, d.pid = at, 1, uint16(b[at])
		return at + 1
	case at+1 < len(b):
		d.pidAt, d.pidLen, d.pid = at, 2, binary.BigEndian.Uint16(b[at:])&0x7fff
	}
	return at + 2
}

// rewrite moves the picture counters of a payload, in place.
func (d frameDesc) rewrite(payload []byte, pid uint16, tl0 uint8) {
	switch d.pidLen {
	case 1:
		payload[d.pidAt] = uint8(d.pid+pid) & 0x7f
	case 2:
		binary.BigEndian.PutUint16(payload[d.pidAt:], (d.pid+pid)|0x8000)
	}
	if d.tl0Len == 1 {
		payload[d.tl0At] = d.tl0 + tl0
	}
}
