// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// TestStatementsAreKept: what is asked again is prepared once, also by many at a time, and
// what comes in ever new forms is answered without being kept.
func TestStatementsAreKept(t *testing.T) {
	t.Parallel()
	r := fixture(t, t.TempDir())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if _, err := r.KnownPeers(t.Context(), "room", "peer", false); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if n := len(r.read.kept); n != 1 {
		t.Errorf("%d statements are kept of one query", n)
	}
	for i := range 2 * maxPrepared {
		var n int
		if err := r.read.QueryRowContext(t.Context(), fmt.Sprintf("SELECT %d", i)).Scan(&n); err != nil || n != i {
			t.Fatalf("%d: %d, %v", i, n, err)
		}
	}
	if n := len(r.read.kept); n != maxPrepared {
		t.Errorf("%d statements are kept, want %d", n, maxPrepared)
	}
	if _, err := r.read.QueryContext(t.Context(), "SELECT nothing FROM nowhere"); err == nil {
		t.Error("a statement that cannot be prepared gives rows")
	}
}

// TestWhoeverHasGoneIsNotAnswered: a question that has begun is not given up, and none
// is begun for somebody who does not wait for the answer.
func TestWhoeverHasGoneIsNotAnswered(t *testing.T) {
	r := fixture(t, t.TempDir())
	gone, leave := context.WithCancel(t.Context())
	leave()
	for what, ask := range map[string]func() error{
		"a row":  func() error { _, err := r.Room(gone, "room"); return err },
		"a list": func() error { _, err := r.KnownPeers(gone, "room", "peer", false); return err },
		"a fact": func() error { return r.Readable(gone) },
	} {
		if err := ask(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want that it was given up", what, err)
		}
	}
}

// BenchmarkKnownPeers is what each report of a client asks for.
func BenchmarkKnownPeers(b *testing.B) {
	r := fixture(b, b.TempDir())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.KnownPeers(b.Context(), "room", "peer", false); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
