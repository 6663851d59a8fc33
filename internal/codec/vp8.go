// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

// VP8 reads the VP8 payload descriptor and header (RFC 7741, sections 4.2 and
// 4.3).
func VP8(b []byte) (Hint, Counters) {
	var d Counters
	if len(b) < 1 {
		return NoKey, d
	}
	at := 1
	if b[0]&0x80 != 0 { // X
		if len(b) < 2 {
			return NoKey, d
		}
		x := b[1]
		at = 2
		if x&0x80 != 0 { // I
			at = d.pictureID(b, at)
		}
		if x&0x40 != 0 { // L
			if at < len(b) {
				d.tl0At, d.TL0Len, d.TL0 = at, 1, b[at]
			}
			at++
		}
		if x&0x30 != 0 { // T or K
			at++
		}
	}
	// The first bit of the frame tag is 0 for a key frame (RFC 6386, 9.1).
	if at < len(b) && vp8First(b) && b[at]&0x01 == 0 {
		return KeyStart, d
	}
	return NoKey, d
}

// vp8First finds the start of partition 0.
func vp8First(b []byte) bool { return b[0]&0x10 != 0 && b[0]&0x07 == 0 }
