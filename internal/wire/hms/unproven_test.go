// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"encoding/base64"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/limit"
)

// TestUnsignedWordsAreBoundedAndNobodys floods the record with tokens that nobody
// signed, which name a peer and a user that are inside.
func TestUnsignedWordsAreBoundedAndNobodys(t *testing.T) {
	s := newStation(t, func(c *config) { c.Unproven = limit.Rate{PerSecond: 0.001, Burst: 3} })
	alice := s.joined("host", "alice")
	part := base64.RawURLEncoding.EncodeToString
	raw := part([]byte(`{"alg":"none"}`)) + "." +
		part([]byte(`{"access_key":"`+key.Access+`","room_id":"`+roomID+`","role":"host","user_id":"user-alice"}`)) + "."
	for range 10 {
		if status, _ := s.init(raw, alice.id); status != 401 {
			t.Fatal(status)
		}
	}
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	n := 0
	for _, e := range s.events.list {
		if e.Type != event.ConnectFailed {
			continue
		}
		n++
		mine := event.Event{Type: e.Type, Source: event.FromClient, Failure: e.Failure, Time: e.Time, Subject: e.Subject}
		mine.UserProof, mine.PeerID = event.ProofToken, alice.id
		if e.UserKey() == mine.UserKey() || e.PeerID != "" || e.UserProof != event.ProofNone || event.Pairs(nil, &e, &mine) {
			t.Errorf("recorded as alice's: %+v", e)
		}
	}
	if n != 3 {
		t.Errorf("%d refusals recorded, want 3 of 10", n)
	}
}
