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
	if m.Len() != 2 || m.order.Len() != 2 {
		t.Errorf("%d and %d are kept", m.Len(), m.order.Len())
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
	if _, ok := m.Peek("d"); ok || m.Len() != 1 || m.order.Len() != 1 {
		t.Errorf("d is still there, of %d and %d", m.Len(), m.order.Len())
	}
}
