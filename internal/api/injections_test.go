// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/token"
)

// injecting serves the API with a plan, to a caller with the grant.
func injecting(t *testing.T) (*fixture, *inject.Plan) {
	t.Helper()
	plan := inject.New(inject.Config{})
	t.Cleanup(plan.Close)
	f := serve(t, func(c *api.Config) { c.Routes = api.InjectionRoutes(plan, c.Registry) })
	return f.as(mint(t, acme, token.Claims{Type: token.Management, Inject: true})), plan
}

type body map[string]any

func TestInjectionsWantTheGrantAndTheSetting(t *testing.T) {
	f, _ := injecting(t)
	plain := f.as(mint(t, acme, token.Claims{Type: token.Management}))
	off := serve(t, func(c *api.Config) { c.Routes = api.InjectionRoutes(nil, c.Registry) }).as(f.token)
	for _, call := range [][2]string{
		{"POST", "/api/v1/injections"}, {"GET", "/api/v1/injections"},
		{"DELETE", "/api/v1/injections"}, {"DELETE", "/api/v1/injections/x"},
	} {
		plain.do(call[0], call[1], nil).refused(403, "permission.denied")
		off.do(call[0], call[1], nil).refused(403, "injection.disabled")
		f.as("").do(call[0], call[1], nil).refused(401, "token.missing")
	}
}

// TestWhoReadsSeesWhatIsProvoked: a login to the console of any right is told what is
// provoked now, and without the grant it changes nothing.
func TestWhoReadsSeesWhatIsProvoked(t *testing.T) {
	f, plan := injecting(t)
	f.newRoom("lobby")
	started := f.post("/api/v1/injections", body{"fault": "room.full", "room": "lobby"})
	call := func(method, path string, rights token.Rights) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		claims := token.Claims{Type: token.Management, Account: "acme", AccessKey: "k", ID: "t", Rights: rights, Inject: rights.Allow(token.RightInject)}
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r.WithContext(api.Vouch(t.Context(), claims)))
		return w
	}
	for _, right := range []token.Right{token.RightSupport, token.RightRead, token.RightOperate} {
		if w := call("GET", "/api/v1/injections", token.RightsOf(right)); w.Code != 200 || !strings.Contains(w.Body.String(), started.str("id")) {
			t.Errorf("%s: %d %s", right, w.Code, w.Body)
		}
		for _, path := range []string{"/api/v1/injections", "/api/v1/injections/" + started.str("id")} {
			if w := call("DELETE", path, token.RightsOf(right)); w.Code != 403 {
				t.Errorf("%s ends %s: %d %s", right, path, w.Code, w.Body)
			}
		}
		if w := call("POST", "/api/v1/injections", token.RightsOf(right)); w.Code != 403 {
			t.Errorf("%s provokes: %d %s", right, w.Code, w.Body)
		}
	}
	if plan.Idle() {
		t.Error("it was ended")
	}
	if w := call("DELETE", "/api/v1/injections", token.RightsOf(token.RightInject)); w.Code != 200 || !plan.Idle() {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestInjectionsByAnyName(t *testing.T) {
	f, plan := injecting(t)
	id := f.newRoom("lobby")
	g := func(word, at, wantFault, wantAt string, wantCode int) {
		t.Helper()
		sent := body{"fault": word, "room": "lobby", "user": "u1", "for": "1m"}
		if at != "" {
			sent["at"] = at
		}
		r := f.post("/api/v1/injections", sent)
		if r.status != 201 || r.str("fault") != wantFault || r.str("at") != wantAt || r.str("room") != id {
			t.Errorf("%s: %d %s", word, r.status, r.raw)
			return
		}
		code, _ := r.json.(map[string]any)["code"].(float64)
		if int(code) != wantCode {
			t.Errorf("%s: code %v, want %d", word, code, wantCode)
		}
		f.do("DELETE", "/api/v1/injections/"+r.str("id"), nil).ok()
	}
	g("room.locked", "", "room.locked", "room", 0)
	g("room.full", "init", "room.full", "init", 0)
	g("token.expired", "", "token.expired", "token", 0)
	g("clock", "", "server.clock", "clock", 0)
	g("2003", "", "endpoint.unreachable", "unreachable", 0)
	g("6008", "", "client.role_unknown", "strange-role", 0)
	g("1000", "", "signal.upgrade", "upgrade", 0)
	g("1003", "", "signal.lost", "cut", 0)
	g("1003", "silence", "signal.lost", "silence", 0)
	g("4004", "", "sdp.set_remote", "half-sdp", 0)
	g("6002", "", "media.renegotiation", "bad-candidate", 0)
	g("4005", "", "ice.failed", "blackhole", 0)
	g("4006", "", "ice.disconnected", "blackhole", 0)
	g("401", "", "token.refused", "init", 401)
	g("403", "", "room.locked", "room", 403)
	g("410", "error", "peer.gone", "error", 410)
	g("418", "", "response.status", "init", 418)
	g("421", "", "signal.node_moved", "migrate", 0)
	g("429", "", "rate.limited", "init", 429)
	g("500", "", "server.internal", "init", 500)
	g("503", "", "server.draining", "init", 503)
	g("599", "", "response.status", "init", 599)
	g("silence", "", "signal.silent", "silence", 0)
	g("bandwidth", "", "ice.disconnected", "bandwidth", 0)
	g("opentok:1500", "", "permission.publish", "call", 0)
	if !plan.Idle() {
		t.Error("something is left")
	}
}

func TestInjectionsRefused(t *testing.T) {
	f, plan := injecting(t)
	f.newRoom("lobby")
	g := func(sent body, status int, id, field string) {
		t.Helper()
		if sent["room"] == nil {
			sent["room"] = "lobby"
		}
		r := f.post("/api/v1/injections", sent)
		r.refused(status, id)
		if field != "" && r.at("fault.details.field") != field {
			t.Errorf("%v: %s", sent, r.raw)
		}
	}
	g(body{}, 400, "request.field_missing", "fault")
	g(body{"fault": "cut", "room": ""}, 400, "request.field_missing", "room")
	g(body{"fault": "cut", "room": "nowhere"}, 404, "room.not_found", "room")
	g(body{"fault": "no.such"}, 404, "catalogue.unknown", "")
	g(body{"fault": "3001"}, 422, "injection.impossible", "")
	g(body{"fault": "4001"}, 422, "injection.impossible", "")
	g(body{"fault": "turn.quota"}, 422, "injection.impossible", "")
	g(body{"fault": "cut", "peer": "nobody"}, 404, "peer.not_found", "peer")
	g(body{"fault": "cut", "role": "king"}, 400, "role.not_found", "role")
	g(body{"fault": "room.full", "for": "2h"}, 400, "request.field_invalid", "for")
	g(body{"fault": "room.full", "for": "soon"}, 400, "request.field_invalid", "for")
	g(body{"fault": "room.full", "after": "-3s"}, 400, "request.field_invalid", "after")
	g(body{"fault": "room.full", "count": 0}, 400, "request.field_invalid", "count")
	g(body{"fault": "room.full", "probability": 1.2}, 400, "request.field_invalid", "probability")
	g(body{"fault": "room.full", "at": "blackhole"}, 400, "request.field_invalid", "at")
	if !plan.Idle() {
		t.Error("a refused injection left something")
	}
	f.post("/api/v1/injections", body{"fault": "room.full", "room": "lobby"})
	g(body{"fault": "room.locked"}, 409, "injection.conflict", "")
	f.do("DELETE", "/api/v1/injections/x", nil).refused(404, "injection.not_found")
}

// TestInjectionsCheckedTogether: the first that would be refused is named, and
// nothing happens whatever the answer.
func TestInjectionsCheckedTogether(t *testing.T) {
	f, plan := injecting(t)
	id := f.newRoom("lobby")
	check := func(list ...body) reply {
		for _, one := range list {
			one["room"] = "lobby"
		}
		return f.post("/api/v1/injections/check", body{"injections": list})
	}
	cut := func() body { return body{"fault": "cut", "after": "10m"} }
	r := check(cut(), body{"fault": "4006", "for": "20s"})
	r.ok()
	if list := r.at("injections").([]any); len(list) != 2 || list[1].(map[string]any)["at"] != "blackhole" || list[0].(map[string]any)["room"] != id {
		t.Errorf("%s", r.raw)
	}
	g := func(r reply, status int, id, field string, index float64) {
		t.Helper()
		r.refused(status, id)
		if r.at("fault.details.index") != index || field != "" && r.at("fault.details.field") != field {
			t.Errorf("%s", r.raw)
		}
	}
	g(check(cut(), body{"fault": "no.such"}), 404, "catalogue.unknown", "", 1)
	g(check(cut(), cut(), body{"fault": "cut", "peer": "nobody"}), 404, "peer.not_found", "peer", 2)
	g(check(body{"fault": "room.full", "for": "2h"}), 400, "request.field_invalid", "for", 0)
	g(check(body{"fault": "room.full", "for": "1m"}, body{"fault": "room.locked", "after": "30s"}), 409, "injection.conflict", "", 1)
	f.post("/api/v1/injections/check", body{"injections": []body{}}).refused(400, "request.field_invalid")
	f.as(mint(t, acme, token.Claims{Type: token.Management})).post("/api/v1/injections/check", body{}).refused(403, "permission.denied")
	if !plan.Idle() || len(plan.List(func(string) bool { return true })) != 0 {
		t.Error("checking started something")
	}
}

// TestProvokedRefusalsAreCountedApart: the series of what was not provoked does
// not move.
func TestProvokedRefusalsAreCountedApart(t *testing.T) {
	plan := inject.New(inject.Config{})
	t.Cleanup(plan.Close)
	e := serveEvents(t, event.RecorderConfig{MarkInjected: plan.MarkInjected})
	reg := prometheus.NewRegistry()
	f := serve(t, func(c *api.Config) {
		c.Registry, c.Metrics = e.registry, reg
		c.Routes = api.NewEvents(api.EventsConfig{Recorder: e.recorder, Registry: e.registry, Inject: plan}).Routes()
	})
	ann := f.as(e.ann().token)
	if _, err := plan.Add(inject.Spec{Fault: "server.store", Room: e.room}); err != nil {
		t.Fatal(err)
	}
	ann.post("/v2/client/report", e.told(0)).refused(503, "server.store")
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, fam := range families {
		for _, m := range fam.GetMetric() {
			if n := fam.GetName(); n != "redial_api_refusals_total" && n != "redial_api_requests_total" || m.GetCounter().GetValue() == 0 {
				continue
			}
			seen++
			apart := false
			for _, l := range m.GetLabel() {
				apart = apart || l.GetName() == "injected" && l.GetValue() == "true"
			}
			if !apart {
				t.Errorf("counted as not provoked: %v", m)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d series have moved, want 2", seen)
	}
}

func TestInjectionsBelongToAnAccount(t *testing.T) {
	f, plan := injecting(t)
	f.newRoom("lobby")
	f.post("/api/v1/injections", body{"fault": "room.full", "room": "lobby"})
	other := f.as(mint(t, umbrella, token.Claims{Type: token.Management, Inject: true}))
	other.post("/api/v1/injections", body{"fault": "room.locked", "room": "lobby"}).refused(404, "room.not_found")
	if got := other.get("/api/v1/injections").ok().at("injections"); len(got.([]any)) != 0 {
		t.Error("another account sees them:", got)
	}
	if got := other.do("DELETE", "/api/v1/injections", nil).ok().at("removed"); got != 0.0 {
		t.Error("another account removed", got)
	}
	if got := f.do("DELETE", "/api/v1/injections?room=lobby", nil).ok().at("removed"); got != 1.0 || !plan.Idle() {
		t.Error("removed", got)
	}
}

func TestInjectedStoreRefusesReports(t *testing.T) {
	plan := inject.New(inject.Config{})
	t.Cleanup(plan.Close)
	e := serveEvents(t, event.RecorderConfig{MarkInjected: plan.MarkInjected})
	f := serve(t, func(c *api.Config) {
		c.Registry = e.registry
		c.Routes = api.NewEvents(api.EventsConfig{Recorder: e.recorder, Registry: e.registry, Inject: plan}).Routes()
	})
	ann := f.as(e.ann().token)
	r, err := plan.Add(inject.Spec{Fault: "server.store", Room: e.room, User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	ann.post("/v2/client/report", e.told(0)).refused(503, "server.store")
	ann.post("/api/v1/events", []any{e.told(0), e.told(1)}).refused(503, "server.store")
	f.as(e.ann(func(c *token.Claims) { c.UserID = "bob" }).token).post("/v2/client/report", e.told(1)).ok()
	if _, err := plan.Remove(r.ID, "", "test", func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	ann.post("/v2/client/report", e.told(2)).ok().has(object{"stored": 1})
}
