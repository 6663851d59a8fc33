// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

// timeline reads a reply as package admin does.
func timeline(t *testing.T, r reply) (tl admin.Timeline, marks []admin.TimelineMark) {
	t.Helper()
	if err := json.Unmarshal(r.ok().raw, &tl); err != nil {
		t.Fatal(err)
	}
	return tl, tl.All()
}

// TestTimeline: what happened in a session is one list in the order of time, on lanes of
// who told it, with failures of one trouble as one incident.
func TestTimeline(t *testing.T) {
	w := serveWhy(t)
	at := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)
	when := func(after time.Duration, more ...func(*event.Event)) func(*event.Event) {
		return func(e *event.Event) {
			e.Time = at.Add(after)
			for _, f := range more {
				f(e)
			}
		}
	}
	of := func(peer string) func(*event.Event) { return func(e *event.Event) { e.PeerID = peer } }
	faulty := func(id string) func(*event.Event) { return func(e *event.Event) { e.Fault = id } }
	track := func(e *event.Event) {
		*e = event.Event{ID: e.ID, Time: e.Time, Subject: e.Subject, Source: event.FromServer, Type: event.TrackAdded, Track: &event.Track{ID: "t", Kind: "audio"}}
	}
	lost := w.failed(when(70*time.Second, of("mia-1")))
	w.failed(when(100*time.Second, of("mia-1"), faulty(fault.PublishTimeout.ID))) // another symptom of that trouble
	w.failed(when(0, of("mia-1"), track))
	later := w.failed(when(200*time.Second, of("mia-1")))
	w.failed(when(75*time.Second, of("ole-1")))
	w.failed(when(80*time.Second, of("mia-1"), faulty(fault.TrackLimit.ID)))                        // another trouble
	w.failed(when(90*time.Second, func(e *event.Event) { e.SessionID = "s2" }))                     // of another session
	w.failed(when(90*time.Second, func(e *event.Event) { e.AccountID, e.PeerID = "umbrella", "" })) // of another account

	tl, marks := timeline(t, w.get("/api/v1/sessions/s1/timeline"))
	var order []string
	for _, m := range marks {
		order = append(order, fmt.Sprintf("%d %s %s %s %s %d", int(m.At.Sub(at).Seconds()), m.Source, m.Peer, m.Type, m.Fault, m.Incident))
	}
	if want := []string{
		"0 server mia-1 track.add.success  -1",
		"70 server mia-1 client.publish.failed ice.failed 0",
		"75 server ole-1 client.publish.failed ice.failed 1",
		"80 server mia-1 client.publish.failed " + fault.TrackLimit.ID + " 2",
		"100 server mia-1 client.publish.failed " + fault.PublishTimeout.ID + " 0",
		"200 server mia-1 client.publish.failed ice.failed 3",
	}; !slices.Equal(order, want) {
		t.Errorf("marks\n%q\nwant\n%q", order, want)
	}
	if tl.Total != 6 || !tl.Complete || tl.Incidents != 4 || tl.Incident[0].ID != lost || tl.Incident[3].ID != later || tl.Incident[0].Confidence != "" {
		t.Errorf("%+v", tl)
	}

	// A window cuts what is no incident, and gives incidents that touch it whole.
	from := at.Add(95 * time.Second).Format(time.RFC3339)
	tl, marks = timeline(t, w.get("/api/v1/sessions/s1/timeline?from="+from+"&to="+at.Add(101*time.Second).Format(time.RFC3339)))
	if len(marks) != 2 || tl.Incident[0].ID != lost || len(tl.Incident[0].Marks) != 2 || tl.Total != 6 {
		t.Errorf("within: %+v", tl)
	}
	tl, marks = timeline(t, w.get("/api/v1/sessions/s1/timeline?peer=ole-1"))
	if len(marks) != 1 || marks[0].Peer != "ole-1" || tl.Total != 1 {
		t.Errorf("of one: %+v", tl)
	}

	// What is told late stands where it happened.
	w.failed(func(e *event.Event) {
		e.Time, e.Source, e.SessionID, e.PeerID, e.Client = at.Add(26*time.Hour), event.FromClient, "s3", "lia-1", nil
		e.ClientTime, e.Happened, e.HappenedError = at, at.Add(time.Second), 100*time.Millisecond
	})
	// As known before it was told, there is nothing; nor is there a verdict that came later.
	tl, _ = timeline(t, w.get("/api/v1/sessions/s3/timeline?as_known_at="+at.Add(25*time.Hour).Format(time.RFC3339)))
	if tl.Total != 0 || tl.Incidents != 0 {
		t.Errorf("as known before: %+v", tl)
	}
	_, marks = timeline(t, w.get("/api/v1/sessions/s3/timeline"))
	if len(marks) != 1 || marks[0].Source != "client" || !marks[0].At.Equal(at.Add(time.Second)) || marks[0].Told != 26*time.Hour-time.Second {
		t.Errorf("told late: %+v", marks)
	}

	// The kept verdict is told.
	if err := w.store.Diagnose(t.Context(), []event.Verdict{{Seq: 1, Diagnosis: event.Diagnosis{Cause: fault.NetworkLost.ID, Confidence: "likely", Rules: "x"}}}, 1); err != nil {
		t.Fatal(err)
	}
	w.get("/api/v1/sessions/s1/timeline").ok().has(object{"incident.0.cause": fault.NetworkLost.ID, "incident.0.title": fault.NetworkLost.Title, "incident.0.confidence": "likely"})
	then := "?as_known_at=" + at.Add(76*time.Second).Format(time.RFC3339)
	tl, marks = timeline(t, w.get("/api/v1/sessions/s1/timeline"+then))
	if len(marks) != 3 || tl.Incidents != 2 || tl.Incident[0].ID != lost || len(tl.Incident[0].Marks) != 1 || tl.Incident[0].Cause != "" {
		t.Errorf("as known at the 76th second: %+v", tl)
	}
	w.get("/api/v1/diagnoses" + then + "&order=asc").ok().has(object{"total": 2.0, "diagnoses.0.failure.id": lost, "diagnoses.0.as_known_at": at.Add(76 * time.Second).Format(time.RFC3339), "diagnoses.2": nil})
	w.get("/api/v1/diagnoses?as_known_at=2020-01-01T00:00:00Z").ok().has(object{"total": 0.0, "diagnoses.0": nil})

	w.get("/api/v1/sessions/nothing/timeline").refused(404, fault.SessionNotFound.ID)
	w.as(mint(t, umbrella, token.Claims{Type: token.Management})).get("/api/v1/sessions/s2/timeline").refused(404, fault.SessionNotFound.ID)
	for query, field := range map[string]string{"from=x": "from", "to=x": "to", "from=" + from + "&to=" + from: "to", "as_known_at=x": "as_known_at", "x=1": "x", "peer=": "peer"} {
		w.get("/api/v1/sessions/s1/timeline?"+query).refused(400, fault.FieldInvalid.ID, field)
	}
}

// manyMarks is what a session of so many events with some hundred people is made of.
func manyMarks(n int) []event.Mark {
	r := rand.New(rand.NewPCG(1, 2))
	peers := make([]string, 200)
	for i := range peers {
		peers[i] = uuid.NewString()
	}
	at, marks := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), make([]event.Mark, n)
	for i := range marks {
		at = at.Add(time.Duration(r.IntN(300)) * time.Millisecond)
		m := event.Mark{Time: at, Happened: at, Type: event.TrackUpdated, Source: event.FromServer, PeerID: peers[r.IntN(len(peers))]}
		if r.IntN(20) == 0 {
			m.ID, m.Type, m.Source, m.Fault = uuid.New(), event.SubscribeFailed, event.FromBoth, fault.ICEFailed.ID
		}
		marks[i] = m
	}
	return marks
}

// TestATimelineIsSmall: 100,000 events are given whole, in some 1.3 MB; more are cut, and
// a window finds them. However many incidents there are, so many are told of.
func TestATimelineIsSmall(t *testing.T) {
	marks := manyMarks(100_001)
	size, complete, incidents := api.TimelineOf(marks[:100_000], time.Time{})
	if size > 1_500_000 || !complete {
		t.Errorf("%d bytes, complete %v", size, complete)
	}
	t.Logf("%d bytes, %d incidents", size, incidents)
	if _, complete, _ := api.TimelineOf(marks, time.Time{}); complete {
		t.Error("100,001 marks are all given")
	}
	if _, complete, _ := api.TimelineOf(marks, marks[50].Happened); !complete {
		t.Error("a window does not find the last")
	}
	for i := range marks {
		marks[i].ID, marks[i].Type, marks[i].Fault, marks[i].PeerID = uuid.New(), event.JoinFailed, fault.TokenExpired.ID, "" // each a trouble of its own
	}
	if size, _, told := api.TimelineOf(marks, time.Time{}); told != 1000 || size > 2_000_000 {
		t.Errorf("%d incidents are told of in %d bytes", told, size)
	}
}

// BenchmarkTimeline reads a session of 20,000 events from the store.
func BenchmarkTimeline(b *testing.B) {
	w := serveWhy(b)
	var events []event.Event
	for i, m := range manyMarks(20_000) {
		events = append(events, event.Event{
			ID: uuid.NewString(), Time: m.Time, Type: m.Type, Source: event.FromServer, Fault: m.Fault,
			Subject: event.Subject{AccountID: "acme", RoomID: w.room, SessionID: "s1", PeerID: m.PeerID, UserID: fmt.Sprint("u-", i%200)},
		})
	}
	for some := range slices.Chunk(events, 500) {
		if _, err := w.store.Append(context.Background(), some); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := w.store.Timeline(b.Context(), event.TimelineQuery{AccountID: "acme", SessionID: "s1", Limit: 100_000}, func(*event.Mark) { n++ }); err != nil || n != 20_000 {
			b.Fatal(n, err)
		}
	}
}
