// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"sync/atomic"

	"github.com/pion/rtcp"
)

// SendLog numbers the packets of a whole connection and remembers when each one
// left, for the subscriber's feedback about them (transport-wide congestion
// control, draft-holmer-rmcat-transport-wide-cc-extensions-01). Every track's
// loop writes to it without a lock.
type SendLog struct {
	next  atomic.Uint32
	slots [sendLogSize]atomic.Uint64 // number, arrived, size and microseconds, see pack
}

// sendLogSize is a power of two, and more than is in flight at any time.
const sendLogSize = 4096

// arrivedBit is set in a slot once the subscriber has reported that packet.
const arrivedBit = uint64(1) << 47

func pack(seq uint16, size int, at uint32) uint64 {
	return uint64(seq)<<48 | uint64(uint16(size)&0x7fff)<<32 | uint64(at)
}

// Arrived tells whether the subscriber has reported that it got the packet that was
// given this number.
func (s *SendLog) Arrived(seq uint16) bool {
	slot := s.slots[seq%sendLogSize].Load()
	return uint16(slot>>48) == seq && slot&arrivedBit != 0
}

// Number takes the next number for a packet that leaves at a time in nanoseconds.
func (s *SendLog) Number(size int, at int64) uint16 {
	seq := uint16(s.next.Add(1))
	s.slots[seq%sendLogSize].Store(pack(seq, size, uint32(at/1000)))
	return seq
}

// Ack is what became of one packet. Times are in microseconds and wrap around.
type Ack struct {
	sent     uint32
	received uint32 // of the subscriber's clock
	size     int
	arrived  bool
}

// Read turns a feedback message into acks, in the order of sending.
func (s *SendLog) Read(fb *rtcp.TransportLayerCC, acks []Ack) []Ack {
	seq := fb.BaseSequenceNumber
	left := int(fb.PacketStatusCount)
	clock := fb.ReferenceTime * 64000
	deltas := fb.RecvDeltas
	one := func(symbol uint16) {
		a := Ack{}
		if symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta {
			if len(deltas) == 0 {
				left = 0
				return
			}
			clock += uint32(deltas[0].Delta)
			deltas = deltas[1:]
			a.arrived, a.received = true, clock
		}
		at := &s.slots[seq%sendLogSize]
		if slot := at.Load(); uint16(slot>>48) == seq && slot != 0 {
			a.sent, a.size = uint32(slot), int(slot>>32&0x7fff)
			if a.arrived { // unless the slot has just gone to another packet
				at.CompareAndSwap(slot, slot|arrivedBit)
			}
			acks = append(acks, a)
		}
		seq++
		left--
	}
	for _, c := range fb.PacketChunks {
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			for n := int(c.RunLength); n > 0 && left > 0; n-- {
				one(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range c.SymbolList {
				if left > 0 {
					one(symbol)
				}
			}
		}
	}
	return acks
}
