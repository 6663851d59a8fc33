// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import "github.com/redial-rtc/redial/fault"

// Layer names a layer of a video track: a simulcast encoding, or a spatial layer of a
// stream that has several (SVC). Another track has the single layer LayerHigh; asking
// for any layer but LayerNone means it.
type Layer string

// The layers, worst first. LayerNone means nothing is forwarded.
const (
	LayerNone   Layer = "none"
	LayerLow    Layer = "low"
	LayerMedium Layer = "medium"
	LayerHigh   Layer = "high"
)

// ParseLayer reads a layer's name. It returns fault.FieldInvalid for any other
// word.
func ParseLayer(s string) (Layer, error) {
	switch l := Layer(s); l {
	case LayerNone, LayerLow, LayerMedium, LayerHigh:
		return l, nil
	}
	return LayerNone, fault.FieldInvalid.New("field", "layer", "want", "none, low, medium or high")
}

// rank orders layers: 0 is none, 3 is high.
func (l Layer) rank() int {
	switch l {
	case LayerLow:
		return 1
	case LayerMedium:
		return 2
	case LayerHigh:
		return 3
	}
	return 0
}

// Below tells whether a layer is worse than another.
func (l Layer) Below(other Layer) bool { return l.rank() < other.rank() }

// layerOf is the inverse of rank.
func layerOf(rank int) Layer {
	switch {
	case rank <= 0:
		return LayerNone
	case rank == 1:
		return LayerLow
	case rank == 2:
		return LayerMedium
	}
	return LayerHigh
}

// layerOfRID names the layer behind an RTP stream id (RFC 8851). Clients choose
// the ids: f, h and q for full, half and quarter size, or rdiv1, rdiv2 and rdiv4
// for what the size is divided by. A stream without an id, or with an unknown
// one, is the full picture.
func layerOfRID(rid string) Layer {
	switch rid {
	case "q", "rdiv4":
		return LayerLow
	case "h", "rdiv2":
		return LayerMedium
	}
	return LayerHigh
}
