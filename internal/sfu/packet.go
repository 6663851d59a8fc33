package sfu

import (
	"encoding/binary"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func joinHostPort(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// epoch anchors the clock packets are stamped with: nanoseconds that only grow.
var epoch = time.Now()

func now() int64 { return int64(time.Since(epoch)) }

// packet is one received RTP packet and what the fan-out must know about it. It
// is filled by one goroutine and only read afterwards. It lives until its last
// holder lets go: the read loop, the history, and whoever answers a NACK.
type packet struct {
	refs atomic.Int32

	seq     uint64 // extended sequence number
	ts      uint32
	arrival int64
	size    int // of the whole packet
	start   int // of the payload in buf
	end     int // of the payload, padding left out
	pt      uint8
	marker  bool

	key   bool // begins a key frame; for audio always true
	codec *format
	desc  frameDesc

	level       uint8 // RFC 6464, with the voice activity bit on top
	hasLevel    bool
	orientation uint8
	hasCVO      bool

	buf [receiveMTU]byte
}

// frameDesc says where the picture counters of VP8 and VP9 lie in the payload.
// A length of 0 means that there is none.
type frameDesc struct {
	pidAt, pidLen int // picture id: 1 or 2 bytes
	tl0At, tl0Len int // TL0PICIDX: 1 byte
	pid           uint16
	tl0           uint8
}

func (p *packet) payload() []byte { return p.buf[p.start:p.end] }

var packets = sync.Pool{New: func() any { return new(packet) }}

// newPacket returns a packet that nobody can hold yet: a reader of the history
// may still have its address from an earlier life.
func newPacket() *packet { return packets.Get().(*packet) }

// publish ends the filling and gives the caller the first share.
func (p *packet) publish() { p.refs.Store(1) }

// hold takes another share, unless the packet has been given back meanwhile.
func (p *packet) hold() bool {
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

func (p *packet) drop() {
	if p.refs.Add(-1) == 0 {
		packets.Put(p)
	}
}

// extIDs are the negotiated ids of the header extensions we read; 0 is none.
type extIDs struct{ level, orientation uint8 }

// parse reads the header (RFC 3550, section 5.1; RFC 8285) of the first n bytes.
// It reports false for anything that is not a whole RTP packet.
func (p *packet) parse(n int, ids extIDs) (seq uint16, ok bool) {
	b := p.buf[:n]
	if n < 12 || b[0]>>6 != 2 {
		return 0, false
	}
	p.size = n
	p.marker = b[1]&0x80 != 0
	p.pt = b[1] & 0x7f
	seq = binary.BigEndian.Uint16(b[2:])
	p.ts = binary.BigEndian.Uint32(b[4:])
	p.hasLevel, p.hasCVO, p.key = false, false, false
	p.desc = frameDesc{}
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
		p.extensions(profile, b[at+4:end], ids)
		at = end
	}
	end := n
	if b[0]&0x20 != 0 && n > at {
		end -= int(b[n-1])
	}
	if at > n || end < at {
		return 0, false
	}
	p.start, p.end = at, end
	return seq, true
}

func (p *packet) extensions(profile uint16, b []byte, ids extIDs) {
	two := profile&0xfff0 == 0x1000
	if !two && profile != 0xbede {
		return
	}
	for len(b) > 0 {
		if b[0] == 0 {
			b = b[1:]
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
		if length > 0 {
			switch id {
			case ids.level:
				p.level, p.hasLevel = b[head], true
			case ids.orientation:
				p.orientation, p.hasCVO = b[head], true
			}
		}
		b = b[head+length:]
	}
}

// unwrapper extends 16-bit counters to 64 bits (RFC 3550, appendix A.1).
type unwrapper struct {
	highest uint64
	begun   bool
}

// extend returns the extended number and moves on. The first number is put high
// enough that late ones before it do not run below zero.
func (u *unwrapper) extend(n uint16) uint64 {
	if !u.begun {
		u.begun = true
		u.highest = 1<<16 | uint64(n)
		return u.highest
	}
	x := extendNear(u.highest, n)
	u.highest = max(u.highest, x)
	return x
}

// extendNear is the number closest to near whose low 16 bits are n.
func extendNear(near uint64, n uint16) uint64 {
	return near + uint64(int64(int16(n-uint16(near))))
}
