// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

import (
	"encoding/binary"
	"math/bits"
)

const maxTemplates = 64

// template is what frames have in common that are alike in their dependencies.
type template struct {
	Layers
	targets, switches uint32
	needs             [maxNeeds]uint16
	count             uint8
}

// Dependencies reads the dependency descriptors (RTP payload format for AV1, appendix
// A) of one stream, in which a packet may refer to what an earlier one has told. The
// zero value has read nothing. It is used by one goroutine.
type Dependencies struct {
	latest, before epoch
	scratch        *Structure
}

// epoch is what holds from a packet on.
type epoch struct {
	structure  *Structure
	from       uint64 // number of the packet that brought it
	active     uint32
	activeFrom uint64
}

// The indications of a decode target (section A.4 there).
const (
	dtiNotPresent = 0
	dtiSwitch     = 2
)

// Read reads the descriptor of the packet seq, an extended number, into f. It reports
// false for one that cannot be read, or refers to what has not come. Nothing is
// allocated unless the structure of the stream changes.
func (r *Dependencies) Read(b []byte, seq uint64, f *Frame) bool {
	if len(b) < 3 {
		return false
	}
	d := bitReader{b: b}
	f.First, f.Last = d.flag(), d.flag()
	id := uint8(d.read(6))
	f.Number = uint16(d.read(16))
	e := &r.latest
	if seq < e.from {
		e = &r.before
	}
	var fields struct{ structure, active, indications, needs, chains bool }
	if len(b) > 3 {
		fields.structure, fields.active, fields.indications, fields.needs, fields.chains = d.flag(), d.flag(), d.flag(), d.flag(), d.flag()
	}
	st, active := e.structure, e.active
	if fields.structure {
		if r.scratch == nil {
			r.scratch = &Structure{}
		}
		if !r.scratch.read(&d) {
			return false
		}
		if st == nil || *st != *r.scratch {
			st, r.scratch = r.scratch, nil
		}
		active = st.All()
	}
	if st == nil {
		return false
	}
	if fields.active {
		active = d.read(st.Targets)
	}
	t := st.template(id)
	if t == nil || d.failed {
		return false
	}
	f.Structure, f.Spatial, f.Temporal, f.Active = st, t.Spatial, t.Temporal, active
	f.Targets, f.Switches, f.needs, f.count = t.targets, t.switches, t.needs, t.count
	if fields.indications {
		f.Targets, f.Switches = d.indications(st.Targets)
	}
	if fields.needs {
		f.readNeeds(&d)
	}
	if fields.chains {
		d.skip(8 * int(st.chains))
	}
	if d.failed {
		f.Structure = nil
		return false
	}
	r.keep(seq, st, active, fields.structure || fields.active)
	return true
}

// FrameNumber is that of a descriptor, 0 if it is cut.
func FrameNumber(b []byte) uint16 {
	if len(b) < 3 {
		return 0
	}
	return binary.BigEndian.Uint16(b[1:])
}

// ShiftFrameNumber adds to the frame number of a descriptor, in place.
func ShiftFrameNumber(b []byte, by uint16) {
	if len(b) >= 3 {
		binary.BigEndian.PutUint16(b[1:], FrameNumber(b)+by)
	}
}

// keep takes what a packet brought, unless a later one has brought another.
func (r *Dependencies) keep(seq uint64, st *Structure, active uint32, told bool) {
	e := &r.latest
	switch {
	case e.structure == nil || st != e.structure && seq > e.from:
		r.before = *e
		*e = epoch{structure: st, from: seq, active: active, activeFrom: seq}
	case st == e.structure && told && seq >= e.activeFrom:
		e.active, e.activeFrom = active, seq
	}
}

func (s *Structure) template(id uint8) *template {
	if i := (id + 64 - s.offset) % 64; i < s.count {
		return &s.templates[i]
	}
	return nil
}

// read reads template_dependency_structure.
func (s *Structure) read(d *bitReader) bool {
	*s = Structure{}
	s.offset = uint8(d.read(6))
	s.Targets = int(d.read(5)) + 1
	if !s.readLayers(d) {
		return false
	}
	all := s.templates[:s.count]
	for i := range all {
		all[i].targets, all[i].switches = d.indications(s.Targets)
	}
	for i := range all {
		t := &all[i]
		for d.flag() {
			if t.count == maxNeeds {
				return false
			}
			t.needs[t.count] = uint16(d.read(4)) + 1
			t.count++
		}
	}
	s.chains = uint8(d.nonSymmetric(uint32(s.Targets) + 1))
	if s.chains > 0 {
		for range s.Targets {
			d.nonSymmetric(uint32(s.chains))
		}
		d.skip(4 * int(s.chains) * len(all))
	}
	if d.flag() { // the sizes of pictures
		d.skip(32 * s.Spatial)
	}
	for _, t := range all {
		for rest := t.targets; rest != 0; rest &= rest - 1 {
			of := &s.Of[bits.TrailingZeros32(rest)]
			of.Spatial, of.Temporal = max(of.Spatial, t.Spatial), max(of.Temporal, t.Temporal)
		}
	}
	return !d.failed
}

// readLayers reads template_layers.
func (s *Structure) readLayers(d *bitReader) bool {
	var at Layers
	for {
		if s.count == maxTemplates || at.Spatial >= MaxSpatial || at.Temporal >= MaxTemporal {
			return false
		}
		s.templates[s.count].Layers = at
		s.count++
		switch d.read(2) {
		case 1:
			at.Temporal++
		case 2:
			at = Layers{Spatial: at.Spatial + 1}
		case 3:
			s.Spatial = int(at.Spatial) + 1
			return !d.failed
		}
		if d.failed {
			return false
		}
	}
}

// readNeeds reads frame_fdiffs.
func (f *Frame) readNeeds(d *bitReader) {
	f.count = 0
	for {
		size := int(d.read(2))
		if size == 0 {
			return
		}
		if f.count == maxNeeds {
			d.failed = true
			return
		}
		f.needs[f.count] = uint16(d.read(4*size)) + 1
		f.count++
	}
}

// bitReader reads a descriptor, the highest bit of a byte first. Past the end it reads
// zeros, and has failed.
type bitReader struct {
	b      []byte
	at     int // in bits
	failed bool
}

// read reads up to 32 bits.
func (d *bitReader) read(n int) (v uint32) {
	if n > 8*len(d.b)-d.at {
		d.failed = true
		d.at = 8 * len(d.b)
		return 0
	}
	for n > 0 {
		left := 8 - d.at%8
		take := min(left, n)
		v = v<<take | uint32(d.b[d.at/8])>>(left-take)&(1<<take-1)
		d.at += take
		n -= take
	}
	return v
}

func (d *bitReader) flag() bool { return d.read(1) == 1 }

func (d *bitReader) skip(n int) {
	if n > 8*len(d.b)-d.at {
		d.failed = true
		n = 8*len(d.b) - d.at
	}
	d.at += n
}

// nonSymmetric reads ns(n) (AV1 bitstream specification, section 4.10.7).
func (d *bitReader) nonSymmetric(n uint32) uint32 {
	w := bits.Len32(n)
	m := uint32(1)<<w - n
	v := d.read(w - 1)
	if v < m {
		return v
	}
	return v<<1 - m + d.read(1)
}

// indications reads one for each of n targets.
func (d *bitReader) indications(n int) (targets, switches uint32) {
	for i := range n {
		switch d.read(2) {
		case dtiNotPresent:
		case dtiSwitch:
			switches |= 1 << i
			fallthrough
		default:
			targets |= 1 << i
		}
	}
	return targets, switches
}
