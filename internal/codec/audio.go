// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

import "time"

// Redundant audio (RFC 2198) is a chain of 4-byte block headers, a 1-byte header
// for the primary block, then the blocks in the same order.

// REDPrimary returns the primary block and its payload type; ok is false for a
// payload that is cut short.
func REDPrimary(b []byte) (block []byte, pt uint8, ok bool) {
	at, skip := 0, 0
	for {
		if at >= len(b) {
			return nil, 0, false
		}
		if b[at]&0x80 == 0 {
			break
		}
		if at+4 > len(b) {
			return nil, 0, false
		}
		skip += int(b[at+2]&0x03)<<8 | int(b[at+3])
		at += 4
	}
	pt = b[at] & 0x7f
	at += 1 + skip
	if at > len(b) {
		return nil, 0, false
	}
	return b[at:], pt, true
}

// REDBlock returns the block that came so many places before the primary one, from 1,
// which repeats what the packet of so many numbers before carried, and how much older
// its timestamp is. ok is false for one that is not there, or empty.
func REDBlock(b []byte, back int) (block []byte, older uint32, ok bool) {
	heads := 0
	for at := 0; at < len(b) && b[at]&0x80 != 0; at += 4 {
		heads++
	}
	if back < 1 || back > heads || 4*heads >= len(b) {
		return nil, 0, false
	}
	at := 4*heads + 1
	for i := 0; ; i++ {
		head := b[4*i : 4*i+4]
		size := int(head[2]&0x03)<<8 | int(head[3])
		if at+size > len(b) {
			return nil, 0, false
		}
		if i == heads-back {
			return b[at : at+size], uint32(head[1])<<6 | uint32(head[2])>>2, size > 0
		}
		at += size
	}
}

// REDRetype sets the payload type of every block, in place.
func REDRetype(b []byte, pt uint8) {
	for at := 0; at < len(b); at += 4 {
		b[at] = b[at]&0x80 | pt
		if b[at]&0x80 == 0 {
			return
		}
	}
}

// OpusVoice tells whether the encoder took the first frame of an Opus packet for
// speech: the voice activity bit of its SILK layer, the first bit after the table of
// contents (RFC 6716, sections 3.1 and 4.2.3). known is false for a packet without
// such a layer (CELT, which music and high bitrates use) and for one that holds any
// number of frames.
func OpusVoice(b []byte) (voice, known bool) {
	if len(b) == 0 || b[0]>>3 >= 16 { // CELT
		return false, false
	}
	at := 1
	switch b[0] & 3 {
	case 2: // the length of the first frame comes before it, in one byte or two
		if at++; len(b) > 1 && b[1] >= 252 {
			at++
		}
	case 3:
		return false, false
	}
	// Without a frame nothing was to be said (discontinuous transmission).
	return at < len(b) && b[at]&0x80 != 0, true
}

// OpusDuration is how long an Opus packet lasts (RFC 6716, sections 3.1 and 3.2),
// 0 for one that is none.
func OpusDuration(b []byte) time.Duration {
	if len(b) == 0 {
		return 0
	}
	var frame time.Duration
	switch config := b[0] >> 3; {
	case config < 12: // SILK
		frame = [...]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16: // hybrid
		frame = [...]time.Duration{10, 20}[config&1] * time.Millisecond
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
