// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

func TestARoomWithoutASessionIsNotActive(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.get("/v2/active-rooms/"+id).refused(404, "session.not_active")
	f.get("/v2/active-rooms/"+id+"/peers").refused(404, "session.not_active")
	f.get("/v2/active-rooms/"+id+"/peers/x").refused(404, "session.not_active")
	f.post("/v2/active-rooms/"+id+"/peers/x", object{}).refused(404, "session.not_active")
	f.post("/v2/active-rooms/"+id+"/send-message", object{"message": "x"}).refused(404, "session.not_active")
	f.post("/v2/active-rooms/"+id+"/remove-peers", object{"peer_id": "x"}).refused(404, "session.not_active")
	f.post("/v2/active-rooms/"+id+"/end-room", object{"lock": true}).refused(404, "session.not_active")
	f.get("/v2/rooms/" + id).ok().has(object{"locked": false})
	f.get("/v2/active-rooms/nope").refused(404, "room.not_found")
}

func TestWhoIsInARoom(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.join(id, "ada", "host")
	f.join(id, "bob", "guest")
	f.get("/v2/active-rooms/" + id).ok().has(object{
		"id": id, "name": "lobby", "customer_id": "acme", "session.peers.0": "ada", "session.peers.1": "bob",
	}).str("session.id")
	f.get("/v2/active-rooms/lobby/peers").ok().has(object{
		"peers.ada.name": "name of ada", "peers.ada.user_id": "user of ada", "peers.ada.metadata": "{}",
		"peers.ada.role": "host", "peers.bob.role": "guest",
	})
	f.get("/v2/active-rooms/" + id + "/peers?role=guest").ok().has(object{"peers.ada": nil, "peers.bob.id": "bob"})
	f.get("/v2/active-rooms/" + id + "/peers?user_id=nobody").ok().has(object{"peers": "map[]"})
	f.get("/v2/active-rooms/" + id + "/peers/ada").ok().has(object{"id": "ada", "role": "host"})
	f.get("/v2/active-rooms/"+id+"/peers/nobody").refused(404, "peer.not_found")
}

func TestThePeersTracksAreShown(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.join(id, "ada", "host")
	_, err := f.hub.Active(id).Publish(t.Context(), "ada", []room.Track{
		{ID: "t1", StreamID: "s1", Kind: room.Audio, Source: room.SourceRegular, Mute: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.get("/v2/active-rooms/" + id + "/peers/ada").ok().has(object{
		"tracks.t1.id": "t1", "tracks.t1.stream_id": "s1", "tracks.t1.type": "audio", "tracks.t1.source": "regular", "tracks.t1.mute": true,
	})
}

func TestAPeerIsUpdatedAndTheOthersHearOfIt(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	ada := f.join(id, "ada", "host")
	bob := f.join(id, "bob", "guest")
	f.post("/v2/active-rooms/"+id+"/peers/bob", object{"name": "Robert", "metadata": `{"hand":1}`}).ok().has(object{
		"id": "bob", "name": "Robert", "metadata": `{"hand":1}`, "role": "guest",
	})
	if got := next[room.PeerChanged](t, ada).Peer; got.Name != "Robert" || got.Data != `{"hand":1}` {
		t.Errorf("%+v", got)
	}
	f.post("/v2/active-rooms/"+id+"/peers/bob", object{"role": "viewer"}).ok().has(object{"role": "viewer", "name": "Robert"})
	if got := next[room.RoleChanged](t, bob); got.Role != "viewer" {
		t.Errorf("%+v", got)
	}
	f.post("/v2/active-rooms/"+id+"/peers/bob", object{"role": "clown"}).refused(400, "role.not_found", "role")
	f.post("/v2/active-rooms/"+id+"/peers/nobody", object{"name": "x"}).refused(404, "peer.not_found")
	f.post("/v2/active-rooms/"+id+"/peers/bob", object{"metadata": object{}}).refused(400, "request.field_invalid", "metadata")
	f.post("/v2/active-rooms/"+id+"/peers/bob", object{"name": fmt.Sprintf("%300d", 1)}).refused(400, "request.field_invalid", "name")
}

func TestMessagesReachThoseTheyAreFor(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	ada, bob := f.join(id, "ada", "host"), f.join(id, "bob", "guest")
	say := func(body object) {
		t.Helper()
		f.post("/v2/active-rooms/"+id+"/send-message", body).ok().has(object{"message": "message sent"}).str("message_id")
	}
	// Whoever is not meant hears the next message first.
	say(object{"message": "to bob", "peer_id": "bob", "role": "host"})
	say(object{"message": "to hosts", "role": "host"})
	say(object{"message": "to all", "type": "news"})
	heard := func(s seat) room.Message { return next[room.MessageSent](t, s).Message }
	if m := heard(bob); m.Body != "to bob" || !m.Private || m.From != nil || m.Type != "chat" {
		t.Errorf("%+v", m)
	}
	if m := heard(bob); m.Body != "to all" || m.Type != "news" || m.Private {
		t.Errorf("%+v", m)
	}
	if m := heard(ada); m.Body != "to hosts" {
		t.Errorf("%+v", m)
	}
	if m := heard(ada); m.Body != "to all" {
		t.Errorf("%+v", m)
	}
	path := "/v2/active-rooms/" + id + "/send-message"
	f.post(path, object{}).refused(400, "request.field_missing", "message")
	f.post(path, object{"message": object{}}).refused(400, "request.field_invalid", "message")
	f.post(path, object{"message": "x", "peer_id": "nobody"}).refused(404, "peer.not_found")
	f.post(path, object{"message": "x", "role": "clown"}).refused(400, "role.not_found")
	r := f.post(path, object{"message": fmt.Sprintf("%70000d", 1)})
	r.refused(413, "message.too_large")
	r.has(object{"fault.op": "message"})
}

func TestPeersAreRemovedByIDOrByRole(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	ada, bob := f.join(id, "ada", "host"), f.join(id, "bob", "guest")
	f.join(id, "eve", "guest")
	f.join(id, "joe", "guest")
	path := "/v2/active-rooms/" + id + "/remove-peers"
	f.post(path, object{"peer_id": "bob", "role": "host", "reason": "rude"}).ok().has(object{"removed": 1})
	if got := next[room.Removed](t, bob); got.Reason != "rude" || got.Ended {
		t.Errorf("%+v", got)
	}
	f.post(path, object{"role": "guest"}).ok().has(object{"removed": 2, "message": "peer remove request submitted"})
	f.get("/v2/active-rooms/" + id).ok().has(object{"session.peers": "[ada]"})
	next[room.PeerLeft](t, ada)

	f.post(path, object{"reason": "x"}).refused(400, "request.field_missing", "peer_id")
	f.post(path, object{"peer_id": "bob"}).refused(404, "peer.not_found")
	f.post(path, object{"role": "clown"}).refused(400, "role.not_found", "role")
}

func TestEndingARoomPutsEverybodyOutAndMayLockIt(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	ada := f.join(id, "ada", "host")
	f.post("/v2/active-rooms/"+id+"/end-room", object{"reason": "over"}).ok().has(object{"message": "session is ending"})
	if got := next[room.Removed](t, ada); got.Reason != "over" || !got.Ended {
		t.Errorf("%+v", got)
	}
	f.get("/v2/rooms/" + id).ok().has(object{"locked": false})
	f.get("/v2/active-rooms/"+id).refused(404, "session.not_active")

	f.join(id, "eve", "host")
	f.post("/v2/active-rooms/"+id+"/end-room", object{"lock": "yes"}).refused(400, "request.field_invalid", "lock")
	f.post("/v2/active-rooms/"+id+"/end-room", object{"lock": true}).ok()
	f.get("/v2/rooms/" + id).ok().has(object{"locked": true})
}

func TestSessionsTellWhoWasThereAndWhen(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	began := time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC)
	ctx := t.Context()
	for i := range 3 {
		s := registry.Session{ID: fmt.Sprint("s", i), RoomID: id, RoomName: "lobby", StartedAt: began.Add(time.Duration(i) * time.Hour)}
		if err := f.registry.StartSession(ctx, s); err != nil {
			t.Fatal(err)
		}
		if err := f.registry.SavePeer(ctx, registry.SessionPeer{ID: "p", SessionID: s.ID, RoomID: id, Name: "Ada", UserID: "u", Role: "host", JoinedAt: s.StartedAt}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.registry.PeerLeft(ctx, "s0", "p", "", "left", began.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := f.registry.EndSession(ctx, "s0", began.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	f.get("/v2/sessions/s0").ok().has(object{
		"id": "s0", "room_id": id, "customer_id": "acme", "active": false, "created_at": "2026-03-01T12:00:00.005Z",
		"updated_at": "2026-03-01T12:02:00.005Z", "ended_at": "2026-03-01T12:02:00.005Z",
		"peers.p.session_id": "s0", "peers.p.name": "Ada", "peers.p.user_id": "u", "peers.p.role": "host",
		"peers.p.joined_at": "2026-03-01T12:00:00.005Z", "peers.p.left_at": "2026-03-01T12:01:00.005Z", "peers.p.reason": "left",
	})
	f.get("/v2/sessions/s1").ok().has(object{"active": true, "peers.p.left_at": nil, "ended_at": nil})
	f.get("/v2/sessions/nope").refused(404, "session.not_found")

	list := func(query string, want string) {
		t.Helper()
		if got := fmt.Sprint(f.get("/v2/sessions?" + query).ok().names("id")); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	list("", "[s2 s1 s0]")
	list("active=true", "[s2 s1]")
	list("active=false", "[s0]")
	list("room_id="+id+"&limit=1", "[s2]")
	list("limit=1&start=s2", "[s1]")
	list("room_id=other", "[]")
	list("after=2026-03-01T13:00:00.005Z", "[s2 s1]")
	list("before=2026-03-01T12:30:00Z", "[s0]")
	f.get("/v2/sessions?active=1").refused(400, "request.field_invalid", "active")
}
