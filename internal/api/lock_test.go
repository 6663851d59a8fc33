// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"testing"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

// TestLockingARoom: a lock and a limit hold at once in a session that runs, and a
// room is locked once. (W016)
func TestLockingARoom(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	ada := f.join(id, "ada", "host")
	f.post("/v2/rooms/lobby/lock", nil).ok().has(object{"id": id, "locked": true})
	if got := next[room.RulesChanged](t, ada); !got.Rules.Locked {
		t.Errorf("%+v", got)
	}
	f.post("/v2/rooms/lobby/lock", nil).refused(409, "room.already_locked")
	if w := dialect.Sceenic.Word("", fault.RoomAlreadyLocked); w.Code != 201 || w.Name != "sessionGenericError" {
		t.Errorf("to Sceenic apps it is %+v", w)
	}
	f.post("/v2/rooms/nowhere/lock", nil).refused(404, "room.not_found")
	for range 2 {
		f.post("/v2/rooms/lobby/unlock", nil).ok().has(object{"locked": false})
	}
	f.post("/v2/rooms/lobby", object{"max_streaming": 2}).ok().has(object{"max_streaming": 2})
	for want := (room.Rules{MaxStreaming: 2}); next[room.RulesChanged](t, ada).Rules != want; {
	}
	f.post("/v2/rooms/lobby", object{"max_streaming": -1}).refused(400, "request.field_invalid", "max_streaming")
	f.get("/v2/rooms/lobby").ok().has(object{"max_streaming": 2})
}

// TestWhoLeads: only somebody who watches leads.
func TestWhoLeads(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.post("/v2/active-rooms/lobby/leader", object{"peer_id": "ada"}).refused(404, "session.not_active")
	f.join(id, "ada", "host")
	f.post("/v2/active-rooms/lobby/leader", object{"peer_id": "ada"}).refused(404, "peer.not_found")
	f.post("/v2/active-rooms/lobby/leader", object{}).refused(400, "request.field_missing", "peer_id")
}
