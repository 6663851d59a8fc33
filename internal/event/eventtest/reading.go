// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

func readBack(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	bare := event.Event{ID: uuid.NewString(), Time: base, Type: event.ConnectFailed, Source: event.FromServer, Subject: event.Subject{AccountID: "acme"}}
	want := []event.Event{Sample(1), SampleTrack(2), bare}
	for i, o := range Add(t, s, want...) {
		if o.State != event.Stored || o.Seq != int64(i+1) {
			t.Errorf("event %d: outcome %+v", i, o)
		}
	}
	check := func(when string) {
		t.Helper()
		got, total := All(t, s, event.Query{AccountID: "acme"})
		equal(t, when, got, want)
		if total != len(want) {
			t.Errorf("%s: total %d, want %d", when, total, len(want))
		}
		for i := range min(len(got), len(want)) {
			if g, w := text(t, got[i]), text(t, want[i]); g != w {
				t.Errorf("%s: event %d\n got %s\nwant %s", when, i, g, w)
			}
			if got[i].Seq != int64(i+1) {
				t.Errorf("%s: event %d is at place %d", when, i, got[i].Seq)
			}
			one, err := s.Get(t.Context(), want[i].ID)
			if err != nil || text(t, one) != text(t, want[i]) {
				t.Errorf("%s: Get: %v, %v", when, one, err)
			}
		}
	}
	check("at once")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	check("after a restart")
	for _, id := range []string{uuid.NewString(), "x", ""} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, fault.EventNotFound) {
			t.Errorf("Get(%q): %v", id, err)
		}
	}
	if last, err := s.Last(t.Context()); err != nil || last != 3 {
		t.Errorf("Last: %d, %v", last, err)
	}
}

func filters(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	types := event.Types[:8]
	var all []event.Event
	for n := range 240 {
		e := Sample(n)
		if typ := types[n%8]; typ.IsError() {
			e.Type = typ
		} else {
			e = SampleTrack(n)
			e.Type = typ
		}
		switch n % 6 {
		case 0:
			e.Failure.Code, e.Fault = 1003, fault.SignalLost.ID
		case 1:
			e.UserID, e.SessionID, e.PeerID = "", "", ""
		case 2:
			e.Agent = event.ParseAgent("sdk:android,os:Android_14")
		case 3:
			e.RoomID = ""
		}
		all = append(all, e)
	}
	for chunk := range slices.Chunk(all, 50) {
		Add(t, s, chunk...)
	}
	yes, no := true, false
	at := func(n int) time.Time { return base.Add(time.Duration(n) * time.Millisecond) }
	for _, c := range []struct {
		name string
		q    event.Query
		keep func(*event.Event) bool
	}{
		{"all", event.Query{}, func(e *event.Event) bool { return true }},
		{"room", event.Query{RoomID: "room-1"}, func(e *event.Event) bool { return e.RoomID == "room-1" }},
		{"session", event.Query{SessionID: "session-2"}, func(e *event.Event) bool { return e.SessionID == "session-2" }},
		{"peer", event.Query{PeerID: "peer-3"}, func(e *event.Event) bool { return e.PeerID == "peer-3" }},
		{"user", event.Query{UserID: "user-4"}, func(e *event.Event) bool { return e.UserID == "user-4" }},
		{"no such room", event.Query{RoomID: "nowhere"}, func(e *event.Event) bool { return false }},
		{"type", event.Query{Types: []event.Type{event.JoinFailed}}, func(e *event.Event) bool { return e.Type == event.JoinFailed }},
		{"two types", event.Query{Types: []event.Type{event.TrackAdded, event.JoinFailed}}, func(e *event.Event) bool { return e.Type == event.JoinFailed || e.Type == event.TrackAdded }},
		{"recordings", event.Query{Types: []event.Type{event.Recorded}}, func(e *event.Event) bool { return false }},
		{"beam", event.Query{BeamID: "b"}, func(e *event.Event) bool { return false }},
		{"errors", event.Query{Errors: true}, func(e *event.Event) bool { return e.Type.IsError() }},
		{"errors among types", event.Query{Errors: true, Types: []event.Type{event.TrackAdded, event.Disconnected}}, func(e *event.Event) bool { return e.Type == event.Disconnected }},
		{"room and types", event.Query{RoomID: "room-2", Types: []event.Type{event.TrackAdded, event.Disconnected}}, func(e *event.Event) bool {
			return e.RoomID == "room-2" && (e.Type == event.Disconnected || e.Type == event.TrackAdded)
		}},
		{"room and user", event.Query{RoomID: "room-1", UserID: "user-4"}, func(e *event.Event) bool { return e.RoomID == "room-1" && e.UserID == "user-4" }},
		{"room, session, user and errors", event.Query{RoomID: "room-1", SessionID: "session-2", UserID: "user-4", Errors: true}, func(e *event.Event) bool {
			return e.RoomID == "room-1" && e.SessionID == "session-2" && e.UserID == "user-4" && e.Type.IsError()
		}},
		{"room and peer", event.Query{RoomID: "room-1", PeerID: "peer-3"}, func(e *event.Event) bool { return e.RoomID == "room-1" && e.PeerID == "peer-3" }},
		{"fault", event.Query{Faults: []string{fault.SignalLost.ID}}, func(e *event.Event) bool { return e.Fault == fault.SignalLost.ID }},
		{"faults in a room", event.Query{RoomID: "room-0", Faults: []string{fault.SignalLost.ID, fault.Internal.ID}}, func(e *event.Event) bool { return e.RoomID == "room-0" && e.Fault != "" }},
		{"code", event.Query{Codes: []int{1003, 7}}, func(e *event.Event) bool { return e.Failure.Code == 1003 }},
		{"terminal", event.Query{Terminal: &yes, Errors: true}, func(e *event.Event) bool { return e.Failure.Terminal && e.Type.IsError() }},
		{"not terminal", event.Query{Terminal: &no}, func(e *event.Event) bool { return !e.Failure.Terminal }},
		{"sdk", event.Query{SDK: "android"}, func(e *event.Event) bool { return e.Agent.SDK == "android" }},
		{"os", event.Query{OS: "web_Linux"}, func(e *event.Event) bool { return e.Agent.OS == "web_Linux" }},
		{"since", event.Query{Since: at(100)}, func(e *event.Event) bool { return !e.Time.Before(at(100)) }},
		{"until", event.Query{Until: at(100)}, func(e *event.Event) bool { return e.Time.Before(at(100)) }},
		{"between, in a room", event.Query{RoomID: "room-1", Since: at(20), Until: at(200)}, func(e *event.Event) bool {
			return e.RoomID == "room-1" && !e.Time.Before(at(20)) && e.Time.Before(at(200))
		}},
		{"before all", event.Query{Until: at(0)}, func(e *event.Event) bool { return false }},
		{"after all", event.Query{Since: at(240)}, func(e *event.Event) bool { return false }},
	} {
		var want []event.Event
		for i := range all {
			if c.keep(&all[i]) {
				want = append(want, all[i])
			}
		}
		for _, limit := range []int{1, 7, 100} {
			if limit == 1 && len(want) > 30 {
				continue // hundreds of pages that are all alike
			}
			c.q.AccountID, c.q.Limit = "acme", limit
			got, total := All(t, s, c.q)
			equal(t, fmt.Sprintf("%s, limit %d", c.name, limit), got, want)
			if total != len(want) {
				t.Errorf("%s: total %d, want %d", c.name, total, len(want))
			}
		}
	}
}

func snapshot(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	var want []event.Event
	for n := range 25 {
		want = append(want, Sample(n))
	}
	Add(t, s, want...)
	q := event.Query{AccountID: "acme"}
	first, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Events) != event.DefaultLimit {
		t.Errorf("a page without a limit has %d events", len(first.Events))
	}
	Add(t, s, Sample(100), Sample(101)) // must not appear
	got := first.Events
	q.Start = first.Next
	second, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Query(t.Context(), q) // a page can be asked for twice
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the same page again", again.Events, second.Events)
	got = append(got, second.Events...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir) // the server restarts under the client
	Add(t, s, Sample(102))
	q.Start, q.Limit = second.Next, 100 // the limit may change on the way
	rest, total := All(t, s, q)
	equal(t, "snapshot", append(got, rest...), want)
	if total != len(want) {
		t.Errorf("total %d, want %d", total, len(want))
	}
	if _, total := All(t, s, event.Query{AccountID: "acme"}); total != 28 {
		t.Errorf("a new query has total %d, want 28", total)
	}
	page, err := s.Query(t.Context(), event.Query{AccountID: "acme", Limit: 28})
	if err != nil || page.Next != "" {
		t.Errorf("a page that holds everything has next %q, %v", page.Next, err)
	}
}

func newestFirst(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	var want []event.Event
	for n := range 25 {
		want = append(want, Sample(n))
	}
	Add(t, s, want...)
	slices.Reverse(want)
	got, total := All(t, s, event.Query{AccountID: "acme", Desc: true, Limit: 4})
	equal(t, "newest first", got, want)
	if total != 25 {
		t.Errorf("total %d", total)
	}
}

func cursors(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	Add(t, s, Sample(0), Sample(3), Sample(6))
	q := event.Query{AccountID: "acme", RoomID: "room-0", Limit: 1}
	page, err := s.Query(t.Context(), q)
	if err != nil || page.Next == "" {
		t.Fatalf("next %q, %v", page.Next, err)
	}
	for name, other := range map[string]event.Query{
		"another room":    {AccountID: "acme", RoomID: "room-1", Limit: 1},
		"another account": {AccountID: "other", RoomID: "room-0", Limit: 1},
		"one more filter": {AccountID: "acme", RoomID: "room-0", Errors: true},
		"another order":   {AccountID: "acme", RoomID: "room-0", Desc: true},
	} {
		other.Start = page.Next
		_, err := s.Query(t.Context(), other)
		if err == nil {
			t.Errorf("%s: the cursor was taken", name)
			continue
		}
		refused(t, err, "start", "other filters")
	}
	for i := range len(page.Next) {
		forged := []byte(page.Next)
		if forged[i]++; !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", rune(forged[i])) {
			forged[i] = 'A'
		}
		q.Start = string(forged)
		if p, err := s.Query(t.Context(), q); err == nil && i < len(page.Next)-1 { // the last digit has spare bits
			t.Errorf("a forged cursor was taken: %v", p)
		}
	}
	for _, junk := range []string{"x", "AAAA", strings.Repeat("A", 500), "ü", "../.."} {
		q.Start = junk
		_, err := s.Query(t.Context(), q)
		refused(t, err, "start", "not a cursor")
	}
	q.Start = page.Next
	if _, err := s.Query(t.Context(), q); err != nil {
		t.Errorf("the true cursor: %v", err)
	}
	seal, err := eventjson.OpenCursors(dir)
	if err != nil {
		t.Fatal(err)
	}
	q.Start = seal.Seal(&q, eventjson.Cursor{Max: 3, Pos: 1, Total: 3, At: time.Now().Add(-eventjson.CursorLife + time.Minute)})
	if _, err := s.Query(t.Context(), q); err != nil {
		t.Errorf("a cursor a minute before its end: %v", err)
	}
	q.Start = seal.Seal(&q, eventjson.Cursor{Max: 3, Pos: 1, Total: 3, At: time.Now().Add(-eventjson.CursorLife - time.Minute)})
	_, err = s.Query(t.Context(), q)
	refused(t, err, "start", "expired")
}

func perAccount(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	mine, theirs := Sample(0), Sample(0)
	theirs.AccountID = "other"
	Add(t, s, mine, theirs)
	for _, q := range []event.Query{{}, {RoomID: mine.RoomID}, {UserID: mine.UserID}, {SessionID: mine.SessionID}, {PeerID: mine.PeerID}} {
		q.AccountID = "acme"
		got, total := All(t, s, q)
		equal(t, "acme", got, []event.Event{mine})
		q.AccountID = "nobody"
		if total != 1 {
			t.Errorf("total %d", total)
		}
		got, total = All(t, s, q)
		if len(got) != 0 || total != 0 {
			t.Errorf("nobody has %d events, total %d", len(got), total)
		}
		q.AccountID = ""
		got, total = All(t, s, q)
		equal(t, "everybody", got, []event.Event{mine, theirs})
		if total != 2 {
			t.Errorf("total %d", total)
		}
	}
}

func tail(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	Add(t, s, Sample(0), Sample(1))
	after, err := s.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want, got []event.Event
	for n := range 5 {
		e := Sample(10 + n)
		want = append(want, e)
		Add(t, s, e)
	}
	for len(got) < 5 {
		page, err := s.Query(t.Context(), event.Query{AccountID: "acme", Tail: true, After: after, Limit: 2})
		if err != nil || len(page.Events) == 0 {
			t.Fatalf("%d events, %v", len(page.Events), err)
		}
		got = append(got, page.Events...)
		after = got[len(got)-1].Seq
	}
	equal(t, "tail", got, want)
}
