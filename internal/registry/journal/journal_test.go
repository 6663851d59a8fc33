// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

// kept opens a registry with one room.
func kept(t *testing.T, dir string) (*registry.Registry, registry.Room) {
	t.Helper()
	r, err := registry.Open(t.Context(), dir, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	one, _, err := r.CreateRoom(t.Context(), registry.Room{Name: "one", CustomerID: "acme", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	return r, one
}

func TestJournalClosesInTime(t *testing.T) {
	r, one := kept(t, t.TempDir())
	j := New(r, Config{}, slog.New(slog.NewTextHandler(t.Output(), nil)), prometheus.NewRegistry())
	stuck := make(chan struct{})
	j.add(entry{what: "stuck", room: one.ID, write: func(context.Context) error { <-stuck; return nil }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Close(ctx); err == nil {
		t.Error("closing did not give up")
	}
	close(stuck)
	if err := j.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestASlowDiskHoldsUpAnswersAndNobodyElse lets the disk hang: whoever waits for
// it hears so in time, readiness does, and a lock counts although it is not
// written.
func TestASlowDiskHoldsUpAnswersAndNobodyElse(t *testing.T) {
	r, one := kept(t, t.TempDir())
	j := New(r, Config{Patience: 20 * time.Millisecond}, slog.New(slog.NewTextHandler(t.Output(), nil)), prometheus.NewRegistry())
	t.Cleanup(func() { _ = j.Close(context.Background()) })
	hang, hangs := make(chan struct{}), make(chan struct{})
	j.add(entry{what: "hangs", room: one.ID, write: func(context.Context) error { close(hangs); <-hang; return nil }})
	<-hangs
	j.RoomLocked(one.ID)
	if err := j.Written(t.Context()); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("written: %v, want %v", err, fault.StoreUnavailable)
	}
	if err := j.Healthy(t.Context()); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("healthy: %v, want %v", err, fault.StoreUnavailable)
	}
	if _, locked := j.Unwritten(one.ID); !locked {
		t.Error("the lock does not count before it is written")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Written(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("for a caller that went away: %v", err)
	}
	close(hang)
	for j.Written(t.Context()) != nil { // as long as it takes
	}
	if err := j.Healthy(t.Context()); err != nil {
		t.Errorf("healthy again: %v", err)
	}
}

// TestWhatWaitsIsBounded lets a peer change itself over and over while the disk
// hangs: only its newest state waits. Many peers reach the bound; what goes
// beyond is counted, and an end is kept all the same.
func TestWhatWaitsIsBounded(t *testing.T) {
	r, one := kept(t, t.TempDir())
	numbers := prometheus.NewRegistry()
	j := New(r, Config{Bytes: 1 << 20, Patience: time.Minute}, slog.New(slog.NewTextHandler(t.Output(), nil)), numbers)
	t.Cleanup(func() { _ = j.Close(context.Background()) })
	hang, hangs := make(chan struct{}), make(chan struct{})
	j.add(entry{what: "hangs", room: one.ID, write: func(context.Context) error { close(hangs); <-hang; return nil }})
	<-hangs
	at := time.Now()
	j.SessionStarted("s1", room.Spec{ID: one.ID, Name: one.Name}, at)
	data := strings.Repeat("x", room.MaxData)
	for i := range 1000 {
		j.PeerSaved("s1", one.ID, room.Peer{ID: "busy", Name: fmt.Sprint(i), Data: data, Role: "guest", JoinedAt: at})
	}
	if n, bytes := j.waiting(); n != 3 || bytes > 2*room.MaxData {
		t.Errorf("one peer's changes are %d entries of %d bytes", n, bytes)
	}
	for i := range 100 {
		j.PeerSaved("s1", one.ID, room.Peer{ID: room.PeerID(fmt.Sprint("p", i)), Data: data, Role: "guest", JoinedAt: at})
	}
	j.RoomLocked(one.ID)
	if n, bytes := j.waiting(); bytes > 1<<20+1024 {
		t.Errorf("%d entries of %d bytes wait, more than the limit", n, bytes)
	}
	if err := j.Written(t.Context()); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("after some were given up: %v, want %v", err, fault.StoreUnavailable)
	}
	if n := dropped(t, numbers); n < 60 || n > 80 {
		t.Errorf("%v were given up", n)
	}
	close(hang)
	for j.Written(t.Context()) != nil {
	}
	if now, err := r.Room(t.Context(), one.ID); err != nil || !now.Locked {
		t.Errorf("the lock was given up: %v, %v", now.Locked, err)
	}
	s, err := r.Session(t.Context(), "s1")
	if err != nil || len(s.Peers) < 20 || s.Peers[0].Name != "999" {
		t.Errorf("%d peers are written, the first is %q, %v", len(s.Peers), s.Peers[0].Name, err)
	}
}

// dropped is how many changes were given up.
func dropped(t *testing.T, numbers *prometheus.Registry) float64 {
	t.Helper()
	families, err := numbers.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "redial_journal_dropped_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatal("dropped changes are not counted")
	return 0
}

// BenchmarkJournal measures a change until it is on the disk, for one who waits
// and for many at once.
func BenchmarkJournal(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r, err := registry.Open(b.Context(), b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			j := New(r, Config{Patience: time.Minute}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
			defer j.Close(context.Background())
			b.ReportAllocs()
			b.SetParallelism(n)
			var ids atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					j.PeerSaved("s1", "room", room.Peer{ID: room.PeerID(fmt.Sprint("p", ids.Add(1))), Role: "guest", JoinedAt: time.Now()})
					if err := j.Written(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
