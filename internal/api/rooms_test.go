// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"slices"
	"testing"
)

func TestARoomIsCreatedWithWhatWasAskedAndDefaults(t *testing.T) {
	f := serve(t)
	r := f.post("/v2/rooms", object{"name": "lobby", "description": "front door", "region": "eu", "size": 5, "large_room": true, "max_duration_seconds": 3600}).ok()
	r.has(object{
		"name": "lobby", "description": "front door", "region": "eu", "size": 5, "large_room": true, "max_duration_seconds": 3600,
		"enabled": true, "locked": false, "customer_id": "acme", "template": "default", "recording_info.enabled": false,
	})
	f.get("/v2/rooms/" + r.str("id")).ok().has(object{"name": "lobby", "id": r.str("id"), "created_at": r.str("created_at")})
	f.post("/v2/rooms", object{}).ok().str("name")
}

func TestCreatingARoomOfThatNameAgainGivesTheSameRoom(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.post("/v2/rooms", object{"name": "LOBBY"}).ok().has(object{"id": id, "name": "lobby"})
	// What is sent with it is applied, what is not stays.
	f.post("/v2/rooms", object{"name": "lobby", "description": "new"}).ok().has(object{"id": id, "description": "new"})
	f.post("/v2/rooms", object{"name": "Lobby", "size": 3}).ok().has(object{"id": id, "name": "lobby", "description": "new", "size": 3})
	if got := f.get("/v2/rooms").ok().names("id"); !slices.Equal(got, []string{id}) {
		t.Errorf("%v", got)
	}
}

func TestARoomIsFoundByIDAndByName(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.get("/v2/rooms/" + id).ok().has(object{"name": "lobby"})
	f.get("/v2/rooms/lobby").ok().has(object{"id": id})
	f.get("/v2/rooms?name=lobby").ok().has(object{"data.0.id": id, "data.1": nil})
	f.get("/v2/rooms?name=other").ok().has(object{"data.0": nil, "last": ""})
	f.get("/v2/rooms/other").refused(404, "room.not_found")
}

func TestARoomIsUpdatedFieldByField(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.newRoom("other")
	f.post("/v2/rooms/"+id, object{"description": "a", "size": 9}).ok().has(object{"description": "a", "size": 9, "name": "lobby"})
	f.post("/v2/rooms/lobby", object{"name": "hall"}).ok().has(object{"id": id, "name": "hall", "description": "a"})
	f.get("/v2/rooms/lobby").refused(404, "room.not_found")
	f.post("/v2/rooms/"+id, object{"name": "OTHER"}).refused(409, "name.taken", "name")
	f.post("/v2/rooms/"+id, object{"name": ""}).refused(400, "request.field_invalid", "name")
	f.post("/v2/rooms/"+id, object{"template_id": "nope"}).refused(404, "template.not_found")
	f.post("/v2/rooms/nope", object{}).refused(404, "room.not_found")
}

func TestARoomIsDisabledAndEnabled(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.post("/v2/rooms/"+id, object{"enabled": false}).ok().has(object{"enabled": false})
	f.get("/v2/rooms?enabled=false").ok().has(object{"data.0.id": id})
	f.get("/v2/rooms?enabled=true").ok().has(object{"data.0": nil})
	if err := f.registry.SetLocked(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	f.get("/v2/rooms/" + id).ok().has(object{"locked": true})
	f.post("/v2/rooms/"+id, object{"enabled": true}).ok().has(object{"enabled": true, "locked": false})
	f.post("/v2/rooms/"+id, object{"locked": true}).ok().has(object{"locked": true})
}

func TestRoomsAreListedPageByPage(t *testing.T) {
	f := serve(t)
	var want []string
	for i := range 5 {
		want = append([]string{fmt.Sprint("r", i)}, want...)
		f.newRoom(want[0])
	}
	var got []string
	start := ""
	for {
		p := f.get("/v2/rooms?limit=2&start=" + start).ok().has(object{"limit": 2})
		if len(p.names("name")) == 0 {
			break
		}
		got = append(got, p.names("name")...)
		start = p.str("last")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	middle := f.get("/v2/rooms/r2").ok().str("created_at")
	if got := f.get("/v2/rooms?after=" + middle).ok().names("name"); !slices.Equal(got, []string{"r4", "r3", "r2"}) {
		t.Errorf("after: %v", got)
	}
	if got := f.get("/v2/rooms?before=" + middle).ok().names("name"); !slices.Equal(got, []string{"r2", "r1", "r0"}) {
		t.Errorf("before: %v", got)
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=101": "limit", "limit=many": "limit", "start=nope": "start",
		"enabled=maybe": "enabled", "after=yesterday": "after", "before=1": "before",
	} {
		f.get("/v2/rooms?"+query).refused(400, "request.field_invalid", field)
	}
}

func TestWhatThisServerCannotDoIsRefusedNotForgotten(t *testing.T) {
	f := serve(t)
	f.post("/v2/rooms", object{"recording_info": object{"enabled": true}}).refused(400, "feature.unsupported", "recording_info.enabled")
	f.post("/v2/rooms", object{"webhook": object{"url": "https://hooks.example"}}).refused(400, "feature.unsupported", "webhook")
	f.post("/v2/rooms", object{"recording_info": object{"enabled": false}, "webhook": object{}}).ok()
}
