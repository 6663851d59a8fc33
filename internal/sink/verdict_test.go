// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"encoding/json"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// diagnosed gives every failure so far its verdict.
func diagnosed(t *testing.T, r *event.Recorder) {
	t.Helper()
	page, err := r.Store().Query(t.Context(), event.Query{Errors: true, Limit: event.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	var list []event.Verdict
	for _, e := range page.Events {
		list = append(list, event.Verdict{Seq: e.Seq, Diagnosis: event.Diagnosis{Cause: fault.RoomFull.ID, Confidence: "proven", Rules: "r1"}})
	}
	if err := r.Diagnose(t.Context(), list, list[len(list)-1].Seq); err != nil {
		t.Fatal(err)
	}
}

// verdictOf reads what a hook got as a verdict.
func verdictOf(t *testing.T, g got) (peer string) {
	t.Helper()
	var b struct {
		ID, Type string
		Account  string `json:"account_id"`
		Data     struct {
			EventID    string `json:"event_id"`
			EventType  string `json:"event_type"`
			Cause      string
			Title      string
			Confidence string
			Rules      string
		}
		Event struct {
			ID   string
			Data struct {
				PeerID string `json:"peer_id"`
			}
			Redial struct{ Diagnosis struct{ Cause string } }
		}
	}
	if err := json.Unmarshal(g.body, &b); err != nil {
		t.Fatal(err)
	}
	d := b.Data
	if b.Type != "diagnosis" || b.Account != "acme" || b.ID == d.EventID || d.EventID != b.Event.ID || d.EventType != "client.join.failed" ||
		d.Cause != fault.RoomFull.ID || d.Title != fault.RoomFull.Title || d.Confidence != "proven" || d.Rules != "r1" || b.Event.Redial.Diagnosis.Cause != d.Cause {
		t.Errorf("got %s", g.body)
	}
	if g.header.Get("Redial-Event-Id") != b.ID || g.header.Get("Redial-Event-Type") != "diagnosis" || !verified(secret, g) {
		t.Errorf("headers %v", g.header)
	}
	return b.Event.Data.PeerID
}

const secret = "a secret that has at least 32 bytes"

// TestVerdictsAreSent to the hooks that want them, each once, signed as events are, in
// the order of their events, also those given while nobody sent.
func TestVerdictsAreSent(t *testing.T) {
	dir := t.TempDir()
	events := record(t, dir)
	put(t, events, refused(0))
	diagnosed(t, events) // before the hook was known
	r, url := serve(t)
	both, plainURL := serve(t)
	cfg := Config{Dir: dir, Events: events, Account: "acme", Hooks: []Hook{
		{Name: "verdicts", URL: url, Secrets: []string{secret}, Verdicts: true},
		{Name: "both", URL: plainURL, Secrets: []string{secret}, Types: []event.Type{event.JoinFailed}, Verdicts: true},
	}}
	s := run(t, cfg)
	put(t, events, refused(1))
	if g := both.next(t); g.peer(t) != "peer-1" || g.header.Get("Redial-Event-Type") != "client.join.failed" {
		t.Errorf("the event: %s", g.body)
	}
	diagnosed(t, events)
	for _, hook := range []*receiver{r, both} {
		if peer := verdictOf(t, hook.next(t)); peer != "peer-1" {
			t.Errorf("the verdict on %s, and nothing was known before it", peer)
		}
	}
	delivered(t, s, Delivered, 3)
	closeSinks(t, s)

	put(t, events, refused(2), refused(3))
	diagnosed(t, events)
	s = run(t, cfg)
	for _, want := range []string{"peer-2", "peer-3"} {
		if peer := verdictOf(t, r.next(t)); peer != want {
			t.Errorf("the verdict on %s, want %s", peer, want)
		}
	}
	for _, d := range delivered(t, s, Delivered, 9) {
		if d.Type == Verdicts && d.EventID == "" {
			t.Errorf("%+v", d)
		}
	}
	select {
	case g := <-r.requests:
		t.Errorf("one more: %s", g.body)
	default:
	}
	states, err := s.Hooks(t.Context())
	if err != nil || len(states) != 2 || len(states[0].Types) != 1 || len(states[1].Types) != 2 || states[1].Types[1] != Verdicts {
		t.Errorf("%+v, %v", states, err)
	}
}
