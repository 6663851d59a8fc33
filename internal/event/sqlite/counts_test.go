// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package sqlite

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// counted compares what summaries say of every dimension with the events that are there.
func counted(t *testing.T, s *Store, when string) {
	t.Helper()
	all, err := s.Records(t.Context(), 0, math.MaxInt64, math.MaxInt32)
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %d events, %v", when, len(all), err)
	}
	since, until := all[0].Time, all[0].Time
	for i := range all {
		if at := all[i].Time; at.Before(since) {
			since = at
		} else if at.After(until) {
			until = at
		}
	}
	q := event.SummaryQuery{Since: since.Truncate(time.Hour), Until: until.Truncate(time.Hour).Add(time.Hour), Types: event.Types, Users: true}
	for _, q.By = range event.Dimensions {
		events, users := map[string]int64{}, map[string]map[string]bool{}
		for i := range all {
			e := all[i].AgentRead()
			value, has := q.By.Value(e)
			if !has {
				continue
			}
			if events[value]++; users[value] == nil {
				users[value] = map[string]bool{}
			}
			if e.UserID != "" && e.Type.IsError() {
				users[value][e.AccountID+" "+e.UserKey()] = true
			}
		}
		sum, err := s.Summarize(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		got, gotUsers, wantUsers := map[string]int64{}, map[string]int64{}, map[string]int64{}
		for _, g := range sum.Groups {
			if g.Counts.Events > 0 {
				got[g.Value], gotUsers[g.Value] = g.Counts.Events, g.Counts.Users
			}
		}
		for value, who := range users {
			wantUsers[value] = int64(len(who))
		}
		if !maps.Equal(got, events) || !maps.Equal(gotUsers, wantUsers) || sum.Total.Counts.Events != int64(len(all)) {
			t.Errorf("%s, by %s: %d events\n%v, users %v; there are\n%v, users %v", when, q.By, sum.Total.Counts.Events, got, gotUsers, events, wantUsers)
		}
	}
}

func steps(t *testing.T, s *Store, level int) (n int) {
	t.Helper()
	if err := ask(t.Context(), s, fmt.Sprintf("SELECT count(*) FROM summary_steps WHERE level = %d", level), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Counts of an earlier version are read as they are, written anew in the background, and
// say the same on the way; so they do when they change meanwhile.
func TestCountsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), gunzip(t, ofVersion2, "events.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir)
	s.keeper.Stop()
	s.keeper = nil
	counted(t, s, "at first")
	eventtest.Add(t, s, eventtest.Sample(4000), eventtest.Sample(4001))
	indexed(t, s)
	for round := 0; ; round++ {
		var outdated bool
		if err := ask(t.Context(), s, "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'summary'", &outdated); err != nil {
			t.Fatal(err)
		}
		if round%5 == 0 || !outdated {
			counted(t, s, fmt.Sprintf("after %d steps", round))
		}
		if !outdated {
			break
		}
		if _, err := s.summaries.Tidy(t.Context(), s.Log, time.Now(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := steps(t, s, 2); n != 0 {
		t.Errorf("%d days before any was added up", n)
	}
	for more := true; more; {
		var err error
		if more, err = s.summaries.Tidy(t.Context(), s.Log, time.Now().Add(48*time.Hour), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := steps(t, s, 2); n == 0 {
		t.Error("no day was added up")
	}
	counted(t, s, "by day")

	// What comes and goes later reaches days too.
	late := eventtest.Sample(4002)
	late.UserID, late.Time = "somebody-new", late.Time.Add(-time.Hour)
	eventtest.Add(t, s, late)
	indexed(t, s)
	counted(t, s, "with one that came late")
	if _, err := s.Remove(t.Context(), event.Removal{AccountID: late.AccountID, UserID: late.UserID}); err != nil {
		t.Fatal(err)
	}
	counted(t, s, "without a user")
}

// A tail that is long enough is indexed in the background, and a shorter one is not.
// Appends wait for the disk before and after.
func TestFolding(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	level := func() (n int) {
		t.Helper()
		if err := s.Change(t.Context(), func(ctx context.Context, tx eventlog.Tx) error {
			return tx.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	tail := func() (n int) {
		t.Helper()
		if err := s.Change(t.Context(), func(context.Context, eventlog.Tx) error { n = len(s.deferred.unindexed); return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for n := range flushAt - 1 {
		eventtest.Add(t, s, population(n))
	}
	if n := tail(); n != flushAt-1 {
		t.Fatalf("%d events are in the tail, of %d", n, flushAt-1)
	}
	eventtest.Add(t, s, population(flushAt))
	for deadline := time.Now().Add(time.Minute); tail() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d events are still in the tail", tail())
		}
	}
	if n := level(); n != 2 {
		t.Errorf("synchronous is %d after a transaction that need not be on disk", n)
	}
	counted(t, s, "indexed in the background")
}
