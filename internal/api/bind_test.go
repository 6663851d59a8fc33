// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

// TestAReportIsHeldToItsToken reports over both doors what the token does not
// prove: a role, a session, somebody else's peer, and peers that cannot be.
func TestAReportIsHeldToItsToken(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	e.inside()
	viewer := func(user, proof string) *fixture {
		return e.as(mint(t, acme, token.Claims{Type: token.App, RoomID: e.room, Role: "viewer", UserID: user, UserProof: proof}))
	}
	says := func(peer, role, session string) object {
		report := e.told(0)
		delete(report, "event_id")
		report["peer"] = object{"peer_id": peer, "role": role, "session_id": session}
		return report
	}
	whole := func(peer, role, session string) object {
		return object{"type": "client.disconnected", "data": object{"peer_id": peer, "role": role, "session_id": session}}
	}
	for _, who := range []struct {
		name string
		as   *fixture
	}{
		{"another user", viewer("eve", "")},
		{"a code with the user's id", viewer("ann", token.ProofCode)},
		{"nobody", viewer("", "")},
	} {
		who.as.post("/v2/client/report", says("peer-of-ann", "host", "s1")).refused(400, "request.field_invalid")
		for _, item := range []object{says("peer-of-ann", "host", "s1"), whole("peer-of-ann", "host", "s1")} {
			who.as.post("/api/v1/events", item).ok().has(object{"refused": 1, "items.0.fault.field": "peer.peer_id"})
		}
	}
	for _, peer := range []string{"a\x00b", "two\nlines", "\u202eright to left"} {
		viewer("eve", "").post("/v2/client/report", says(peer, "", "")).refused(400, "request.field_invalid")
	}
	if n := e.total(""); n != 0 {
		t.Fatalf("%d events of what was refused", n)
	}

	// What nobody knows of is in the role of the token and in no session.
	viewer("eve", "").post("/v2/client/report", says("a-peer-never-inside", "host", "s1")).ok()
	e.get("/v2/analytics/events?peer_id=a-peer-never-inside").ok().has(object{
		"total": 1, "events.0.data.role": "viewer", "events.0.data.session_id": nil, "events.0.redial.user_id_proof": "token",
		"events.0.data.claimed_role": "host", "events.0.data.claimed_session_id": "s1",
	})
	// Another token of the proven user tells of the peer as it is known.
	viewer("ann", "").post("/v2/client/report", says("peer-of-ann", "host", "another-session")).ok()
	e.get("/v2/analytics/events?peer_id=peer-of-ann").ok().has(object{
		"total": 1, "events.0.data.role": "host", "events.0.data.session_id": "s1",
	})
}

// TestAClaimedUserIsAnotherUser finds and erases proven and claimed users of one
// id apart.
func TestAClaimedUserIsAnotherUser(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	for _, proof := range []string{token.ProofToken, token.ProofCode} {
		raw := mint(t, acme, token.Claims{Type: token.App, RoomID: e.room, Role: "host", UserID: "ann", UserProof: proof})
		e.as(raw).post("/v2/client/report", object{"event": "publish.failed", "payload": object{"error_code": 1}}).ok()
	}
	e.get("/v2/analytics/events?user_id=ann").ok().has(object{"total": 1, "events.0.redial.user_id_proof": "token"})
	e.get("/v2/analytics/events?user_id=ann&user_id_proof=code").ok().has(object{"total": 1, "events.0.data.user_id": "ann", "events.0.redial.user_id_proof": "code"})
	e.get("/v2/analytics/events?user_id=ann&user_id_proof=passport").refused(400, "request.field_invalid")
	e.get("/v2/analytics/events?user_id_proof=code").refused(400, "request.field_invalid")
	e.do("DELETE", "/api/v1/users/ann/events?user_id_proof=code", nil).ok().has(object{"removed": 1})
	e.get("/v2/analytics/events?user_id=ann").ok().has(object{"total": 1})
	e.do("DELETE", "/api/v1/users/ann/events", nil).ok().has(object{"removed": 1})
}

// TestACodeIsNotShownWhole reads what is said of codes that are off or mistyped.
func TestACodeIsNotShownWhole(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	codes, err := e.registry.CreateCodes(t.Context(), e.room, "host")
	if err != nil {
		t.Fatal(err)
	}
	code := codes[0].Code
	if _, err := e.registry.SetCodeEnabled(t.Context(), code, false); err != nil {
		t.Fatal(err)
	}
	for _, sent := range []string{code, code + "x"} {
		r := e.as("").post("/v2/token", object{"code": sent})
		if r.status < 400 || bytes.Contains(r.raw, []byte(code)) || !bytes.Contains(r.raw, []byte(code[:3]+"…")) {
			t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := e.get("/v2/analytics/events"); bytes.Contains(r.raw, []byte(code)) {
		t.Errorf("on record: %s", r.raw)
	}
}
