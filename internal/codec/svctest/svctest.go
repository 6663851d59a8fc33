// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package svctest makes what streams of several layers (SVC) tell of themselves, for
// tests: dependency descriptors (RTP payload format for AV1, appendix A) and VP9 payload
// descriptors (RFC 9628), of the modes L1T1 to L3T3 and L2T1_KEY to L3T3_KEY of the W3C's
// "Scalable Video Coding (SVC) Extension for WebRTC".
package svctest

import (
	"math/bits"
	"slices"
)

// Stream makes one frame after the other.
type Stream struct {
	Spatial, Temporal int
	// KeyOnly predicts from the layer below in key pictures alone, as the _KEY modes do.
	KeyOnly bool
	// Number is the next frame's, Picture the next picture's, of 15 bits.
	Number, Picture uint16
	// Offset is the id of the first template.
	Offset uint8

	turn   int // since the key picture
	latest map[[2]int]uint16
	passed map[[2]int]uint16 // the same as numbers of pictures
}

// Frame is one spatial layer of a picture.
type Frame struct {
	Spatial, Temporal int
	Key               bool
	Number, Picture   uint16
	Needs             []uint16 // numbers
	// Structure is whether the first packet has the structure.
	Structure bool

	of      *Stream
	back    []uint16 // pictures
	onBelow bool
}

// Next makes the next picture: all its frames, the lowest first.
func (s *Stream) Next(key bool) (list []Frame) {
	if s.latest == nil {
		key = true
	}
	if key {
		s.turn, s.latest, s.passed = 0, map[[2]int]uint16{}, map[[2]int]uint16{}
	}
	t := s.temporalOf(s.turn)
	for spatial := range s.Spatial {
		f := Frame{Spatial: spatial, Temporal: t, Key: key, Number: s.Number, Picture: s.Picture, Structure: key && spatial == 0, of: s}
		f.onBelow = spatial > 0 && (key || !s.KeyOnly)
		if f.onBelow {
			f.Needs = append(f.Needs, s.Number-1)
		}
		if !key { // the latest frame of this or a lower temporal layer, of the highest such layer
			below := 0
			if t == s.Temporal-1 && t > 0 && s.turn%4 == 3 {
				below = t - 1
			}
			f.Needs = append(f.Needs, s.latest[[2]int{spatial, below}])
			f.back = append(f.back, s.Picture-s.passed[[2]int{spatial, below}])
		}
		for above := t; above < s.Temporal; above++ {
			if above == t || t == 0 {
				s.latest[[2]int{spatial, above}], s.passed[[2]int{spatial, above}] = s.Number, s.Picture
			}
		}
		s.Number++
		list = append(list, f)
	}
	s.Picture = (s.Picture + 1) & 0x7fff
	s.turn++
	return list
}

func (s *Stream) temporalOf(turn int) int {
	switch s.Temporal {
	case 2:
		return turn % 2
	case 3:
		return []int{0, 2, 1, 2}[turn%4]
	}
	return 0
}

// indication is what a frame is to a decode target: 0 nothing, 1 discardable, 2 a switch,
// 3 required.
func (s *Stream) indication(spatial, temporal int, key bool, target int) uint32 {
	s1, t1 := target/s.Temporal, target%s.Temporal
	switch {
	case s1 < spatial || t1 < temporal:
		return 0
	case key:
		return 2
	case s1 > spatial && s.KeyOnly:
		return 0
	case s1 > spatial:
		return 3
	case temporal > 0 && t1 == temporal:
		return 1
	}
	return 2
}

// template is the place of the template of a frame; each spatial layer has that of key
// pictures, and one for each temporal layer.
func (s *Stream) template(f *Frame) int {
	at := f.Spatial * (s.Temporal + 1)
	if !f.Key {
		at += 1 + f.Temporal
	}
	return at
}

// Descriptor is the dependency descriptor of a packet of the frame, the first or the
// last or both. active is the set of targets that are sent, 0 for not told.
func (f *Frame) Descriptor(first, last bool, active uint32) []byte {
	s := f.of
	var w writer
	w.flag(first)
	w.flag(last)
	w.put(6, uint32(int(s.Offset)+s.template(f))%64)
	w.put(16, uint32(f.Number))
	structure := first && f.Structure
	custom := len(f.Needs) > 0
	if structure || custom || active != 0 {
		w.flag(structure)
		w.flag(active != 0)
		w.flag(false)
		w.flag(custom)
		w.flag(false)
		if structure {
			s.structure(&w)
		}
		if active != 0 {
			w.put(s.Spatial*s.Temporal, active)
		}
		if custom {
			for _, n := range f.Needs {
				w.put(2, 2)
				w.put(8, uint32(f.Number-n-1))
			}
			w.put(2, 0)
		}
	}
	return w.b
}

func (s *Stream) structure(w *writer) {
	targets := s.Spatial * s.Temporal
	w.put(6, uint32(s.Offset))
	w.put(5, uint32(targets-1))
	for spatial := range s.Spatial {
		w.put(2, 0) // after that of key pictures
		for temporal := range s.Temporal {
			switch {
			case temporal < s.Temporal-1:
				w.put(2, 1)
			case spatial < s.Spatial-1:
				w.put(2, 2)
			default:
				w.put(2, 3)
			}
		}
	}
	each := func(do func(spatial, temporal int, key bool)) {
		for spatial := range s.Spatial {
			do(spatial, 0, true)
			for temporal := range s.Temporal {
				do(spatial, temporal, false)
			}
		}
	}
	each(func(spatial, temporal int, key bool) {
		for target := range targets {
			w.put(2, s.indication(spatial, temporal, key, target))
		}
	})
	each(func(spatial, _ int, key bool) { // frames say themselves, but in key pictures of the lowest layer
		w.flag(false)
	})
	w.nonSymmetric(uint32(targets+1), uint32(s.Spatial))
	for target := range targets {
		w.nonSymmetric(uint32(s.Spatial), uint32(target/s.Temporal))
	}
	each(func(int, int, bool) {
		for range s.Spatial {
			w.put(4, 1)
		}
	})
	w.flag(true)
	for spatial := range s.Spatial {
		w.put(16, 640>>(s.Spatial-1-spatial)-1)
		w.put(16, 360>>(s.Spatial-1-spatial)-1)
	}
}

// VP9 is the payload descriptor of a packet of the frame in flexible mode.
func (f *Frame) VP9(first, last bool) []byte {
	s := f.of
	b := []byte{0x80 | 0x20 | 0x10, 0x80 | byte(f.Picture>>8), byte(f.Picture)}
	set := func(on bool, bit byte) {
		if on {
			b[0] |= bit
		}
	}
	set(!f.Key, 0x40)
	set(first, 0x08)
	set(last, 0x04)
	set(f.Structure && first, 0x02)
	set(f.Spatial == s.Spatial-1 || s.KeyOnly && !f.Key, 0x01)
	layers := byte(f.Temporal<<5|f.Spatial<<1) | 0x10
	if f.onBelow {
		layers |= 1
	}
	b = append(b, layers)
	for i, back := range f.back {
		more := byte(0)
		if i < len(f.back)-1 {
			more = 1
		}
		b = append(b, byte(back<<1)|more)
	}
	if f.Structure && first {
		b = append(b, byte(s.Spatial-1)<<5)
	}
	return slices.Clip(b)
}

// writer writes bits.
type writer struct {
	b  []byte
	at int
}

func (w *writer) put(n int, v uint32) {
	for i := n - 1; i >= 0; i-- {
		if w.at%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.at/8] |= byte(v>>i&1) << (7 - w.at%8)
		w.at++
	}
}

func (w *writer) flag(on bool) {
	if on {
		w.put(1, 1)
	} else {
		w.put(1, 0)
	}
}

// nonSymmetric writes ns(n).
func (w *writer) nonSymmetric(n, v uint32) {
	bitsOf := bits.Len32(n)
	m := uint32(1)<<bitsOf - n
	if v < m {
		w.put(bitsOf-1, v)
		return
	}
	w.put(bitsOf-1, (v+m)>>1)
	w.put(1, (v+m)&1)
}

// Lone tells whether the layers above do without the frame.
func (f *Frame) Lone() bool { return f.of.KeyOnly && !f.Key }
