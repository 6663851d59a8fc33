// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec

import "math/bits"

// MaxTargets is how many decode targets a stream may have; MaxSpatial and MaxTemporal
// are how many layers of a kind.
const (
	MaxTargets  = 32
	MaxSpatial  = 4
	MaxTemporal = 8
)

// Frame is what a packet of a stream of several layers (SVC) tells of its frame: the
// part of a picture that one spatial layer has. A decode target is a choice of layers
// that can be decoded without the others; sets of them have a bit for each.
type Frame struct {
	Structure *Structure // what the numbers of targets mean; nil: nothing is known
	Number    uint16
	First     bool // the first packet of the frame
	Last      bool
	Spatial   uint8
	Temporal  uint8
	Targets   uint32 // those that the frame is part of
	Switches  uint32 // those that one can go on with from here on, if the frame can be decoded
	Active    uint32 // those that are sent at present

	needs [maxNeeds]uint16
	count uint8
}

// maxNeeds is how many frames one may need: decoders keep 8.
const maxNeeds = 8

// Needs tells which frames have to be decoded before, each by how much lower its
// number is.
func (f *Frame) Needs() []uint16 { return f.needs[:f.count] }

// Structure says which layers the decode targets of a stream have. It is not changed
// once it is given out.
type Structure struct {
	Spatial int // how many spatial layers there are
	Targets int
	Of      [MaxTargets]Layers // by target

	// Of the dependency descriptor alone.
	offset    uint8
	chains    uint8
	count     uint8 // of templates
	templates [maxTemplates]template
}

// Layers are the highest layers of a decode target.
type Layers struct{ Spatial, Temporal uint8 }

// All is the set of all targets.
func (s *Structure) All() uint32 { return uint32(1<<s.Targets - 1) }

// Target is the best of a set of targets that has no higher layers than these, or else
// the least of the set. Of an empty set it is the best of all.
func (s *Structure) Target(of uint32, spatial, temporal uint8) int {
	if of &= s.All(); of == 0 {
		of = s.All()
	}
	best, least := -1, -1
	for rest := of; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest)
		t := s.Of[i]
		if least < 0 || t.below(s.Of[least]) {
			least = i
		}
		if t.Spatial <= spatial && t.Temporal <= temporal && (best < 0 || s.Of[best].below(t)) {
			best = i
		}
	}
	if best < 0 {
		return least
	}
	return best
}

// below orders by the spatial layer first.
func (l Layers) below(o Layers) bool {
	if l.Spatial != o.Spatial {
		return l.Spatial < o.Spatial
	}
	return l.Temporal < o.Temporal
}
