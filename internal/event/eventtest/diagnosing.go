// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// diagnoser gives the store's verdicts, or skips the test.
func diagnoser(t testing.TB, s event.Store) event.Diagnoser {
	t.Helper()
	d, ok := s.(event.Diagnoser)
	if !ok {
		t.Skip("this store keeps no verdicts")
	}
	return d
}

// diagnoses: every failure has its turn once, in order, and what was said of it can
// be read, asked for and counted, also by the next process.
func diagnoses(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	d := diagnoser(t, s)
	old := Sample(0)
	old.Time = time.Now().Add(-event.DiagnosedWithin - time.Hour)
	all := []event.Event{old}
	var failures []event.Event
	for i := range 12 {
		e := Sample(i)
		if i%4 == 3 {
			e = SampleTrack(i)
		} else {
			failures = append(failures, e)
		}
		all = append(all, e)
	}
	fresh := Sample(50)
	fresh.Time = time.Now()
	late := Sample(51) // held up by the disk: behind one whose time has not come
	Add(t, s, append(all, fresh, late)...)
	due := time.Now().Add(-event.PairWindow)

	if n, oldest, err := d.CountUndiagnosed(t.Context()); err != nil || n != len(failures)+2 && n != len(failures)+3 {
		t.Errorf("%d wait since %v, %v", n, oldest, err)
	}
	words := event.Confidences
	causes := []string{fault.ICEFailed.ID, "", fault.SignalLost.ID}
	var given []event.Event
	turn := func(n int) int {
		u, err := d.Undiagnosed(t.Context(), due, n)
		if err != nil {
			t.Fatal(err)
		}
		var verdicts []event.Verdict
		for _, e := range u.Events {
			i := len(given)
			v := event.Diagnosis{Cause: causes[i%len(causes)], Confidence: words[i%len(words)], Rules: "test-1"}
			verdicts = append(verdicts, event.Verdict{Seq: e.Seq, Diagnosis: v})
			e.Diagnosis = &v
			given = append(given, e)
		}
		if err := d.Diagnose(t.Context(), verdicts, u.Upto); err != nil {
			t.Fatal(err)
		}
		if at, err := d.DiagnosedUpTo(t.Context()); err != nil || at != u.Upto {
			t.Fatalf("it is said to have come to %d, %v; that was %d", at, err, u.Upto)
		}
		return len(u.Events)
	}
	if n := turn(4); n != 4 {
		t.Fatalf("%d had their turn", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	d = diagnoser(t, s)
	for turn(4) > 0 {
	}
	equal(t, "those that had a turn", given, failures)
	if n, oldest, err := d.CountUndiagnosed(t.Context()); err != nil || n != 2 || oldest.After(late.Time.Add(time.Millisecond)) {
		t.Errorf("%d wait since %v, %v", n, oldest, err)
	}

	where := func(keep func(*event.Diagnosis) bool) (list []event.Event) {
		for _, e := range given {
			if keep(e.Diagnosis) {
				list = append(list, e)
			}
		}
		return list
	}
	check := func(what string, q event.Query, keep func(*event.Diagnosis) bool) {
		t.Helper()
		q.AccountID, q.Limit = "acme", 3
		got, total := All(t, s, q)
		want := where(keep)
		equal(t, what, got, want)
		if total != len(want) {
			t.Errorf("%s: the total is %d, want %d", what, total, len(want))
		}
		for i := range got {
			if got[i].Diagnosis == nil || i < len(want) && *got[i].Diagnosis != *want[i].Diagnosis {
				t.Errorf("%s: %s has %+v", what, got[i].ID, got[i].Diagnosis)
			}
		}
	}
	check("by cause", event.Query{Diagnoses: []string{fault.ICEFailed.ID}}, func(d *event.Diagnosis) bool { return d.Cause == fault.ICEFailed.ID })
	check("by causes", event.Query{Diagnoses: []string{fault.ICEFailed.ID, fault.SignalLost.ID}}, func(d *event.Diagnosis) bool { return d.Cause != "" })
	check("by confidence", event.Query{Confidences: []string{"proven", "not known"}}, func(d *event.Diagnosis) bool { return d.Confidence == "proven" || d.Confidence == "not known" })
	check("by both", event.Query{Diagnoses: []string{fault.ICEFailed.ID}, Confidences: []string{"proven"}, RoomID: "room-0"},
		func(d *event.Diagnosis) bool { return d == given[0].Diagnosis })
	check("any", event.Query{Diagnosed: true}, func(*event.Diagnosis) bool { return true })
	tail, err := s.Query(t.Context(), event.Query{AccountID: "acme", Diagnosed: true, Errors: true, Tail: true, After: given[3].Seq, Limit: event.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "those after a place", tail.Events, given[4:])

	// What was said stays, whoever says something else later.
	if err := d.Diagnose(t.Context(), []event.Verdict{{Seq: given[0].Seq, Diagnosis: event.Diagnosis{Confidence: "likely", Rules: "test-2"}}}, 0); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Get(t.Context(), given[0].ID); err != nil || e.Diagnosis == nil || *e.Diagnosis != *given[0].Diagnosis {
		t.Errorf("%+v, %v", e.Diagnosis, err)
	}

	sum, err := summarizer(t, s).Summarize(t.Context(), event.SummaryQuery{AccountID: "acme", By: event.ByDiagnosis, Types: event.Types,
		Since: base.Truncate(time.Hour), Until: base.Add(2 * time.Hour).Truncate(time.Hour), Users: true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, cause := range causes {
		list := where(func(d *event.Diagnosis) bool { return d.Cause == cause })
		users := map[string]bool{}
		for _, e := range list {
			users[e.UserID] = true
		}
		want[cause] = fmt.Sprint(len(list), " ", len(users))
	}
	for _, g := range sum.Groups {
		if got := fmt.Sprint(g.Counts.Events, " ", g.Counts.Users); want[g.Value] != got {
			t.Errorf("by cause %q: %s, want %s", g.Value, got, want[g.Value])
		}
		delete(want, g.Value)
	}
	if len(want) > 0 {
		t.Errorf("no groups for %v", want)
	}

	// What is removed is counted no longer, and its place holds up nobody.
	for _, user := range []string{given[0].UserID, late.UserID} {
		for {
			n, err := s.Remove(t.Context(), event.Removal{AccountID: "acme", UserID: user})
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
	}
	keep := func(d *event.Diagnosis) bool {
		i := -1
		for j := range given {
			if given[j].Diagnosis == d {
				i = j
			}
		}
		return given[i].UserID != given[0].UserID && given[i].UserID != late.UserID
	}
	check("any that was not removed", event.Query{Diagnosed: true}, keep)
}
