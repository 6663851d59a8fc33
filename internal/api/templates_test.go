// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"net/http"
	"slices"
	"testing"
)

func TestATemplateIsCreatedWithDefaultsForWhatIsLeftOut(t *testing.T) {
	f := serve(t)
	r := f.post("/v2/templates", object{
		"name": "class", "description": "a class",
		"roles": object{
			"teacher": object{},
			"student": object{
				"publishParams":   object{"allowed": []string{"audio"}, "video": object{"width": 320, "height": 180}},
				"subscribeParams": object{"subscribeToRoles": []string{"teacher"}},
				"permissions":     object{"changeRole": true},
				"maxPeerCount":    30,
			},
			"ghost": nil,
		},
		"settings": object{"region": "in"},
	}).ok()
	r.has(object{
		"name": "class", "description": "a class", "default": false, "customer_id": "acme", "_id": r.str("id"),
		"roles.teacher.name": "teacher", "roles.teacher.publishParams.allowed": "[audio video screen]",
		"roles.teacher.subscribeParams.subscribeToRoles": "[ghost student teacher]",
		"roles.student.publishParams.allowed":            "[audio]", "roles.student.publishParams.video.width": 320,
		"roles.student.publishParams.video.codec": "vp8", "roles.student.publishParams.screen.codec": "vp8",
		"roles.student.subscribeParams.subscribeToRoles": "[teacher]", "roles.student.permissions.changeRole": true,
		"roles.student.permissions.endRoom": false, "roles.student.maxPeerCount": 30, "roles.ghost.name": "ghost",
		"settings.region": "in", "settings.roomState.messageInterval": 10,
	})
	f.get("/v2/templates/" + r.str("id")).ok().has(object{"roles.student.publishParams.video.width": 320})
	id := f.post("/v2/rooms", object{"template_id": r.str("id")}).ok().has(object{"template": "class"}).str("id")
	f.join(id, "p1", "student")
}

func TestTemplateFieldsThatAreWrongAreNamed(t *testing.T) {
	f := serve(t)
	for _, c := range []struct {
		body  string
		id    string
		field string
	}{
		{`{}`, "request.field_missing", "roles"},
		{`{"roles": {}}`, "request.field_missing", "roles"},
		{`{"roles": []}`, "request.field_invalid", "roles"},
		{`{"roles": {"host": 7}}`, "request.field_invalid", "roles.host"},
		{`{"roles": {"host": {"priority": "high"}}}`, "request.field_invalid", "roles.host.priority"},
		{`{"roles": {"host": {"publishParams": {"audio": {"bitRate": "32k"}}}}}`, "request.field_invalid", "roles.host.publishParams.audio.bitRate"},
		{`{"roles": {"host": {"publishParams": {"allowed": ["smell"]}}}}`, "request.field_invalid", "roles.host.publishParams.allowed[0]"},
		{`{"roles": {"a/b": {}}}`, "request.field_invalid", "roles.a/b.name"},
		{`{"roles": {"host": {}}, "settings": {"region": 1}}`, "request.field_invalid", "settings.region"},
		{`{"roles": {"host": {}}, "settings": "x"}`, "request.field_invalid", "settings"},
		{`{"roles": {"host": {}}, "name": "a/b"}`, "request.field_invalid", "name"},
	} {
		f.post("/v2/templates", c.body).refused(400, c.id, c.field)
	}
}

func TestTemplatesAreListedUpdatedAndDeleted(t *testing.T) {
	f := serve(t)
	a := f.post("/v2/templates", object{"name": "a", "roles": oneRole()}).ok().str("id")
	b := f.post("/v2/templates", object{"name": "b", "roles": oneRole()}).ok().str("id")
	if got := f.get("/v2/templates").ok().names("id"); !slices.Equal(got, []string{b, a}) {
		t.Errorf("%v", got)
	}
	f.get("/v2/templates?limit=1&start=" + b).ok().has(object{"data.0.id": a, "last": a})
	f.post("/v2/templates/"+a, object{"roles": object{"host": object{}}}).ok().has(object{"name": "a", "roles.host.name": "host", "roles.anyone": nil})
	f.post("/v2/templates/"+a, object{"name": "B"}).refused(409, "name.taken", "name")
	f.post("/v2/templates", object{"name": "a", "roles": oneRole()}).ok().has(object{"id": a, "roles.host": nil})

	if r := f.do("DELETE", "/v2/templates/"+a, nil); r.status != http.StatusNoContent || len(r.raw) != 0 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.do("DELETE", "/v2/templates/"+a, nil).refused(404, "template.not_found")
	f.post("/v2/rooms", object{"template_id": b}).ok()
	f.do("DELETE", "/v2/templates/"+b, nil).refused(409, "template.in_use")
}

func TestRolesAreMadeChangedRenamedAndDeleted(t *testing.T) {
	f := serve(t)
	base := "/v2/templates/" + f.post("/v2/templates", object{"name": "t", "roles": object{"host": object{}}}).ok().str("id")

	f.post(base+"/roles/guest", object{"permissions": object{"mute": true}}).ok().has(object{"name": "guest", "permissions.mute": true})
	layers := []object{{"rid": "f", "scaleResolutionDownBy": 1, "maxBitrate": 700}, {"rid": "h", "scaleResolutionDownBy": 2, "maxBitrate": 300, "maxFramerate": 12}}
	f.post(base+"/roles/guest", object{"publishParams": object{"simulcast": object{"video": object{"layers": layers}}}}).ok().has(object{
		"permissions.mute": true, // what is left out stays
		"publishParams.simulcast.video.layers.1.maxFramerate": 12, "publishParams.simulcast.video.layers.0.maxFramerate": 30,
	})
	f.post(base+"/roles/guest", object{"priority": 3}).ok().has(object{"publishParams.simulcast.video.layers.1.maxFramerate": 12})
	// A list is replaced, and nothing of the old entries shines through.
	f.post(base+"/roles/guest", object{"publishParams": object{"simulcast": object{"video": object{"layers": layers[:1]}}}}).ok().has(object{
		"publishParams.simulcast.video.layers.0.maxFramerate": 30, "publishParams.simulcast.video.layers.1": nil,
	})
	f.post(base+"/roles/guest", object{"publishParams": object{"simulcast": object{"video": object{"layers": []object{}}}}}).ok().has(object{
		"publishParams.simulcast.video.layers": nil,
	})

	f.post(base+"/roles/host", object{"subscribeParams": object{"subscribeToRoles": []string{"guest", "host"}}}).ok()
	f.post(base+"/roles/guest", object{"name": "visitor"}).ok().has(object{"name": "visitor", "permissions.mute": true})
	f.get(base+"/roles/guest").refused(404, "role.not_found")
	f.get(base + "/roles/host").ok().has(object{"subscribeParams.subscribeToRoles": "[visitor host]"})
	f.post(base+"/roles/visitor", object{"name": "host"}).refused(409, "name.taken", "name")
	f.post(base+"/roles/visitor", object{"maxPeerCount": -5}).refused(400, "request.field_invalid", "roles.visitor.maxPeerCount")
	f.post(base+"/roles/visitor", object{"priority": "x"}).refused(400, "request.field_invalid", "priority")
	f.post(base+"/roles/visitor", `[]`).refused(400, "request.body_invalid")

	if r := f.do("DELETE", base+"/roles/visitor", nil); r.status != http.StatusNoContent {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.do("DELETE", base+"/roles/visitor", nil).refused(404, "role.not_found")
	f.get(base + "/roles/host").ok().has(object{"subscribeParams.subscribeToRoles": "[host]"})
	f.do("DELETE", base+"/roles/host", nil).refused(400, "request.field_missing", "roles")
}

func TestSettingsOfATemplate(t *testing.T) {
	f := serve(t)
	base := "/v2/templates/" + f.post("/v2/templates", object{"roles": oneRole()}).ok().str("id")
	f.post(base+"/settings", object{"roomState": object{"sendPeerList": false}, "recording": nil}).ok().has(object{"roomState.sendPeerList": false, "roomState.enabled": true})
	f.get(base + "/settings").ok().has(object{"roomState.sendPeerList": false, "region": "auto"})
	f.post(base+"/settings", object{"roomState": object{"messageInterval": -1}}).refused(400, "request.field_invalid", "settings.roomState.messageInterval")
	f.post(base+"/settings", object{"roomState": 5}).refused(400, "request.field_invalid", "roomState")
	f.post(base+"/settings", nil).ok()
}
