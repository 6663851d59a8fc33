// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/report"
)

// lostIce is one failure of ann's that the server took for a failed connection and
// her client for a lost one: 4005 to the one, 4006 to the other.
func (e *eventful) lostIce() (id string) {
	e.t.Helper()
	seen := report.Seen(event.PublishFailed, fault.From(fault.ICEFailed.New("stun_seen", true), fault.OpPublish),
		event.Subject{AccountID: "acme", UserID: "ann", PeerID: "peer-of-ann", RoomID: e.room, Role: "host"})
	seen.Evidence = &evidence.Record{V: evidence.Version, Path: &evidence.Path{Side: "publish", State: "failed", STUN: true}}
	if err := e.recorder.Append(e.t.Context(), seen); err != nil {
		e.t.Fatal(err)
	}
	told := e.told(0)
	told["event"] = "publish.failed"
	told["payload"] = object{"error_code": 4006, "error_name": "ICEDisconnected", "error_message": "[PUBLISH]: Ice connection state DISCONNECTED",
		"error_description": "local candidate - undefined", "action": "PUBLISH", "is_terminal": true}
	e.ann().post("/v2/client/report", told).ok()
	return e.get("/v2/analytics/events").ok().has(object{"total": 1}).str("events.0.id")
}

// TestBothHalvesAreShown: one failure under two numbers is one event, and what
// each side told of it can be read; the documented shape has nothing of it.
func TestBothHalvesAreShown(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	id := e.lostIce()
	documented := e.get("/v2/analytics/events").ok().has(object{
		"events.0.data.error_code": 4006, "events.0.data.error_description": "local candidate - undefined", "events.0.redial.source": "both",
		"events.0.redial.fault": "ice.failed", "events.0.redial.client": nil, "events.0.redial.server": nil,
	})
	if said := e.get("/v2/analytics/events?dialect=hms").ok(); string(said.raw) != string(documented.raw) {
		t.Errorf("the same words asked for by name are\n%s\nnot\n%s", said.raw, documented.raw)
	}
	whole := func(at string) object {
		return object{
			at + "data.error_code": 4006, at + "redial.client.code": 4006, at + "redial.client.name": "ICEDisconnected", at + "redial.client.dialect": "hms",
			at + "redial.client.description": "local candidate - undefined", at + "redial.client.terminal": true, at + "redial.client.fault": "ice.disconnected",
			at + "redial.server.fault": "ice.failed", at + "redial.server.details.0.name": "stun_seen", at + "redial.server.details.0.value": true,
			at + "redial.server.words.code": 4005, at + "redial.server.words.name": "ICEFailure", at + "redial.server.evidence.path.state": "failed",
		}
	}
	e.get("/v2/analytics/events?halves=true").ok().has(whole("events.0."))
	e.get("/api/v1/events/" + id).ok().has(whole(""))
	e.get("/api/v1/events/" + id + "?halves=false").ok().has(object{"redial.client": nil, "redial.server": nil})
	lines := e.do("GET", "/v2/analytics/events?halves=true", nil, "Accept", "application/x-ndjson").raw
	if !strings.Contains(string(lines), `"client":{"dialect":"hms","code":4006`) {
		t.Errorf("the lines are %s", lines)
	}
}

// TestEventsInEveryDialect: code, name and words are those of the dialect that is
// asked for, and what the client told stays as it told it.
func TestEventsInEveryDialect(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	id := e.lostIce()
	if err := e.recorder.Append(t.Context(), report.Seen(event.JoinFailed, fault.From(fault.RoomFull.New(), fault.OpJoin),
		event.Subject{AccountID: "acme", UserID: "bob", PeerID: "peer-of-bob", RoomID: e.room})); err != nil {
		t.Fatal(err)
	}
	for _, d := range dialect.All() {
		if d == dialect.HMS {
			continue
		}
		ice, full := d.Word(fault.OpPublish, fault.ICEFailed), d.Word(fault.OpJoin, fault.RoomFull)
		want := object{
			"events.0.data.error_code": ice.Code, "events.0.data.error_name": ice.Name, "events.0.data.error_description": "local candidate - undefined",
			"events.0.data.is_terminal": true, "events.0.redial.fault": "ice.failed",
			"events.0.redial.client.code": 4006, "events.0.redial.client.dialect": "hms", "events.0.redial.client.name": "ICEDisconnected",
			"events.1.data.error_code": full.Code, "events.1.data.error_name": full.Name, "events.1.redial.fault": "room.full",
		}
		if ice.Code != 0 {
			want["events.0.redial.server.words.code"] = ice.Code
		}
		e.get("/v2/analytics/events?halves=true&dialect=" + d.Name).ok().has(want)
		e.get("/api/v1/events/" + id + "?dialect=" + d.Name).ok().has(object{"data.error_code": ice.Code, "data.error_name": ice.Name})
	}
	for name, code := range map[string]int{"hms": 4006, "opentok": 1553, "hms-ios": dialect.HMSIOS.Word(fault.OpPublish, fault.ICEFailed).Code} {
		e.get("/v2/analytics/events?dialect=" + name).ok().has(object{"events.0.data.error_code": code})
	}
	for query, field := range map[string]string{
		"dialect=klingon": "dialect", "dialect=": "dialect", "dialect=hms&dialect=web": "dialect", "halves=perhaps": "halves",
		"dialect=opentok&error_code=1553": "error_code",
	} {
		e.get("/v2/analytics/events?"+query).refused(400, "request.field_invalid", field)
	}
	e.get("/api/v1/events/"+id+"?room_id=x").refused(400, "request.field_invalid", "room_id")
}

// TestNoHalfIsForged: what a client says of the server's half, or of evidence, is
// not kept, whichever way it sends it.
func TestNoHalfIsForged(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	forged := object{
		"type": "client.publish.failed", "data": object{"room_id": e.room, "user_id": "ann", "error_code": 4006, "error_name": "ICEDisconnected"},
		"redial": object{
			"source": "both", "fault": "ice.failed", "injected": true,
			"client": object{"dialect": "hms", "code": 4006, "description": strings.Repeat("x", 100_000)},
			"server": object{"fault": "server.internal", "details": []object{{"name": "a", "value": "b"}}, "evidence": object{"v": 1, "path": object{"state": "failed"}}},
		},
	}
	id := e.ann().post("/api/v1/events", []any{forged}).ok().has(object{"items.0.outcome": "stored"}).str("items.0.id")
	e.get("/api/v1/events/" + id).ok().has(object{"redial.source": "client", "redial.server": nil, "redial.fault": nil, "redial.injected": false})

	// A backend may bring both halves, within the limits of any event.
	forged["redial"].(object)["server"].(object)["evidence"] = object{"v": 1, "path": object{"state": strings.Repeat("y", 100_000)}}
	r := e.post("/api/v1/events", []any{forged}).ok().has(object{"items.0.outcome": "stored"})
	kept := e.get("/api/v1/events/" + r.str("items.0.id")).ok().has(object{
		"redial.source": "both", "redial.client.code": 4006, "redial.server.fault": "server.internal", "redial.server.details.0.value": "b",
	})
	if len(kept.raw) > 24<<10 {
		t.Errorf("%d bytes are kept of one event", len(kept.raw))
	}
	var whole struct{ Redial struct{ Clipped []string } }
	if err := json.Unmarshal(kept.raw, &whole); err != nil || len(whole.Redial.Clipped) == 0 {
		t.Errorf("clipped: %v, %v", whole.Redial.Clipped, err)
	}
}
