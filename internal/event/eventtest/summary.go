// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventtest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// today is the beginning of the last day but one, so that the days of the
// tests are over.
var today = time.Now().UTC().Truncate(event.Day).Add(-2 * event.Day)

// summarizer gives the store's counting side, or skips the test.
func summarizer(t testing.TB, s event.Store) event.Summarizer {
	t.Helper()
	sum, ok := s.(event.Summarizer)
	if !ok {
		t.Skip("this store does not count")
	}
	return sum
}

// various makes events that differ in everything that is counted, over three
// days.
func various(n int) []event.Event {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	events := make([]event.Event, n)
	for i := range events {
		e := Sample(i)
		if r.IntN(8) == 0 {
			e = SampleTrack(i)
		} else {
			e.Type = event.Types[r.IntN(5)]
		}
		e.Time = today.Add(-event.Day + time.Duration(r.Int64N(int64(3*event.Day))))
		e.PeerID, e.UserID = uuid.NewString(), pick("", "ann", "bob", "cid", fmt.Sprint("user-", r.IntN(9000)))
		e.Failure.Code, e.Fault = 4000+r.IntN(3), pick("", fault.RoomFull.ID, fault.Internal.ID)
		e.Failure.Terminal = r.IntN(2) == 0
		e.RoomID, e.TemplateID, e.Role = pick("r1", "r2", "r\"3"), pick("", "t1"), pick("host", "guest")
		e.Agent = event.ParseAgent("os:" + pick("web_Linux", "web_macOS") + ",sdk:web,sdk_version:" + pick("0.15.1", "0.15.2") +
			",device_model:" + pick("Chromium_156.0.1", "Apple_mobile/Safari_18.1"))
		if !e.Type.IsError() {
			e.Failure, e.Fault = event.Failure{}, ""
		} else if r.IntN(3) > 0 {
			e.Diagnosis = &event.Diagnosis{Cause: pick("", fault.ICEFailed.ID, fault.RoomFull.ID), Confidence: pick(event.Confidences...), Rules: "test"}
		}
		events[i] = e
	}
	return events
}

// counted is the answer by counting one by one.
func counted(q event.SummaryQuery, events []event.Event, joins []event.Join) event.Summary {
	wanted := map[event.Type]bool{}
	for _, t := range q.Types {
		wanted[t] = true
	}
	buckets := q.Buckets()
	var sum event.Summary
	groups, users := map[string]*event.Group{}, map[string]map[string]bool{}
	series := func() []event.Counts {
		if len(buckets) == 0 {
			return nil
		}
		return make([]event.Counts, len(buckets))
	}
	sum.Total.Series = series()
	everybody := map[string]bool{}
	count := func(at time.Time, value string, has bool, f func(*event.Counts)) {
		places := []*event.Group{&sum.Total}
		if has && q.By != event.ByNothing {
			if groups[value] == nil {
				groups[value], users[value] = &event.Group{Value: value, Series: series()}, map[string]bool{}
			}
			places = append(places, groups[value])
		}
		for _, g := range places {
			f(&g.Counts)
			if len(buckets) > 0 {
				f(&g.Series[at.Sub(buckets[0])/q.Bucket])
			}
		}
	}
	inside := func(at time.Time) bool { return !at.Before(q.Since) && at.Before(q.Until) }
	for i := range events {
		e := &events[i]
		if !inside(e.Time) || q.AccountID != "" && e.AccountID != q.AccountID {
			continue
		}
		value, has := q.By.Value(e)
		if wanted[e.Type] {
			count(e.Time, value, has, func(c *event.Counts) { c.Events++ })
			if e.UserID != "" && e.Type.IsError() {
				everybody[e.UserID] = true
				if has && q.By != event.ByNothing {
					users[value][e.UserID] = true
				}
			}
		}
		if e.FailsJoin() { // the tests' peers fail once
			count(e.Time, value, has && q.By != event.ByType, func(c *event.Counts) { c.FailedJoins++ })
		}
	}
	for i := range joins {
		if j := &joins[i]; inside(j.Time) {
			value, has := q.By.OfSubject(&j.Subject)
			count(j.Time, value, has, func(c *event.Counts) { c.Joins++ })
		}
	}
	for v, g := range groups {
		if q.Users {
			g.Counts.Users = int64(len(users[v]))
		}
		sum.Groups = append(sum.Groups, *g)
	}
	if q.Users {
		sum.Total.Counts.Users = int64(len(everybody))
	}
	event.SortGroups(sum.Groups)
	sum.Values = len(sum.Groups)
	if q.Top > 0 && len(sum.Groups) > q.Top {
		sum.Groups = sum.Groups[:q.Top]
	}
	return sum
}

var failures = []event.Type{event.ConnectFailed, event.JoinFailed, event.PublishFailed, event.SubscribeFailed, event.Disconnected}

// checkSummaries compares every kind of summary with counting one by one.
func checkSummaries(t *testing.T, when string, s event.Summarizer, events []event.Event, joins []event.Join) {
	t.Helper()
	whole := event.SummaryQuery{AccountID: "acme", Types: failures, Since: today.Add(-event.Day), Until: today.Add(2 * event.Day), Users: true}
	for _, by := range append([]event.Dimension{event.ByNothing}, event.Dimensions...) {
		for _, change := range []func(*event.SummaryQuery){
			func(*event.SummaryQuery) {},
			func(q *event.SummaryQuery) {
				q.Types = []event.Type{event.TrackAdded, event.JoinFailed, event.Recorded}
			},
			func(q *event.SummaryQuery) { q.Since, q.Bucket = q.Since.Add(5*time.Hour), event.Day },
			func(q *event.SummaryQuery) {
				q.Since, q.Until, q.Bucket = today.Add(7*time.Hour), today.Add(19*time.Hour), time.Hour
			},
			func(q *event.SummaryQuery) { q.Until, q.Top, q.Users = q.Until.Add(-time.Hour), 2, false },
			func(q *event.SummaryQuery) { q.AccountID = "nobody" },
		} {
			q := whole
			q.By = by
			change(&q)
			got, err := s.Summarize(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			of := joins
			if q.AccountID == "nobody" {
				of = nil
			}
			want := counted(q, events, of)
			got.Oldest = time.Time{}
			if len(got.Groups)+len(want.Groups) == 0 {
				got.Groups = want.Groups
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: by %q, %+v\n got %+v\nwant %+v", when, by, q, got, want)
			}
		}
	}
	q := whole
	q.By, q.Values = event.ByRoom, []string{"r\"3", "none"}
	got, err := s.Summarize(t.Context(), q)
	if err != nil || len(got.Groups) != 1 || got.Groups[0].Value != "r\"3" || got.Groups[0].Counts.Users == 0 {
		t.Errorf("%s: of one room: %+v, %v", when, got, err)
	}
}

func summaries(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	sum := summarizer(t, s)
	if got, err := sum.Summarize(t.Context(), event.SummaryQuery{Types: failures, Since: today, Until: today.Add(time.Hour)}); err != nil || got.Total.Counts != (event.Counts{}) || !got.Oldest.IsZero() {
		t.Errorf("of nothing: %+v, %v", got, err)
	}
	events := various(300)
	events[0].Time = today.Add(-event.Day)
	Add(t, s, events[:120]...)
	for _, e := range events[120:130] {
		Add(t, s, e)
	}
	Add(t, s, events[130:]...)
	Add(t, s, events[:5]...) // known
	var joins []event.Join
	for _, e := range events[:50] {
		joins = append(joins, event.Join{Time: e.Time, Subject: e.Subject})
	}
	for _, part := range [][]event.Join{joins[:20], joins[20:]} {
		if err := sum.CountJoins(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	checkSummaries(t, "at first", sum, events, joins)
	if got, err := sum.Summarize(t.Context(), event.SummaryQuery{AccountID: "acme", Since: today, Until: today.Add(time.Hour)}); err != nil || !got.Oldest.Equal(events[0].Time) {
		t.Errorf("the oldest hour is %v, want %v; %v", got.Oldest, events[0].Time, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	more := various(340)[300:]
	Add(t, s, more...)
	checkSummaries(t, "after a restart", summarizer(t, s), append(events, more...), joins)
}

func failedJoins(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	sum := summarizer(t, s)
	told := func(n int, typ event.Type, peer string, terminal bool, source event.Source) event.Event {
		e := Sample(n)
		e.Type, e.PeerID, e.Failure.Terminal, e.Source = typ, peer, terminal, source
		return e
	}
	check := func(when string, wantEvents, wantFailed int64) {
		t.Helper()
		got, err := sum.Summarize(t.Context(), event.SummaryQuery{AccountID: "acme", Types: failures, By: event.ByRole,
			Since: base.Truncate(time.Hour), Until: base.Truncate(time.Hour).Add(2 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if c := got.Total.Counts; c.Events != wantEvents || c.FailedJoins != wantFailed || len(got.Groups) > 0 && got.Groups[0].Counts != c {
			t.Errorf("%s: %+v, want %d events and %d failed joins", when, got, wantEvents, wantFailed)
		}
	}
	a := told(1, event.ConnectFailed, "p1", true, event.FromServer)
	Add(t, s, a)
	check("refused", 1, 1)
	Add(t, s, told(2, event.JoinFailed, "p1", true, event.FromBoth))
	check("and told of as the join that it was", 2, 1)
	Add(t, s, told(3, event.ConnectFailed, "p2", false, event.FromBoth), told(4, event.PublishFailed, "p2", true, event.FromBoth))
	check("tried again, and no join", 4, 1)
	Add(t, s, told(5, event.JoinFailed, "", true, event.FromBoth), told(6, event.JoinFailed, "", true, event.FromBoth))
	check("without a peer", 6, 3)
	seen, heard := told(7, event.ConnectFailed, "p3", true, event.FromServer), told(7, event.ConnectFailed, "p3", false, event.FromClient)
	Add(t, s, seen)
	check("refused again", 7, 4)
	Add(t, s, heard)
	check("after which the client says that it tries again", 7, 3)
	Add(t, s, told(8, event.JoinFailed, "p3", true, event.FromBoth))
	check("and then gives up", 8, 4)
}

func summariesAfterRemoval(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	sum := summarizer(t, s)
	events := various(300)
	Add(t, s, events...)
	joins := []event.Join{{Time: today.Add(-time.Hour), Subject: events[0].Subject}, {Time: today.Add(time.Hour), Subject: events[0].Subject}}
	if err := sum.CountJoins(t.Context(), joins); err != nil {
		t.Fatal(err)
	}
	remove := func(r event.Removal, goes func(*event.Event) bool) {
		t.Helper()
		for {
			n, err := s.Remove(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		var left []event.Event
		for _, e := range events {
			if !goes(&e) {
				left = append(left, e)
			}
		}
		events = left
	}
	remove(event.Removal{AccountID: "acme", UserID: "bob"}, func(e *event.Event) bool { return e.UserID == "bob" })
	checkSummaries(t, "after an erasure", sum, events, joins)
	remove(event.Removal{Before: today}, func(e *event.Event) bool { return e.Time.Before(today) })
	joins = joins[1:]
	checkSummaries(t, "after retention", sum, events, joins)
	back := Sample(1)
	back.UserID, back.Time, back.RoomID, back.PeerID = "bob", today, "r1", uuid.NewString()
	Add(t, s, back)
	events = append(events, back)
	checkSummaries(t, "after the erased user came back", sum, events, joins)
	remove(event.Removal{Before: today.Add(3 * event.Day)}, func(*event.Event) bool { return true })
	got, err := sum.Summarize(t.Context(), event.SummaryQuery{AccountID: "acme", Types: failures, By: event.ByFault, Users: true, Since: today.Add(-event.Day), Until: today.Add(3 * event.Day)})
	if err != nil || got.Total.Counts != (event.Counts{}) || len(got.Groups) != 0 {
		t.Errorf("of nothing any more: %+v, %v", got, err)
	}
}
