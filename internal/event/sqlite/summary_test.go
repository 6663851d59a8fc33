// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// TestUserIsForgottenWithTheTail: a user whose last event goes before it is counted has no
// number any more, which would keep the user's name.
func TestUserIsForgottenWithTheTail(t *testing.T) {
	t.Parallel()
	s := openWith(t, t.TempDir())
	early, late := eventtest.Sample(1), eventtest.Sample(2)
	early.UserID, late.UserID, late.Time = "erased", "erased", early.Time.Add(time.Hour)
	eventtest.Add(t, s, early)
	indexed(t, s)
	eventtest.Add(t, s, late)
	for _, step := range []struct {
		removal event.Removal
		numbers int
	}{{event.Removal{Before: late.Time}, 1}, {event.Removal{AccountID: "acme", UserID: "erased"}, 0}} {
		if n, err := s.Remove(t.Context(), step.removal); err != nil || n != 1 {
			t.Fatalf("%d events removed, %v", n, err)
		}
		var numbers int
		if err := ask(t.Context(), s, "SELECT count(*) FROM summary_users", &numbers); err != nil || numbers != step.numbers {
			t.Errorf("%d users have numbers, want %d, %v", numbers, step.numbers, err)
		}
	}
}

// TestRecount: a file from before there were summaries is counted when it is
// opened, to the same result.
func TestRecount(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	for n := range 300 {
		e := population(n)
		e.Failure.Terminal = n%3 == 0
		eventtest.Add(t, s, e)
	}
	dump := func() (all string) {
		err := s.Read(t.Context(), func(c *eventlog.Conn) error {
			return c.Each(t.Context(), "SELECT dim, level, at, hex(cells) FROM summary_steps ORDER BY 1, 2, 3", func(row eventlog.Scanner) error {
				var dim, level, at int64
				var cells string
				err := row.Scan(&dim, &level, &at, &cells)
				all += fmt.Sprintln(dim, level, at, cells)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	indexAt(t, s, 1)
	alter(t, s, "") // which flushes
	indexAt(t, s, maxTail)
	for n := range 20 { // these stay unindexed
		eventtest.Add(t, s, population(1000+n))
	}
	kept := dump()
	alter(t, s, "DROP TABLE summary_steps; DROP TABLE summary_users; DROP TABLE summary_failed; DELETE FROM meta WHERE key = 'summary'")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir).(*Store)
	if again := dump(); again != kept || kept == "" {
		t.Errorf("counted again:\n%s\nkept:\n%s", again, kept)
	}
}

// BenchmarkSummary reports summaries of 30 days over as many events as -stored
// says, by 30,000 users. The days, and the hours of the first and the last day,
// which is all that such a summary reads, are written as that many events would
// leave them; the events themselves are not.
func BenchmarkSummary(b *testing.B) {
	s := open(b, b.TempDir()).(*Store)
	since := time.Now().UTC().Truncate(event.Day).Add(-30 * event.Day)
	until := since.Add(30 * event.Day)
	r := rand.New(rand.NewPCG(1, 2))
	var account int64
	leave := func(dim, at int64, events, values, users int) {
		if err := s.Change(b.Context(), func(ctx context.Context, tx eventlog.Tx) (err error) {
			if account, err = tx.Account(ctx, "acme"); err != nil {
				return err
			}
			for typ := range int64(5) {
				left := events / 5
				for v := range values {
					n := left / (values - v) // alike
					if values < 100 {
						n = left / 6 // the first have most
					}
					left -= n
					if n == 0 {
						continue
					}
					k := rollup.Key{Account: account, Dim: dim, Level: rollup.Hours, At: at, Value: fmt.Sprint("value-", v), Type: typ + 1}
					if dim == 0 {
						k.Value = ""
					}
					of := s.summaries.Cell(k)
					of.N = int64(n)
					for range n {
						of.Set = append(of.Set, int64(v*users%30_000+r.IntN(users)))
					}
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	day := *stored / 30
	for dim, values := range map[int64]int{0: 1, 1: 60, 4: 10, 9: 2000} {
		users := 30_000
		if dim == 9 {
			users = 15
		}
		for d := rollup.Step(rollup.Days, since); d < rollup.Step(rollup.Days, until); d++ {
			if d > rollup.Step(rollup.Days, since) && d < rollup.Step(rollup.Days, until)-1 {
				leave(dim, d*24, day, values, users)
				continue
			}
			for h := range int64(24) {
				leave(dim, d*24+h, day/24, values, users)
			}
		}
	}
	for more := true; more; {
		var err error
		if more, err = s.summaries.Tidy(b.Context(), s.Log, time.Now(), nil); err != nil {
			b.Fatal(err)
		}
	}
	for _, by := range []event.Dimension{event.ByFault, event.ByVersion, event.ByRoom} {
		for _, c := range []struct {
			name string
			q    event.SummaryQuery
		}{
			{"counts", event.SummaryQuery{Top: 1000}},
			{"users", event.SummaryQuery{Top: 10, Users: true}},
			{"series", event.SummaryQuery{Top: 10, Bucket: event.Day}},
		} {
			b.Run(fmt.Sprintf("by=%s/%s", by, c.name), func(b *testing.B) {
				c.q.AccountID, c.q.By, c.q.Since, c.q.Until = "acme", by, since.Add(5*time.Hour), until.Add(-5*time.Hour)
				c.q.Types = event.Types[:5]
				if c.name != "counts" { // of the groups with most events, as the API does it
					wide := c.q
					wide.Users, wide.Bucket = false, 0
					all, err := s.Summarize(b.Context(), wide)
					if err != nil {
						b.Fatal(err)
					}
					c.q.Values = []string{}
					for _, g := range all.Groups {
						c.q.Values = append(c.q.Values, g.Value)
					}
				}
				for b.Loop() {
					sum, err := s.Summarize(b.Context(), c.q)
					if err != nil || sum.Total.Counts.Events == 0 {
						b.Fatal(sum.Total, err)
					}
				}
			})
		}
	}
}
