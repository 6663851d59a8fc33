// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
)

// Text in Latin-1 is refused by name and place, and nothing of it is stored; it
// used to be kept with U+FFFD in it.
func TestABodyThatIsNotUTF8IsRefused(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	r := e.do("POST", "/v2/rooms", "{\"name\":\"caf\u00e9\",\"description\":\"caf\xe9\"}")
	r.refused(400, "request.body_invalid", "description")
	r.has(object{"fault.details.offset": 34, "fault.details.reason": "not UTF-8"})
	e.do("POST", "/v2/templates", "{\"name\":\"t\",\"roles\":{\"\xe9\":{}}}").refused(400, "request.body_invalid", "roles")
	e.as("").do("POST", "/v2/token", "{\"code\":\"\xe9\"}").refused(400, "request.body_invalid", "code")
	e.ann().do("POST", "/v2/client/report", "{\"event\":\"disconnected\",\"peer\":{\"user_name\":\"Jos\xe9\"}}").refused(400, "request.body_invalid", "peer.user_name")
	if names := fmt.Sprint(e.get("/v2/rooms").ok().names("name")); names != "[lobby]" {
		t.Errorf("rooms %s", names)
	}
	if n := e.total(""); n != 0 {
		t.Errorf("%d events stored", n)
	}
}

// In a batch one item that is not UTF-8 breaks no other.
func TestAnItemThatIsNotUTF8BreaksNoOther(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	shape := batchShapes(e.room)[0]
	bad := fmt.Sprintf(`{"event":"disconnected","timestamp":1795295249805,"peer":{"room_id":%q,"user_name":"Jos`+"\xe9"+`"}}`, e.room)
	r := e.ann().do("POST", "/api/v1/events", shape+"\n"+bad+"\n", "Content-Type", "application/x-ndjson").ok()
	r.has(object{"items.0.outcome": "stored", "items.1.outcome": "refused", "items.1.fault.id": "request.body_invalid", "items.1.fault.field": "peer.user_name"})
}
