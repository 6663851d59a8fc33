// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package recent

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestQueue compares a queue with a plain list, through what may happen to it in any order,
// while it grows and shrinks.
func TestQueue(t *testing.T) {
	type held struct {
		key     uint8
		value   int
		removed bool
	}
	random := rand.New(rand.NewPCG(1, 2))
	var q Queue[uint8, int]
	var want []held // the oldest first
	if q.Oldest() != nil || q.Len() != 0 {
		t.Fatal("an empty queue holds something")
	}
	most := 0
	for turn := range 6_000 {
		grow := turn/500%2 == 0
		switch n := random.IntN(10); {
		case n < 3 || grow && n < 7:
			key := uint8(random.IntN(9))
			q.Add(key, turn)
			want = append(want, held{key: key, value: turn})
		case n < 8 && len(want) > 0:
			if got := q.Oldest(); *got != want[0].value {
				t.Fatalf("turn %d: the oldest is %d, want %d", turn, *got, want[0].value)
			}
			if got := q.Drop(); got == want[0].removed {
				t.Fatalf("turn %d: dropping %+v says %v", turn, want[0], got)
			}
			want = want[1:]
		default: // one of a key, in its middle too
			key := uint8(random.IntN(9))
			for place, v := range q.Of(key) {
				if random.IntN(3) > 0 {
					continue
				}
				i := slices.IndexFunc(want, func(h held) bool { return h.value == *v })
				if i < 0 || want[i].key != key || want[i].removed {
					t.Fatalf("turn %d: %d is of key %d", turn, *v, key)
				}
				want[i].removed = true
				q.Remove(place)
				break
			}
		}
		most = max(most, len(q.ring))
		if q.Len() != len(want) {
			t.Fatalf("turn %d: %d are held, want %d", turn, q.Len(), len(want))
		}
		keys := map[uint8][]int{}
		for _, h := range want {
			if !h.removed {
				keys[h.key] = append(keys[h.key], h.value)
			}
		}
		if len(q.ends) != len(keys) {
			t.Fatalf("turn %d: %d keys, want %d", turn, len(q.ends), len(keys))
		}
		for key := range uint8(9) {
			var got []int
			for _, v := range q.Of(key) {
				got = append(got, *v)
			}
			if !slices.Equal(got, keys[key]) {
				t.Fatalf("turn %d: of key %d: %v, want %v", turn, key, got, keys[key])
			}
		}
	}
	if most < 8*leastRing {
		t.Errorf("it never grew beyond %d", most)
	}
	for q.Len() > 0 {
		q.Drop()
	}
	if len(q.ring) != leastRing {
		t.Errorf("it keeps room for %d", len(q.ring))
	}
	q.Add(1, 7)
	if v := q.Oldest(); v == nil || *v != 7 {
		t.Error("emptied, it takes nothing more")
	}
}
