// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

// TestWhatSetsACauseApart: what is more frequent among the tries that failed than chance
// explains stands out, with both counts; a failure that was provoked is not compared, a
// try that failed twice is one, and without a difference nothing stands out.
func TestWhatSetsACauseApart(t *testing.T) {
	w := serveWhy(t)
	at := time.Now().UTC().Add(-time.Hour)
	agent := func(version string) event.Agent { return event.Agent{SDK: "web", SDKVersion: version} }
	var joins []event.Join
	for n := range 300 {
		version := "1.0"
		if n < 60 {
			version = "2.0"
		}
		joins = append(joins, event.Join{Time: at, Subject: event.Subject{
			AccountID: "acme", RoomID: w.room, PeerID: fmt.Sprint("p-", n), UserID: fmt.Sprint("u-", n), UserProof: event.ProofToken, Role: "guest", Agent: agent(version),
		}})
	}
	if err := w.store.CountJoins(t.Context(), joins); err != nil {
		t.Fatal(err)
	}
	seq := int64(0)
	fail := func(cause string, peer int, change ...func(*event.Event)) {
		t.Helper()
		seq++
		w.failed(append([]func(*event.Event){func(e *event.Event) {
			e.Time, e.PeerID, e.UserID, e.Agent = at, fmt.Sprint("p-", peer), fmt.Sprint("u-", peer), joins[peer].Agent
		}}, change...)...)
		verdict := event.Verdict{Seq: seq, Diagnosis: event.Diagnosis{Cause: cause, Confidence: "likely", Rules: "x"}}
		if err := w.store.Diagnose(t.Context(), []event.Verdict{verdict}, seq); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 30 { // nearly all by those of version 2.0
		fail(fault.NetworkLost.ID, n)
	}
	fail(fault.NetworkLost.ID, 0)
	fail(fault.NetworkLost.ID, 100)
	fail(fault.NetworkLost.ID, 101, func(e *event.Event) { e.Injected = true })
	for n := range 20 { // a fifth by those of version 2.0, as all tries
		fail(fault.TokenExpired.ID, 50+n*5/2)
	}

	w.get("/api/v1/causes/" + fault.NetworkLost.ID).ok().has(object{
		"cause": fault.NetworkLost.ID, "title": fault.NetworkLost.Title, "failures": 33, "users": 32, "new": true, "muted": nil, "bucket": "hour", "trend.24": nil,
		"apart.failures": 32, "apart.provoked": 1, "apart.failed": 31, "apart.tries": 300,
		"apart.stands_out.0.by": "sdk_version", "apart.stands_out.0.value": "web 2.0", "apart.stands_out.0.failed": 30, "apart.stands_out.0.tries": 60, "apart.stands_out.1": nil,
		"versions.0.value": "web 2.0", "versions.0.failed": 30, "versions.1.value": "web 1.0", "versions.1.failed": 1, "versions.1.tries": 240, "versions.2": nil,
	})
	r := w.get("/api/v1/causes/" + fault.TokenExpired.ID).ok().has(object{"failures": 20, "apart.failed": 20, "apart.tries": 300, "apart.stands_out": []any{}})
	if r.str("first_seen") != at.Format(time.RFC3339Nano) || r.str("last_seen") != at.Format(time.RFC3339Nano) {
		t.Errorf("seen: %s", r.raw)
	}
	// It is what the list says of it.
	list := w.get("/api/v1/causes").ok()
	one := w.get("/api/v1/causes/" + list.str("causes.0.cause")).ok()
	for _, field := range []string{"failures", "users", "before", "first_seen", "last_seen", "new", "rising"} {
		if a, b := list.at("causes.0."+field), one.at(field); a != b {
			t.Errorf("%s: %v in the list, %v by itself", field, a, b)
		}
	}

	none := object{"failures": 0, "first_seen": nil, "last_seen": nil, "new": false, "versions": []any{}, "apart.stands_out": []any{}, "apart.failed": 0}
	w.get("/api/v1/causes/" + fault.RoomFull.ID).ok().has(none)
	w.as(mint(t, umbrella, token.Claims{Type: token.Management})).get("/api/v1/causes/" + fault.NetworkLost.ID).ok().has(none)
	w.get("/api/v1/causes/nothing").refused(404, fault.CatalogueUnknown.ID, "cause")
	w.get("/api/v1/causes/"+fault.RoomFull.ID+"?since=x").refused(400, fault.FieldInvalid.ID, "since")
	w.get("/api/v1/causes/"+fault.RoomFull.ID+"?x=1").refused(400, fault.FieldInvalid.ID, "x")
}

// TestOnlyTheLatestFailuresAreCompared: reading ends after so many, however many there
// are, and all tries are counted since then only.
func TestOnlyTheLatestFailuresAreCompared(t *testing.T) {
	w := serveWhy(t)
	now := time.Now().UTC()
	var verdicts []event.Verdict
	var events []event.Event
	for n := range 1200 {
		e := event.Event{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Time: now.Add(-5 * time.Hour), Type: event.JoinFailed, Source: event.FromServer, Fault: fault.RoomFull.ID}
		if n >= 200 {
			e.Time = now.Add(-time.Minute)
		}
		e.AccountID, e.PeerID = "acme", fmt.Sprint("p-", n)
		events = append(events, e)
		verdicts = append(verdicts, event.Verdict{Seq: int64(n + 1), Diagnosis: event.Diagnosis{Cause: fault.RoomFull.ID, Confidence: "proven", Rules: "x"}})
	}
	if _, err := w.store.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Diagnose(t.Context(), verdicts, int64(len(verdicts))); err != nil {
		t.Fatal(err)
	}
	r := w.get("/api/v1/causes/" + fault.RoomFull.ID).ok().has(object{"failures": 1200, "apart.failures": 1000, "apart.failed": 1000})
	if want := now.Add(-time.Minute).Truncate(time.Hour).Format(time.RFC3339); r.str("apart.since") != want {
		t.Errorf("compared since %s, want %s", r.str("apart.since"), want)
	}
}

// TestChance holds the tail against cases that can be counted by hand.
func TestChance(t *testing.T) {
	for _, c := range []struct {
		with, failed, allWith, all int64
		want                       float64
	}{
		{0, 5, 5, 10, 1},
		{2, 2, 5, 10, 10.0 / 45},           // C(5,2) of C(10,2)
		{1, 2, 5, 10, 1 - 10.0/45},         // all but none of them
		{5, 5, 5, 10, 1.0 / 252},           // one of C(10,5)
		{3, 3, 10, 10, 1},                  // all have it
		{1, 1, 1, 1_000_000, 1.0 / 1e6},    // one in a million
		{300, 1000, 300_000, 1_000_000, 0}, // as all: about a half
	} {
		got := api.AtLeast(c.with, c.failed, c.allWith, c.all)
		if c.want == 0 {
			if got < 0.4 || got > 0.6 {
				t.Errorf("%+v: %v", c, got)
			}
		} else if math.Abs(got-c.want) > 1e-6*c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
