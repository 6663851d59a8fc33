// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package bitset

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestASetIsItsNumbers: whatever is done with sets is what it does with their numbers.
func TestASetIsItsNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	make := func() (s Set, numbers map[int64]bool) {
		numbers = map[int64]bool{}
		for range rng.IntN([]int{1, 5, 200, 6000}[rng.IntN(4)]) {
			n := rng.Int64N(Size)
			if s.Put(n, true) == numbers[n] {
				t.Fatalf("%d is put, and it was there: %v", n, numbers[n])
			}
			numbers[n] = true
		}
		return s, numbers
	}
	for range 300 {
		a, in := make()
		b, other := make()
		check := func(what string, s Set, has func(n int64) bool) {
			t.Helper()
			var want, up, down []int64
			for n := range int64(Size) {
				if has(n) {
					want = append(want, n)
				}
			}
			s.Each(false, func(n int64) { up = append(up, n) })
			s.Each(true, func(n int64) { down = append(down, n) })
			slices.Reverse(down)
			if !slices.Equal(up, want) || !slices.Equal(down, want) || s.Len() != len(want) {
				t.Fatalf("%s: %d up, %d down, %d in all; want %d", what, len(up), len(down), s.Len(), len(want))
			}
		}
		check("as made", a, func(n int64) bool { return in[n] })
		both, all, clipped, filled, packed := a, a, a, a, b
		both.And(&b)
		check("and", both, func(n int64) bool { return in[n] && other[n] })
		all.Add(&b)
		check("add", all, func(n int64) bool { return in[n] || other[n] })
		first, last := rng.Int64N(Size), rng.Int64N(Size)
		clipped.Clip(first, last)
		check("clip", clipped, func(n int64) bool { return in[n] && n >= first && n <= last })
		filled.Fill(first, last)
		check("fill", filled, func(n int64) bool { return in[n] || n >= first && n <= last })
		packed.Or(a.Pack())
		check("or", packed, func(n int64) bool { return in[n] || other[n] })
		for n := range maps.Keys(in) {
			if !a.Put(n, false) || a.Put(n, false) {
				t.Fatalf("%d is not taken out once", n)
			}
		}
		if a != (Set{}) || a.Pack() != nil {
			t.Fatal("without its numbers a set is not empty")
		}
	}
}

// BenchmarkEach is a set with few numbers, as most are that a page looks through.
func BenchmarkEach(b *testing.B) {
	var s Set
	for _, n := range []int64{17, 900, 4001} {
		s.Put(n, true)
	}
	b.ReportAllocs()
	for range b.N {
		s.Each(false, func(int64) {})
	}
}
