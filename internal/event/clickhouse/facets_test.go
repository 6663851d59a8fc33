// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"strings"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestFacetsOfOlderEvents: a database whose keys know no facets gets them in the
// background, a day at a time, also by a process after one that was killed meanwhile. What
// is found by them is the same before, meanwhile and after.
func TestFacetsOfOlderEvents(t *testing.T) {
	dir := t.TempDir()
	name := database(dir)
	before, err := driver.ParseDSN(shared(t))
	if err != nil {
		t.Fatal(err)
	}
	admin, err := driver.Open(before)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(schema, ";") {
		if statement = strings.TrimSpace(statement); statement != "" {
			statement = strings.Replace(statement, "IF NOT EXISTS ", "IF NOT EXISTS "+name+".", 1)
			statement = strings.Replace(statement, ", 'fault' = 5, 'code' = 6, 'os' = 7, 'sdk' = 8", "", 1)
			if err := admin.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}

	s := openAt(t, shared(t), dir, nil)
	if err := s.spool.DropMeta(t.Context(), facetsKey); err != nil { // which a new directory has
		t.Fatal(err)
	}
	began := time.Now().UTC().Add(-4 * event.Day)
	var want []event.Event
	for n := range 90 {
		e := eventtest.Sample(n)
		e.Time = began.Add(time.Duration(n/30) * event.Day)
		if n%10 == 0 {
			e.Fault, e.Failure.Code, e.Agent = fault.SignalLost.ID, 1003, event.ParseAgent("sdk:android,os:Android")
			want = append(want, e)
		}
		eventtest.Add(t, s, e)
	}
	s.ship.mu.Lock()
	s.facets.able.Store(false) // as the version before wrote them
	records, err := s.spool.Records(t.Context(), 0, 90, 90)
	if err == nil {
		err = s.insert(t.Context(), records)
	}
	s.edge.Lock()
	if err == nil {
		err = s.spool.Evict(t.Context(), records)
	}
	s.evicted = 90
	s.edge.Unlock()
	s.ship.shipped = 90
	s.ship.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		for name, q := range map[string]event.Query{
			"fault": {Faults: []string{fault.SignalLost.ID}}, "code": {Codes: []int{1003}}, "sdk": {SDK: "android"}, "os": {OS: "Android"},
			"fault and sdk": {Faults: []string{fault.SignalLost.ID}, SDK: "android"}, "code, or none": {Codes: []int{0, 1003}},
			"all but one day": {Faults: []string{fault.SignalLost.ID}, Until: began.Add(3 * event.Day)},
		} {
			got, total := eventtest.All(t, s, q)
			if len(got) != len(want) || total != len(want) || got[0].ID != want[0].ID {
				t.Errorf("%s, by %s: %d events, total %d, want %d", when, name, len(got), total, len(want))
			}
		}
	}
	fill := func() {
		t.Helper()
		s.ship.mu.Lock()
		defer s.ship.mu.Unlock()
		if err := s.facets.fill(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	check("before")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, shared(t), dir, nil)
	fill()
	check("meanwhile")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, shared(t), dir, nil)
	for !s.facets.complete.Load() {
		fill()
	}
	check("after")
	for _, scope := range []string{"fault", "code", "os", "sdk"} {
		if n := scalar(t, s, "SELECT uniqExact(seq) FROM events_keys WHERE scope = '"+scope+"'"); n != 90 {
			t.Errorf("%d of 90 events have a key for %s", n, scope)
		}
	}
	if n, err := s.Remove(t.Context(), event.Removal{AccountID: "acme", UserID: want[0].UserID}); err != nil || n == 0 {
		t.Errorf("erased %d, %v", n, err)
	}
	if got, total := eventtest.All(t, s, event.Query{OS: "Android", UserID: want[0].UserID}); len(got)+total != 0 {
		t.Errorf("%d events, total %d, of somebody who was erased", len(got), total)
	}
	if left, all := scalar(t, s, "SELECT uniqExact(seq) FROM events_keys"), scalar(t, s, "SELECT count() FROM events"); left != all {
		t.Errorf("%d events are left and %d have keys", all, left)
	}
}
