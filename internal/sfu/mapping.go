package sfu

import "math"

// A subscriber sees one continuous stream. It is put together from stretches of
// the layers' streams, each shifted by constants. segment is one such stretch.
type segment struct {
	layer *layer
	in0   uint64 // first and last extended sequence number of the layer
	in1   uint64 // open while the stretch goes on
	out0  uint64 // what in0 becomes
	ts    uint32 // added to timestamps
	pid   uint16 // added to VP8 and VP9 picture ids
	tl0   uint8  // added to TL0PICIDX
}

const open = math.MaxUint64

func (s *segment) out(in uint64) uint64 { return s.out0 + (in - s.in0) }

// maxSegments is how far back a NACK can reach across changes.
const maxSegments = 32

// mapping is a subscriber's latest segments, oldest first. It is never changed,
// only replaced, so that NACKs can be answered beside the forwarding loop.
type mapping []segment

// close ends the last segment at its layer's number in.
func (m mapping) close(in uint64) mapping {
	out := append(make(mapping, 0, len(m)+1), m...)
	if n := len(out); n > 0 && out[n-1].in1 == open {
		out[n-1].in1 = in
	}
	return out
}

// add begins a segment; the last one has been closed.
func (m mapping) add(s segment) mapping {
	if len(m) >= maxSegments {
		m = m[len(m)-maxSegments+1:]
	}
	return append(append(make(mapping, 0, len(m)+1), m...), s)
}

// byIn finds the segment that holds a layer's number.
func (m mapping) byIn(l *layer, in uint64) *segment {
	for i := len(m) - 1; i >= 0; i-- {
		if s := &m[i]; s.layer == l && s.in0 <= in && in <= s.in1 {
			return s
		}
	}
	return nil
}

// byOut finds the segment and the layer's number behind a number we sent.
func (m mapping) byOut(out uint64) (*segment, uint64) {
	for i := len(m) - 1; i >= 0; i-- {
		s := &m[i]
		if out < s.out0 {
			continue
		}
		in := s.in0 + (out - s.out0)
		if in > s.in1 {
			return nil, 0 // between two segments: never sent
		}
		return s, in
	}
	return nil, 0
}
