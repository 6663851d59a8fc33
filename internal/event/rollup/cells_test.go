// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"testing"
)

// Counts are read as they were written, and changed as they are told.
func TestCells(t *testing.T) {
	all := cells{}
	all.change(cellKey{"room.full", 2}, &Cell{N: 3, Set: []int64{70_000, 5, 5, 6}})
	all.change(cellKey{"room.full", 3}, &Cell{N: 1})
	all.change(cellKey{"", 101}, &Cell{N: 7})
	all = unpack(all.pack())
	all.change(cellKey{"room.full", 2}, &Cell{N: -1, Set: []int64{1}, Unset: []int64{5}})
	all.change(cellKey{"room.full", 3}, &Cell{N: -1})
	all = unpack(all.pack())
	var users []int64
	eachUser(all[cellKey{"room.full", 2}].users, func(id int64) { users = append(users, id) })
	if want := []int64{1, 6, 70_000}; !slices.Equal(users, want) || all[cellKey{"room.full", 2}].n != 2 {
		t.Errorf("%d of users %v, want 2 of %v", all[cellKey{"room.full", 2}].n, users, want)
	}
	if len(all) != 2 || all[cellKey{"", 101}].n != 7 {
		t.Errorf("there are %v", all)
	}
	all.change(cellKey{"room.full", 2}, &Cell{N: -2})
	all.change(cellKey{"", 101}, &Cell{N: -7})
	if b := all.pack(); b != nil {
		t.Errorf("of nothing %x is written", b)
	}
}

// FuzzCells: whatever stands in the file, what can be read of it is read, and comes back
// the same once it has been written.
func FuzzCells(f *testing.F) {
	all := cells{{"ice.failed", 3}: {n: 300, users: changeUsers(nil, []int64{1, 900}, nil)}, {"", 1}: {n: 1}}
	f.Add(all.pack())
	f.Add([]byte{cellsFormat, 0, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		err := eachCell(b, func([]byte, int64, packed) {})
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
		again := unpack(once.pack())
		if !maps.EqualFunc(once, again, func(a, b packed) bool { return a.n == b.n && bytes.Equal(a.users, b.users) }) {
			t.Fatalf("%v became %v", once, again)
		}
	})
}
