// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package postings

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

type block struct {
	key  Key
	data []byte
}

func write(t testing.TB, base int64, lists map[int64][]Posting) (blocks []block) {
	t.Helper()
	w := Writer{Base: base, Emit: func(key Key, b []byte) error {
		blocks = append(blocks, block{key, slices.Clone(b)})
		return nil
	}}
	for _, ref := range slices.Sorted(maps.Keys(lists)) {
		list := lists[ref]
		if err := w.Add(ref, len(list), slices.Values(list), func() Counts { return count(list) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return blocks
}

func count(list []Posting) Counts {
	counts := Counts{}
	for _, p := range list {
		counts[p.Type]++
	}
	return counts
}

// What is written is read: the lists, and of the first entry of each the counts of all.
// Blocks are in the order of their keys, and none is much larger than it may be.
func TestListsAreRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		base := int64(r.IntN(1_000_000))
		want := map[int64][]Posting{}
		for range r.IntN(300) {
			ref, seq := int64(1+r.IntN(1<<r.IntN(40))), base
			n := 1 + r.IntN(4)
			if r.IntN(20) == 0 {
				n = entryLen - 1 + r.IntN(1500)
			}
			want[ref] = nil
			for range n {
				seq += 1 + int64(r.IntN(1<<r.IntN(12)))
				want[ref] = append(want[ref], Posting{seq, int64(1 + r.IntN(40))})
			}
		}
		got, counts := map[int64][]Posting{}, map[int64]Counts{}
		before := Key{-1, -1}
		for _, b := range write(t, base, want) {
			if len(b.data) > blockBytes+entryLen*8 {
				t.Errorf("a block has %d bytes", len(b.data))
			}
			if b.key.Ref < before.Ref || b.key.Ref == before.Ref && b.key.First <= before.First {
				t.Errorf("%v comes after %v", b.key, before)
			}
			before = b.key
			first := true
			err := Entries(b.data, b.key.Ref, func(e Entry) bool {
				if first && (b.key.First == 0) != (counts[e.Ref] == nil) {
					t.Errorf("the key of a block says %v", b.key)
				}
				if counts[e.Ref] == nil {
					counts[e.Ref] = Counts{}
					if err := e.Add(counts[e.Ref]); err != nil {
						t.Fatal(err)
					}
				}
				was := len(got[e.Ref])
				if !e.Counts {
					var err error
					if got[e.Ref], err = e.Postings(got[e.Ref], base); err != nil {
						t.Fatal(err)
					}
				}
				if first && b.key.First > 0 && got[e.Ref][was].Seq != b.key.First {
					t.Errorf("the key %v of a block that begins with %v", b.key, got[e.Ref][was])
				}
				if len(got[e.Ref]) < len(want[e.Ref]) && !e.Full() {
					t.Errorf("the list of %d goes on after an entry that is not full", e.Ref)
				}
				first = false
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("round %d: %d lists, want %d", round, len(got), len(want))
		}
		for ref, list := range want {
			if !slices.Equal(got[ref], list) || !maps.Equal(counts[ref], count(list)) {
				t.Fatalf("round %d, %d: %v with counts %v, want %v", round, ref, got[ref], counts[ref], list)
			}
		}
	}
}

// A list of one entry that is copied is what it is when its postings are added.
func TestListsAreCopied(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 50 {
		to := int64(r.IntN(1_000_000))
		base := to + int64(r.IntN(1_000_000))
		lists := map[int64][]Posting{}
		for range 1 + r.IntN(300) {
			ref, seq := int64(1+r.IntN(1<<r.IntN(40))), base
			lists[ref] = nil
			for range 1 + r.IntN(entryLen) {
				seq += 1 + int64(r.IntN(1<<r.IntN(12)))
				lists[ref] = append(lists[ref], Posting{seq, int64(r.IntN(300))})
			}
		}
		var copied []block
		w := Writer{Base: to, Emit: func(key Key, b []byte) error {
			copied = append(copied, block{key, slices.Clone(b)})
			return nil
		}}
		for _, b := range write(t, base, lists) {
			if err := Entries(b.data, b.key.Ref, func(e Entry) bool {
				counts := Counts{}
				if err := e.Add(counts); err != nil || counts.Sum() != int64(len(lists[e.Ref])) {
					t.Fatalf("%d events, %v, want %d", counts.Sum(), err, len(lists[e.Ref]))
				}
				if err := w.Copy(e, base); err != nil {
					t.Fatal(err)
				}
				return true
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if want := write(t, to, lists); !slices.EqualFunc(copied, want, func(a, b block) bool { return a.key == b.key && slices.Equal(a.data, b.data) }) {
			t.Fatalf("round %d: %d blocks, want the %d that adding makes", round, len(copied), len(want))
		}
	}
	if err := (&Writer{}).Copy(Entry{Ref: 1, body: []byte{200}}, 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("half an entry was copied: %v", err)
	}
}

func TestAnErrorOfTheWriterIsTold(t *testing.T) {
	bad := errors.New("no room")
	w := Writer{Emit: func(Key, []byte) error { return bad }}
	list := make([]Posting, 5000)
	for i := range list {
		list[i] = Posting{int64(i + 1), 1}
	}
	if err := w.Add(1, len(list), slices.Values(list), func() Counts { return Counts{1: 5000} }); !errors.Is(err, bad) {
		t.Errorf("Add: %v", err)
	}
}

// FuzzEntries: whatever a block is, it is read to its end or ErrDamaged is told.
func FuzzEntries(f *testing.F) {
	for _, b := range write(f, 7, map[int64][]Posting{1: {{8, 1}}, 2: {{9, 3}, {400, 3}}, 1 << 40: {{10, 2}}}) {
		f.Add(b.data)
	}
	f.Add([]byte{2, 200, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		err := Entries(b, 1, func(e Entry) bool {
			_, bad := e.Postings(nil, 0)
			w := Writer{Emit: func(Key, []byte) error { return nil }}
			if err := w.Copy(e, 0); err != nil && (!errors.Is(err, ErrDamaged) || bad == nil && len(e.body) > 0) {
				t.Errorf("copied: %v, read: %v", err, bad)
			}
			if other := e.Add(Counts{}); (bad == nil) != (other == nil) {
				t.Errorf("read as postings %v, as counts %v", bad, other)
			}
			n++
			return true
		})
		if err != nil && !errors.Is(err, ErrDamaged) || n > len(b) {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	list := make([]Posting, 4)
	w := Writer{Emit: func(Key, []byte) error { return nil }}
	b.ReportAllocs()
	for i := range int64(b.N) {
		for j := range list {
			list[j] = Posting{i + int64(j)*50, 3}
		}
		_ = w.Add(i, len(list), slices.Values(list), nil)
	}
}
