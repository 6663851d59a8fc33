// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"encoding/base64"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
)

// TestARefusedTokenIsRecordedWhereItSaysItBelongs refuses tokens nobody can use
// and finds them in the record of the room they were for.
func TestARefusedTokenIsRecordedWhereItSaysItBelongs(t *testing.T) {
	for user, want := range map[string]string{`"ada"`: "ada", `7`: "", `null`: "", `{"name":"ada"}`: ""} {
		s := newStation(t, nil)
		part := base64.RawURLEncoding.EncodeToString
		raw := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
			part([]byte(`{"access_key":"nobody","room_id":"`+roomID+`","role":"guest","user_id":`+user+`}`)) + "." + part([]byte("unsigned"))
		if status, body := s.init(raw, "p1"); status != 401 {
			t.Errorf("%s: %d %v", user, status, body)
		}
		e := s.events.wait(t, event.ConnectFailed)
		if e.RoomID != roomID || e.Role != "guest" || e.UserID != want || e.UserProof != event.ProofNone || e.PeerID != "p1" || !e.Failure.Terminal {
			t.Errorf("%s: %+v", user, e)
		}
	}
}

// TestAPeerOfSomebodyElseIsTheEndOfIt refuses somebody who comes as a peer that
// is inside: the fault as such ends no session, but here there is none to go on.
func TestAPeerOfSomebodyElseIsTheEndOfIt(t *testing.T) {
	s := newStation(t, nil)
	alice := s.joined("host", "alice")
	if status, body := s.init(s.token("host", "eve"), alice.id); status != 400 || body["fault"] != "peer.already_joined" {
		t.Errorf("%d %v", status, body)
	}
	if e := s.events.wait(t, event.ConnectFailed); !e.Failure.Terminal || e.UserID != "eve" {
		t.Errorf("%+v", e)
	}
}
