package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

// kept opens a registry with one room.
func kept(t *testing.T, dir string) (*registry.Registry, registry.Room) {
	t.Helper()
	r, err := registry.Open(t.Context(), dir, NewLog(t.Output(), config.Log{}))
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

// TestJournalKeepsOrderAndWhatTheNextProcessNeeds writes a call, some of it
// left open, and finds it again as the next process would.
func TestJournalKeepsOrderAndWhatTheNextProcessNeeds(t *testing.T) {
	dir := t.TempDir()
	r, one := kept(t, dir)
	j := newJournal(r, journalConfig{}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	at := time.Now().Truncate(time.Millisecond)
	place, err := directory{r, j}.Place(t.Context(), one.ID)
	if err != nil || place.Facts.SessionID != "" || place.Account != "acme" || !place.Enabled {
		t.Fatalf("place %+v, %v", place, err)
	}

	j.SessionStarted("s1", place.Facts, at)
	for i := range 50 {
		p := room.Peer{ID: room.PeerID(fmt.Sprint("p", i)), UserID: "u", Name: "first name", Role: "guest", JoinedAt: at}
		j.PeerSaved("s1", one.ID, p)
		p.Name, p.Groups = fmt.Sprint("name ", i), []string{room.HandRaise}
		j.PeerSaved("s1", one.ID, p)
		if i > 0 {
			j.PeerLeft("s1", p, "left", at)
		}
	}
	j.RoomLocked(one.ID)
	if err := j.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	j.SessionEnded("s1", one.ID, at) // too late, and no panic
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}

	r, _ = kept(t, dir)
	j = newJournal(r, journalConfig{}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	t.Cleanup(func() { _ = j.close(context.Background()) })
	d := directory{r, j}
	place, err = d.Place(t.Context(), one.ID)
	if err != nil || place.Facts.SessionID != "s1" || !place.Locked {
		t.Errorf("the session is not continued or the lock is forgotten: %+v, %v", place, err)
	}
	p, held, err := d.Held(t.Context(), one.ID, "p0")
	if err != nil || !held || p.Name != "name 0" || !p.InGroup(room.HandRaise) || p.Role != "guest" {
		t.Errorf("the peer inside: %+v, held %v, %v", p, held, err)
	}
	if _, held, err = d.Held(t.Context(), one.ID, "p1"); held || err != nil {
		t.Errorf("a peer that left is held: %v, %v", held, err)
	}
}

func TestJournalClosesInTime(t *testing.T) {
	r, one := kept(t, t.TempDir())
	j := newJournal(r, journalConfig{}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	stuck := make(chan struct{})
	j.add(entry{what: "stuck", room: one.ID, write: func(context.Context) error { <-stuck; return nil }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.close(ctx); err == nil {
		t.Error("closing did not give up")
	}
	close(stuck)
	if err := j.close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWhoKnocksFindsWhatEnded asks for a place while hundreds of writes wait
// before the lock: it is found all the same, and the ended session is not
// continued.
func TestWhoKnocksFindsWhatEnded(t *testing.T) {
	r, one := kept(t, t.TempDir())
	j := newJournal(r, journalConfig{}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	t.Cleanup(func() { _ = j.close(context.Background()) })
	d := directory{r, j}
	at := time.Now()
	j.SessionStarted("s1", room.Facts{ID: one.ID, Name: one.Name}, at)
	for i := range 300 {
		j.PeerSaved("s1", one.ID, room.Peer{ID: room.PeerID(fmt.Sprint("p", i)), UserID: "u", Role: "guest", JoinedAt: at})
	}
	j.RoomLocked(one.ID)
	j.SessionEnded("s1", one.ID, at)
	place, err := d.Place(t.Context(), one.ID)
	if err != nil || !place.Locked || place.Facts.SessionID != "" {
		t.Errorf("locked %v, continues session %q, %v", place.Locked, place.Facts.SessionID, err)
	}
	if err := j.Written(t.Context()); err != nil || len(j.ends) != 0 {
		t.Errorf("%d rooms still count as unwritten, %v", len(j.ends), err)
	}
	if now, err := r.Room(t.Context(), one.ID); err != nil || !now.Locked {
		t.Errorf("said to be written, and locked is %v, %v", now.Locked, err)
	}
}

// TestASlowDiskHoldsUpAnswersAndNobodyElse lets the disk hang: whoever waits for
// it hears so in time, readiness does, and a lock counts although it is not
// written.
func TestASlowDiskHoldsUpAnswersAndNobodyElse(t *testing.T) {
	r, one := kept(t, t.TempDir())
	j := newJournal(r, journalConfig{Patience: 20 * time.Millisecond}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	t.Cleanup(func() { _ = j.close(context.Background()) })
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
	if place, err := (directory{r, j}).Place(t.Context(), one.ID); err != nil || !place.Locked {
		t.Errorf("locked %v, %v", place.Locked, err)
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
	j := newJournal(r, journalConfig{Bytes: 1 << 20, Patience: time.Minute}, NewLog(t.Output(), config.Log{}), numbers)
	t.Cleanup(func() { _ = j.close(context.Background()) })
	hang, hangs := make(chan struct{}), make(chan struct{})
	j.add(entry{what: "hangs", room: one.ID, write: func(context.Context) error { close(hangs); <-hang; return nil }})
	<-hangs
	at := time.Now()
	j.SessionStarted("s1", room.Facts{ID: one.ID, Name: one.Name}, at)
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
	if n := counted(t, numbers, "redial_journal_dropped_total"); n < 60 || n > 80 {
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
			j := newJournal(r, journalConfig{Patience: time.Minute}, NewLog(io.Discard, config.Log{}), prometheus.NewRegistry())
			defer j.close(context.Background())
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
