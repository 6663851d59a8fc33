// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

func TestARoomHasOneCodePerRole(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	made := f.post("/v2/room-codes/room/"+id, nil).ok()
	if got := made.names("role"); !slices.Equal(got, []string{"guest", "host", "viewer"}) {
		t.Errorf("%v", got)
	}
	made.has(object{"data.0.enabled": true, "data.0.room_id": id})
	if again := f.post("/v2/room-codes/room/"+id, object{}).ok(); !slices.Equal(again.names("code"), made.names("code")) {
		t.Errorf("made anew: %s", again.raw)
	}
	f.post("/v2/room-codes/room/"+id+"/role/host", nil).ok().has(object{"code": made.str("data.1.code"), "role": "host"})
	f.post("/v2/room-codes/room/"+id+"/role/clown", nil).refused(404, "role.not_found")

	f.post("/v2/room-codes/code", object{"code": made.str("data.0.code"), "enabled": false}).ok().has(object{"enabled": false})
	f.get("/v2/room-codes/room/" + id).ok().has(object{"limit": 20, "data.2.role": "viewer"})
	if got := f.get("/v2/room-codes/room/" + id + "?enabled=true").ok().names("role"); !slices.Equal(got, []string{"host", "viewer"}) {
		t.Errorf("%v", got)
	}
	f.get("/v2/room-codes/room/" + id + "?role=viewer").ok().has(object{"data.0.role": "viewer", "data.1": nil})
	f.get("/v2/room-codes/room/"+id+"?role=clown").refused(404, "role.not_found")
	p := f.get("/v2/room-codes/room/" + id + "?limit=2").ok()
	f.get("/v2/room-codes/room/" + id + "?limit=2&start=" + p.str("last")).ok().has(object{"data.0.role": "viewer"})

	f.post("/v2/room-codes/code", object{"enabled": true}).refused(400, "request.field_missing", "code")
	f.post("/v2/room-codes/code", object{"code": "x"}).refused(400, "request.field_missing", "enabled")
	f.post("/v2/room-codes/code", object{"code": "x", "enabled": true}).refused(404, "code.not_found")
	f.post("/v2/room-codes/code", object{"code": "x", "enabled": "true"}).refused(400, "request.field_invalid", "enabled")
	f.post("/v2/room-codes/room/nope", nil).refused(404, "room.not_found")
	f.post("/v2/rooms/"+id, object{"enabled": false}).ok()
	f.post("/v2/room-codes/room/"+id, nil).refused(403, "room.disabled")
}

func TestACodeIsExchangedForATokenOfItsRoomAndRole(t *testing.T) {
	f := serve(t, func(c *api.Config) { c.TokenTTL = time.Hour })
	id := f.newRoom("lobby")
	code := f.post("/v2/room-codes/room/"+id+"/role/guest", nil).ok().str("code")
	stranger := f.as("")

	r := stranger.post("/v2/token", object{"code": code, "user_id": "ada"}).ok()
	claims, err := f.tokens.Verify(t.Context(), r.str("token"), token.App)
	if err != nil {
		t.Fatal(err)
	}
	if claims.RoomID != id || claims.Role != "guest" || claims.UserID != "ada" || claims.Account != "acme" {
		t.Errorf("%+v", claims)
	}
	if ttl := claims.ExpiresAt.Sub(claims.IssuedAt); ttl < 59*time.Minute || ttl > time.Hour {
		t.Errorf("valid for %v", ttl)
	}
	if at := r.str("expires_at"); at != claims.ExpiresAt.UTC().Format(time.RFC3339) {
		t.Errorf("expires_at %s, %v", at, claims.ExpiresAt)
	}
	r = stranger.post("/v2/token", object{"code": code}).ok()
	if claims, err = f.tokens.Verify(t.Context(), r.str("token"), token.App); err != nil || claims.UserID == "" {
		t.Errorf("without a user id: %+v, %v", claims, err)
	}
}

// heard is a recorder that keeps what it is told.
type heard []event.Event

func (h *heard) Record(e event.Event) { *h = append(*h, e) }

func TestThatACodeIsNotExchangedIsRecorded(t *testing.T) {
	var events heard
	f := serve(t, func(c *api.Config) { c.Events = &events })
	id := f.newRoom("lobby")
	code := f.post("/v2/room-codes/room/"+id+"/role/guest", nil).ok().str("code")
	f.as("").post("/v2/token", object{"code": "abc-defg-hij"}).refused(404, "code.not_found")
	f.as("").post("/v2/token", object{"code": code}).ok()
	if len(events) != 0 {
		t.Fatalf("%+v", events)
	}
	f.post("/v2/rooms/"+id, object{"locked": true}).ok()
	f.as("").do("POST", "/v2/token", object{"code": code, "user_id": "ada"}, "user_agent_v2", "os:linux,sdk:go").refused(403, "room.locked")
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if e.Type != event.ConnectFailed || e.Action != "GET_TOKEN" || e.Op != fault.OpToken || e.Fault != "room.locked" ||
		e.RoomID != id || e.RoomName != "lobby" || e.Role != "guest" || e.UserID != "ada" || e.AccountID == "" || e.Agent.SDK != "go" || !e.Failure.Terminal {
		t.Errorf("%+v", e)
	}
}

func TestWhyACodeIsNotExchanged(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	code := f.post("/v2/room-codes/room/"+id+"/role/guest", nil).ok().str("code")
	try := func(body any) reply { t.Helper(); return f.as("").post("/v2/token", body) }

	try(object{}).refused(400, "request.field_missing", "code")
	try(object{"code": 7}).refused(400, "request.field_invalid", "code")
	try(object{"code": "abc-defg-hij"}).refused(404, "code.not_found")
	try(object{"code": code, "user_id": "a\nb"}).refused(400, "request.field_invalid", "user_id")

	other := f.newRoom("attic")
	try(object{"code": code, "room_id": "no room"}).refused(400, "room.id_invalid", "room_id")
	try(object{"code": code, "room_id": "000000000000000000000000"}).refused(400, "room.not_found", "room_id")
	try(object{"code": code, "room_id": other}).refused(400, "token.room_mismatch", "room_id")
	foreign := f.as(mint(t, umbrella, token.Claims{Type: token.Management})).newRoom("lobby")
	try(object{"code": code, "room_id": foreign}).refused(400, "room.not_found", "room_id")
	try(object{"code": code, "room_id": id}).ok()

	f.post("/v2/room-codes/code", object{"code": code, "enabled": false}).ok()
	try(object{"code": code}).refused(403, "code.disabled")
	f.post("/v2/room-codes/code", object{"code": code, "enabled": true}).ok()

	f.post("/v2/rooms/"+id, object{"locked": true}).ok()
	try(object{"code": code}).refused(403, "room.locked")
	f.post("/v2/rooms/"+id, object{"enabled": false}).ok()
	try(object{"code": code}).refused(403, "room.disabled")
	f.post("/v2/rooms/"+id, object{"enabled": true}).ok()

	tmpl := f.get("/v2/rooms/" + id).ok().str("template_id")
	f.do("DELETE", "/v2/templates/"+tmpl+"/roles/guest", nil)
	try(object{"code": code}).refused(404, "role.not_found")
}

func TestCodesCannotBeGuessedQuickly(t *testing.T) {
	f := serve(t, func(c *api.Config) { c.Limits.Exchange = api.Rate{PerSecond: 0.01, Burst: 3} })
	for range 3 {
		f.as("").post("/v2/token", object{"code": "guess"}).refused(404, "code.not_found")
	}
	f.as("").post("/v2/token", object{"code": "guess"}).refused(429, "rate.limited")
	f.get("/v2/rooms").ok() // other calls of that address go on
}

func TestARevokedTokenIsRefusedEverywhere(t *testing.T) {
	f := serve(t)
	victim := f.as(mint(t, acme, token.Claims{Type: token.Management, ID: "m-1"}))
	victim.get("/v2/rooms").ok()
	f.post("/api/v1/tokens/revoke", object{"jti": "m-1"}).ok().has(object{"jti": "m-1", "revoked": true})
	victim.get("/v2/rooms").refused(401, "token.revoked")

	inRoom := mint(t, acme, token.Claims{Type: token.App, RoomID: "r", Role: "host", ID: "a-1"})
	f.post("/api/v1/tokens/revoke", object{"token": inRoom}).ok().has(object{"jti": "a-1"})
	if revoked, err := f.registry.Revoked(t.Context(), "a-1"); err != nil || !revoked {
		t.Errorf("%v, %v", revoked, err)
	}

	f.post("/api/v1/tokens/revoke", object{}).refused(400, "request.field_missing", "jti")
	f.post("/api/v1/tokens/revoke", object{"jti": "x", "expires_at": "soon"}).refused(400, "request.body_invalid")
	f.post("/api/v1/tokens/revoke", object{"token": "rubbish"}).refused(400, "request.field_invalid", "token")
	foreign := mint(t, umbrella, token.Claims{Type: token.Management})
	f.post("/api/v1/tokens/revoke", object{"token": foreign}).refused(400, "request.field_invalid", "token")
	f.post("/api/v1/tokens/revoke", object{"jti": "x", "expires_at": "2030-01-01T00:00:00Z"}).ok()
}
