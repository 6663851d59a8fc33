// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/explain"
)

// seenAt makes a failure that the server saw so many seconds after the others.
func seenAt(seconds float64, change ...func(*event.Event)) event.Event {
	e := Sample(1)
	e.Time = base.Add(time.Duration(seconds * float64(time.Second)))
	e.Source, e.Extra, e.ClientTime, e.Fault = event.FromServer, nil, time.Time{}, fault.ICEFailed.ID
	for _, c := range change {
		c(&e)
	}
	return e
}

func ofPeer(peer, user string) func(*event.Event) {
	return func(e *event.Event) { e.PeerID, e.UserID = peer, user }
}

// cases: what a failure is explained with is found, whatever else is recorded.
func cases(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	mine, nameless := ofPeer("mia-1", "mia"), ofPeer("", "mia")
	late := func(e *event.Event) { // happened 5 s after the failure, and was told an hour later
		mine(e)
		e.Time, e.ClientTime, e.Source = base.Add(time.Hour), base.Add(305*time.Second), event.FromClient
	}
	failure := seenAt(300, mine, func(e *event.Event) {
		e.Details = []fault.Detail{{Name: "stun_seen", Value: false}}
		e.Evidence = &evidence.Record{V: evidence.Version, At: e.Time, Self: &evidence.Self{Version: "1.2.3", Started: base}}
	})
	near := []event.Event{seenAt(181, mine), seenAt(250, nameless), seenAt(301, mine), seenAt(0, late), seenAt(419, mine)}
	around := []event.Event{seenAt(290.5, ofPeer("otto-1", "otto")), seenAt(300, ofPeer("", "abby")), seenAt(309, ofPeer("otto-1", "otto"))}
	others := []event.Event{
		seenAt(179, mine), seenAt(421, mine), // too long before and after
		seenAt(289, ofPeer("otto-1", "otto")), seenAt(311, ofPeer("otto-1", "otto")), // of others even sooner
		seenAt(300, mine, func(e *event.Event) { e.AccountID = "umbrella" }),
		seenAt(250, ofPeer("", "abby")),
		seenAt(250, nameless, func(e *event.Event) { e.UserProof = event.ProofCode }), // somebody who only said so
		SampleTrack(1),
	}
	all := slices.Concat([]event.Event{failure}, near, around, others)
	slices.SortStableFunc(all, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	Add(t, s, all...)

	c := caseOf(t, s, failure.ID)
	failures := func(what string, got []diagnose.Failure, want []event.Event) {
		t.Helper()
		var have []string
		for _, f := range got {
			have = append(have, f.ID)
		}
		if wanted := ids(want); !slices.Equal(have, wanted) {
			t.Errorf("%s: %v, want %v", what, brief(have), brief(wanted))
		}
	}
	failures("near", c.Near, near)
	failures("around", c.Around, around)
	f := c.Failure
	if f.ID != failure.ID || f.Type != "publish" || !f.Happened.Equal(failure.Time) || f.Peer != "mia-1" || f.User != "mia" || f.Client != nil || f.Server == nil ||
		len(f.Server.Details) != 1 || f.Server.Details[0].Value != false || f.Evidence == nil || f.Evidence.Self.Version != "1.2.3" || !c.Window {
		t.Errorf("the failure: %+v", f)
	}
	if told := c.Near[3]; !told.Happened.Equal(base.Add(305*time.Second)) || !told.At.Equal(base.Add(time.Hour)) || told.Client == nil || told.Server != nil {
		t.Errorf("what was told late: %+v", told)
	}

	// One without a peer has those of its user.
	c = caseOf(t, s, near[1].ID)
	failures("of a user", c.Near, []event.Event{others[0], near[0], failure, near[2], near[3]})
}

// fullCases: of a flood, a case has what is nearest, and can be read again.
func fullCases(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	long, _ := json.Marshal(string(slices.Repeat([]byte("x"), 7<<10)))
	var list []event.Event
	for i := range 600 {
		who := ofPeer("mia-1", "mia")
		if i%2 == 1 {
			who = ofPeer(fmt.Sprint("p", i), "")
		}
		list = append(list, seenAt(float64(i)/60, who, func(e *event.Event) {
			e.Extra = map[string]json.RawMessage{"devices": long, "document_hidden": json.RawMessage("true")}
			e.Source, e.ClientTime = event.FromClient, e.Time
		}))
	}
	Add(t, s, list...)
	c := caseOf(t, s, list[300].ID)
	if len(c.Near) != diagnose.MaxNear || len(c.Around) != diagnose.MaxAround {
		t.Fatalf("%d near, %d around", len(c.Near), len(c.Around))
	}
	if c.Near[0].ID != list[268].ID || c.Near[31].ID != list[332].ID || c.Around[0].ID != list[269].ID || c.Around[31].ID != list[331].ID {
		t.Error("those that are near are not the nearest, in order")
	}
	if f := c.Failure.Client.Facts; len(f) != 2 || len(c.Near[0].Client.Facts) != 1 || c.Around[0].Client.Facts != nil {
		t.Errorf("facts: %d, %v, %v", len(f), c.Near[0].Client.Facts, c.Around[0].Client.Facts)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := diagnose.Read(raw); err != nil {
		t.Errorf("%d bytes cannot be read again: %v", len(raw), err)
	}
}

// crowdedCases: failures of other peers are found behind those of the same peer, which are
// nearer and more than a page.
func crowdedCases(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	var list []event.Event
	for i := range 121 {
		list = append(list, seenAt(9.4+float64(i)/100, ofPeer("mia-1", "mia")))
	}
	failure := list[60]
	others := []event.Event{seenAt(8, ofPeer("p", "")), seenAt(9, ofPeer("q", "")), seenAt(11, ofPeer("r", ""))}
	Add(t, s, append(append(others[:2:2], list...), others[2])...)
	c := caseOf(t, s, failure.ID)
	var have []string
	for _, f := range c.Around {
		have = append(have, f.ID)
	}
	if want := ids(others); !slices.Equal(have, want) {
		t.Errorf("around it: %v, want %v", brief(have), brief(want))
	}
}

func caseOf(t *testing.T, s event.Store, id string) *diagnose.Case {
	t.Helper()
	e, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	c, err := explain.Case(t.Context(), s, &e)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
