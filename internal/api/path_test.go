// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/api"
)

// brought are the routes that others bring along in the server.
func brought() []api.Route {
	return slices.Concat(api.NewEvents(api.EventsConfig{}).Routes(), api.NewDiagnoses(api.DiagnosesConfig{}).Routes(), api.FaultRoutes(), api.WebhookRoutes(nil), api.InjectionRoutes(nil, nil), api.WitnessRoutes(api.WitnessConfig{}))
}

// straight calls the handler with a path exactly as it is written.
func (f *fixture) straight(method, path, body string) reply {
	f.t.Helper()
	req := httptest.NewRequestWithContext(f.t.Context(), method, "http://here.example"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+f.token)
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, req)
	r := reply{t: f.t, call: method + " " + path, status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	if err := json.Unmarshal(r.raw, &r.json); err != nil {
		f.t.Errorf("%s: %d, not JSON: %q", r.call, r.status, r.raw)
	}
	return r
}

// For every route and every part of its path: the call with that part missing,
// in each form in which an id goes missing, is refused, names the id, is never
// redirected and reaches no other route.
func TestAMissingIDNeverMeansAnotherRoute(t *testing.T) {
	f := serve(t, func(c *api.Config) { c.Routes = brought() })
	patterns := api.Patterns()
	for _, r := range brought() {
		patterns = append(patterns, r.Pattern)
	}
	plain := strings.NewReplacer("{", "", "}", "")
	tried := 0
	for _, pattern := range patterns {
		method, path, _ := strings.Cut(pattern, " ")
		parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
		for i, part := range parts {
			id := strings.HasPrefix(part, "{")
			for _, gap := range []string{"", "/", ".", ".."} {
				holed := slices.Clone(parts)
				if holed[i] = gap; !id {
					holed[i] = gap + "/" + part
				}
				at := "/" + plain.Replace(strings.Join(holed, "/"))
				r := f.straight(method, at, `{"enabled":false,"name":"made-by-mistake"}`)
				tried++
				if got := r.at("fault.id"); got != "request.field_missing" && got != "request.route_unknown" {
					t.Errorf("%s %s: %d %s", method, at, r.status, r.raw)
				}
				if id && gap == "" && r.at("fault.details.field") != plain.Replace(part) {
					t.Errorf("%s %s does not name %s: %s", method, at, part, r.raw)
				}
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d paths were tried", tried)
	}
	for counter, n := range f.counters() {
		if strings.HasPrefix(counter, "redial_api_requests_total") && !strings.Contains(counter, `route="none"`) {
			t.Errorf("a route was reached: %s %v", counter, n)
		}
	}
	if rooms := f.get("/v2/rooms").ok().names("id"); len(rooms) != 0 {
		t.Errorf("rooms were made by mistake: %v", rooms)
	}
}

// A room is not made when its id was meant, and one slash too many at the end of
// a route that has nothing below it is forgiven.
func TestSlashesAtTheEnd(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	f.straight("POST", "/v2/rooms/", `{"enabled":false}`).refused(400, "request.field_missing", "room")
	f.straight("POST", "/v2/rooms//", `{"enabled":false}`).refused(404, "request.route_unknown")
	f.straight("POST", "//v2/rooms", `{"enabled":false}`).refused(404, "request.route_unknown")
	f.straight("DELETE", "/v2/templates/", "").refused(400, "request.field_missing", "template")
	f.straight("POST", "/v2/room-codes/room/"+id+"/role/", "").refused(400, "request.field_missing", "role")
	f.straight("GET", "/v2/rooms/"+id+"/", "").ok().has(object{"id": id})
	f.straight("GET", "/v2/rooms/"+id+"//", "").refused(404, "request.route_unknown")
	if n := fmt.Sprint(f.get("/v2/rooms").ok().names("name")); n != "[lobby]" {
		t.Errorf("rooms %s", n)
	}
	if r := f.straight("GET", "/v2/rooms/%2F", ""); r.status != http.StatusNotFound {
		t.Errorf("an id that is a slash: %d %s", r.status, r.raw)
	}
}
