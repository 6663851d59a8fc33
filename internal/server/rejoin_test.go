// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"testing"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/registry"
)

// TestARejoinAfterARestartEndsWhatIsHeld joins anew after a restart: what the
// earlier process held of the same token has left by the time that the join is
// acknowledged, and nobody else has.
func TestARejoinAfterARestartEndsWhatIsHeld(t *testing.T) {
	cfg := local(t)
	s, one := startCall(t, cfg)
	carol := &victim{t: t, s: s, room: one.ID, id: uuid.NewString(), user: "carol", role: "host"}
	carol.raw = carol.token("host", "carol", "")
	carol.join()
	other := &victim{t: t, s: s, room: one.ID, id: uuid.NewString(), user: "carol", role: "host"}
	other.raw = other.token("host", "carol", "")
	other.join()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, _ = startCall(t, cfg)

	again := *carol
	again.s, again.id = s, uuid.NewString()
	again.join()
	want := map[string]string{carol.id: registry.ReasonRejoined, other.id: "", again.id: ""}
	all, err := s.registry.Sessions(t.Context(), registry.SessionQuery{RoomID: one.ID})
	if err != nil || len(all.Data) != 1 || len(all.Data[0].Peers) != len(want) {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, p := range all.Data[0].Peers {
		if p.Reason != want[p.ID] || p.LeftAt.IsZero() != (want[p.ID] == "") {
			t.Errorf("%s left %v for %q, want %q", p.ID, p.LeftAt, p.Reason, want[p.ID])
		}
	}
	other.s = s
	if _, role, refusal, _ := other.knock(other.raw); role != "host" {
		t.Errorf("another token of the same user does not come back: %s", refusal)
	}
}
