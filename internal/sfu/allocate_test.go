// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"math"
	"testing"
	"time"
)

func TestAllocate(t *testing.T) {
	l := func(rank int) *upstream { return &upstream{rank: rank} }
	three := func() []option { return []option{{l: l(1), rate: 100}, {l: l(2), rate: 300}, {l: l(3), rate: 1000}} }
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
		got := allocate(test.wants, test.budget, math.Inf(1), true, false)
		wanted, best := 0.0, true
		for _, w := range test.wants {
			if top := len(w.options) - 1; top >= 0 {
				wanted, best = wanted+w.options[top].rate, best && w.at == top
			}
		}
		if got.wanted != wanted || got.short == best {
			t.Errorf("%s: %.0f wanted, short %v; want %.0f, %v", name, got.wanted, got.short, wanted, !best)
		}
		for i, w := range test.wants {
			if w.at != test.at[i] || w.pausedByBandwidth != (w.at < 0 && len(w.options) > 0) {
				t.Errorf("%s: choice %d is %d (starved %v), want %d", name, i, w.at, w.pausedByBandwidth, test.at[i])
			}
		}
	}
	// Packets that are late but not lost cost layers, not pictures.
	one := func() *demand { return &demand{rank: 1, options: three()[:1]} }
	late := []*demand{one(), one(), one()}
	allocate(late, 10, math.Inf(1), false, false)
	for i, w := range late {
		if w.at != 0 || w.pausedByBandwidth {
			t.Errorf("late: choice %d is %d (starved %v), want 0", i, w.at, w.pausedByBandwidth)
		}
	}
	// One that was paused by bandwidth stays so until there is room.
	out := one()
	out.d = &DownTrack{}
	out.d.pausedByBandwidth.Store(true)
	allocate([]*demand{one(), out}, 10, math.Inf(1), false, false)
	if out.at != -1 || !out.pausedByBandwidth {
		t.Errorf("withheld: choice is %d (starved %v), want none", out.at, out.pausedByBandwidth)
	}
}

// A layer whose rate goes up and down is aimed at when the most of it fits, and kept while what it
// has now does.
func TestALayerIsNotTriedInALull(t *testing.T) {
	low, high := &upstream{rank: 1}, &upstream{rank: 2}
	aimed := func(at *upstream, rate, most float64) int {
		w := &demand{d: &DownTrack{}, rank: 2, options: []option{{l: low, rate: 100, most: 100}, {l: high, rate: rate, most: most}}}
		w.d.target.Store(at)
		w.d.aimed.Store(uint32(w.options[0].point))
		allocate([]*demand{w}, 240, math.Inf(1), false, false)
		return w.at
	}
	for name, c := range map[string]struct {
		at         *upstream
		rate, most float64
		want       int
	}{
		"in a lull":                 {low, 120, 280, 0},
		"when it has come down":     {low, 120, 230, 1},
		"when it is kept, a moment": {high, 240, 280, 1},
		"when it has become dearer": {high, 280, 280, 0},
	} {
		if got := aimed(c.at, c.rate, c.most); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	var b bitrate
	for i, rate := range []uint64{100, 280, 120, 120, 120, 120, 120, 120, 120, 120} {
		if b.set(rate); i < 5 && i > 0 && b.most.Load() < 220 {
			t.Errorf("after %d half seconds the most is %d", i-1, b.most.Load())
		}
	}
	if most := b.most.Load(); most > 180 || most < 120 {
		t.Errorf("after four seconds the most is %d", most)
	}
}

// Videos that were paused while packets were lost come back one by one when none is
// lost any more, however low the estimate still is.
func TestPausedVideosAreTried(t *testing.T) {
	const n, budget = 8, 300e3
	one := &upstream{rank: 1}
	tracks := make([]*DownTrack, n)
	for i := range tracks {
		tracks[i] = &DownTrack{}
	}
	var r resumption
	// look allocates as a subscriber does, and counts what flows.
	look := func(losing bool, at time.Duration) (flows int) {
		var videos []*demand
		for _, d := range tracks {
			videos = append(videos, &demand{d: d, rank: 1, options: []option{{l: one, rate: 330e3}}})
		}
		if allocate(videos, budget, math.Inf(1), losing, r.due(losing, int64(at))).tried {
			r.used(int64(at))
		}
		for _, w := range videos {
			w.d.pausedByBandwidth.Store(w.pausedByBandwidth)
			w.d.target.Store(w.chosen())
			if w.chosen() != nil {
				flows++
			}
		}
		return flows
	}
	at := time.Second
	for end := at + 3*time.Second; at < end; at += tick {
		if got := look(true, at); got != 1 {
			t.Fatalf("%d videos flow while packets are lost, want 1", got)
		}
	}
	most := 1
	for end := at + n*time.Duration(retryMin); at < end; at += tick {
		got := look(false, at)
		if got > most+1 {
			t.Fatalf("%d videos begin at once", got-most)
		}
		most = got
	}
	if most != n {
		t.Errorf("%d of %d videos flow again", most, n)
	}

	// A path that carries three is tried less and less often with a fourth.
	losing, tries, last := false, 0, 1
	for end := at + 20*time.Minute; at < end; at += tick {
		got := look(losing, at)
		if got > 3 && last <= 3 {
			tries++
		}
		losing, last = got > 3, got
	}
	if tries < 5 || tries > 40 {
		t.Errorf("a path that is too narrow is tried %d times in 20 minutes", tries)
	}
}
