// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
)

// TestHowOftenTheClientIsHeard: failures of the last day, those a client told, and those
// of which its device told; of another account, of before, and track events do not count,
// and no more are looked at than may be.
func TestHowOftenTheClientIsHeard(t *testing.T) {
	w := serveWhy(t)
	now := time.Now().UTC()
	n := 0
	add := func(source event.Source, change func(*event.Event)) {
		t.Helper()
		n++
		e := event.Event{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Time: now.Add(-time.Hour), Type: event.JoinFailed, Source: source, Fault: fault.RoomFull.ID}
		e.AccountID, e.PeerID = "acme", fmt.Sprint("p-", n)
		if change != nil {
			change(&e)
		}
		if _, err := w.store.Append(t.Context(), []event.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	cover := func() api.WitnessCover {
		t.Helper()
		c, err := api.CoverOf(t.Context(), w.store, "acme", now)
		if err != nil {
			t.Fatal(err)
		}
		c.Since = time.Time{}
		return c
	}
	if c := cover(); c != (api.WitnessCover{}) {
		t.Errorf("of nothing: %+v", c)
	}
	add(event.FromServer, nil)
	add(event.FromServer, func(e *event.Event) {
		e.Extra = map[string]json.RawMessage{event.WitnessField: json.RawMessage(`{"online":true}`)}
	})
	add(event.FromClient, nil)
	add(event.FromBoth, nil)
	add(event.FromClient, func(e *event.Event) { e.Time = now.Add(-25 * time.Hour) })
	add(event.FromClient, func(e *event.Event) { e.AccountID = "umbrella" })
	add(event.FromServer, func(e *event.Event) { e.Type, e.Fault = event.TrackAdded, "" })
	if c := cover(); c != (api.WitnessCover{Total: 4, Looked: 4, Client: 2, Device: 1}) {
		t.Errorf("%+v", c)
	}
	many := make([]event.Event, 1100)
	for i := range many {
		many[i] = event.Event{ID: fmt.Sprintf("00000000-0000-4000-9000-%012d", i), Time: now, Type: event.JoinFailed, Source: event.FromClient}
		many[i].AccountID = "acme"
	}
	if _, err := w.store.Append(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	if c := cover(); c != (api.WitnessCover{Total: 1104, Looked: 1000, Client: 1000}) {
		t.Errorf("%+v", c)
	}
}
