// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"encoding/binary"
	"sync/atomic"
)

// SendLog numbers the packets of a whole connection and remembers when each one
// left, for the subscriber's feedback about them (transport-wide congestion
// control, draft-holmer-rmcat-transport-wide-cc-extensions-01). Every track's
// loop writes to it without a lock.
type SendLog struct {
	next  atomic.Uint32
	slots [sendLogSize]atomic.Uint64 // number, arrived, missed, paced, size and microseconds, see pack
}

// sendLogSize is a power of two, and more than is in flight at any time.
const sendLogSize = 4096

// arrivedBit is set in a slot once the subscriber has reported that packet, missedBit
// once it has said that it did not come. pacedBit is of one that left later than it could.
const (
	arrivedBit = uint64(1) << 47
	missedBit  = uint64(1) << 46
	pacedBit   = uint64(1) << 45
	sizeBits   = 0x1fff
)

func pack(seq uint16, size int, paced bool, at uint32) uint64 {
	v := uint64(seq)<<48 | uint64(uint16(size)&sizeBits)<<32 | uint64(at)
	if paced {
		v |= pacedBit
	}
	return v
}

// Arrived tells whether the subscriber has reported that it got the packet that was
// given this number.
func (s *SendLog) Arrived(seq uint16) bool {
	slot := s.slots[seq%sendLogSize].Load()
	return uint16(slot>>48) == seq && slot&arrivedBit != 0
}

// Number takes the next number for a packet that leaves at a time in nanoseconds. One that
// is paced had to wait for others before it left.
func (s *SendLog) Number(size int, paced bool, at int64) uint16 {
	seq := uint16(s.next.Add(1))
	s.slots[seq%sendLogSize].Store(pack(seq, size, paced, uint32(at/1000)))
	return seq
}

// Ack is what became of one packet. Times are in microseconds and wrap around.
type Ack struct {
	sent     uint32
	received uint32 // of the subscriber's clock
	size     int
	arrived  bool
	paced    bool // it had to wait for others before it left
	late     bool // it was said before that it did not come
}

// Read turns a feedback message into acks, in the order of sending. It takes the
// message as it came, header included, and allocates only where acks has no room:
// there are ten of them a second from each subscriber. It reports false for anything
// that is not exactly one such message.
func (s *SendLog) Read(b []byte, acks []Ack) ([]Ack, bool) {
	const head = 20 // RTCP's own, two SSRCs, and what is before the chunks
	if !IsFeedback(b) || len(b) < head || (int(binary.BigEndian.Uint16(b[2:]))+1)*4 != len(b) {
		return acks, false
	}
	if b[0]&0x20 != 0 { // padded
		pad := int(b[len(b)-1])
		if pad == 0 || len(b)-pad < head {
			return acks, false
		}
		b = b[:len(b)-pad]
	}
	seq := binary.BigEndian.Uint16(b[12:])
	count := int(binary.BigEndian.Uint16(b[14:]))
	clock := (uint32(b[16])<<16 | uint32(b[17])<<8 | uint32(b[18])) * 64000
	chunks := b[head:]
	size, ok := chunksSize(chunks, count)
	if !ok {
		return acks, false
	}
	deltas := chunks[size:]
	for chunks = chunks[:size]; len(chunks) > 0; chunks = chunks[2:] {
		c := binary.BigEndian.Uint16(chunks)
		for i := range min(chunkLength(c), count) {
			a := Ack{}
			var delta int32
			switch symbol := chunkSymbol(c, i); {
			case symbol == smallDelta && len(deltas) >= 1:
				delta, deltas, a.arrived = int32(deltas[0]), deltas[1:], true
			case symbol == largeDelta && len(deltas) >= 2:
				delta, deltas, a.arrived = int32(int16(binary.BigEndian.Uint16(deltas))), deltas[2:], true
			case symbol == smallDelta || symbol == largeDelta:
				return acks, false // less than it says
			}
			if a.arrived {
				clock += uint32(delta * 250)
				a.received = clock
			}
			acks = s.ack(seq, a, acks)
			seq++
		}
		count -= min(chunkLength(c), count)
	}
	return acks, true
}

// IsFeedback tells whether an RTCP packet begins with transport-wide feedback.
func IsFeedback(b []byte) bool { return len(b) >= 12 && b[0]>>6 == 2 && b[0]&0x1f == 15 && b[1] == 205 }

// What a symbol says of a packet: it did not come, or it did, and how long after the
// one before, in one byte or two.
const (
	smallDelta = 1
	largeDelta = 2
)

// chunkLength is how many packets a chunk tells of: a run of the same, or a vector of
// symbols of one bit or two.
func chunkLength(c uint16) int {
	switch {
	case c&0x8000 == 0:
		return int(c & 0x1fff)
	case c&0x4000 == 0:
		return 14
	}
	return 7
}

func chunkSymbol(c uint16, i int) uint16 {
	switch {
	case c&0x8000 == 0:
		return c >> 13 & 3
	case c&0x4000 == 0:
		return c >> (13 - i) & 1
	}
	return c >> (12 - 2*i) & 3
}

// chunksSize is how many bytes of b are chunks, which tell of count packets.
func chunksSize(b []byte, count int) (size int, ok bool) {
	for count > 0 {
		if len(b) < size+2 {
			return 0, false
		}
		n := chunkLength(binary.BigEndian.Uint16(b[size:]))
		if n == 0 {
			return 0, false
		}
		count -= n
		size += 2
	}
	return size, true
}

// ack adds what became of a packet, unless it is forgotten or nothing new: a receiver
// begins its report where the earliest packet belongs that has come since the last
// one, and tells again what it has told of those after it.
func (s *SendLog) ack(seq uint16, a Ack, acks []Ack) []Ack {
	at := &s.slots[seq%sendLogSize]
	slot := at.Load()
	if uint16(slot>>48) != seq || slot == 0 {
		return acks
	}
	told := slot & (arrivedBit | missedBit)
	if told&arrivedBit != 0 || told != 0 && !a.arrived {
		return acks
	}
	mark := missedBit
	if a.arrived {
		mark, a.late = arrivedBit, told != 0
	}
	at.CompareAndSwap(slot, slot|mark) // unless the slot has just gone to another packet
	a.sent, a.size, a.paced = uint32(slot), int(slot>>32&sizeBits), slot&pacedBit != 0
	return append(acks, a)
}
