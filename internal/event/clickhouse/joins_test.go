// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// TestJoinsOutliveTheSpool: a data directory that takes over knows the joins of the
// one that was lost, each once, however often they were written, and counts on from there.
func TestJoinsOutliveTheSpool(t *testing.T) {
	first := t.TempDir()
	s := openAt(t, shared(t), first, nil)
	now := time.Now().UTC()
	want := int64(0)
	count := func(s *Store, ago time.Duration, n int) {
		t.Helper()
		var list []event.Join
		for i := range n {
			list = append(list, event.Join{Time: now.Add(-ago), Subject: event.Subject{AccountID: "acme", RoomID: fmt.Sprint("room-", i%3), Role: "host"}})
		}
		if err := s.CountJoins(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		want += int64(n)
	}
	again := func(s *Store) { // as a minute later
		s.ship.mu.Lock()
		s.joins.next = time.Time{}
		s.ship.mu.Unlock()
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	summary := func(s *Store) event.Summary {
		t.Helper()
		hour := now.Truncate(time.Hour)
		sum, err := s.Summarize(t.Context(), event.SummaryQuery{AccountID: "acme", By: event.ByRoom, Since: hour.Add(-70 * 24 * time.Hour), Until: hour.Add(2 * time.Hour), Bucket: 24 * time.Hour})
		if err != nil || sum.Total.Counts.Joins != want {
			t.Errorf("%d joins, want %d; %v", sum.Total.Counts.Joins, want, err)
		}
		return sum
	}
	for d := range 60 { // more days than one insert may touch
		count(s, time.Duration(d)*24*time.Hour, 4)
	}
	again(s)
	count(s, 0, 5) // of an hour that has been written
	again(s)
	again(s)
	if err := s.spool.DropMeta(t.Context(), joinsKey); err != nil { // killed after writing, before that was noted
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, shared(t), first, nil)
	again(s)
	count(s, 50*24*time.Hour, 3) // of long ago, as a migration brings
	again(s)
	before := summary(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	heir := func() *Store {
		return openAt(t, shared(t), t.TempDir(), func(c *Config) { c.Database, c.TakeOver = database(first), true })
	}
	h := heir()
	if after := summary(h); !reflect.DeepEqual(after, before) {
		t.Errorf("the heir has %+v, want %+v", after, before)
	}
	count(h, 0, 7)
	again(h)
	summary(h)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = heir()
	summary(h)
	if n := scalar(t, h, "SELECT toUInt64(sum(n)) FROM (SELECT max(n) AS n FROM events_joins WHERE dimension = 'room' GROUP BY account, hour, value)"); n != uint64(want) {
		t.Errorf("%d joins in ClickHouse, want %d", n, want)
	}
}
