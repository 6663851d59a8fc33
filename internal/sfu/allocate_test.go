// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import "testing"

func TestAllocate(t *testing.T) {
	l := func(rank int) *upstream { return &upstream{rank: rank} }
	three := func() []option { return []option{{l(1), 100}, {l(2), 300}, {l(3), 1000}} }
	for name, test := range map[string]struct {
		budget float64
		wants  []*demand
		at     []int
	}{
		"plenty":              {10000, []*demand{{rank: 3, options: three()}, {rank: 3, options: three()}}, []int{2, 2}},
		"one raised":          {800, []*demand{{rank: 3, options: three()}, {rank: 3, options: three()}}, []int{1, 1}},
		"the large one first": {1300, []*demand{{rank: 1, options: three()[:1]}, {rank: 3, options: three()}}, []int{2, 0}},
		"not for all":         {250, []*demand{{rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}}, []int{0, 0, -1}},
		"the first always":    {10, []*demand{{rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}}, []int{0, -1}},
		"the first that is":   {10, []*demand{{rank: 3}, {rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}}, []int{-1, 0, -1}},
		"nothing wanted":      {1000, []*demand{{rank: 0}}, []int{-1}},
	} {
		allocate(test.wants, test.budget, true)
		for i, w := range test.wants {
			if w.at != test.at[i] || w.pausedByBandwidth != (w.at < 0 && len(w.options) > 0) {
				t.Errorf("%s: choice %d is %d (starved %v), want %d", name, i, w.at, w.pausedByBandwidth, test.at[i])
			}
		}
	}
	// Packets that are late but not lost cost layers, not pictures.
	one := func() *demand { return &demand{rank: 1, options: three()[:1]} }
	late := []*demand{one(), one(), one()}
	allocate(late, 10, false)
	for i, w := range late {
		if w.at != 0 || w.pausedByBandwidth {
			t.Errorf("late: choice %d is %d (starved %v), want 0", i, w.at, w.pausedByBandwidth)
		}
	}
	// One that was paused by bandwidth stays so until there is room.
	out := one()
	out.d = &DownTrack{}
	out.d.pausedByBandwidth.Store(true)
	allocate([]*demand{one(), out}, 10, false)
	if out.at != -1 || !out.pausedByBandwidth {
		t.Errorf("withheld: choice is %d (starved %v), want none", out.at, out.pausedByBandwidth)
	}
}
