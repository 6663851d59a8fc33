// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/report"
)

// held are credentials as participants would have them.
type held map[string]event.Subject

func (h held) Holder(ufrag, pwd string) (event.Subject, bool) {
	s, ok := h[ufrag+" "+pwd]
	return s, ok
}

// someone is a peer of the room, by user.
func someone(user string) event.Subject {
	return event.Subject{AccountID: "acme", RoomID: "room", PeerID: "peer-of-" + user, UserID: user, UserProof: event.ProofToken}
}

// serveWitness is the door of witnesses over a real store, where ann and bob are.
func serveWitness(t *testing.T, rate api.Rate) (*fixture, *event.Recorder) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), t.TempDir(), nil, sqlite.Words(report.Vocabulary()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	recorder := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
	t.Cleanup(func() { _ = recorder.Close(context.Background()) })
	f := serve(t, func(c *api.Config) {
		c.Routes = api.WitnessRoutes(api.WitnessConfig{
			Recorder: recorder, Rate: rate,
			Holders: held{"ufrag-a password-of-ann": someone("ann"), "ufrag-b password-of-bob": someone("bob")},
		})
	})
	return f.as(""), recorder
}

// observed is a report of a device with the credentials of ann.
func observed(facts object) object {
	return object{"sent": time.Now().UnixMilli(), "by": "witness.js", "credentials": []object{{"ufrag": "ufrag-a", "pwd": "password-of-ann"}}, "facts": facts}
}

// failed stores a failure of a user's peer and gives its id.
func failed(t *testing.T, r *event.Recorder, of event.Subject, t0 event.Type) string {
	t.Helper()
	e := event.Event{Type: t0, Subject: of, Source: event.FromClient, Fault: fault.ICEFailed.ID}
	if err := r.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	page, err := r.Store().Query(t.Context(), event.Query{AccountID: "acme", Limit: 1, Desc: true})
	if err != nil || len(page.Events) != 1 {
		t.Fatal(len(page.Events), err)
	}
	return page.Events[0].ID
}

// seen is what the device of a failure's client knew; false for nothing. What was
// handed in before is stored when it returns, as events are stored in their order.
func seen(t *testing.T, r *event.Recorder, id string) (w evidence.Witness, ok bool) {
	t.Helper()
	other := event.Event{Type: event.JoinFailed, Subject: event.Subject{AccountID: "acme", UserName: "a later one"}}
	if err := r.Append(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	e, err := r.Store().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := e.Extra[event.WitnessField]
	if ok {
		if err := json.Unmarshal(raw, &w); err != nil {
			t.Fatal(err)
		}
	}
	return w, ok
}

// TestWhatADeviceTellsIsJoinedToItsFailures: to those before and after the report,
// the latest word in place of an earlier one, and to nobody else's.
func TestWhatADeviceTellsIsJoinedToItsFailures(t *testing.T) {
	f, recorder := serveWitness(t, api.Rate{})
	before := failed(t, recorder, someone("ann"), event.PublishFailed)
	other := failed(t, recorder, someone("bob"), event.PublishFailed)
	impostor := someone("ann")
	impostor.UserID = "mallory" // says that ann's peer is hers
	forged := failed(t, recorder, impostor, event.PublishFailed)

	f.post("/api/v1/witness", observed(object{"secure_context": false, "framed": true})).ok().has(object{"peers": 1})
	after := failed(t, recorder, someone("ann"), event.SubscribeFailed)
	for _, id := range []string{before, after} {
		if w, ok := seen(t, recorder, id); !ok || w.Secure == nil || *w.Secure || w.Framed == nil || !*w.Framed || w.By != "witness.js" || w.Online != nil {
			t.Errorf("told of ann's failure: %+v", w)
		}
	}
	for _, id := range []string{other, forged} {
		if w, ok := seen(t, recorder, id); ok {
			t.Errorf("told of another's failure: %+v", w)
		}
	}

	f.post("/api/v1/witness", observed(object{"online": false})).ok()
	for _, id := range []string{before, after} {
		if w, ok := seen(t, recorder, id); !ok || w.Online == nil || *w.Online || w.Secure != nil {
			t.Errorf("the last word: %+v", w)
		}
	}

	// Erasing a user takes what their device told along.
	if _, err := recorder.Erase(t.Context(), "acme", "ann", event.ProofToken); err != nil {
		t.Fatal(err)
	}
	if w, ok := seen(t, recorder, failed(t, recorder, someone("ann"), event.PublishFailed)); ok {
		t.Errorf("after ann was erased: %+v", w)
	}
}

// TestADeviceIsBelievedForWhatItHolds: credentials decide whose report it is, and
// nothing else in it does.
func TestADeviceIsBelievedForWhatItHolds(t *testing.T) {
	f, recorder := serveWitness(t, api.Rate{})
	id := failed(t, recorder, someone("ann"), event.PublishFailed)
	for name, shown := range map[string]any{
		"a name alone":        []object{{"ufrag": "ufrag-a"}},
		"another's password":  []object{{"ufrag": "ufrag-a", "pwd": "password-of-bob"}},
		"a part of it":        []object{{"ufrag": "ufrag-a", "pwd": "password-of-an"}},
		"nothing in the pair": []object{{}},
	} {
		r := observed(object{"online": true, "peer_id": "peer-of-ann", "room_id": "room"})
		r["credentials"] = shown
		r["peer_id"] = "peer-of-ann"
		f.post("/api/v1/witness", r).refused(400, fault.FieldInvalid.ID, "credentials")
		if _, ok := seen(t, recorder, id); ok {
			t.Errorf("%s is believed", name)
		}
	}
	both := observed(object{"online": true})
	both["credentials"] = []object{{"ufrag": "nobody", "pwd": "x"}, {"ufrag": "ufrag-b", "pwd": "password-of-bob"}, {"ufrag": "ufrag-a", "pwd": "password-of-ann"}}
	f.post("/api/v1/witness", both).ok().has(object{"peers": 2})
	if _, ok := seen(t, recorder, id); !ok {
		t.Error("a page with two connections of its own tells of both")
	}
}

// TestHostileWitnesses: what is not right is refused with the member that is wrong,
// and what is too much is cut.
func TestHostileWitnesses(t *testing.T) {
	f, recorder := serveWitness(t, api.Rate{})
	facts := object{"online": true}
	without := func(member string) object {
		r := observed(facts)
		delete(r, member)
		return r
	}
	with := func(member string, v any) object {
		r := observed(facts)
		r[member] = v
		return r
	}
	many := func(n int, one any) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = one
		}
		return list
	}
	for name, c := range map[string]struct {
		body  any
		kind  *fault.Kind
		field string
	}{
		"no credentials":       {without("credentials"), fault.FieldMissing, "credentials"},
		"no facts":             {without("facts"), fault.FieldMissing, "facts"},
		"no time":              {without("sent"), fault.FieldInvalid, "sent"},
		"a time of the past":   {with("sent", -5), fault.FieldInvalid, "sent"},
		"a time beyond all":    {with("sent", 1e300), fault.FieldInvalid, "sent"},
		"credentials a text":   {with("credentials", "x"), fault.FieldInvalid, "credentials"},
		"facts a list":         {with("facts", []int{1}), fault.FieldInvalid, "facts"},
		"a wrong fact":         {with("facts", object{"captures": []object{{"error": 5}}}), fault.FieldInvalid, "facts.captures.error"},
		"too many credentials": {with("credentials", many(report.MaxWitnessPaths+1, object{"ufrag": "a", "pwd": "b"})), fault.FieldInvalid, "credentials"},
		"a list":               {[]int{}, fault.BodyInvalid, ""},
		"a body without end":   {with("by", strings.Repeat("x", report.MaxWitnessBody)), fault.BodyTooLarge, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.post("/api/v1/witness", c.body)
			if got := r.at("fault.id"); got != c.kind.ID || c.field != "" && r.at("fault.details.field") != c.field {
				t.Errorf("%d %s", r.status, r.raw)
			}
		})
	}

	id := failed(t, recorder, someone("ann"), event.PublishFailed)
	long := strings.Repeat("ü", 60)
	moment := object{"what": long, "at": time.Now().UnixMilli()}
	f.post("/api/v1/witness", observed(object{
		"page": long, "network": long, "visibility": long, "lifecycle": many(20, moment),
		"policy": object{"camera": true, "x": true}, "permissions": object{"camera": long, "y": long},
		"captures": many(10, object{"kind": long, "error": long, "text": long, "after_ms": 1e300, "at": -1}),
		"paths": many(4, object{"state": long, "errors": many(4, object{"url": "turn:203.0.113.9:3478 " + long, "code": 701, "text": "from 203.0.113.9"}),
			"changes": many(3, moment)}),
	})).ok()
	w, ok := seen(t, recorder, id)
	e, err := recorder.Store().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	raw := e.Extra[event.WitnessField]
	if !ok || len(raw) > evidence.MaxWitnessBytes || !w.Clipped {
		t.Errorf("%d bytes of it are stored: %s", len(raw), raw)
	}
	if strings.Contains(string(raw), "203.0.113.9") {
		t.Errorf("an address is stored: %s", raw)
	}
}

// TestWitnessesAreLimited: one peer's device can say only so much, whatever others do.
func TestWitnessesAreLimited(t *testing.T) {
	f, _ := serveWitness(t, api.Rate{PerSecond: 0.001, Burst: 3})
	for i := range 3 {
		f.post("/api/v1/witness", observed(object{"page": fmt.Sprint(i)})).ok()
	}
	f.post("/api/v1/witness", observed(object{})).refused(429, fault.RateLimited.ID)
	of := observed(object{})
	of["credentials"] = []object{{"ufrag": "ufrag-b", "pwd": "password-of-bob"}}
	f.post("/api/v1/witness", of).ok()
}
