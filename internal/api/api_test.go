// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/token"
)

func TestARefusalHasTheShapeClientsKnowAndMore(t *testing.T) {
	f := serve(t)
	r := f.get("/v2/rooms/nope")
	r.refused(404, "room.not_found")
	r.has(object{
		"message": "The room does not exist (room: nope)", "details.0": "room: nope",
		"fault.op": "api", "fault.retry": "never", "fault.details.room": "nope",
	})
	if r.str("request_id") == "" || r.str("request_id") != r.header.Get("X-Request-Id") || r.str("fault.do") == "" {
		t.Errorf("%s", r.raw)
	}
	if got := r.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %s", got)
	}
}

func TestTheCallersRequestIDIsKeptWhenItIsHarmless(t *testing.T) {
	f := serve(t)
	if got := f.do("GET", "/v2/rooms", nil, "X-Request-Id", "abc-1.2_3").header.Get("X-Request-Id"); got != "abc-1.2_3" {
		t.Errorf("got %s", got)
	}
	for _, bad := range []string{"a b", strings.Repeat("x", 65), `"><script>`} {
		if got := f.do("GET", "/v2/rooms", nil, "X-Request-Id", bad).header.Get("X-Request-Id"); got == bad || got == "" {
			t.Errorf("%q came back as %q", bad, got)
		}
	}
}

func TestWhatHasNoRouteIsRefusedInJSON(t *testing.T) {
	f := serve(t)
	f.get("/v2/nothing").refused(404, "request.route_unknown")
	f.get("/").refused(404, "request.route_unknown")
	f.as("").get("/v2/nothing").refused(404, "request.route_unknown")
	r := f.do("DELETE", "/v2/rooms", nil)
	r.refused(405, "request.method_not_allowed")
	if allow := r.header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
		t.Errorf("Allow %q", allow)
	}
	f.do("BREW", "/v2/rooms", nil).refused(405, "request.method_not_allowed")
}

func TestEveryManagementRouteWantsAManagementToken(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	roomToken := mint(t, acme, token.Claims{Type: token.App, RoomID: id, Role: "host"})
	expired := mint(t, acme, token.Claims{Type: token.Management, IssuedAt: time.Now().Add(-48 * time.Hour)})
	for _, route := range []string{
		"POST /v2/rooms", "GET /v2/rooms", "GET /v2/rooms/x", "POST /v2/rooms/x",
		"POST /v2/templates", "GET /v2/templates", "GET /v2/templates/x", "POST /v2/templates/x", "DELETE /v2/templates/x",
		"GET /v2/templates/x/roles/y", "POST /v2/templates/x/roles/y", "DELETE /v2/templates/x/roles/y",
		"GET /v2/templates/x/settings", "POST /v2/templates/x/settings",
		"POST /v2/room-codes/room/x", "GET /v2/room-codes/room/x", "POST /v2/room-codes/room/x/role/y", "POST /v2/room-codes/code",
		"GET /v2/active-rooms/x", "GET /v2/active-rooms/x/peers", "GET /v2/active-rooms/x/peers/y", "POST /v2/active-rooms/x/peers/y",
		"POST /v2/active-rooms/x/send-message", "POST /v2/active-rooms/x/remove-peers", "POST /v2/active-rooms/x/end-room",
		"GET /v2/sessions", "GET /v2/sessions/x", "POST /api/v1/tokens/revoke",
	} {
		method, path, _ := strings.Cut(route, " ")
		f.as("").do(method, path, nil).refused(401, "token.missing")
		f.as("rubbish").do(method, path, nil).refused(401, "token.malformed")
		f.as(roomToken).do(method, path, nil).refused(401, "token.kind")
		f.as(expired).do(method, path, nil).refused(401, "token.expired")
	}
	if got := f.as("").get("/v2/rooms").header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate %q", got)
	}
	if got := f.as(expired).get("/v2/rooms").header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
		t.Errorf("WWW-Authenticate %q", got)
	}
	if got := f.as(expired).get("/v2/rooms").at("fault.details.leeway_seconds"); got != 30.0 {
		t.Errorf("the leeway is not stated: %v", got)
	}
	f.as("").do("GET", "/v2/rooms", nil, "Authorization", "Basic YTpi").refused(401, "token.missing")
	f.as("").do("GET", "/v2/rooms", nil, "Authorization", "bearer "+f.token).ok()
}

func TestAnAccountSeesOnlyWhatIsIts(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	m := f.get("/v2/rooms/" + id).ok()
	tmpl := m.str("template_id")
	code := f.post("/v2/room-codes/room/"+id+"/role/host", nil).ok().str("code")
	f.join(id, "p1", "host")

	other := f.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	other.get("/v2/rooms/"+id).refused(404, "room.not_found")
	other.get("/v2/rooms/lobby").refused(404, "room.not_found")
	other.post("/v2/rooms/"+id, object{"enabled": false}).refused(404, "room.not_found")
	other.get("/v2/templates/"+tmpl).refused(404, "template.not_found")
	other.post("/v2/templates/"+tmpl, object{"name": "x"}).refused(404, "template.not_found")
	other.do("DELETE", "/v2/templates/"+tmpl, nil).refused(404, "template.not_found")
	other.get("/v2/templates/"+tmpl+"/roles/host").refused(404, "template.not_found")
	other.do("DELETE", "/v2/templates/"+tmpl+"/roles/host", nil).refused(404, "template.not_found")
	other.post("/v2/rooms", object{"template_id": tmpl}).refused(404, "template.not_found")
	other.post("/v2/room-codes/room/"+id, nil).refused(404, "room.not_found")
	other.get("/v2/room-codes/room/"+id).refused(404, "room.not_found")
	other.post("/v2/room-codes/code", object{"code": code, "enabled": false}).refused(404, "code.not_found")
	other.get("/v2/active-rooms/"+id).refused(404, "room.not_found")
	other.post("/v2/active-rooms/"+id+"/end-room", nil).refused(404, "room.not_found")
	for _, list := range []string{"/v2/rooms", "/v2/templates", "/v2/sessions"} {
		if got := other.get(list).ok().names("id"); len(got) != 0 {
			t.Errorf("%s: %v", list, got)
		}
	}
}

func TestABodyIsJSONOrItIsSaidWhatIsWrongWithIt(t *testing.T) {
	f := serve(t)
	f.post("/v2/rooms", nil).ok()
	f.post("/v2/rooms", "  ").ok()
	f.post("/v2/rooms", object{"name": "x", "colour": "green"}).ok() // clients send more than this server knows
	f.do("POST", "/v2/rooms", `{}`, "Content-Type", "application/json; charset=UTF-8").ok()

	f.do("POST", "/v2/rooms", `name=x`, "Content-Type", "application/x-www-form-urlencoded").refused(415, "request.media_type")
	f.do("POST", "/v2/rooms", `{}`, "Content-Type", "").refused(415, "request.media_type")
	f.do("POST", "/v2/rooms", `{}`, "Content-Type", "application/json; charset=latin1").refused(415, "request.media_type")

	for _, body := range []string{
		`{`, `{"name":`, `{"name":"x"`, `nonsense`, `{"name":"x"} {}`, `{"name":"x"}]`, `[]`, `[{"name":"x"}]`, `"x"`, `7`, `null`, "\x00",
	} {
		f.post("/v2/rooms", body).refused(400, "request.body_invalid")
	}
	wrong := map[string]string{
		`{"name": 7}`:                             "name",
		`{"description": []}`:                     "description",
		`{"enabled": "yes"}`:                      "enabled",
		`{"size": 1.5}`:                           "size",
		`{"size": 99999999999999999999}`:          "size",
		`{"recording_info": {"enabled": "yes"}}`:  "recording_info.enabled",
		`{"size": -1}`:                            "size",
		`{"name": "a b"}`:                         "name",
		`{"max_duration_seconds": 9223372036854}`: "max_duration_seconds",
	}
	for body, field := range wrong {
		f.post("/v2/rooms", body).refused(400, "request.field_invalid", field)
	}
}

func TestABodyBeyondTheLimitIsRefusedWhetherAnnouncedOrNot(t *testing.T) {
	f := serve(t)
	huge := `{"description":"` + strings.Repeat("x", api.DefaultMaxBody) + `"}`
	f.post("/v2/rooms", huge).refused(413, "request.too_large")
	f.post("/v2/token", `{"code":"`+strings.Repeat("x", 5000)+`"}`).refused(413, "request.too_large")

	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v2/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
		f.token, len(huge), huge)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "413") {
		t.Errorf("%q, %v", line, err)
	}
}

func TestACallerThatAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	f := serve(t, func(c *api.Config) { c.Limits.Token = api.Rate{PerSecond: 0.01, Burst: 3} })
	for range 3 {
		f.get("/v2/rooms").ok()
	}
	r := f.get("/v2/rooms")
	r.refused(429, "rate.limited")
	if wait := r.header.Get("Retry-After"); wait != "100" {
		t.Errorf("Retry-After %q", wait)
	}
	f.as(mint(t, acme, token.Claims{Type: token.Management})).get("/v2/rooms").ok() // another token has its own count
}

func TestAnAddressThatAsksTooOftenIsRefusedWhateverItSends(t *testing.T) {
	f := serve(t, func(c *api.Config) { c.Limits.Address = api.Rate{PerSecond: 0.01, Burst: 2} })
	f.as("").get("/v2/rooms").refused(401, "token.missing")
	f.get("/v2/nothing").refused(404, "request.route_unknown")
	f.get("/v2/rooms").refused(429, "rate.limited")
	f.get("/v2/nothing").refused(429, "rate.limited")
}

func TestPagesOfOtherOriginsMayReadEveryAnswer(t *testing.T) {
	f := serve(t)
	r := f.as("").do("OPTIONS", "/v2/token", nil, "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if r.status != http.StatusNoContent || r.header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(r.header.Get("Access-Control-Allow-Methods"), "POST") ||
		!strings.Contains(r.header.Get("Access-Control-Allow-Headers"), "Content-Type") {
		t.Errorf("preflight: %d %v", r.status, r.header)
	}
	r = f.as("").do("POST", "/v2/token", object{"code": "nope"}, "Origin", "https://app.example")
	r.refused(404, "code.not_found")
	if r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("the page cannot read the refusal")
	}
	for _, call := range [][2]string{
		{"GET", "/v2/rooms"}, {"GET", "/v2/nothing"}, {"DELETE", "/v2/rooms"}, {"POST", "/v2//rooms"}, {"GET", "/v2/layouts/ui/more"},
	} {
		asked := f.do("OPTIONS", call[1], nil, "Origin", "https://app.example", "Access-Control-Request-Method", call[0])
		if asked.status != http.StatusNoContent || !strings.Contains(asked.header.Get("Access-Control-Allow-Methods"), call[0]) {
			t.Errorf("%s: preflight: %d %v", call, asked.status, asked.header)
		}
		r := f.do(call[0], call[1], nil, "Origin", "https://app.example")
		if r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("Content-Type") != "application/json" ||
			!strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "Retry-After") {
			t.Errorf("%s: the page cannot read the answer: %d %v", call, r.status, r.header)
		}
	}

	f = serve(t, func(c *api.Config) { c.Origins = []string{"https://app.example"} })
	f.as("")
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": ""} {
		r := f.do("POST", "/v2/token", object{}, "Origin", origin)
		if got := r.header.Get("Access-Control-Allow-Origin"); got != want || r.header.Get("Vary") != "Origin" {
			t.Errorf("%s: %q", origin, got)
		}
	}
}

func TestOthersBringRoutesAlong(t *testing.T) {
	roomClaims := make(chan token.Claims, 1)
	f := serve(t, func(c *api.Config) {
		c.Routes = []api.Route{
			{Pattern: "GET /x/managed", Serve: func(c *api.Call) (any, error) { return object{"account": c.Claims.Account}, nil }},
			{Pattern: "POST /x/room", Access: api.Room, Op: fault.OpReport, MaxBody: 10, Serve: func(c *api.Call) (any, error) {
				roomClaims <- c.Claims
				_, err := c.Body()
				return api.Reply{Status: http.StatusAccepted}, err
			}},
			{Pattern: "GET /x/open", Access: api.Open, Serve: func(c *api.Call) (any, error) {
				_, err := c.Verify(token.App)
				return nil, err
			}},
			{Pattern: "GET /x/raw", Access: api.Open, Serve: func(c *api.Call) (any, error) {
				_, err := c.Writer.Write([]byte(`"raw"`))
				return api.Written{}, err
			}},
			{Pattern: "GET /x/panic", Access: api.Open, Serve: func(*api.Call) (any, error) { panic("secret") }},
			{Pattern: "GET /x/broken", Access: api.Open, Serve: func(*api.Call) (any, error) { return nil, errors.New("secret") }},
			{Pattern: "GET /x/gone", Access: api.Open, Serve: func(*api.Call) (any, error) { return nil, context.Canceled }},
			{Pattern: "GET /x/rare", Access: api.Open, Rate: api.Rate{PerSecond: 0.01, Burst: 1}, Serve: func(*api.Call) (any, error) { return nil, nil }},
		}
	})
	f.get("/x/managed").ok().has(object{"account": "acme"})
	f.as("").get("/x/managed").refused(401, "token.missing")

	inRoom := f.as(mint(t, acme, token.Claims{Type: token.App, RoomID: "r1", Role: "host"}))
	if r := inRoom.post("/x/room", "12345"); r.status != http.StatusAccepted || len(r.raw) != 0 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if c := <-roomClaims; c.RoomID != "r1" || c.Account != "acme" {
		t.Errorf("%+v", c)
	}
	r := inRoom.post("/x/room", "12345678901")
	r.refused(413, "request.too_large")
	r.has(object{"fault.op": "report"})
	f.post("/x/room", "1").refused(401, "token.kind")

	f.as("").get("/x/open").refused(401, "token.missing")
	f.get("/x/raw").ok()
	for _, path := range []string{"/x/panic", "/x/broken"} {
		r := f.get(path)
		r.refused(500, "server.internal")
		if strings.Contains(string(r.raw), "secret") {
			t.Errorf("%s tells the caller what went wrong inside: %s", path, r.raw)
		}
	}
	f.get("/x/gone").refused(499, "request.cancelled")
	if r := f.get("/x/rare"); r.status != http.StatusNoContent {
		t.Errorf("%d", r.status)
	}
	f.get("/x/rare").refused(429, "rate.limited")
	f.get("/x/open").refused(401, "token.kind") // the limit is that route's alone
}

func TestCallsAndRefusalsAreCounted(t *testing.T) {
	f := serve(t)
	for _, path := range []string{"/v2/rooms", "/v2/rooms", "/v2/rooms/a", "/v2/rooms/b", "/random"} {
		// Without a network in between: a reply can arrive before it is counted.
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+f.token)
		f.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	want := map[string]float64{
		`redial_api_refusals_total fault="request.route_unknown" injected="false"`:             1,
		`redial_api_refusals_total fault="room.not_found" injected="false"`:                    2,
		`redial_api_requests_total injected="false" route="GET /v2/rooms" status="200"`:        2,
		`redial_api_requests_total injected="false" route="GET /v2/rooms/{room}" status="404"`: 2,
		`redial_api_requests_total injected="false" route="none" status="404"`:                 1,
	}
	if got := f.counters(); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestAStoreThatFailsIsTheServersFault(t *testing.T) {
	f := serve(t)
	if err := f.registry.Close(); err != nil {
		t.Fatal(err)
	}
	r := f.get("/v2/rooms")
	r.refused(503, "server.store")
	if slices.ContainsFunc([]string{"sql", "database"}, func(s string) bool { return strings.Contains(string(r.raw), s) }) {
		t.Errorf("the caller is told what went wrong inside: %s", r.raw)
	}
}
