// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpbuf

import "testing"

// The latest numbers are remembered, whatever was left out, and no others.
func TestRenumbering(t *testing.T) {
	var r Renumbering
	const first, packets = 1 << 16, 5000
	out := uint64(1<<16 | 77)
	in := func(out uint64) uint64 { return first + 3*(out-(1<<16|77)) } // two of three are left out
	for range packets {
		r.Put(out, Sent{In: in(out), Marker: out%2 == 0, Empty: out%5 == 0})
		out++
	}
	for n := out - HistorySize; n < out; n++ {
		got, ok := r.Get(n)
		if want := (Sent{In: in(n), Marker: n%2 == 0, Empty: n%5 == 0}); !ok || got != want {
			t.Fatalf("number %d was %+v, want %+v", n, got, want)
		}
	}
	for _, n := range []uint64{out, out - HistorySize - 1, 0, out + 1<<16} {
		if got, ok := r.Get(n); ok {
			t.Errorf("number %d was %+v, which is forgotten", n, got)
		}
	}
	m := Mapping[int]{}.Add(Segment[int]{Layer: 1, In0: first, In1: Open, Out0: 1<<16 | 77, Numbers: &r})
	if seg, got := m.ByOut(out - 1); seg == nil || got != in(out-1) {
		t.Errorf("the mapping finds %d, want %d", got, in(out-1))
	}
	if seg, _ := m.ByOut(out); seg != nil {
		t.Error("the mapping finds what was not sent")
	}
}

// A number is kept for one packet, once.
func TestReservedNumbers(t *testing.T) {
	var r Renumbering
	r.Reserve(1<<16|5, 900)
	if _, ok := r.Take(1<<16 | 5 + HistorySize); ok {
		t.Error("another packet takes the number")
	}
	if out, ok := r.Take(1<<16 | 5); !ok || out != 900 {
		t.Errorf("number %d, want 900", out)
	}
	if _, ok := r.Take(1<<16 | 5); ok {
		t.Error("the number is taken twice")
	}
	r.Reserve(1<<16|6, 901)
	if r.Forget(); r.reserved != [HistorySize]uint64{} {
		t.Error("numbers are kept for another layer")
	}
}
