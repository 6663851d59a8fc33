// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWitnessesAreBounded: whatever devices tell and however much fails, only so much
// is held, the latest of it.
func TestWitnessesAreBounded(t *testing.T) {
	w := newWitnesses()
	facts := json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	const peers = 20_000
	for i := range peers {
		for range 2 { // a later word takes the place of the first
			w.hear(&testimony{of: whose{peer: fmt.Sprint(i)}, facts: facts, at: time.Now()})
		}
	}
	if w.bytes > witnessBytes || len(w.told) != w.recent.Len() || len(w.told)*len(facts) > witnessBytes || len(w.told) < 1000 {
		t.Errorf("%d peers in %d bytes", len(w.told), w.bytes)
	}
	if w.told[whose{peer: fmt.Sprint(peers - 1)}] == nil || w.told[whose{peer: "0"}] != nil {
		t.Error("not the latest are held")
	}

	for i := range 3 * recentFailures {
		e := Event{ID: fmt.Sprint(i), Type: PublishFailed, Subject: Subject{PeerID: fmt.Sprint(i / 20)}}
		w.stored([]Event{e}, []Outcome{{State: Stored}})
	}
	held := 0
	for i := range 3 * recentFailures / 20 {
		ids := w.failures(whose{peer: fmt.Sprint(i)})
		if held += len(ids); len(ids) > recentOfOnePeer {
			t.Fatalf("%d failures of one peer", len(ids))
		}
	}
	if held > recentFailures || w.failed.Len() > recentFailures {
		t.Errorf("%d failures are held, of %d", held, w.failed.Len())
	}
	last := whose{peer: fmt.Sprint((3*recentFailures - 1) / 20)}
	if ids := w.failures(last); len(ids) == 0 || ids[len(ids)-1] != fmt.Sprint(3*recentFailures-1) {
		t.Errorf("of the last peer %v", ids)
	}
}

// TestWitnessesForget: a failure is added to for as long as its two halves may be
// apart, and what a device told is of use for an hour.
func TestWitnessesForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitnesses()
		e := Event{ID: "1", Type: PublishFailed, Subject: Subject{PeerID: "ann"}}
		other := Event{ID: "2", Type: PublishFailed, Subject: Subject{PeerID: "bob"}}
		of := whoseIs(&e.Subject)
		w.stored([]Event{e}, []Outcome{{State: Stored}})
		w.hear(&testimony{of: of, facts: json.RawMessage(`1`), at: time.Now()})
		time.Sleep(PairWindow + time.Second)
		w.stored([]Event{other}, []Outcome{{State: Stored}})
		if ids := w.failures(of); len(ids) != 0 {
			t.Errorf("still added to: %v", ids)
		}
		e.Time = time.Now()
		if w.attach(&e); string(e.Extra[WitnessField]) != "1" {
			t.Error("what was told before is lost")
		}
		track := Event{Type: TrackAdded, Subject: e.Subject, Time: time.Now()}
		unproven := Event{Type: JoinFailed, Subject: e.Subject, Time: time.Now()}
		unproven.UserProof = ProofNone
		for _, none := range []*Event{&track, &unproven, {Type: JoinFailed, Time: time.Now()}} {
			if w.attach(none); none.Extra != nil {
				t.Errorf("attached to %+v", none)
			}
		}
		time.Sleep(witnessLife)
		late := Event{Type: PublishFailed, Subject: e.Subject, Time: time.Now()}
		if w.attach(&late); late.Extra != nil {
			t.Error("what is an hour old is attached")
		}
	})
}
