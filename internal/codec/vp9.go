// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

// The bits of the first byte of the VP9 payload descriptor (RFC 9628, section
// 4.2).
const (
	vp9I, vp9P, vp9L, vp9F, vp9B = 0x80, 0x40, 0x20, 0x10, 0x08
)

// VP9 reads the VP9 payload descriptor (RFC 9628, section 4.2).
func VP9(b []byte) (Hint, Counters) {
	d, lowest := vp9(b)
	// Not predicted from another picture, at the start of the lowest layer.
	if lowest && b[0]&(vp9P|vp9B) == vp9B {
		return KeyStart, d
	}
	return NoKey, d
}

// vp9First finds the beginning of the lowest layer.
func vp9First(b []byte) bool {
	_, lowest := vp9(b)
	return lowest && b[0]&vp9B != 0
}

// vp9 reads the counters, and tells whether the payload is of the lowest spatial
// layer.
func vp9(b []byte) (d Counters, lowest bool) {
	if len(b) < 1 {
		return d, false
	}
	at := 1
	if b[0]&vp9I != 0 {
		at = d.pictureID(b, at)
	}
	if b[0]&vp9L == 0 {
		return d, true
	}
	if at >= len(b) {
		return d, false
	}
	spatial := b[at] >> 1 & 0x07
	at++
	if b[0]&vp9F == 0 {
		if at >= len(b) {
			return d, false
		}
		d.tl0At, d.TL0Len, d.TL0 = at, 1, b[at]
	}
	return d, spatial == 0
}
