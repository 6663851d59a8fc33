// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// call is where the elements of a call are in a layout.
const call = "screens.conferencing.default.elements."

// lobby is a room, and who asks for its layouts in a role.
func lobby(t *testing.T, f *fixture) (template string, as func(role string) *fixture) {
	r := f.post("/v2/rooms", object{"name": "lobby"}).ok()
	return "/v2/templates/" + r.str("template_id"), func(role string) *fixture {
		return f.as(mint(t, acme, token.Claims{Type: token.App, RoomID: r.str("id"), Role: role, UserID: "u"}))
	}
}

// layouts are what a role is given, by the role that each is for, and the first.
func layouts(t *testing.T, f *fixture) (first string, of map[string]reply) {
	t.Helper()
	all := f.get("/v2/layouts/ui").ok()
	of = map[string]reply{}
	for i, l := range all.at("data").([]any) {
		role := l.(object)["role"].(string)
		if i == 0 {
			first = role
		}
		of[role] = reply{t: t, call: role, json: l}
	}
	return first, of
}

func TestAReadyMadeRoomFindsTheLayoutOfItsRoleFirst(t *testing.T) {
	f := serve(t)
	_, as := lobby(t, f)
	for _, role := range []string{"host", "guest", "viewer"} {
		first, of := layouts(t, as(role))
		if first != role || len(of) != 3 {
			t.Errorf("%s gets %s first, of %d", role, first, len(of))
		}
	}
	_, of := layouts(t, as("host"))
	for role, want := range map[string]struct{ brb, moderates bool }{"host": {true, true}, "guest": {true, false}, "viewer": {false, false}} {
		l := of[role]
		for _, there := range []string{"chat", "participant_list", "hand_raise", "emoji_reactions", "video_tile_layout.grid"} {
			if _, ok := l.at(call + there).(object); !ok {
				t.Errorf("%s has no %s", role, there)
			}
		}
		if _, brb := l.at(call + "brb").(object); brb != want.brb {
			t.Errorf("%s: be right back is %v", role, brb)
		}
		if got := l.at(call + "chat.real_time_controls.can_hide_message"); got != want.moderates {
			t.Errorf("%s: hiding messages is %v", role, got)
		}
		if l.str("screens.preview.default.elements.join_form.join_btn_type") != "JOIN_BTN_TYPE_JOIN_ONLY" {
			t.Errorf("%s: a button that goes live", role)
		}
		if _, ok := l.at("screens.leave").(object); !ok {
			t.Errorf("%s: no leave screen", role)
		}
	}
	as("nobody").get("/v2/layouts/ui").refused(404, "role.not_found")
	f.get("/v2/layouts/ui").refused(401, "token.kind")
	f.as("").get("/v2/layouts/ui").refused(401, "token.missing")
	f.as(mint(t, umbrella, token.Claims{Type: token.App, RoomID: f.get("/v2/rooms/lobby").str("id"), Role: "host", UserID: "u"})).
		get("/v2/layouts/ui").refused(404, "room.not_found")
}

func TestALayoutIsStoredWithTheTemplate(t *testing.T) {
	f := serve(t)
	template, as := lobby(t, f)
	guest := template + "/roles/guest/layout"
	screens := object{"conferencing": object{"default": object{"elements": object{
		"header": object{"title": "Mine"}, "holograms": object{"depth": 3},
	}}}}
	f.post(guest, object{"screens": screens}).ok()
	f.post(guest, object{"logo": object{"url": "https://example.org/logo.png"}, "themes": []object{{"name": "dark", "palette": object{"primary_default": "#123"}}}}).ok()
	_, of := layouts(t, as("host"))
	got := of["guest"]
	if got.str(call+"header.title") != "Mine" || got.str("logo.url") != "https://example.org/logo.png" {
		t.Errorf("stored in two parts: %v", got.json)
	}
	if got.at(call+"holograms.depth") != 3.0 {
		t.Error("an element of a newer client is lost")
	}
	if got.at("screens.preview") != nil || got.at(call+"chat") != nil {
		t.Error("what the author left out is there")
	}
	if of["host"].at("logo") != nil || of["host"].at(call+"header") != nil {
		t.Error("another role's is changed")
	}

	f.post(template+"/roles/guest", object{"name": "visitor"}).ok()
	f.post(template, object{"description": "changed"}).ok()
	visitor := template + "/roles/visitor/layout"
	if f.get(visitor).ok().str(call+"header.title") != "Mine" {
		t.Error("a renamed role lost its layout")
	}
	f.do("DELETE", visitor, nil).ok()
	if got := f.get(visitor).ok(); got.at("logo") != nil || got.at(call+"hand_raise") == nil {
		t.Errorf("deleted, and not the default: %v", got.json)
	}

	// A role that goes takes its layout along.
	f.post(visitor, object{"screens": screens}).ok()
	f.do("DELETE", template+"/roles/visitor", nil)
	f.get(visitor).refused(404, "role.not_found")
	f.post(template+"/roles/visitor", object{}).ok()
	if f.get(visitor).ok().at(call+"header") != nil {
		t.Error("a new role has the layout of one that was removed")
	}
}

// TestALayoutIsWhatClientsCanShow: a ready-made room breaks on a layout whose
// objects are not there, or not objects.
func TestALayoutIsWhatClientsCanShow(t *testing.T) {
	f := serve(t, func(c *api.Config) { c.Limits.Layout = 2048 })
	template, _ := lobby(t, f)
	host := template + "/roles/host/layout"
	conferencing := func(elements any) object {
		return object{"screens": object{"conferencing": object{"default": object{"elements": elements}}}}
	}
	before := f.get(host).ok()
	f.post(host, "[]").refused(400, "request.body_invalid")
	f.post(host, object{"screens": 1}).refused(400, "request.field_invalid", "screens")
	f.post(host, object{"screens": object{}}).refused(400, "request.field_missing", "screens.conferencing.default")
	f.post(host, conferencing(nil)).refused(400, "request.field_missing", "screens.conferencing.default.elements")
	f.post(host, conferencing([]int{})).refused(400, "request.field_invalid", "screens.conferencing.default.elements")
	f.post(host, conferencing(object{"hand_raise": true})).refused(400, "request.field_invalid", call+"hand_raise")
	f.post(host, conferencing(object{"on_stage_exp": object{"off_stage_roles": "viewer"}})).refused(400, "request.field_invalid", call+"on_stage_exp.off_stage_roles")
	f.post(host, conferencing(object{"feedback": object{"ratings": 5}})).refused(400, "request.field_invalid", call+"feedback.ratings")
	f.post(host, object{"themes": object{}}).refused(400, "request.field_invalid", "themes")
	f.post(host, object{"options": object{"a": 1}}).refused(400, "request.field_invalid", "options")
	f.post(host, object{"screens": object{"conferencing": object{"hls_live_streaming": object{"elements": object{}}}}}).
		refused(400, "feature.unsupported", "screens.conferencing.hls_live_streaming")
	live := object{"default": object{"elements": object{"join_form": object{"join_btn_type": "JOIN_BTN_TYPE_JOIN_AND_GO_LIVE"}}}}
	f.post(host, object{"screens": object{"preview": live, "conferencing": object{"default": object{"elements": object{}}}}}).
		refused(400, "feature.unsupported", "screens.preview.default.elements.join_form.join_btn_type")
	f.post(template+"/roles/nobody/layout", conferencing(object{})).refused(404, "role.not_found")

	// Parts that are small one by one are bounded together.
	f.post(host, object{"options": object{"a": strings.Repeat("x", 1500)}}).ok()
	r := f.post(host, object{"logo": object{"url": strings.Repeat("x", 1500)}})
	r.refused(413, "request.too_large")
	if r.str("fault.details.limit") != "limits.layout_bytes" {
		t.Errorf("the limit is not named: %s", r.raw)
	}
	f.do("DELETE", host, nil).ok()
	if got := f.get(host).ok(); string(got.raw) != string(before.raw) {
		t.Errorf("refusals left something behind: %s", got.raw)
	}
}

func TestALayoutOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	stored := func(visit func(*fixture, string)) {
		reg, err := registry.Open(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer reg.Close()
		f := serve(t, func(c *api.Config) { c.Registry = reg })
		template, _ := lobby(t, f)
		visit(f, template+"/roles/host/layout")
	}
	stored(func(f *fixture, at string) {
		f.post(at, object{"logo": object{"url": "https://example.org/l.png"}}).ok()
	})
	stored(func(f *fixture, at string) {
		if f.get(at).ok().str("logo.url") != "https://example.org/l.png" {
			t.Error("lost")
		}
	})
}
