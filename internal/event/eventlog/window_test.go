// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// half is what one side tells of a failure to join.
func half(id int, side event.Source, peer string, k *fault.Kind, at time.Time) event.Event {
	return event.Event{ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", id), Type: event.JoinFailed, Time: at, Source: side,
		Subject: event.Subject{AccountID: "a", RoomID: "r", PeerID: peer}, Fault: k.ID, Op: fault.OpJoin}
}

// TestWindow: the other side's oldest observation of the same failure is found, until it has
// its counterpart or is too old, and nothing is kept of what is not there any more.
func TestWindow(t *testing.T) {
	var w window
	at := time.Now()
	find := func(want int64, side event.Source, peer string, k *fault.Kind) {
		t.Helper()
		e := half(0, side, peer, k, at)
		if got := w.find(&e); got != want {
			t.Errorf("%s of %s, %s: found at %d, want %d", k.ID, peer, side, got, want)
		}
	}
	server := func(seq int64, peer string, k *fault.Kind) *event.Event {
		e := half(int(seq), event.FromServer, peer, k, at)
		w.add(&e, seq)
		return &e
	}
	first := server(1, "ann", fault.RoomFull)
	server(2, "ann", fault.RoomFull)
	server(3, "ann", fault.RoomLocked)
	server(4, "bob", fault.RoomFull)
	find(1, event.FromClient, "ann", fault.RoomFull)
	find(3, event.FromClient, "ann", fault.RoomLocked)
	find(4, event.FromClient, "bob", fault.RoomFull)
	find(0, event.FromClient, "bob", fault.RoomLocked)
	find(0, event.FromClient, "eve", fault.RoomFull)
	find(0, event.FromServer, "ann", fault.RoomFull)
	if n := len(w.signs.numbers); n != 2 {
		t.Errorf("two failures have %d signs", n)
	}
	w.forget(first, 1)
	find(2, event.FromClient, "ann", fault.RoomFull)
	late := half(5, event.FromServer, "ann", fault.RoomFull, at.Add(event.PairWindow+1))
	w.add(&late, 5)
	find(0, event.FromClient, "bob", fault.RoomFull)
	if w.waiting.Len() != 1 || len(w.signs.numbers) != 1 || len(w.signs.free) != 1 {
		t.Errorf("%d are held, with %d signs of %d", w.waiting.Len(), len(w.signs.numbers), len(w.signs.list))
	}
}

// TestWindowIsBounded: of a flood the latest are held, in some 100 bytes each, and words of
// which each is another are forgotten with them.
func TestWindowIsBounded(t *testing.T) {
	var w window
	at := time.Now()
	for i := range 2 * maxWindow {
		e := half(i, event.FromClient, fmt.Sprint(i), fault.RoomFull, at)
		e.Failure.Name = fmt.Sprint(i)
		w.add(&e, int64(i+1))
	}
	if n := w.waiting.Len(); n != maxWindow || len(w.signs.numbers) != n || len(w.signs.list) > n+1 {
		t.Errorf("%d are held, with %d signs in %d places", n, len(w.signs.numbers), len(w.signs.list))
	}
	for i, want := range map[int]int64{0: 0, maxWindow - 1: 0, maxWindow: maxWindow + 1, 2*maxWindow - 1: 2 * maxWindow} {
		if e := half(0, event.FromServer, fmt.Sprint(i), fault.RoomFull, at); w.find(&e) != want {
			t.Errorf("%d is found at %d, want %d", i, w.find(&e), want)
		}
	}
}

// TestASharedHashJoinsNothing: what has the same hash by chance and is another peer's failure
// is not taken for the other half.
func TestASharedHashJoinsNothing(t *testing.T) {
	l := openWith(t, t.TempDir())
	at := time.Now()
	ann := half(1, event.FromServer, "ann", fault.RoomFull, at)
	bob := half(2, event.FromClient, "bob", fault.RoomFull, at)
	if _, err := l.Append(t.Context(), []event.Event{ann}); err != nil {
		t.Fatal(err)
	}
	key, _ := pairKey(&bob, event.FromServer)
	l.window.waiting.Add(key, observation{seq: 1, arrived: at.UnixNano(), happened: at.UnixNano(), sign: l.window.signs.keep(ann.Sign())})
	if l.window.find(&bob) != 1 {
		t.Fatal("the hash is not shared")
	}
	got, err := l.Append(t.Context(), []event.Event{bob})
	if err != nil || got[0].State != event.Stored {
		t.Errorf("%+v, %v", got, err)
	}
}

// BenchmarkWindow: a failure comes that nobody else has told of, with 30,000 waiting.
func BenchmarkWindow(b *testing.B) {
	var w window
	events := make([]event.Event, 60_000)
	at := time.Now()
	for i := range events {
		events[i] = half(i, event.FromClient, fmt.Sprint(i), fault.RoomFull, at.Add(time.Duration(i)*event.PairWindow/30_000))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e := &events[i%len(events)]
		e.Time = at.Add(time.Duration(i) * event.PairWindow / 30_000)
		w.find(e)
		w.add(e, int64(i))
		i++
	}
}
