// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTheBestFailureIsKept: whatever comes, changes and goes in transactions, what is kept is
// the best of the failures that there are, or is not known; and it is known as long as
// nothing goes or becomes worse.
func TestTheBestFailureIsKept(t *testing.T) {
	t.Parallel()
	known := 0
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		there := map[int64]best{}
		kept, next, onlyCome := best{}, int64(1), seed%4 == 0
		for range 6 {
			var tx bests
			for range 1 + r.IntN(4) {
				f := best{next, int64(r.IntN(5)), r.IntN(4) == 0}
				var old int64
				if all := slices.Sorted(maps.Keys(there)); len(all) > 0 {
					old = all[r.IntN(len(all))]
				}
				switch what := r.IntN(4); {
				case onlyCome || old == 0 || what < 2:
					next++
				case what == 2:
					tx.leave(old)
					delete(there, old)
					continue
				default: // it changes
					tx.leave(old)
					f.seq = old
				}
				there[f.seq] = f
				tx.come(f)
			}
			var want best
			for _, f := range there {
				if f.before(want) {
					want = f
				}
			}
			kept = tx.now(kept, int64(len(there)))
			if kept.seq == unknown && !onlyCome {
				continue
			}
			if kept != want {
				t.Fatalf("seed %d: %+v is kept of %+v", seed, kept, there)
			}
			known++
		}
	}
	if known < 60_000 {
		t.Errorf("known after %d of 120,000 transactions", known)
	}
}
