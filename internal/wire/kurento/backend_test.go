// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// TestABackendKnowsItsConnections: platform, address, what each publishes and what
// it receives, as openvidu-node-client has it.
func TestABackendKnowsItsConnections(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "MODERATOR", "ann"), s.enter(session, "PUBLISHER", "bob")
	stream := ann.publish()
	bob.hear("participantPublished", of("id", ann.id))
	bob.must("prepareReceiveVideoFrom", map[string]any{"sender": stream})
	got := s.api("GET", "/sessions/"+session+"/connection/"+bob.id, "", 200)
	subs := got["subscribers"].([]any)
	if len(subs) != 1 || subs[0].(map[string]any)["streamId"] != stream || subs[0].(map[string]any)["publisher"] != ann.id {
		t.Errorf("bob receives %v", subs)
	}
	if got["ip"] != "127.0.0.1" || got["platform"] != "Chromium on Linux" || got["location"] != "unknown" || got["clientData"] != `{"clientData":"bob"}` {
		t.Errorf("bob is %v", got)
	}
	bob.must("unsubscribeFromVideo", map[string]any{"sender": ann.id})
	if got := s.api("GET", "/sessions/"+session+"/connection/"+bob.id, "", 200); len(got["subscribers"].([]any)) != 0 {
		t.Errorf("bob receives %v", got["subscribers"])
	}
	pubs := s.api("GET", "/sessions/"+session+"/connection/"+ann.id, "", 200)["publishers"].([]any)
	if len(pubs) != 1 || pubs[0].(map[string]any)["streamId"] != stream {
		t.Errorf("ann publishes %v", pubs)
	}
}

// TestABackendChangesARole: the client is told, may do what the role may and no
// more, and what it publishes ends with the role that let it.
func TestABackendChangesARole(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "PUBLISHER", "bob")
	change := func(c *client, body string, status int) map[string]any {
		t.Helper()
		return s.api("PATCH", "/sessions/"+session+"/connection/"+c.id, body, status)
	}
	stream := bob.publish()
	ann.hear("participantPublished", of("id", bob.id))
	ann.refused("forceUnpublish", map[string]any{"streamId": stream}, 401, fault.NotPermitted)
	if got := change(ann, `{"role":"MODERATOR"}`, 200); got["role"] != "MODERATOR" || got["status"] != "active" {
		t.Errorf("ann became %v", got)
	}
	if p := ann.hear("connectionPropertyChanged", of("property", "role")); p["newValue"] != "MODERATOR" {
		t.Errorf("ann is told %v", p)
	}
	ann.must("forceUnpublish", map[string]any{"streamId": stream})
	bob.hear("participantUnpublished", of("reason", "forceUnpublishByUser"))
	bob.publish()
	change(bob, `{"role":"SUBSCRIBER"}`, 200)
	bob.hear("participantUnpublished", of("reason", "forceUnpublishByServer"))
	bob.hear("connectionPropertyChanged", of("newValue", "SUBSCRIBER"))
	_, _, offer := bob.offer()
	bob.refused("publishVideo", map[string]any{"sdpOffer": offer, "hasAudio": true, "hasVideo": true}, 401, fault.PublishNotAllowed)
	change(bob, `{"role":"PUBLISHER"}`, 200)
	bob.hear("connectionPropertyChanged", of("newValue", "PUBLISHER"))
	bob.publish()

	if got := change(bob, `{"record":false}`, 200); got["record"] != false {
		t.Errorf("bob is recorded: %v", got)
	}
	if got := change(bob, `{"data":"other"}`, 400); got["fault"] != fault.FieldInvalid.ID {
		t.Errorf("told data changes: %v", got)
	}
}

// TestAPictureIsKnown to the others with its size and frame rate, from the start
// and when it changes, and to the backend.
func TestAPictureIsKnown(t *testing.T) {
	s := newStation(t)
	session := s.session()
	ann, bob := s.enter(session, "PUBLISHER", "ann"), s.enter(session, "PUBLISHER", "bob")
	_, _, offer := ann.offer()
	stream := ann.must("publishVideo", map[string]any{
		"sdpOffer": offer, "hasAudio": true, "hasVideo": true, "typeOfVideo": "CAMERA", "frameRate": 15, "videoDimensions": `{"width":640,"height":480}`,
	})["id"]
	told := bob.hear("participantPublished", of("id", ann.id))["streams"].([]any)[0].(map[string]any)
	if told["videoDimensions"] != `{"width":640,"height":480}` || told["frameRate"] != 15.0 {
		t.Errorf("bob is told %v", told)
	}
	turn := map[string]any{"streamId": stream, "property": "videoDimensions", "newValue": `{"width":480,"height":640}`, "reason": "deviceRotated"}
	ann.must("streamPropertyChanged", turn)
	ann.must("streamPropertyChanged", map[string]any{"streamId": stream, "property": "videoActive", "newValue": false, "reason": "publishVideo"})
	p := bob.hear("streamPropertyChanged", of("property", "videoDimensions"))
	if p["newValue"] != `"{\"width\":480,\"height\":640}"` || p["reason"] != "deviceRotated" { // parsed twice
		t.Errorf("bob is told %v", p)
	}
	bob.hear("streamPropertyChanged", of("property", "videoActive"))
	media := s.api("GET", "/sessions/"+session+"/connection/"+ann.id, "", 200)["publishers"].([]any)[0].(map[string]any)["mediaOptions"].(map[string]any)
	if media["videoDimensions"] != `{"width":480,"height":640}` || media["videoActive"] != false || media["frameRate"] != 15.0 {
		t.Errorf("the backend is told %v", media)
	}
	for _, bad := range []any{`{"width":-1,"height":1}`, `{"width":1e9,"height":1}`, "wide", 7, []int{1}} {
		turn["newValue"] = bad
		ann.refused("streamPropertyChanged", turn, 803, fault.FieldInvalid)
	}
}
