// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// keyed makes a client's report as the recorder would hand it over.
func keyed(n int, key string) event.Event {
	e := Sample(n)
	e.Source, e.Key, e.ID = event.FromClient, key, event.KeyID(key, e.ClientTime)
	return e
}

func duplicates(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	a, b := keyed(1, "a"), keyed(2, "b")
	out := Add(t, s, a, b, a) // within a batch
	if out[2].State != event.Duplicate || out[2].Seq != out[0].Seq {
		t.Errorf("within a batch: %+v", out)
	}
	if out := Add(t, s, b); out[0].State != event.Duplicate || out[0].Seq != 2 {
		t.Errorf("in a later batch: %+v", out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if out := Add(t, s, a, keyed(3, "c")); out[0].State != event.Duplicate || out[1].State != event.Stored {
		t.Errorf("after a restart: %+v", out)
	}
	if got, total := All(t, s, event.Query{AccountID: "acme"}); len(got) != 3 || total != 3 {
		t.Errorf("%d events, total %d, want 3", len(got), total)
	}
}

// amended: a further field that comes later is part of its event and of nothing else,
// in place of an earlier one of its name, also after both sides' words were joined;
// what is gone is passed over.
func amended(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	a, b := keyed(1, "a"), Sample(2)
	a.PeerID, b.PeerID = "ann", "bob"
	Add(t, s, a, b)
	amender, ok := s.(event.Amender)
	if !ok {
		t.Fatal("nothing can be added to events")
	}
	amend := func(s string) {
		t.Helper()
		value := json.RawMessage(s)
		if err := amender.Amend(t.Context(), []event.Amendment{{ID: a.ID, Field: "witness", Value: value}, {ID: uuid.NewString(), Field: "witness", Value: value}}); err != nil {
			t.Fatal(err)
		}
	}
	amend(`{"v":1}`)
	amend(`{"v":2}`)
	seen := a
	seen.ID, seen.Key, seen.Source, seen.Extra = uuid.NewString(), "", event.FromServer, nil
	if out := Add(t, s, seen); out[0].State != event.Merged {
		t.Errorf("the server's half is %+v", out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	got, total := All(t, s, event.Query{AccountID: "acme"})
	if len(got) != 2 || total != 2 {
		t.Fatalf("%d events, total %d", len(got), total)
	}
	for i := range got {
		want := ""
		if got[i].PeerID == "ann" {
			want = `{"v":2}`
		}
		if string(got[i].Extra["witness"]) != want {
			t.Errorf("%s has %s, want %q", got[i].PeerID, got[i].Extra["witness"], want)
		}
	}
	if again := Add(t, s, a); again[0].State != event.Duplicate {
		t.Errorf("the same report again is %+v", again)
	}
}

func pairs(t *testing.T, open Open) {
	seen := func(n int) event.Event {
		e := Sample(1)
		e.Time, e.Source, e.Fault, e.UserName, e.Extra = base.Add(time.Duration(n)*time.Second), event.FromServer, fault.ICEFailed.ID, "", nil
		e.Failure.Message, e.Op = "as the server saw it", fault.OpJoin
		return e
	}
	told := func(n int, key string) event.Event {
		e := keyed(1, key)
		e.Time, e.Fault, e.Op, e.TemplateID = base.Add(time.Duration(n)*time.Second), fault.ICEDisconnected.ID, fault.OpPublish, ""
		return e
	}
	with := func(e event.Event, change func(*event.Event)) event.Event { change(&e); return e }
	// Told ten minutes later, when the window is over for those who came in between.
	elsewhere := with(told(590, "x"), func(e *event.Event) { e.PeerID = "another" })
	late := func(after, wrong time.Duration) event.Event {
		return with(told(600, "a"), func(e *event.Event) { e.Happened, e.HappenedError = base.Add(after), wrong })
	}
	cases := []struct {
		name   string
		events []event.Event
		want   int
	}{
		{"server first", []event.Event{seen(0), told(1, "a")}, 1},
		{"client first", []event.Event{told(0, "a"), seen(1)}, 1},
		{"twice over", []event.Event{seen(0), seen(1), told(2, "a"), told(3, "b")}, 2},
		{"taking turns", []event.Event{seen(0), told(1, "a"), seen(2), told(3, "b")}, 2},
		{"each pairs once", []event.Event{seen(0), told(1, "a"), told(2, "b")}, 2},
		{"a retried report", []event.Event{seen(0), told(1, "a"), told(1, "a"), seen(2), told(1, "a")}, 2},
		{"a retried report that came first", []event.Event{told(0, "a"), seen(1), told(0, "a")}, 1},
		{"two minutes", []event.Event{seen(0), told(120, "a")}, 1},
		{"more than two minutes", []event.Event{seen(0), told(121, "a")}, 2},
		{"another number for the same", []event.Event{seen(0), with(told(1, "a"), func(e *event.Event) { e.Failure.Code = 1553 })}, 1},
		{"the very same fault", []event.Event{seen(0), with(told(1, "a"), func(e *event.Event) { e.Fault = fault.ICEFailed.ID })}, 1},
		{"another failure", []event.Event{seen(0), with(told(1, "a"), func(e *event.Event) { e.Fault = fault.DeviceInUse.ID })}, 2},
		{"another failure in between", []event.Event{with(seen(0), func(e *event.Event) { e.Fault = fault.DeviceInUse.ID }), seen(1), told(2, "a")}, 2},
		{"another type", []event.Event{seen(0), with(told(1, "a"), func(e *event.Event) { e.Type = event.JoinFailed })}, 2},
		{"another peer", []event.Event{seen(0), with(told(1, "a"), func(e *event.Event) { e.PeerID = "p" })}, 2},
		{"another room", []event.Event{seen(0), with(told(1, "a"), func(e *event.Event) { e.RoomID = "r" })}, 2},
		{"another account", []event.Event{seen(0), with(told(1, "a"), func(e *event.Event) { e.AccountID = "other" })}, 2},
		{"no peer", []event.Event{with(seen(0), func(e *event.Event) { e.PeerID = "" }), with(told(1, "a"), func(e *event.Event) { e.PeerID = "" })}, 2},
		{"two of the server", []event.Event{seen(0), seen(1)}, 2},
		{"two of the client", []event.Event{told(0, "a"), told(1, "b")}, 2},
		{"told ten minutes late", []event.Event{seen(0), elsewhere, late(5*time.Second, time.Second)}, 2},
		{"told late of another moment", []event.Event{seen(0), elsewhere, late(-5*time.Minute, time.Second)}, 3},
		{"told late of nobody knows when", []event.Event{seen(0), elsewhere, late(5*time.Second, time.Hour)}, 3},
		{"told late, when it fails again", []event.Event{elsewhere, seen(599), late(5*time.Second, time.Second)}, 3},
		{"told late, when it fails again, of the first", []event.Event{seen(0), elsewhere, seen(599), late(5*time.Second, time.Second)}, 3},
		{"seen late", []event.Event{told(0, "a"), with(seen(200), func(e *event.Event) { e.Happened = base.Add(100 * time.Second) })}, 1},
	}
	for _, how := range []string{"in one batch", "one by one", "with restarts"} {
		dir := t.TempDir()
		s := open(t, dir) // the cases share it, each in accounts of its own
		for i, c := range cases {
			shift := time.Since(base) // a restart looks at the clock for what is recent
			events := slices.Clone(c.events)
			accounts := map[string]bool{}
			for j := range events {
				e := &events[j]
				e.Time = e.Time.Add(shift)
				if !e.Happened.IsZero() {
					e.Happened = e.Happened.Add(shift)
				}
				e.AccountID = fmt.Sprint(e.AccountID, "-", i)
				accounts[e.AccountID] = true
				if e.Key != "" {
					e.Key += fmt.Sprint("\x00", i)
					e.ID = event.KeyID(e.Key, e.ClientTime)
				} else {
					e.ID = uuid.NewString()
				}
			}
			if how == "in one batch" {
				Add(t, s, events...)
			} else {
				for _, e := range events {
					Add(t, s, e)
					if how == "with restarts" {
						if err := s.Close(); err != nil {
							t.Fatal(err)
						}
						s = open(t, dir)
					}
				}
			}
			n, sum := 0, 0
			for account := range accounts {
				got, total := All(t, s, event.Query{AccountID: account})
				n, sum = n+len(got), sum+total
			}
			if n != c.want || sum != c.want {
				t.Errorf("%s, %s: %d events, total %d, want %d", c.name, how, n, sum, c.want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}

	s := open(t, t.TempDir())
	a, b := seen(0), told(1, "a")
	a.UserID = "" // the refusal came before the token was read
	a.Details = []fault.Detail{{Name: "stun_seen", Value: true}, {Name: "tries", Value: 3}, {Name: "state", Value: "failed"}}
	a.Evidence = &evidence.Record{V: evidence.Version, At: base, Path: &evidence.Path{State: "failed", Candidates: evidence.Candidates{Host: 2}, STUN: true, STUNAt: base}}
	Add(t, s, a)
	Add(t, s, b)
	got, total := All(t, s, event.Query{AccountID: "acme", UserID: b.UserID})
	if len(got) != 1 || total != 1 {
		t.Fatalf("%d events of the user, total %d", len(got), total)
	}
	e := got[0]
	if e.ID != a.ID || !e.Time.Equal(a.Time) || e.Source != event.FromBoth || e.Fault != fault.ICEFailed.ID || e.Op != fault.OpJoin ||
		e.Failure.Message != b.Failure.Message || e.UserName != b.UserName || e.TemplateID != a.TemplateID || !e.ClientTime.Equal(b.ClientTime) {
		t.Errorf("merged into %s", text(t, e))
	}
	if c := e.Client; c == nil || c.Failure != b.Failure || c.Action != b.Action || c.Fault != b.Fault || c.Op != b.Op || !c.At.Equal(b.ClientTime) || !c.Taken.Equal(b.Time) {
		t.Errorf("the client's half is %+v", c)
	}
	if h := e.Server; h == nil || h.Failure != a.Failure || h.Action != a.Action || h.Fault != a.Fault || h.Op != a.Op || !h.Taken.Equal(a.Time) ||
		!reflect.DeepEqual(h.Details, a.Details) || !reflect.DeepEqual(h.Evidence, a.Evidence) {
		t.Errorf("the server's half is %+v", h)
	}
	if other, err := s.Get(t.Context(), b.ID); err != nil || other.ID != a.ID {
		t.Errorf("by the report's own id: %v, %v", other.ID, err)
	}
	// What the server knew of what the client alone tells is kept beside it. Where
	// the server saw the failure itself, its own record wins, if it has one. All are
	// added before any is read: a store may ship what it has when it is read, and
	// what was shipped pairs no more.
	report := func(n int, peer string) event.Event {
		e := told(n, peer)
		e.PeerID = peer
		e.Evidence = &evidence.Record{V: evidence.Version, At: base, Self: &evidence.Self{Started: base, Stall: 6000}}
		return e
	}
	observation := func(n int, peer string, r *evidence.Record) event.Event {
		e := seen(n)
		e.PeerID, e.Evidence = peer, r
		return e
	}
	alone, recorded, bare, last := report(7, "alone"), report(7, "recorded"), report(7, "bare"), report(8, "seen-first")
	Add(t, s, alone)
	Add(t, s, recorded)
	Add(t, s, observation(8, "recorded", a.Evidence))
	Add(t, s, bare)
	Add(t, s, observation(8, "bare", nil))
	Add(t, s, observation(7, "seen-first", a.Evidence))
	Add(t, s, last)
	for _, c := range []struct {
		told   event.Event
		source event.Source
		want   *evidence.Record
	}{
		{alone, event.FromClient, alone.Evidence},
		{recorded, event.FromBoth, a.Evidence},
		{bare, event.FromBoth, bare.Evidence},
		{last, event.FromBoth, a.Evidence},
	} {
		e, err := s.Get(t.Context(), c.told.ID)
		if err != nil || e.Source != c.source || !reflect.DeepEqual(e.Evidence, c.want) {
			t.Errorf("%s: %v, evidence %+v, want %s with %+v: %s", c.told.PeerID, err, e.Evidence, c.source, c.want, text(t, e))
		}
	}
}

func removal(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	var all []event.Event
	for n := range 1500 {
		all = append(all, Sample(n))
	}
	other := Sample(0)
	other.AccountID = "other"
	Add(t, s, append(all, other)...)
	q := event.Query{AccountID: "acme", RoomID: "room-0", Limit: 100}
	page, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	remove := func(r event.Removal) (n int) {
		t.Helper()
		for {
			k, err := s.Remove(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if k == 0 {
				return n
			}
			n += k
		}
	}
	if n := remove(event.Removal{}); n != 0 {
		t.Errorf("a removal that names nothing removed %d", n)
	}
	cut := base.Add(1200 * time.Millisecond)
	if n := remove(event.Removal{Before: cut}); n != 1201 {
		t.Errorf("removed %d by time, want 1201", n)
	}
	left := all[1200:]
	check := func(when string) {
		t.Helper()
		for _, q := range []event.Query{{}, {RoomID: "room-1"}, {UserID: "user-3"}, {SessionID: "session-1"}, {PeerID: "peer-2"}} {
			var want []event.Event
			for _, e := range left {
				if (q.RoomID == "" || e.RoomID == q.RoomID) && (q.UserID == "" || e.UserID == q.UserID) &&
					(q.SessionID == "" || e.SessionID == q.SessionID) && (q.PeerID == "" || e.PeerID == q.PeerID) {
					want = append(want, e)
				}
			}
			q.AccountID, q.Limit = "acme", 100
			got, total := All(t, s, q)
			equal(t, when, got, want)
			if total != len(want) {
				t.Errorf("%s: %+v: total %d, want %d", when, q, total, len(want))
			}
		}
	}
	check("after retention")
	q.Start = page.Next
	rest, total := All(t, s, q)
	if total != 500 || len(rest) != 100 {
		t.Errorf("a reader under way: total %d, %d more events, want 500 and the 100 that are left", total, len(rest))
	}
	if n := remove(event.Removal{AccountID: "acme", UserID: "user-3"}); n == 0 {
		t.Error("nothing was erased")
	}
	left = slices.DeleteFunc(slices.Clone(left), func(e event.Event) bool { return e.UserID == "user-3" })
	check("after an erasure")
	if n := remove(event.Removal{AccountID: "nobody", UserID: "user-3"}); n != 0 {
		t.Errorf("erased %d of an account that is not there", n)
	}
	if n := remove(event.Removal{Before: base.Add(time.Hour)}); n != len(left) {
		t.Errorf("removed %d, want all %d", n, len(left))
	}
	last, err := s.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if out := Add(t, s, Sample(1)); out[0].Seq != last+1 {
		t.Errorf("after all were removed, the next place is %d, want %d", out[0].Seq, last+1)
	}
	// A report that is older than the retention may count again, and a removed
	// alias must not stand in its way.
	a := Sample(5)
	a.Source, a.Time = event.FromServer, time.Now()
	b := keyed(5, "again")
	b.Time = time.Now()
	if out := Add(t, s, a, b); out[1].State != event.Merged {
		t.Fatalf("%+v", out)
	}
	remove(event.Removal{UserID: a.UserID})
	if out := Add(t, s, b); out[0].State != event.Stored {
		t.Errorf("%+v", out)
	}
}

func together(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	const writers, batches, size = 3, 20, 20
	stop := make(chan struct{})
	var writing, others sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for b := range batches {
				var batch []event.Event
				for i := range size {
					e := Sample(w*10_000 + b*100 + i)
					e.UserID = fmt.Sprintf("writer-%d", w)
					if w == 2 {
						e.Time = base.Add(-48 * time.Hour)
					}
					batch = append(batch, e)
				}
				if _, err := s.Append(ctx, batch); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				seen := map[string]bool{}
				q := event.Query{AccountID: "acme", UserID: "writer-0", Limit: 17}
				total := 0
				for {
					page, err := s.Query(ctx, q)
					if err != nil {
						t.Error(err)
						return
					}
					total = page.Total
					for _, e := range page.Events {
						if seen[e.ID] {
							t.Errorf("%s twice in one snapshot", e.ID)
						}
						seen[e.ID] = true
					}
					if page.Next == "" {
						break
					}
					q.Start = page.Next
				}
				if len(seen) != total {
					t.Errorf("%d events in a snapshot of %d", len(seen), total)
				}
			}
		})
	}
	others.Go(func() {
		for {
			if _, err := s.Remove(ctx, event.Removal{Before: base.Add(-time.Hour)}); err != nil {
				t.Error(err)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	writing.Wait()
	close(stop)
	others.Wait()
	for n := 1; n > 0; {
		var err error
		if n, err = s.Remove(ctx, event.Removal{Before: base.Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	for w, want := range []int{batches * size, batches * size, 0} {
		got, total := All(t, s, event.Query{AccountID: "acme", UserID: fmt.Sprintf("writer-%d", w), Limit: 100})
		if len(got) != want || total != want {
			t.Errorf("writer %d: %d events, total %d, want %d", w, len(got), total, want)
		}
	}
}

func closed(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Append(t.Context(), []event.Event{Sample(1)}); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("Append: %v", err)
	}
	if _, err := s.Query(t.Context(), event.Query{}); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("Query: %v", err)
	}
	if _, err := s.Get(t.Context(), uuid.NewString()); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("Get: %v", err)
	}
	if _, err := s.Remove(t.Context(), event.Removal{UserID: "u"}); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("Remove: %v", err)
	}
}
