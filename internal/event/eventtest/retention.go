// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// retentions: each account loses what is older than it keeps, in whatever order
// the accounts are gone through, and what is gone does not come back.
func retentions(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	const perDay = 4 // events of each account on each of ten days
	now := time.Now().UTC()
	ago := func(days float64) time.Time { return now.Add(-time.Duration(days * float64(event.Day))) }
	kept := map[string][]event.Event{}
	n := 0
	for day := 10; day > 0; day-- {
		var batch []event.Event
		for range perDay {
			for _, account := range []string{"short", "usual", "long", "ever"} {
				e := Sample(n)
				n++
				e.AccountID, e.Time, e.RoomID = account, ago(float64(day)-0.5).Add(time.Duration(n)*time.Millisecond), "room"
				batch = append(batch, e)
				kept[account] = append(kept[account], e)
			}
		}
		Add(t, s, batch...)
	}
	remove := func(r event.Removal, want int) {
		t.Helper()
		got := 0
		for {
			n, err := s.Remove(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			got += n
		}
		if got != want {
			t.Errorf("removing %+v removed %d, want %d", r, got, want)
		}
		gone := func(account string) bool {
			if r.AccountID != "" {
				return account == r.AccountID
			}
			for _, but := range r.Except {
				if but == account {
					return false
				}
			}
			return true
		}
		for account, events := range kept {
			var left []event.Event
			for _, e := range events {
				if !gone(account) || !e.Time.Before(r.Before) {
					left = append(left, e)
				}
			}
			kept[account] = left
		}
	}
	check := func(when string) {
		t.Helper()
		all := 0
		for account, want := range kept {
			for _, q := range []event.Query{{}, {RoomID: "room"}, {Types: []event.Type{event.PublishFailed}}} {
				q.AccountID, q.Limit = account, 100
				got, total := All(t, s, q)
				equal(t, fmt.Sprintf("%s, %s, %+v", when, account, q), got, want)
				if total != len(want) {
					t.Errorf("%s, %s: total %d, want %d", when, account, total, len(want))
				}
			}
			if sum, ok := s.(event.Summarizer); ok {
				got, err := sum.Summarize(t.Context(), event.SummaryQuery{
					AccountID: account, Types: failures, By: event.ByRoom, Users: true,
					Since: now.Truncate(event.Day).Add(-12 * event.Day), Until: now.Truncate(event.Day).Add(event.Day),
				})
				if err != nil || got.Total.Counts.Events != int64(len(want)) {
					t.Errorf("%s, %s: a summary counts %+v, %v; want %d", when, account, got.Total.Counts, err, len(want))
				}
			}
			all += len(want)
		}
		if got, total := All(t, s, event.Query{Limit: 100}); len(got) != all || total != all {
			t.Errorf("%s: of everybody %d events, total %d, want %d", when, len(got), total, all)
		}
	}
	check("at first")
	own := []string{"ever", "long", "short"}
	remove(event.Removal{Before: ago(5), Except: own}, 5*perDay)
	check("after the usual time")
	remove(event.Removal{AccountID: "long", Before: ago(8)}, 2*perDay)
	remove(event.Removal{AccountID: "short", Before: ago(2)}, 8*perDay)
	check("after their own times")
	remove(event.Removal{Before: ago(5), Except: own}, 0)
	remove(event.Removal{AccountID: "short", Before: ago(2)}, 0)
	check("looked for again")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	check("after a restart")
	// An account that had a shorter time gets a longer one, and one gives its
	// own up: what is gone stays gone, what is there goes by the new time.
	remove(event.Removal{AccountID: "short", Before: ago(9)}, 0)
	remove(event.Removal{Before: ago(5), Except: []string{"ever", "short"}}, 3*perDay)
	check("after others chose")
	remove(event.Removal{Before: ago(1)}, (1+4+4+9)*perDay)
	check("after all gave theirs up")
	back := Sample(n)
	back.AccountID, back.Time = "long", now
	Add(t, s, back)
	if got, total := All(t, s, event.Query{AccountID: "long", Limit: 100}); len(got) != perDay+1 || total != perDay+1 {
		t.Errorf("a new event: %d events, total %d", len(got), total)
	}
}
