// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpbuf

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/redial-rtc/redial/internal/codec"
)

// Packet is one received RTP packet and what the fan-out must know about it. It
// is filled by one goroutine and only read afterwards. It lives until its last
// holder lets go: the read loop, the history, and whoever answers a NACK.
type Packet struct {
	refs atomic.Int32

	Seq     uint64 // extended sequence number
	TS      uint32
	Arrival int64
	Size    int // of the whole packet
	Start   int // of the payload in buf
	End     int // of the payload, padding left out
	PT      uint8
	Marker  bool

	Key      bool // begins a key frame; for audio always true
	Codec    *codec.Format
	Counters codec.Counters

	Level       uint8 // RFC 6464, with the voice activity bit on top
	HasLevel    bool
	Orientation uint8
	HasCVO      bool

	// Of a stream of several layers; without a structure, nothing is known of it.
	Frame codec.Frame
	// Where the dependency descriptor lies in Buf; both are 0 if there is none.
	DescriptorStart, DescriptorEnd int

	Buf [MTU]byte
}

// Descriptor is the dependency descriptor (RTP payload format for AV1, appendix A).
func (p *Packet) Descriptor() []byte { return p.Buf[p.DescriptorStart:p.DescriptorEnd] }

// Payload is what follows the header, padding left out.
func (p *Packet) Payload() []byte { return p.Buf[p.Start:p.End] }

// MTU is the largest packet that is taken in, in bytes.
const MTU = 1600

var packets = sync.Pool{New: func() any { return new(Packet) }}

// New returns a packet that nobody can hold yet: a reader of the history
// may still have its address from an earlier life.
func New() *Packet { return packets.Get().(*Packet) }

// Discard gives back a packet that was never published.
func (p *Packet) Discard() { packets.Put(p) }

// Publish ends the filling and gives the caller the first share.
func (p *Packet) Publish() { p.refs.Store(1) }

// hold takes another share, unless the packet has been given back meanwhile.
func (p *Packet) hold() bool {
	for {
		n := p.refs.Load()
		if n <= 0 {
			return false
		}
		if p.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Drop gives a share back.
func (p *Packet) Drop() {
	if p.refs.Add(-1) == 0 {
		packets.Put(p)
	}
}

// ExtIDs are the negotiated ids of the header extensions we read; 0 is none.
type ExtIDs struct{ Level, Orientation, Dependency uint8 }

// Parse reads the header (RFC 3550, section 5.1; RFC 8285) of the first n bytes.
// It reports false for anything that is not a whole RTP packet.
func (p *Packet) Parse(n int, ids ExtIDs) (seq uint16, ok bool) {
	b := p.Buf[:n]
	if n < 12 || b[0]>>6 != 2 {
		return 0, false
	}
	p.Size = n
	p.Marker = b[1]&0x80 != 0
	p.PT = b[1] & 0x7f
	seq = binary.BigEndian.Uint16(b[2:])
	p.TS = binary.BigEndian.Uint32(b[4:])
	p.HasLevel, p.HasCVO, p.Key = false, false, false
	p.Counters = codec.Counters{}
	p.Frame.Structure, p.DescriptorStart, p.DescriptorEnd = nil, 0, 0
	at := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if at+4 > n {
			return 0, false
		}
		profile := binary.BigEndian.Uint16(b[at:])
		end := at + 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
		if end > n {
			return 0, false
		}
		p.extensions(profile, at+4, end, ids)
		at = end
	}
	end := n
	if b[0]&0x20 != 0 && n > at {
		end -= int(b[n-1])
	}
	if at > n || end < at {
		return 0, false
	}
	p.Start, p.End = at, end
	return seq, true
}

// extensions reads those between two places of the buffer.
func (p *Packet) extensions(profile uint16, at, end int, ids ExtIDs) {
	two := profile&0xfff0 == 0x1000
	if !two && profile != 0xbede {
		return
	}
	for at < end {
		b := p.Buf[at:end]
		if b[0] == 0 {
			at++
			continue
		}
		var id uint8
		var length, head int
		if two {
			if len(b) < 2 {
				return
			}
			id, length, head = b[0], int(b[1]), 2
		} else {
			id, length, head = b[0]>>4, int(b[0]&0x0f)+1, 1
			if id == 15 {
				return
			}
		}
		if head+length > len(b) {
			return
		}
		if length > 0 && id != 0 { // an id of 0 is padding, or what was not negotiated
			switch id {
			case ids.Level:
				p.Level, p.HasLevel = b[head], true
			case ids.Orientation:
				p.Orientation, p.HasCVO = b[head], true
			case ids.Dependency:
				p.DescriptorStart, p.DescriptorEnd = at+head, at+head+length
			}
		}
		at += head + length
	}
}
