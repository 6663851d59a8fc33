// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

func open(t *testing.T, dir string) *Spool {
	t.Helper()
	s, err := Open(t.Context(), dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func add(t *testing.T, s *Spool, events ...event.Event) []event.Outcome {
	t.Helper()
	out, err := s.Append(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func records(t *testing.T, s *Spool) []eventlog.Record {
	t.Helper()
	list, err := s.Records(t.Context(), 0, math.MaxInt64, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// failedJoin is a client that gave up joining.
func failedJoin(n int, peer string) event.Event {
	e := eventtest.Sample(n)
	e.ID, e.Key, e.Time, e.Source = event.KeyID(fmt.Sprint("failed-", n), time.Now()), "", time.Now(), event.FromClient
	e.Type, e.PeerID, e.Failure.Terminal = event.JoinFailed, peer, true
	return e
}

// What leaves is known by its ids, and its places are not given again.
func TestWhatHasLeftIsKnown(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	one, two, three := failedJoin(1, "a"), failedJoin(2, "b"), failedJoin(3, "c")
	add(t, s, one, two)
	list := records(t, s)
	if err := s.Evict(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := s.Count(t.Context()); err != nil || n != 0 || s.EvictedUpTo() != 2 {
			t.Errorf("%d are left, evicted up to %d, %v", n, s.EvictedUpTo(), err)
		}
		if seq, found, err := s.Seq(t.Context(), two.ID); err != nil || !found || seq != 2 {
			t.Errorf("%d %v %v", seq, found, err)
		}
		if out := add(t, s, one); out[0].State != event.Duplicate || out[0].Seq != 1 {
			t.Errorf("what has left counts again: %+v", out)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
	if out := add(t, s, three); out[0].Seq != 3 {
		t.Errorf("the next place is %d", out[0].Seq)
	}
	if err := s.Forget(t.Context(), []int64{1}); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.Seq(t.Context(), one.ID); err != nil || found {
		t.Errorf("forgotten and found, %v", err)
	}
	if err := s.ForgetBelow(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.Seq(t.Context(), three.ID); err != nil || !found {
		t.Errorf("an event that is here was forgotten, %v", err)
	}
}

// An event that was joined since it was read does not leave, nor do the others.
func TestWhatHasChangedStays(t *testing.T) {
	s := open(t, t.TempDir())
	told := failedJoin(1, "a")
	seen := told
	seen.ID, seen.Source = event.KeyID("seen", told.Time), event.FromServer
	add(t, s, failedJoin(2, "b"), told)
	list := records(t, s)
	if out := add(t, s, seen); out[0].State != event.Merged {
		t.Fatalf("%+v", out)
	}
	if err := s.Evict(t.Context(), list); !errors.Is(err, eventlog.ErrChanged) {
		t.Errorf("%v", err)
	}
	if n, err := s.Count(t.Context()); err != nil || n != 2 || s.EvictedUpTo() != 0 {
		t.Errorf("%d are left, evicted up to %d, %v", n, s.EvictedUpTo(), err)
	}
	if list = records(t, s); len(list) != 2 || !slices.Equal(list[1].Also, []string{seen.ID}) {
		t.Errorf("%+v", list)
	}
	if err := s.Evict(t.Context(), list); err != nil {
		t.Error(err)
	}
}

// A peer fails to join once, however many of its events tell so, also when the
// first has left.
func TestAPeerFailsToJoinOnce(t *testing.T) {
	s := open(t, t.TempDir())
	failures := func() (peers []string) {
		for _, r := range records(t, s) {
			if r.FailedJoin {
				peers = append(peers, r.PeerID)
			}
		}
		return peers
	}
	add(t, s, failedJoin(1, "a"), failedJoin(2, "a"), failedJoin(3, "b"))
	if got := failures(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q have failed", got)
	}
	if err := s.Evict(t.Context(), records(t, s)); err != nil {
		t.Fatal(err)
	}
	add(t, s, failedJoin(4, "a"), failedJoin(5, "c"))
	if got := failures(); !slices.Equal(got, []string{"c"}) {
		t.Errorf("%q have failed", got)
	}
}

// A spool keeps what it needs: no index of a store, no counts but those by which
// pages are found, and of summaries joins alone.
func TestASpoolIsNoStore(t *testing.T) {
	s := open(t, t.TempDir())
	for n := range 300 {
		add(t, s, failedJoin(n, fmt.Sprint("peer-", n)))
	}
	if err := s.CountJoins(t.Context(), []event.Join{{Time: time.Now(), Subject: event.Subject{AccountID: "acme", RoomID: "r"}}}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	sum, err := s.Joins(t.Context(), event.SummaryQuery{AccountID: "acme", By: event.ByRoom, Since: now.Add(-time.Hour), Until: now.Add(2 * time.Hour)})
	if err != nil || sum.Total.Counts != (event.Counts{Joins: 1}) || len(sum.Groups) != 1 || sum.Groups[0].Value != "r" {
		t.Errorf("%+v %v", sum, err)
	}
	if err := s.Read(t.Context(), func(c *eventlog.Conn) error {
		for query, want := range map[string]int64{
			"SELECT count(*) FROM sqlite_master WHERE name LIKE 'block%'": 0,
			"SELECT count(*) FROM counts WHERE scope > 3":                 0,
			"SELECT count(*) FROM summary_users":                          0,
			"SELECT count(*) FROM summary_failed":                         300,
			// One join of room r and no user, in the dimensions that joins have.
			"SELECT count(*) FROM summary_steps":                                             8,
			"SELECT count(*) FROM summary_steps WHERE dim = 9 AND cells = x'01017201650100'": 1,
		} {
			if n, _, err := c.Lookup(t.Context(), query); err != nil || n != want {
				t.Errorf("%s: %d, want %d, %v", query, n, want, err)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// Sets that a store has made, some by the ids of users, do not stay in its file when that
// becomes a spool.
func TestAStoreBecomesASpool(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Change(t.Context(), func(ctx context.Context, tx eventlog.Tx) error {
		_, err := tx.ExecContext(ctx, "CREATE TABLE block_happened (block INTEGER); CREATE TABLE set_keys (value TEXT)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if err := s.Read(t.Context(), func(c *eventlog.Conn) error {
		n, _, err := c.Lookup(t.Context(), "SELECT count(*) FROM sqlite_master WHERE name IN ('block_happened', 'set_keys')")
		if n != 0 {
			t.Errorf("%d tables of a store are left", n)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// Numbers that the other store keeps here are its own and outlive the process.
func TestMarks(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for name, n := range map[string]int64{"floor": 1, "floor:a": 2, "floor:é%": 3, "last_seq": 9} {
		if err := s.SetMeta(t.Context(), name, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DropMeta(t.Context(), "floor:a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if last, err := s.Last(t.Context()); err != nil || last != 0 {
		t.Errorf("a mark has moved the log to %d, %v", last, err)
	}
	if n, err := s.Meta(t.Context(), "floor"); err != nil || n != 1 {
		t.Errorf("%d %v", n, err)
	}
	got, err := s.Metas(t.Context(), "floor:")
	if err != nil || len(got) != 1 || got["é%"] != 3 {
		t.Errorf("%v %v", got, err)
	}
}
