// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
)

// at is memory that was given out.
func at(p uintptr, n int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), n)
}

// TestMemory: whatever several connections ask for, each has it to itself, whole and as it was
// written, also after it has become longer or shorter; and what is kept is bounded.
func TestMemory(t *testing.T) {
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			tls := libc.NewTLS()
			defer tls.Close()
			dice := rand.New(rand.NewPCG(1, uint64(worker)))
			type piece struct {
				p uintptr
				n int
				b byte
			}
			var held []piece
			sizes := func() int { return 1 + dice.IntN(1<<(1+dice.IntN(maxBlock+2))) }
			for step := range 3_000 {
				switch k := dice.IntN(3); {
				case k == 0 || len(held) < 50:
					n := sizes()
					one := piece{allocate(tls, int32(n)), n, byte(step)}
					if one.p == 0 || one.p%8 != 0 || int(sizeOf(tls, one.p)) < n {
						t.Errorf("asked for %d bytes: %#x with %d", n, one.p, sizeOf(tls, one.p))
						return
					}
					copy(at(one.p, n), bytes.Repeat([]byte{one.b}, n))
					held = append(held, one)
				default:
					i := dice.IntN(len(held))
					one := &held[i]
					if !bytes.Equal(at(one.p, one.n), bytes.Repeat([]byte{one.b}, one.n)) {
						t.Errorf("%d bytes are not as they were written", one.n)
						return
					}
					if k == 1 {
						release(tls, one.p)
						held[i] = held[len(held)-1]
						held = held[:len(held)-1]
						continue
					}
					n := sizes()
					one.p = reallocate(tls, one.p, int32(n))
					if same := min(n, one.n); !bytes.Equal(at(one.p, same), bytes.Repeat([]byte{one.b}, same)) {
						t.Errorf("from %d to %d bytes, they are not as they were", one.n, n)
						return
					}
					one.n = n
					copy(at(one.p, n), bytes.Repeat([]byte{one.b}, n))
				}
			}
			for _, one := range held {
				release(tls, one.p)
			}
		})
	}
	all.Wait()
	if kept := keptBytes(); kept == 0 || kept >= 4<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
}

// keptBytes is what all blocks that are kept have.
func keptBytes() (sum int) {
	for class := range free {
		sum += len(keptOf(class)) << class
	}
	return sum
}

// keptOf are the blocks of a class that are kept.
func keptOf(class int) []uintptr {
	l := &free[class]
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

// TestSQLiteHasItsMemoryFromHere: what a statement needs for a moment is kept when it gives it
// back, and is what the next one has.
func TestSQLiteHasItsMemoryFromHere(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	const long = 20_000
	var n int
	ask := func() {
		if err := db.QueryRow(`SELECT length(?1 || ?1)`, strings.Repeat("a", long)).Scan(&n); err != nil || n != 2*long {
			t.Fatal(n, err)
		}
	}
	class := blockClass(2 * long)
	tls := libc.NewTLS()
	defer tls.Close()
	for p := free[class].take(); p != 0; p = free[class].take() { // of tests before
		libc.Xfree(tls, p-blockHead)
	}
	ask()
	before := keptOf(class)
	if len(before) == 0 {
		t.Fatalf("nothing of the %d bytes that a statement needed is kept", 2*long)
	}
	ask()
	if after := keptOf(class); !slices.Equal(after, before) {
		t.Errorf("%#x are kept, %#x before the same was asked again", after, before)
	}
}

// BenchmarkMemory takes memory and gives it back, as a statement does, from here and from what
// SQLite would take it from.
func BenchmarkMemory(b *testing.B) {
	tls := libc.NewTLS()
	defer tls.Close()
	for _, size := range []int32{600, 24_000} {
		b.Run(fmt.Sprintf("kept/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				release(tls, allocate(tls, size))
			}
		})
		b.Run(fmt.Sprintf("libc/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				libc.Xfree(tls, libc.Xmalloc(tls, libc.Tsize_t(size)))
			}
		})
	}
}
