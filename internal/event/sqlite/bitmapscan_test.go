// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestSieve asks a store of several blocks many questions, in the middle of what
// changes it: pairs, erasure, retention, a clock that jumps, a restart. Every
// answer is compared with looking at all events.
func TestSieve(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(11, 13))
	dir := t.TempDir()
	s := openWith(t, dir, keysFrom(150), inGroupsOf(1))
	s.lookedAt = 50
	all := map[string]event.Event{} // what must be there
	var order []string
	now := time.Now().Add(-20 * time.Hour).Truncate(time.Millisecond)
	faults := []string{"", fault.RoomFull.ID, fault.Internal.ID, fault.SignalLost.ID}
	systems := []string{"os:web_Linux,sdk:web", "os:iOS_18,sdk:ios", "os:web_Linux,sdk:android", ""}
	n := 0
	add := func(count int) {
		var batch []event.Event
		for range count {
			now = now.Add(time.Duration(rng.IntN(5000)) * time.Millisecond)
			e := population(n)
			n++
			e.Key, e.ID, e.Time = "", event.KeyID(fmt.Sprint("scan-", n), now), now
			e.RoomID, e.UserID, e.PeerID = fmt.Sprint("room-", rng.IntN(3)), fmt.Sprint("user-", rng.IntN(40)), fmt.Sprint("peer-", n)
			e.Type, e.Fault = event.Types[rng.IntN(5)], faults[rng.IntN(4)]
			e.Failure.Code, e.Failure.Terminal = 1000+rng.IntN(5), rng.IntN(3) == 0
			e.Agent = event.ParseAgent(systems[rng.IntN(4)])
			if rng.IntN(50) == 0 {
				e.Fault = fault.ICEFailed.ID // rare
			}
			if rng.IntN(10) == 0 { // told late
				e.Happened, e.HappenedError = now.Add(-time.Duration(rng.IntN(10*3600))*time.Second), time.Second
			}
			batch = append(batch, e)
			all[e.ID] = e
			order = append(order, e.ID)
		}
		eventtest.Add(t, s, batch...)
	}
	pair := func() { // the server's account of one of the last events
		id := order[len(order)-1-rng.IntN(20)]
		told, ok := all[id]
		if !ok || told.Source != event.FromClient {
			return
		}
		seen := told
		seen.ID, seen.Source, seen.Fault, seen.Time = event.KeyID("seen-"+id, now), event.FromServer, told.Fault, told.Time.Add(time.Second)
		if out := eventtest.Add(t, s, seen); out[0].State != event.Merged {
			t.Fatalf("not merged: %+v", out)
		}
		both := event.Pair(told, seen)
		all[id] = both
	}
	remove := func(r event.Removal, gone func(e *event.Event) bool) {
		for left := 1; left > 0; {
			var err error
			if left, err = s.Remove(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		for id, e := range all {
			if gone(&e) {
				delete(all, id)
			}
		}
	}
	ask := func(times int) {
		t.Helper()
		for range times {
			q := event.Query{AccountID: "acme", Limit: 1 + rng.IntN(60), Desc: rng.IntN(3) == 0}
			maybe := func(f func()) {
				if rng.IntN(3) == 0 {
					f()
				}
			}
			maybe(func() { q.RoomID = fmt.Sprint("room-", rng.IntN(3)) })
			maybe(func() { q.UserID = fmt.Sprint("user-", rng.IntN(40)) })
			maybe(func() { q.Faults = []string{fault.ICEFailed.ID, fault.RoomFull.ID}[:1+rng.IntN(2)] })
			maybe(func() { q.Codes = []int{1000 + rng.IntN(5), 1000 + rng.IntN(5)} })
			maybe(func() { yes := rng.IntN(2) == 0; q.Terminal = &yes })
			maybe(func() { q.SDK = "web" })
			maybe(func() { q.OS = "web_Linux" })
			maybe(func() { q.Types = []event.Type{event.Types[rng.IntN(5)], event.Disconnected} })
			span := now.Sub(time.Now().Add(-21 * time.Hour))
			maybe(func() { q.Since = now.Add(-time.Duration(rng.Int64N(int64(span)))) })
			maybe(func() { q.Until = now.Add(-time.Duration(rng.Int64N(int64(span)))) })
			maybe(func() { q.HappenedSince = now.Add(-time.Duration(rng.Int64N(int64(span)))) })
			maybe(func() { q.HappenedUntil = now.Add(-time.Duration(rng.Int64N(int64(span)))) })
			var want []string
			for _, id := range order {
				if e, ok := all[id]; ok && matches(&q, &e) {
					want = append(want, id)
				}
			}
			if q.Desc {
				slices.Reverse(want)
			}
			// The total is of all; of the pages, the first few will mostly do.
			var ids []string
			enough := 4
			if q.Limit > 20 && rng.IntN(5) == 0 {
				enough = len(want)
			}
			for pages := 0; ; pages++ {
				page, err := s.Query(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for i := range page.Events {
					ids = append(ids, page.Events[i].ID)
				}
				if page.Total != len(want) {
					t.Fatalf("%+v: total %d, want %d", q, page.Total, len(want))
				}
				if page.Next == "" || pages == enough {
					break
				}
				q.Start = page.Next
			}
			if n := min(len(want), (enough+1)*q.Limit); !slices.Equal(ids, want[:n]) {
				t.Fatalf("%+v: %d events, want %d", q, len(ids), n)
			}
		}
	}
	for round := range 5 {
		add(2000)
		for range 30 {
			pair()
			add(1 + rng.IntN(3))
			if err := s.Rearrange(t.Context(), func(ctx context.Context, tx eventlog.Tx) error { // each index at a place of its own
				return s.deferred.take(ctx, tx.Conn, s.deferred.list[rng.IntN(3)], math.MaxInt64, 1+rng.IntN(20))
			}); err != nil {
				t.Fatal(err)
			}
		}
		ask(8)
		if round%2 == 0 {
			putTogether(t, s)
			ask(8)
		}
		switch round {
		case 1:
			now = now.Add(-3 * time.Hour) // the clock is put back
		case 2:
			user := "user-7"
			remove(event.Removal{AccountID: "acme", UserID: user}, func(e *event.Event) bool { return e.UserID == user })
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openWith(t, dir, keysFrom(150), inGroupsOf(1))
			s.lookedAt = 50
		case 3:
			before := now.Add(-4 * time.Hour)
			remove(event.Removal{Before: before}, func(e *event.Event) bool { return e.Time.Before(before) })
			now = now.Add(2 * time.Hour) // and forward
		}
		ask(8)
	}
	if upto := s.deferred.upto(); upto < 2*blockSize {
		t.Errorf("only %d events are in sets", upto)
	}
	putTogether(t, s)
	if groups := count(t, s, "group_sets"); groups == 0 {
		t.Error("no sets were put together")
	}
	ask(8)
	// A file from before there were sets is given them when it is opened.
	alter(t, s, "DROP TABLE block_sets; DROP TABLE block_times; DELETE FROM meta WHERE key = 'folded'")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openWith(t, dir, keysFrom(150), inGroupsOf(1))
	s.lookedAt = 50
	ask(8)
}

// TestFiltersOfAllAccounts: a filter that names no account finds what each of them has.
func TestFiltersOfAllAccounts(t *testing.T) {
	t.Parallel()
	s := openWith(t, t.TempDir(), inGroupsOf(1))
	want := 0
	for n := 0; n < 2*blockSize; n += 1024 {
		batch := make([]event.Event, 1024)
		for i := range batch {
			e := population(n + i)
			e.AccountID, e.Fault, e.Type = []string{"acme", "globex", "initech"}[(n+i)%3], fault.Internal.ID, event.JoinFailed
			if (n+i)%50 < 3 {
				e.Fault = fault.RoomFull.ID
				want++
			}
			batch[i] = e
		}
		eventtest.Add(t, s, batch...)
	}
	for _, when := range []string{"as stored", "put together"} {
		each := 0
		for _, account := range []string{"acme", "globex", "initech"} {
			each += totalOf(t, s, event.Query{AccountID: account, Faults: []string{fault.RoomFull.ID}, Limit: 1})
		}
		if all := totalOf(t, s, event.Query{Faults: []string{fault.RoomFull.ID}, Limit: 1}); all != want || each != want {
			t.Errorf("%s: %d events of all accounts, %d of each of them, want %d", when, all, each, want)
		}
		putTogether(t, s)
	}
}

// matches is what a query means.
func matches(q *event.Query, e *event.Event) bool {
	return (q.RoomID == "" || q.RoomID == e.RoomID) && (q.UserID == "" || q.UserID == e.UserID) &&
		(len(q.Faults) == 0 || slices.Contains(q.Faults, e.Fault)) &&
		(len(q.Codes) == 0 || slices.Contains(q.Codes, e.Failure.Code)) &&
		(q.Terminal == nil || *q.Terminal == e.Failure.Terminal) &&
		(q.SDK == "" || q.SDK == e.Agent.SDK) && (q.OS == "" || q.OS == e.Agent.OS) &&
		(len(q.Types) == 0 || slices.Contains(q.Types, e.Type)) &&
		(q.Since.IsZero() || !e.Time.Before(q.Since)) && (q.Until.IsZero() || e.Time.Before(q.Until)) &&
		(q.HappenedSince.IsZero() || !happened(e).Before(q.HappenedSince)) && (q.HappenedUntil.IsZero() || happened(e).Before(q.HappenedUntil))
}

// happened is when an event happened, as queries have it.
func happened(e *event.Event) time.Time { return cmp.Or(event.HappenedApart(e), e.Time) }
