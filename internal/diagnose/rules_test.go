// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

// TestRulesAreSound: causes and what they explain are in the catalogue and joined
// there, rivals are rules that explain the same, and sentences name facts that are
// known whenever the rule holds.
func TestRulesAreSound(t *testing.T) {
	placeholder := regexp.MustCompile(`\{([^}]*)\}`)
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.Cause] {
			t.Errorf("%s has two rules", r.Cause)
		}
		seen[r.Cause] = true
		k := fault.Lookup(r.Cause)
		if k == nil {
			t.Errorf("%s is not in the catalogue", r.Cause)
			continue
		}
		if len(r.Needs) == 0 || len(r.Behind) == 0 || r.Says == "" {
			t.Errorf("%s needs nothing, explains nothing or says nothing", r.Cause)
		}
		for _, id := range r.Behind {
			if fault.Lookup(id) == nil {
				t.Errorf("%s is behind %s, which is not in the catalogue", r.Cause, id)
			}
		}
		for _, id := range r.Rivals {
			other, ok := Lookup(id)
			switch {
			case id == "capture.denied": // its own cause, without a rule
			case !ok:
				t.Errorf("the rival %s of %s has no rule", id, r.Cause)
			case !slices.ContainsFunc(other.Behind, func(b string) bool { return slices.Contains(r.Behind, b) }):
				t.Errorf("%s and its rival %s explain nothing in common", r.Cause, id)
			}
		}
		for _, c := range slices.Concat(r.Needs, r.Supports, r.Refutes) {
			if c.Fact == "" || c.Asks == "" || c.How == "" || c.ask == nil {
				t.Errorf("%s: a clause is not whole: %+v", r.Cause, c)
			}
			if r.Own && c.client {
				t.Errorf("%s is the server's own, and rests on the client's word for %s", r.Cause, c.Fact)
			}
		}
		for _, m := range placeholder.FindAllStringSubmatch(r.Says, -1) {
			if !slices.ContainsFunc(r.Needs, func(c *Clause) bool { return c.Fact == m[1] }) {
				t.Errorf("%s says %s, which it does not need", r.Cause, m[0])
			}
		}
	}
}

// TestEveryFaultHasAVerdict: a fault that the server raised is explained, by itself
// where it is its own cause; what is a symptom without evidence is not known, and
// says what is missing.
func TestEveryFaultHasAVerdict(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, k := range fault.All() {
		half := &Half{Fault: k.ID, At: at, Details: []fault.Detail{{Name: "limit", Value: 2}}}
		c := &Case{V: 1, Window: true, Failure: Failure{ID: "e", Fault: k.ID, Op: k.Ops[0], Type: "join", At: at, Server: half}}
		v := Explain(c)
		switch {
		case isSymptom(k.ID):
			if v.Confidence != NotKnown || v.Cause != "" || len(v.Missing) == 0 {
				t.Errorf("%s without evidence is %s %s, missing %v", k.ID, v.Cause, v.Confidence, v.Missing)
			}
		case v.Cause != k.ID || v.Confidence != Proven || len(v.Because) < 2 || len(v.Do) == 0:
			t.Errorf("%s, raised by the server, is %+v", k.ID, v)
		}
		c.Failure.Server, c.Failure.Client = nil, half
		if v := Explain(c); v.Confidence == Proven || k.Area == fault.AreaServer && v.Confidence == Likely {
			t.Errorf("%s, told by the client alone, is %s %s", k.ID, v.Cause, v.Confidence)
		}
	}
}

// TestClaimedUsersProveNothing: who a user is that only the client says so proves
// neither a ghost nor a second login.
func TestClaimedUsersProveNothing(t *testing.T) {
	proven := 0
	for _, r := range recordings(t) {
		c := r.read(t)
		c.Failure.Claimed = false
		v := Explain(c)
		if v.Confidence != Proven || v.Cause != "peer.own_ghost" && v.Cause != "peer.second_login" {
			continue
		}
		proven++
		c.Failure.Claimed = true
		if again := Explain(c); again.Cause != v.Cause || again.Confidence != Likely {
			t.Errorf("%s: %s is %s", r.name, again.Cause, again.Confidence)
		}
	}
	if proven == 0 {
		t.Error("none of the recordings is proven")
	}
}

// TestWhatAClientRemarks: rules read what a remark tells of, and not its name.
func TestWhatAClientRemarks(t *testing.T) {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for behind, cause := range map[string]string{"playback.failed": "playback.autoplay_blocked", "capture.silent": "audio.interrupted"} {
		for _, n := range []evidence.Note{{At: at, Name: "a.b", Says: cause}, {At: at, Name: cause}} {
			c := &Case{V: 1, Window: true, Failure: Failure{ID: "e", Fault: behind, Type: "subscribe", At: at, Client: &Half{Fault: behind, At: at}, Evidence: &evidence.Record{V: 1, At: at, Notes: []evidence.Note{n}}}}
			if v := Explain(c); (v.Cause == cause) != (n.Says != "") || v.Confidence == Proven {
				t.Errorf("%s and %+v: %s (%s)", behind, n, v.Cause, v.Confidence)
			}
		}
	}
}
