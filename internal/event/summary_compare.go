// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"math"
	"slices"
)

// Change is one group in two windows of the same length.
type Change struct {
	Value  string  `json:"value"`
	Events int64   `json:"events"`
	Before int64   `json:"before"`
	Z      float64 `json:"z"`
}

// What makes a change worth telling.
const (
	SpikeEvents = 10  // at least so many events,
	SpikeRatio  = 2.0 // at least so many times those of before,
	SpikeZ      = 3.0 // and so many standard deviations more
)

// Z is how many standard deviations x lies above b, when both are counts of
// independent events in windows of the same length: if they happened at the same
// rate, their difference would have the mean 0 and the variance x+b (the
// conditional test of two Poisson means; Przyborowski and Wilenski, 1940, in the
// normal approximation). It is 0 when nothing happened.
func Z(x, b int64) float64 {
	if x+b == 0 {
		return 0
	}
	return math.Round(float64(x-b)/math.Sqrt(float64(x+b))*100) / 100
}

// Changes compares the groups of two windows. New are those with events now and
// none before; spikes are those that had some, and fulfil SpikeEvents, SpikeRatio
// and SpikeZ. The most striking are first.
func Changes(now, before []Group) (fresh, spikes []Change) {
	was := make(map[string]int64, len(before))
	for _, g := range before {
		was[g.Value] = g.Counts.Events
	}
	for _, g := range now {
		x, b := g.Counts.Events, was[g.Value]
		c := Change{Value: g.Value, Events: x, Before: b, Z: Z(x, b)}
		switch {
		case x == 0:
		case b == 0:
			fresh = append(fresh, c)
		case x >= SpikeEvents && float64(x) >= SpikeRatio*float64(b) && c.Z >= SpikeZ:
			spikes = append(spikes, c)
		}
	}
	order := func(a, b Change) int { return cmp.Or(cmp.Compare(b.Z, a.Z), cmp.Compare(a.Value, b.Value)) }
	slices.SortFunc(fresh, order)
	slices.SortFunc(spikes, order)
	return fresh, spikes
}
