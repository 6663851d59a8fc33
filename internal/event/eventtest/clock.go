// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// clockJumps appends while the server's clock is put back and forward. The order
// is that of arrival, a report counts once, a snapshot stays what it was, and
// what is old by its time goes, wherever it stands.
func clockJumps(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	jumps := []time.Duration{0, -2 * time.Hour, 30 * time.Minute, -2*time.Hour - time.Minute, time.Minute}
	var all []event.Event
	n := 0
	at := func(jump time.Duration) event.Event {
		e := keyed(n, fmt.Sprint("clock-", n))
		e.Time = base.Add(jump + time.Duration(n)*time.Millisecond)
		n++
		return e
	}
	for _, jump := range jumps {
		var batch []event.Event
		for range 20 {
			batch = append(batch, at(jump))
		}
		Add(t, s, batch...)
		all = append(all, batch...)
		again := all[len(all)/2] // a report of before the jump is sent once more
		again.Time = base.Add(jump)
		if out := Add(t, s, again); out[0].State != event.Duplicate {
			t.Errorf("after a jump of %s a known report is new: %+v", jump, out)
		}
	}
	q := event.Query{AccountID: "acme", Limit: 7}
	page, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := page.Events
	for i := 0; page.Next != ""; i++ { // events of all times arrive while somebody pages
		Add(t, s, at(jumps[i%len(jumps)]))
		q.Start = page.Next
		if page, err = s.Query(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		if page.Total != len(all) {
			t.Errorf("total is %d on the way, want %d", page.Total, len(all))
		}
		got = append(got, page.Events...)
	}
	equal(t, "a snapshot over jumps of the clock", got, all)

	old := base.Add(-time.Hour)
	var want []event.Event
	for _, e := range all {
		if !e.Time.Before(old) {
			want = append(want, e)
		}
	}
	newest := all[len(all)-1].Seq
	inSnapshot := func(list []event.Event) (those []event.Event) {
		for _, e := range list {
			for i := range all {
				if all[i].ID == e.ID {
					those = append(those, e)
				}
			}
		}
		return those
	}
	since, _ := All(t, s, event.Query{AccountID: "acme", Since: old})
	equal(t, "since a time, over jumps", inSnapshot(since), want)
	for {
		left, err := s.Remove(t.Context(), event.Removal{Before: old})
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
	}
	rest, total := All(t, s, event.Query{AccountID: "acme", Limit: 9})
	equal(t, "after retention", inSnapshot(rest), want)
	if total != len(rest) {
		t.Errorf("total %d of %d events", total, len(rest))
	}
	for _, e := range rest {
		if e.Time.Before(old) {
			t.Errorf("an event of %s is still there", e.Time)
		}
	}
	if out := Add(t, s, at(-3*time.Hour)); out[0].Seq <= newest {
		t.Errorf("a new event has the place %d, before others", out[0].Seq)
	}

	// A cursor's day is counted from its first query, whatever the clock does.
	cs, err := eventjson.OpenCursors(dir)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	q = event.Query{AccountID: "acme"}
	q.Start = cs.Seal(&q, eventjson.Cursor{Max: 3, Pos: 1, Total: 3, At: now})
	for _, c := range []struct {
		jump time.Duration
		good bool
	}{{0, true}, {-48 * time.Hour, true}, {23 * time.Hour, true}, {25 * time.Hour, false}, {time.Hour, true}} {
		if _, err := cs.Open(&q, now.Add(c.jump)); (err == nil) != c.good {
			t.Errorf("a cursor after a jump of %s: %v", c.jump, err)
		}
	}
}
