// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package recent

import "testing"

// TestMap: what was not used for longest goes first, and looking is no use.
func TestMap(t *testing.T) {
	m := New[string, int](2)
	m.Put("a", 1)
	m.Put("b", 2)
	m.Peek("a")
	m.Put("c", 3) // a goes, which was only looked at
	if _, ok := m.Get("a"); ok {
		t.Error("a is still there")
	}
	m.Get("b")
	m.Put("d", 4) // c goes, since b was used after it
	if _, ok := m.Peek("c"); ok {
		t.Error("c is still there")
	}
	if m.Len() != 2 || len(m.slots) != 3 {
		t.Errorf("%d in %d places are kept", m.Len(), len(m.slots))
	}
	m.Put("b", 5) // in place of what it was
	if v, ok := m.Peek("b"); !ok || v != 5 {
		t.Errorf("b is %d, %v", v, ok)
	}
	if v, ok := m.Peek("d"); !ok || v != 4 {
		t.Errorf("d is %d, %v", v, ok)
	}
	m.Delete("d")
	m.Delete("nobody")
	if _, ok := m.Peek("d"); ok || m.Len() != 1 {
		t.Errorf("d is still there, of %d", m.Len())
	}
	m.Put("e", 6)
	m.Put("f", 7) // b goes
	if _, ok := m.Peek("b"); ok || m.Len() != 2 || len(m.slots) != 3 {
		t.Errorf("b is still there, of %d in %d places", m.Len(), len(m.slots))
	}
}

func BenchmarkMap(b *testing.B) {
	m := New[int, int](1000)
	b.ReportAllocs()
	for i := range b.N {
		m.Put(i, i)
		m.Get(i - 500)
	}
}
