// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package eventtest holds the behaviours that every event store must show.
package eventtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Open opens the store kept in a data directory.
type Open func(t testing.TB, dir string) event.Store

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"what was appended can be read", readBack},
		{"every filter", filters},
		{"pages are a snapshot", snapshot},
		{"newest first", newestFirst},
		{"a cursor is bound, signed and mortal", cursors},
		{"an account sees its own events", perAccount},
		{"the same report counts once", duplicates},
		{"two accounts of one failure are one event", pairs},
		{"what is added to an event later is part of it", amended},
		{"what is removed is gone and not counted", removal},
		{"accounts keep their events for different times", retentions},
		{"a tail reads on without a gap", tail},
		{"readers page while a writer runs and old events go", together},
		{"the clock jumps", clockJumps},
		{"a closed store says so", closed},
		{"summaries count what is there", summaries},
		{"an attempt to join that failed counts once", failedJoins},
		{"erased users and old events are not counted", summariesAfterRemoval},
		{"every failure has its verdict, once", diagnoses},
		{"a failure with what is near it", cases},
		{"a failure with a flood around it", fullCases},
		{"a failure in a flood of its own peer's", crowdedCases},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

// base is when the events of the suite happen: recent, so that none is old.
var base = time.Now().UTC().Add(-time.Hour).Truncate(time.Second)

// Sample makes a failure that has everything, n telling it from others.
func Sample(n int) event.Event {
	return event.Event{
		ID:   uuid.Must(uuid.NewV7()).String(),
		Time: base.Add(time.Duration(n) * time.Millisecond),
		Type: event.PublishFailed,
		Subject: event.Subject{
			AccountID: "acme", UserID: fmt.Sprintf("user-%d", n%7), UserName: "Ann \"A\" O'Neil, Zürich\n",
			PeerID: fmt.Sprintf("peer-%d", n%11), RoomID: fmt.Sprintf("room-%d", n%3), SessionID: fmt.Sprintf("session-%d", n%5),
			RoomName: "lobby", TemplateID: "template-1", Role: "host",
			Agent: event.ParseAgent("os:web_Linux,os_version:,sdk:web,sdk_version:0.15.2,device_model:Chromium_156.0.0.0,is_prebuilt:true,framework:js"),
		},
		Failure: event.Failure{Code: 4006, Name: "ICEDisconnected", Message: "[PUBLISH]: Ice connection state DISCONNECTED", Description: "local candidate - undefined", Terminal: n%2 == 0},
		Action:  "PUBLISH", Domain: "CUSTOM",
		Extra:      map[string]json.RawMessage{"video": json.RawMessage(`{"height":720}`), "retries_join": json.RawMessage("0")},
		Fault:      fault.Internal.ID,
		Op:         fault.OpPublish,
		Source:     event.FromBoth, // so that the suite's events do not pair unless asked to
		ClientTime: base.Add(time.Duration(n) * time.Millisecond).Add(-time.Second),
	}
}

// SampleTrack makes a track event.
func SampleTrack(n int) event.Event {
	e := Sample(n)
	e.Type, e.Failure, e.Action, e.Domain, e.Extra, e.Fault, e.Op, e.ClientTime = event.TrackAdded, event.Failure{}, "", "", nil, "", "", time.Time{}
	e.Source = event.FromServer
	e.Track = &event.Track{ID: fmt.Sprintf("track-%d", n), StreamID: "stream", Kind: "audio", Source: "regular", Muted: true, PeerJoinedAt: base, StartedAt: base.Add(time.Second)}
	return e
}

// Add appends events and fails the test when it cannot.
func Add(t testing.TB, s event.Store, events ...event.Event) []event.Outcome {
	t.Helper()
	out, err := s.Append(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(events) {
		t.Fatalf("%d outcomes for %d events", len(out), len(events))
	}
	return out
}

// All reads every page of a query with a paging loop like that of any client.
func All(t testing.TB, s event.Store, q event.Query) (events []event.Event, total int) {
	t.Helper()
	for first := true; ; first = false {
		page, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if !first && page.Total != total {
			t.Errorf("total changed from %d to %d while paging", total, page.Total)
		}
		total = page.Total
		events = append(events, page.Events...)
		if page.Next == "" {
			return events, total
		}
		if len(page.Events) == 0 {
			t.Fatal("an empty page has a next one")
		}
		q.Start = page.Next
	}
}

func ids(events []event.Event) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = e.ID
	}
	return list
}

func equal(t testing.TB, what string, got, want []event.Event) {
	t.Helper()
	if g, w := ids(got), ids(want); !slices.Equal(g, w) {
		t.Errorf("%s: got %d events %s\nwant %d events %s", what, len(g), brief(g), len(w), brief(w))
	}
}

func brief(list []string) string {
	if len(list) > 12 {
		list = append(slices.Clone(list[:12]), "...")
	}
	return strings.Join(list, " ")
}

func refused(t testing.TB, err error, field, says string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.FieldInvalid || f.Detail("field") != field || !strings.Contains(f.Safe(), says) {
		t.Errorf("got %v, want %s naming %q and saying %q", err, fault.FieldInvalid.ID, field, says)
	}
}

func text(t testing.TB, e event.Event) string {
	t.Helper()
	return string(eventjson.Append(nil, &e))
}
