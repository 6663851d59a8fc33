// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// usersOf are the users of a set, in order.
func usersOf(p packed) (users []int64) {
	eachUser(p.users, func(id int64) { users = append(users, id) })
	return users
}

// Counts are read as they were written, and changed as they are told.
func TestCells(t *testing.T) {
	full, other, none := cellKey{"room.full", 2}, cellKey{"room.full", 3}, cellKey{"", 101}
	row := merge(nil, []change{{full, &Cell{N: 3, Set: []int64{70_000, 5, 5, 6}}}, {other, &Cell{N: 1}}, {none, &Cell{N: 7}}})
	row = merge(row, []change{{full, &Cell{N: -1, Set: []int64{1}, Unset: []int64{5}}}, {other, &Cell{N: -1}}})
	all := unpack(row)
	if users, want := usersOf(all[full]), []int64{1, 6, 70_000}; !slices.Equal(users, want) || all[full].n != 2 {
		t.Errorf("%d of users %v, want 2 of %v", all[full].n, users, want)
	}
	if len(all) != 2 || all[none].n != 7 {
		t.Errorf("there are %v", all)
	}
	if row = merge(row, []change{{full, &Cell{N: -2}}, {none, &Cell{N: -7}}}); row != nil {
		t.Errorf("of nothing %x is written", row)
	}
}

// TestMergeIsCounting: however counts come and go, and with whichever users, a row has
// what counting gives.
func TestMergeIsCounting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	type count struct {
		n     int64
		users map[int64]bool
	}
	want := map[cellKey]*count{}
	var row []byte
	for range 2000 {
		var changes []change
		for range rng.IntN(8) {
			k := cellKey{fmt.Sprint(rng.IntN(12)), rng.Int64N(4)}
			ch := change{k, &Cell{N: rng.Int64N(5) - 2}}
			for range rng.IntN(4) {
				ch.of.Set = append(ch.of.Set, rng.Int64N(300))
			}
			if rng.IntN(4) == 0 {
				ch.of.Unset = append(ch.of.Unset, rng.Int64N(300))
			}
			changes = append(changes, ch)
		}
		for _, ch := range changes {
			c := want[ch.cellKey]
			if c == nil {
				c = &count{users: map[int64]bool{}}
			}
			c.n += ch.of.N
			for _, id := range ch.of.Set {
				c.users[id] = true
			}
			for _, id := range ch.of.Unset {
				delete(c.users, id)
			}
			if want[ch.cellKey] = c; c.n <= 0 {
				delete(want, ch.cellKey)
			}
		}
		row = merge(row, changes)
		got := unpack(row)
		if len(got) != len(want) {
			t.Fatalf("%d counts, want %d", len(got), len(want))
		}
		for k, c := range want {
			if got[k].n != c.n || !slices.Equal(usersOf(got[k]), slices.Sorted(maps.Keys(c.users))) {
				t.Fatalf("%v: %d of %v, want %d of %v", k, got[k].n, usersOf(got[k]), c.n, slices.Sorted(maps.Keys(c.users)))
			}
		}
	}
}

// FuzzCells: whatever stands in the file, what can be read of it is read, and stays when
// something is added.
func FuzzCells(f *testing.F) {
	f.Add(merge(nil, []change{{cellKey{"ice.failed", 3}, &Cell{N: 300, Set: []int64{1, 900}}}, {cellKey{"", 1}, &Cell{N: 1}}}))
	f.Add([]byte{cellsFormat, 0, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		seen, twice := map[cellKey]bool{}, false
		err := eachCell(b, func(value []byte, typ int64, _ packed) {
			k := cellKey{string(value), typ}
			twice = twice || seen[k]
			seen[k] = true
		})
		if err != nil && !errors.Is(err, errDamaged) {
			t.Fatal(err)
		}
		once := unpack(b)
		for _, p := range once {
			eachUser(p.users, func(id int64) {
				if id < 0 {
					t.Fatalf("user %d", id)
				}
			})
		}
		if twice {
			return // never written, and which of them stands is all the same
		}
		added := cellKey{"a value that nobody has in a seed", 7}
		again := unpack(merge(b, []change{{added, &Cell{N: 1, Set: []int64{4}}}}))
		if again[added].n != 1+once[added].n {
			t.Fatalf("%v became %v", once, again)
		}
		for _, all := range []cells{once, again} {
			maps.DeleteFunc(all, func(k cellKey, p packed) bool { return k == added || p.n == 0 }) // 0 is never written
		}
		if !maps.EqualFunc(once, again, func(a, b packed) bool { return a.n == b.n && bytes.Equal(a.users, b.users) }) {
			t.Fatalf("%v became %v", once, again)
		}
	})
}

// BenchmarkMerge changes a few counts of the row of a busy hour: 2,000 rooms and 20 users in
// each.
func BenchmarkMerge(b *testing.B) {
	var all, some []change
	for n := range 2000 {
		of := &Cell{N: 50}
		for u := range int64(20) {
			of.Set = append(of.Set, int64(n)*13+u*101)
		}
		ch := change{cellKey{fmt.Sprintf("65af%020x", n*7919), 1}, of}
		if all = append(all, ch); n%20 == 0 {
			some = append(some, change{ch.cellKey, &Cell{N: 1, Set: []int64{int64(n)}}})
		}
	}
	row := merge(nil, all)
	b.ReportAllocs()
	for b.Loop() {
		merge(row, some)
	}
}
