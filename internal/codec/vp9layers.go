// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

// More bits of the first byte of the VP9 payload descriptor (RFC 9628, section 4.2).
const (
	vp9E, vp9V, vp9Z = 0x04, 0x02, 0x01
)

// VP9Layers reads the layers of a VP9 stream from its payload descriptors, for a
// publisher that sends no dependency descriptor. The zero value has read nothing. It
// is used by one goroutine.
type VP9Layers struct {
	several bool
	spatial int                // how many spatial layers there are
	base    [MaxSpatial]uint16 // the latest frame of each in the lowest temporal layer
	based   [MaxSpatial]bool
}

// VP9Layered tells whether a payload tells of layers.
func VP9Layered(b []byte) bool { return len(b) > 0 && b[0]&vp9L != 0 }

// vp9Temporal is how many temporal layers a target of ours tells apart.
const vp9Temporal = 4

// vp9Structures are the structures of so many spatial layers: target 4*s+t has the
// spatial layers up to s and the temporal layers up to t.
var vp9Structures = func() (all [MaxSpatial]*Structure) {
	for n := range all {
		s := &Structure{Spatial: n + 1, Targets: vp9Temporal * (n + 1)}
		for i := range s.Targets {
			s.Of[i] = Layers{uint8(i / vp9Temporal), uint8(i % vp9Temporal)}
		}
		all[n] = s
	}
	return all
}()

// Read reads a payload into f. It reports false where nothing is known of layers, and
// for a stream that has one.
func (r *VP9Layers) Read(b []byte, f *Frame) bool {
	var d vp9Descriptor
	if !d.read(b) || !d.numbered {
		return false
	}
	first := b[0]
	r.spatial = max(r.spatial, int(d.layers.Spatial)+1)
	if d.spatial > 0 {
		r.spatial = d.spatial
	}
	r.several = r.several || r.spatial > 1 || d.layers.Temporal > 0
	if !r.several || int(d.layers.Spatial) >= r.spatial {
		return false
	}
	s, t := d.layers.Spatial, d.layers.Temporal
	st := vp9Structures[r.spatial-1]
	*f = Frame{
		Structure: st, Number: d.picture<<2 | uint16(s), First: first&vp9B != 0, Last: first&vp9E != 0,
		Spatial: s, Temporal: t, Active: st.All(),
	}
	// All that this layer has from its own temporal layer up.
	own := uint32(1<<vp9Temporal-1) &^ (1<<t - 1)
	f.Targets = own << (vp9Temporal * s)
	if first&vp9Z == 0 { // higher layers need it
		for above := int(s) + 1; above < r.spatial; above++ {
			f.Targets |= own << (vp9Temporal * above)
		}
	}
	r.depend(&d, f, own)
	return true
}

// depend fills in what the frame needs, and whom one can go over to with it.
func (r *VP9Layers) depend(d *vp9Descriptor, f *Frame, own uint32) {
	s := f.Spatial
	if d.predicted { // from the layer below
		f.needs[0], f.count = 1, 1
	}
	switch {
	case !d.inter && s == 0:
		f.Switches = f.Targets
	case !d.inter:
		f.Switches = own << (vp9Temporal * s)
	case d.flexible:
		for _, back := range d.back[:d.references] {
			f.needs[f.count] = back << 2
			f.count++
		}
		f.Switches = r.up(d, f, own)
	case f.Temporal == 0 && r.based[s]:
		f.needs[f.count] = f.Number - r.base[s]
		f.count++
		f.Switches = r.up(d, f, own)
	}
	if f.First && f.Temporal == 0 {
		r.base[s], r.based[s] = f.Number, true
	}
}

// up are the temporal layers that one can go up to at a frame.
func (r *VP9Layers) up(d *vp9Descriptor, f *Frame, own uint32) uint32 {
	if !d.up {
		own &= 1 // only who goes on with the lowest needs nothing else
	}
	if f.Temporal > 0 {
		own &^= 1 << f.Temporal // of its own temporal layer nothing is promised
	}
	return own << (vp9Temporal * f.Spatial)
}

// vp9Descriptor is what a payload descriptor tells of layers.
type vp9Descriptor struct {
	numbered   bool // pictures have numbers, and layers are told
	inter      bool // predicted from another picture
	flexible   bool // it says from which
	up         bool // one can go up to higher temporal layers
	predicted  bool // from the spatial layer below
	picture    uint16
	layers     Layers
	spatial    int // how many spatial layers there are; 0: it does not say
	back       [3]uint16
	references int
}

// read reports false for a descriptor that is cut, or has more layers than are known.
func (d *vp9Descriptor) read(b []byte) bool {
	var c Counters
	if len(b) < 1 {
		return false
	}
	first, at := b[0], 1
	d.inter, d.flexible = first&vp9P != 0, first&vp9F != 0
	if first&vp9I != 0 {
		at = c.pictureID(b, at)
		d.picture = c.PID
	}
	if first&vp9L != 0 {
		if at >= len(b) {
			return false
		}
		d.layers = Layers{Spatial: b[at] >> 1 & 7, Temporal: b[at] >> 5}
		d.up, d.predicted = b[at]&0x10 != 0, b[at]&1 != 0
		if at++; !d.flexible {
			at++
		}
		d.numbered = c.PIDLen > 0
	}
	if d.layers.Spatial >= MaxSpatial || d.layers.Temporal >= vp9Temporal {
		return false
	}
	if d.inter && d.flexible {
		for more := true; more; at++ {
			if at >= len(b) || d.references == len(d.back) {
				return false
			}
			d.back[d.references] = uint16(b[at] >> 1)
			d.references++
			more = b[at]&1 != 0
		}
	}
	if first&vp9V != 0 {
		if at >= len(b) {
			return false
		}
		if d.spatial = int(b[at]>>5) + 1; d.spatial > MaxSpatial {
			return false
		}
	}
	return true
}
