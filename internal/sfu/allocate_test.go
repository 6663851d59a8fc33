package sfu

import "testing"

func TestShare(t *testing.T) {
	l := func(rank int) *layer { return &layer{rank: rank} }
	three := func() []option { return []option{{l(1), 100}, {l(2), 300}, {l(3), 1000}} }
	for name, test := range map[string]struct {
		budget float64
		wants  []*want
		at     []int
	}{
		"plenty":              {10000, []*want{{rank: 3, options: three()}, {rank: 3, options: three()}}, []int{2, 2}},
		"one raised":          {800, []*want{{rank: 3, options: three()}, {rank: 3, options: three()}}, []int{1, 1}},
		"the large one first": {1300, []*want{{rank: 1, options: three()[:1]}, {rank: 3, options: three()}}, []int{2, 0}},
		"not for all":         {250, []*want{{rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}}, []int{0, 0, -1}},
		"the first always":    {10, []*want{{rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}}, []int{0, -1}},
		"nothing wanted":      {1000, []*want{{rank: 0}}, []int{-1}},
	} {
		share(test.wants, test.budget, true)
		for i, w := range test.wants {
			if w.at != test.at[i] || w.starved != (w.at < 0 && len(w.options) > 0) {
				t.Errorf("%s: choice %d is %d (starved %v), want %d", name, i, w.at, w.starved, test.at[i])
			}
		}
	}
	// Packets that are late but not lost cost layers, not pictures.
	one := func() *want { return &want{rank: 1, options: three()[:1]} }
	late := []*want{one(), one(), one()}
	share(late, 10, false)
	for i, w := range late {
		if w.at != 0 || w.starved {
			t.Errorf("late: choice %d is %d (starved %v), want 0", i, w.at, w.starved)
		}
	}
	// One that was withheld stays so until there is room.
	out := one()
	out.d = &Down{}
	out.d.starved.Store(true)
	share([]*want{one(), out}, 10, false)
	if out.at != -1 || !out.starved {
		t.Errorf("withheld: choice is %d (starved %v), want none", out.at, out.starved)
	}
}
