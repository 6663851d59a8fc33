// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

// searched has two people called Mia, one of whom got in, and somebody who was refused
// before a name was told, an hour ago.
func searched(t testing.TB) (w *why, at time.Time) {
	w = serveWhy(t)
	at = time.Now().UTC().Add(-time.Hour)
	w.failed(func(e *event.Event) { e.Time = at })
	w.failed(func(e *event.Event) {
		e.Time, e.PeerID, e.UserID, e.UserName, e.Type = at.Add(2*time.Minute), "mia-2", "u-18", "Mia Okafor", event.JoinFailed
		e.Failure.Terminal = true
	})
	w.failed(func(e *event.Event) {
		e.Time, e.PeerID, e.UserID, e.UserName, e.UserProof, e.Type, e.Fault = at.Add(time.Minute), "", "", "", "", event.JoinFailed, fault.TokenExpired.ID
		e.Failure.Terminal = true
	})
	if err := w.store.CountJoins(context.Background(), []event.Join{{Time: at.Add(10 * time.Minute), Subject: event.Subject{
		AccountID: "acme", UserID: "u-17", UserProof: event.ProofToken, UserName: "Mia Lang", PeerID: "mia-3", RoomID: w.room, RoomName: "consult"}}}); err != nil {
		t.Fatal(err)
	}
	return w, at
}

// TestSearch: support knows a name and a time, and has each attempt with its outcome,
// its failure and the verdict.
func TestSearch(t *testing.T) {
	w, at := searched(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	words := at.In(berlin).Format("2006-01-02 15:04")
	r := w.post("/api/v1/search", object{"text": "MIA " + words, "zone": "Europe/Berlin"}).ok()
	r.has(object{
		"understood.name": "MIA", "understood.zone": "Europe/Berlin", "people": 2, "more": false, "indexed": 1,
		"attempts.0.peer_id": "mia-2", "attempts.0.outcome": "failed", "attempts.0.match": "whole", "attempts.0.failure.type": "client.join.failed", "attempts.0.failure.fault": "ice.failed",
		"attempts.1.peer_id": "mia-1", "attempts.1.outcome": "trouble", "attempts.1.room_name": "consult", "attempts.1.user_name": "Mia Lang",
		"attempts.2.peer_id": "mia-3", "attempts.2.outcome": "fine", "attempts.2.failure": nil, "attempts.2.verdict": nil,
		"perhaps.0.guess.reason": "room", "perhaps.0.failure.fault": "token.expired", "perhaps.0.user_name": nil,
	})
	if since := r.str("understood.since"); since != at.Truncate(time.Minute).Add(-30*time.Minute).Format(time.RFC3339) {
		t.Errorf("since %s", since)
	}
	if r.str("attempts.0.verdict.says") == "" || r.str("attempts.0.verdict.confidence") == "" || r.str("perhaps.0.guess.says") == "" {
		t.Errorf("in words: %s", r.raw)
	}
	// The verdict that is kept is told without explaining anew.
	if err := w.store.Diagnose(t.Context(), []event.Verdict{{Seq: 2, Diagnosis: event.Diagnosis{Cause: fault.NetworkLost.ID, Confidence: "likely", Rules: "x"}}}, 2); err != nil {
		t.Fatal(err)
	}
	w.post("/api/v1/search", object{"text": "okafor"}).ok().has(object{"attempts.0.verdict.cause": fault.NetworkLost.ID, "attempts.0.verdict.confidence": "likely"})

	for _, c := range []struct {
		body object
		want object
	}{
		{object{"text": "okafor consult"}, object{"people": 1, "understood.name": "okafor", "understood.room_id": w.room}}, // a word may be the room's
		{object{"text": "consult"}, object{"people": 3, "understood.name": nil, "understood.room_id": w.room}},
		{object{"text": "mia", "room": "standup"}, object{"people": 0}},
		{object{"text": "mia", "outcome": "fine"}, object{"people": 1, "attempts.0.peer_id": "mia-3"}},
		{object{"text": "mia", "limit": 1}, object{"more": true, "attempts.1": nil}},
		{object{"text": "mia", "since": at.Add(5 * time.Minute).Format(time.RFC3339)}, object{"people": 1, "attempts.0.peer_id": "mia-3"}},
		{object{"room": "consult", "until": at.Add(30 * time.Second).Format(time.RFC3339)}, object{"people": 1, "attempts.0.peer_id": "mia-1"}},
		{object{"text": `"mia" last 2h`}, object{"people": 2}},
		{object{"text": "u-17"}, object{"people": 1}},
		{object{"text": "mia-2"}, object{"people": 1, "attempts.0.user_name": "Mia Okafor"}},
		{object{"text": "nobody"}, object{"people": 0, "attempts": []any{}}},
		{object{"text": "\u202emia\u202c <script>"}, object{"people": 0}},
	} {
		r := w.post("/api/v1/search", c.body).ok()
		if c.want["attempts"] != nil {
			delete(c.want, "attempts")
			if list, ok := r.at("attempts").([]any); !ok || len(list) != 0 {
				t.Errorf("%v: %s", c.body, r.raw)
			}
		}
		r.has(c.want)
	}
}

// TestAFailureOfBeforeTheJoinHasItsPersonsName: an app tells of a camera that fails before
// anybody is in, and who it was is known once she is.
func TestAFailureOfBeforeTheJoinHasItsPersonsName(t *testing.T) {
	w, at := searched(t)
	nameless := func(peer string) string {
		return w.failed(func(e *event.Event) {
			e.Time, e.PeerID, e.UserID, e.UserName, e.UserProof = at.Add(9*time.Minute), peer, "", "", ""
		})
	}
	w.get("/api/v1/events/" + nameless("mia-3") + "/diagnosis").ok().has(object{"failure.user_name": "Mia Lang"})
	w.get("/api/v1/events/" + nameless("nobody") + "/diagnosis").ok().has(object{"failure.user_name": nil})
}

// TestWhoMaySearch: whoever has a management token, among the people of its account.
func TestWhoMaySearch(t *testing.T) {
	w, _ := searched(t)
	w.as(mint(t, umbrella, token.Claims{Type: token.Management})).post("/api/v1/search", object{"text": "mia"}).ok().has(object{"people": 0})
	w.as("").post("/api/v1/search", object{"text": "mia"}).refused(http.StatusUnauthorized, "token.missing")
	w.as(mint(t, acme, token.Claims{Type: token.App, RoomID: w.room, Role: "host"})).post("/api/v1/search", object{"text": "mia"}).refused(http.StatusUnauthorized, "token.kind")
}

// TestBadSearches: what cannot be searched for is refused by the name of its field.
func TestBadSearches(t *testing.T) {
	w := serveWhy(t)
	long := strings.Repeat("x", event.MaxNameBytes+1)
	for field, body := range map[string]object{
		"text": {"text": long}, "room": {"text": "mia", "room": long}, "zone": {"text": "mia", "zone": "Mars/Base"}, "since": {"text": "mia", "since": "yesterday"},
		"until": {"text": "mia", "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "outcome": {"text": "mia", "outcome": "bad"}, "limit": {"text": "mia", "limit": 101},
	} {
		w.post("/api/v1/search", body).refused(http.StatusBadRequest, "request.field_invalid", field)
	}
	for _, zone := range []string{"Local", "../../etc/passwd", "/etc/passwd", "\x00", "Europe/Berlin\n"} {
		w.post("/api/v1/search", object{"text": "mia", "zone": zone}).refused(http.StatusBadRequest, "request.field_invalid", "zone")
	}
	w.post("/api/v1/search", object{"text": "mia", "limit": "x"}).refused(http.StatusBadRequest, "request.field_invalid", "limit")
	for _, body := range []object{{}, {"text": " "}, {"zone": "UTC"}, {"text": `""`}} {
		w.post("/api/v1/search", body).refused(http.StatusBadRequest, "request.field_missing", "text")
	}
	w.post("/api/v1/search", `{"text":"`+strings.Repeat("x", 9<<10)+`"}`).refused(http.StatusRequestEntityTooLarge, "request.too_large")
	// A store without the index says so.
	bare := serve(t, func(c *api.Config) {
		c.Routes = api.NewDiagnoses(api.DiagnosesConfig{Store: struct{ event.Store }{w.store}, Registry: c.Registry}).Routes()
	})
	bare.post("/api/v1/search", object{"text": "mia"}).refused(http.StatusBadRequest, "feature.unsupported")
}

// What the Go client sends and reads is what the server takes and tells.
func TestSearchOfTheAdminClient(t *testing.T) {
	w, at := searched(t)
	c, err := admin.New(admin.Config{URL: w.url, Token: w.token})
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.Diagnoses.Search(t.Context(), admin.PeopleSearch{Text: "mia", Zone: "UTC", Room: "consult", Since: at.Add(-time.Minute), Until: at.Add(time.Hour), Limit: 5})
	if err != nil || len(found.Attempts) != 3 || found.Attempts[0].Outcome != admin.AttemptFailed || found.Attempts[0].Verdict == nil || len(found.Perhaps) != 1 || found.Perhaps[0].Guess == nil ||
		found.Understood.Since.IsZero() || found.Attempts[0].Failure.At.IsZero() || found.Indexed != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	none, err := c.Diagnoses.Search(t.Context(), admin.PeopleSearch{Text: "mia", Outcome: admin.AttemptFailed, Room: "nowhere"})
	if err != nil || len(none.Attempts) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

// FuzzSearch: whatever is searched for, the answer is JSON, and never the server's fault.
func FuzzSearch(f *testing.F) {
	f.Add("mia yesterday 14:05", "Europe/Berlin", "consult", "failed", 5)
	f.Add("\u202e%_*.\x00 (", "", "", "", 0)
	f.Add("last 999999h 'x", "America/New_York", "", "trouble", -1)
	w, _ := searched(f)
	f.Fuzz(func(t *testing.T, text, zone, room, outcome string, limit int) {
		own := *w.fixture
		own.t = t
		r := own.post("/api/v1/search", object{"text": text, "zone": zone, "room": room, "outcome": outcome, "limit": limit})
		if r.status >= 500 || r.status >= 400 && r.str("fault.id") == "" {
			t.Fatalf("%v: %d %s", cmp.Or(text, fmt.Sprint(limit)), r.status, r.raw)
		}
	})
}
