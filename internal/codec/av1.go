// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

// The bits of the aggregation header (RTP payload format for AV1, section 4.4).
const (
	av1Z = 0x80 // goes on with an OBU of the packet before
	av1W = 0x30 // how many OBUs there are; 0: each has its size before it
	av1N = 0x08 // the first packet of a coded video sequence
)

// obuTiles is the type of an OBU that holds a later part of a picture (AV1
// bitstream specification, section 6.2.2).
const obuTiles = 4

// AV1 reads the aggregation header: the N bit marks the first packet of a coded
// video sequence, which begins with a key frame.
func AV1(b []byte) (Hint, Counters) {
	if len(b) >= 2 && b[0]&(av1N|av1Z) == av1N {
		return KeyStart, Counters{}
	}
	return NoKey, Counters{}
}

// av1First refuses the rest of an OBU, and tile groups.
func av1First(b []byte) bool { return b[0]&av1Z == 0 && firstOBU(b) != obuTiles }

// firstOBU is the type of the first OBU of a payload, which has its size before it
// unless it is the only one.
func firstOBU(b []byte) byte {
	at := 1
	if b[0]&av1W != 0x10 {
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
