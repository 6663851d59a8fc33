// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// keysFrom chooses how many events a key has that is given sets,
// half as many at a time.
func keysFrom(n int) Option {
	return func(s *Store) { s.bitmaps.keys.at, s.bitmaps.keys.batch = n, n/2 }
}

// busyRoom is events of which every second is of one room, and there of one user.
func busyRoom(n int) event.Event {
	e := population(n)
	e.Fault = []string{fault.RoomFull.ID, fault.Internal.ID, fault.SignalLost.ID, ""}[n/2%4]
	if n%2 == 0 {
		e.RoomID, e.UserID, e.UserProof = busyRoomID, busyUserID, event.ProofToken
	}
	return e
}

const (
	busyRoomID = "000000000000000000000b05"
	busyUserID = "busy-user"
)

func addBusy(t testing.TB, s *Store, from, to int) {
	t.Helper()
	for from < to {
		batch := make([]event.Event, min(1000, to-from))
		for i := range batch {
			batch[i] = busyRoom(from)
			from++
		}
		eventtest.Add(t, s, batch...)
	}
}

// builtSets waits until no key lacks events in its sets, and tells how many keys there are.
func builtSets(t testing.TB, s *Store) (keys int) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		var left int
		if err := ask(t.Context(), s, "SELECT count(*), coalesce(sum(at < upto), 0) FROM set_keys", &keys, &left); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return keys
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d keys of %d are not in sets", left, keys)
		}
	}
}

// planned gives the sets of keys by which a query is answered, and its total.
func planned(t testing.TB, s *Store, q event.Query) (keys []filter, total, looked int) {
	t.Helper()
	if err := s.Read(t.Context(), func(c *eventlog.Conn) error {
		p, find, err := s.plan(t.Context(), c, &q)
		if err != nil {
			return err
		}
		if scan, ok := find.(*bitmapScan); ok {
			keys = scan.keys
		}
		if total, err = find.Count(t.Context(), c); err != nil {
			return err
		}
		looked, err = p.Count(t.Context(), c)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return keys, total, looked
}

var busyQueries = map[string]event.Query{
	"room and fault":            {RoomID: busyRoomID, Faults: []string{fault.RoomFull.ID}},
	"user and fault":            {UserID: busyUserID, Faults: []string{fault.RoomFull.ID}},
	"room, user and fault":      {RoomID: busyRoomID, UserID: busyUserID, Faults: []string{fault.RoomFull.ID, fault.Internal.ID}},
	"room and user":             {RoomID: busyRoomID, UserID: busyUserID},
	"room, fault and type":      {RoomID: busyRoomID, Faults: []string{fault.RoomFull.ID}, Types: []event.Type{event.JoinFailed}},
	"room and time":             {RoomID: busyRoomID, Since: time.Now().Add(-time.Hour)},
	"room and a rare fault":     {RoomID: busyRoomID, Faults: []string{fault.ICEFailed.ID}},
	"room and a user not in it": {RoomID: busyRoomID, UserID: busyUserID, Codes: []int{1}},
}

// TestBusyRoomAndFault: a room and a user of many events have sets, and with them a
// question of one with a fault reads no row of the events that are in them.
func TestBusyRoomAndFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openWith(t, dir, keysFrom(1000))
	addBusy(t, s, 0, 6_000)
	if keys := builtSets(t, s); keys != 2 {
		t.Fatalf("%d keys have sets, want the room and the user", keys)
	}
	check := func() {
		t.Helper()
		for name, q := range busyQueries {
			q.AccountID = "acme"
			keys, total, looked := planned(t, s, q)
			want := 0
			for _, id := range []string{q.RoomID, q.UserID} {
				if id != "" {
					want++
				}
			}
			if len(keys) != want {
				t.Errorf("%s: answered by the sets of %d keys, want %d", name, len(keys), want)
			}
			if total != looked {
				t.Errorf("%s: total %d, %d looked at one by one", name, total, looked)
			}
		}
		if _, total, _ := planned(t, s, event.Query{AccountID: "acme", RoomID: busyRoomID, Faults: []string{fault.RoomFull.ID}}); total < 500 {
			t.Errorf("%d events: nothing is shown by so few", total)
		}
	}
	check()
	addBusy(t, s, 6_000, 6_500) // of which some are in sets and some not yet
	check()
}

// TestEarlierFileGetsSetsOfKeys: a file from before there were any, or one into which
// a program without them has stored, is given them in the background. Answers are
// right before, on the way, over a restart on the way, and after.
func TestEarlierFileGetsSetsOfKeys(t *testing.T) {
	t.Parallel()
	for name, earlier := range map[string]string{
		"without sets of keys":      "DROP TABLE set_keys; DELETE FROM block_sets WHERE dim >= 9; DELETE FROM meta WHERE key = 'set_keys'",
		"of an earlier program":     "UPDATE meta SET value = value - 500 WHERE key = 'set_keys'; DELETE FROM block_sets WHERE dim >= 9 AND block = 1",
		"without any sets":          "DROP TABLE block_sets; DROP TABLE block_times; DELETE FROM meta WHERE key = 'folded'",
		"stopped before it is done": "UPDATE set_keys SET at = 0, upto = (SELECT value FROM meta WHERE key = 'set_keys'); DELETE FROM block_sets WHERE dim >= 9",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openWith(t, dir, keysFrom(1000))
			addBusy(t, s, 0, 6_000)
			builtSets(t, s)
			s.builder.stop()
			alter(t, s, earlier)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			same := func() {
				t.Helper()
				for name, q := range busyQueries {
					q.AccountID = "acme"
					if _, total, looked := planned(t, s, q); total != looked {
						t.Errorf("%s: total %d, %d looked at one by one", name, total, looked)
					}
				}
			}
			s = openWith(t, dir, keysFrom(1000))
			s.builder.stop()
			same()
			if _, err := s.bitmaps.buildSome(s.Log); err != nil { // one portion of several
				t.Fatal(err)
			}
			addBusy(t, s, 6_000, 6_300)
			same()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openWith(t, dir, keysFrom(1000))
			builtSets(t, s)
			same()
			q := busyQueries["room and fault"]
			q.AccountID = "acme"
			if keys, _, _ := planned(t, s, q); len(keys) == 0 {
				t.Error("the room's sets are not used")
			}
		})
	}
}

// TestErasedUserHasNoSets: the id of a user who is erased is in no set any more, and a
// room whose events have all been removed is not kept on the list.
func TestErasedUserHasNoSets(t *testing.T) {
	t.Parallel()
	s := openWith(t, t.TempDir(), keysFrom(500))
	addBusy(t, s, 0, 3000)
	builtSets(t, s)
	remove := func(r event.Removal) {
		t.Helper()
		for left := 1; left > 0; {
			var err error
			if left, err = s.Remove(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	listed := func() string {
		t.Helper()
		var list []string
		if err := s.Read(t.Context(), func(c *eventlog.Conn) error {
			return c.Each(t.Context(), "SELECT value FROM set_keys UNION SELECT value FROM block_sets WHERE dim >= 9", func(row eventlog.Scanner) error {
				var value string
				err := row.Scan(&value)
				list = append(list, value)
				return err
			})
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	if got := listed(); got != busyRoomID+" "+busyUserID {
		t.Fatalf("sets of %q", got)
	}
	remove(event.Removal{AccountID: "acme", UserID: busyUserID})
	if got := listed(); got != "" {
		t.Errorf("sets of %q when the user is erased, who alone was in the room", got)
	}
}

// BenchmarkBusyRoom reports what a first page of a room and a fault costs, with its
// total, in a room of half of all events, by its sets and by its index.
func BenchmarkBusyRoom(b *testing.B) {
	s := openWith(b, b.TempDir())
	addBusy(b, s, 0, 2*(*stored))
	builtSets(b, s)
	for _, by := range []string{"sets", "index"} {
		if by == "index" {
			alter(b, s, fmt.Sprintf("UPDATE set_keys SET upto = %d", int64(1)<<60))
		}
		for name, q := range map[string]event.Query{
			"fault": {Faults: []string{fault.RoomFull.ID}},
			"rare":  {Faults: []string{fault.ICEFailed.ID}},
			"user":  {UserID: busyUserID, Faults: []string{fault.RoomFull.ID}},
		} {
			b.Run(name+"/"+by, func(b *testing.B) {
				q.AccountID, q.RoomID = "acme", busyRoomID
				var took []time.Duration
				b.ReportAllocs()
				for b.Loop() {
					began := time.Now()
					if _, err := s.Query(context.WithoutCancel(b.Context()), q); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}
