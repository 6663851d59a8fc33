// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpbuf

import "math"

// Segment is a part of what a subscriber sees: one continuous stream is put
// together from segments of the layers' streams, each shifted by constants.
type Segment[L comparable] struct {
	Layer L
	In0   uint64 // first and last extended sequence number of the layer
	In1   uint64 // [Open] while the segment goes on
	Out0  uint64 // what in0 becomes
	TS    uint32 // added to timestamps
	PID   uint16 // added to VP8 and VP9 picture ids
	TL0   uint8  // added to TL0PICIDX
	Frame uint16 // added to the frame numbers of dependency descriptors

	// Numbers says what became of each number where packets are left out; nil where
	// none are.
	Numbers *Renumbering
}

// Open is the last number of a segment that goes on.
const Open = math.MaxUint64

// Out is what a number of the layer becomes where none are left out.
func (s *Segment[L]) Out(in uint64) uint64 { return s.Out0 + (in - s.In0) }

// maxSegments is how far back a NACK can reach across changes.
const maxSegments = 32

// Mapping is a subscriber's latest segments, oldest first. It is never changed,
// only replaced, so that NACKs can be answered beside the forwarding loop.
type Mapping[L comparable] []Segment[L]

// Close ends the last segment at its layer's number in.
func (m Mapping[L]) Close(in uint64) Mapping[L] {
	out := append(make(Mapping[L], 0, len(m)+1), m...)
	if n := len(out); n > 0 && out[n-1].In1 == Open {
		out[n-1].In1 = in
	}
	return out
}

// Add begins a segment; the last one has been closed.
func (m Mapping[L]) Add(s Segment[L]) Mapping[L] {
	if len(m) >= maxSegments {
		m = m[len(m)-maxSegments+1:]
	}
	return append(append(make(Mapping[L], 0, len(m)+1), m...), s)
}

// ByIn finds the segment that holds a layer's number.
func (m Mapping[L]) ByIn(l L, in uint64) *Segment[L] {
	for i := len(m) - 1; i >= 0; i-- {
		if s := &m[i]; s.Layer == l && s.In0 <= in && in <= s.In1 {
			return s
		}
	}
	return nil
}

// ByOut finds the segment and the layer's number behind a number we sent.
func (m Mapping[L]) ByOut(out uint64) (*Segment[L], uint64) {
	for i := len(m) - 1; i >= 0; i-- {
		s := &m[i]
		if out < s.Out0 {
			continue
		}
		if s.Numbers != nil {
			sent, ok := s.Numbers.Get(out)
			if !ok {
				return nil, 0
			}
			return s, sent.In
		}
		in := s.In0 + (out - s.Out0)
		if in > s.In1 {
			return nil, 0 // between two segments: never sent
		}
		return s, in
	}
	return nil, 0
}
