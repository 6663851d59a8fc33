// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

import "encoding/binary"

// Counters says where the picture counters of VP8 and VP9 lie in a payload. A
// length of 0 means that there is none.
type Counters struct {
	PIDLen int // bytes of the picture id: 1 or 2
	TL0Len int // bytes of TL0PICIDX: 1
	PID    uint16
	TL0    uint8

	pidAt, tl0At int
}

// pictureID notes the picture id at position at and returns where it ends. VP8
// and VP9 write it alike: one byte, or two when the first bit is set.
func (d *Counters) pictureID(b []byte, at int) int {
	switch {
	case at >= len(b):
		return at + 1
	case b[at]&0x80 == 0:
		d.pidAt, d.PIDLen, d.PID = at, 1, uint16(b[at])
		return at + 1
	case at+1 < len(b):
		d.pidAt, d.PIDLen, d.PID = at, 2, binary.BigEndian.Uint16(b[at:])&0x7fff
	}
	return at + 2
}

// Rewrite moves the counters of the payload they were read from, in place.
func (d Counters) Rewrite(payload []byte, pid uint16, tl0 uint8) {
	switch d.PIDLen {
	case 1:
		payload[d.pidAt] = uint8(d.PID+pid) & 0x7f
	case 2:
		binary.BigEndian.PutUint16(payload[d.pidAt:], (d.PID+pid)|0x8000)
	}
	if d.TL0Len == 1 {
		payload[d.tl0At] = d.TL0 + tl0
	}
}
