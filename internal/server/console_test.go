// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/console"
	"github.com/redial-rtc/redial/internal/token"
)

// withConsole starts a server with a console, and logs in.
func withConsole(t *testing.T, change ...func(*config.Config)) (*Server, *http.Cookie) {
	t.Helper()
	cfg := local(t)
	cfg.Console.Enabled, cfg.Console.Listen = true, "127.0.0.1:0"
	for _, f := range change {
		f(&cfg)
	}
	s := startLocal(t, cfg)
	link := s.ConsoleURL("", time.Hour)
	_, code, ok := strings.Cut(link, "#/?login=")
	if !ok {
		t.Fatalf("the link is %q", link)
	}
	res := consoleCall(t, s, "login", `{"code":"`+code+`"}`, nil)
	if res.StatusCode != 200 || len(res.Cookies()) != 1 {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("login: %d %s", res.StatusCode, body)
	}
	return s, res.Cookies()[0]
}

func consoleCall(t *testing.T, s *Server, path, body string, cookie *http.Cookie) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.console.url("").String()+"api/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookie != nil {
		r.AddCookie(cookie)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// The console calls the API as whoever is logged in, and is no way to anything else.
func TestTheConsoleCallsTheAPI(t *testing.T) {
	s, cookie := withConsole(t)
	for call, want := range map[string]int{
		`{"method":"POST","path":"/api/v1/search","body":{"text":"mia yesterday"}}`: 200,
		`{"method":"GET","path":"/v2/rooms?limit=5"}`:                               200,
		`{"method":"GET","path":"/api/v1/live"}`:                                    200,
		`{"method":"GET","path":"/api/v1/faults/room.full"}`:                        200,
		`{"method":"GET","path":"/api/v1/events/nothing/diagnosis"}`:                404,
		`{"method":"POST","path":"/api/v1/search","body":{"text":1}}`:               400,
		`{"method":"GET","path":"/api/v1/projects"}`:                                404,
	} {
		res := consoleCall(t, s, "call", call, cookie)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != want {
			t.Errorf("%s: %d %s", call, res.StatusCode, body)
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: pages of others may read it", call)
		}
	}
	if res := consoleCall(t, s, "call", `{"method":"GET","path":"/v2/rooms"}`, nil); res.StatusCode != 401 {
		t.Errorf("without a login: %d", res.StatusCode)
	}
}

// No route of the rest of the server is opened by the cookie: each answers as it does
// without one. Browsers send it to every port of the host.
func TestNoOtherRouteTakesTheCookie(t *testing.T) {
	s, cookie := withConsole(t, func(c *config.Config) {
		c.OpenTok.Enabled, c.Kurento.Enabled, c.Inject.Enabled = true, true, true
		c.Sceenic.Key, c.Sceenic.Secret, c.OpenVidu.Secret = "key", strings.Repeat("secret-1", 8), strings.Repeat("secret-2", 8)
	})
	patterns := s.rest.Patterns()
	if len(patterns) < 60 {
		t.Fatalf("only %d routes are known", len(patterns))
	}
	for _, path := range []string{"/init", "/ws", "/openvidu", "/openvidu/api/sessions", "/sceenic", "/room", "/opentok", "/session/create", "/metrics", "/readyz", "/healthz", "/", "/docs/", "/console/", "/console/api/me"} {
		patterns = append(patterns, "GET "+path, "POST "+path)
	}
	part := regexp.MustCompile(`\{[^}]*\}`)
	own := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]{13}`) // ids of requests, and the time
	for _, pattern := range patterns {
		method, path, _ := strings.Cut(pattern, " ")
		ask := func(with bool) (int, string) {
			r := httptest.NewRequestWithContext(t.Context(), method, s.URL()+part.ReplaceAllString(path, "x"), strings.NewReader("{}"))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Sec-Fetch-Site", "same-site")
			r.RemoteAddr = "127.0.0.1:5"
			if with {
				r.AddCookie(cookie)
				r.AddCookie(&http.Cookie{Name: "__Host-redial-console", Value: cookie.Value})
			}
			w := httptest.NewRecorder()
			s.web.Handler.ServeHTTP(w, r)
			return w.Code, own.ReplaceAllString(w.Body.String(), "ID")
		}
		without, body := ask(false)
		with, other := ask(true)
		if with != without || !strings.HasPrefix(path, "/metrics") && other != body {
			t.Errorf("%s: %d with the cookie, %d without\n%s\n%s", pattern, with, without, other, body)
		}
		if strings.HasPrefix(path, "/v2/") && with < 400 {
			t.Errorf("%s is open: %d", pattern, with)
		}
	}
}

// Whatever the console calls is a route of the API, and whatever acts there is in the
// audit, with what became of it.
func TestWhatIsDoneAtTheConsoleIsAudited(t *testing.T) {
	s, cookie := withConsole(t, func(c *config.Config) { c.Inject.Enabled = true })
	call := func(method, path string) (int, string) {
		body := "{}"
		if method == http.MethodGet {
			body = "null"
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.console.url("").String()+"api/call", strings.NewReader(`{"method":"`+method+`","path":"`+path+`","body":`+body+`}`))
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(cookie)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(text)
	}
	part := regexp.MustCompile(`\{[^}]*\}`)
	done := map[string]bool{} // targets
	for pattern, right := range console.Calls() {
		method, path, _ := strings.Cut(pattern, " ")
		if path = part.ReplaceAllString(path, "none"); strings.HasSuffix(path, "/") {
			path += "outcomes"
		}
		status, body := call(method, path)
		if status == http.StatusNotFound && strings.Contains(body, "request.route_unknown") || status == http.StatusMethodNotAllowed {
			t.Errorf("%s is no call of the API: %d %.200s", pattern, status, body)
		}
		if right == token.RightOperate || right == token.RightInject {
			done[path] = true
		}
	}
	_, body := call("GET", "/api/v1/audit?limit=1000")
	var kept struct {
		Audit []struct{ By, Target, Outcome string }
	}
	if err := json.Unmarshal([]byte(body), &kept); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, row := range kept.Audit {
		if strings.HasSuffix(row.By, "/console-link") && row.Outcome != "" {
			delete(done, row.Target)
		}
	}
	if len(done) > 0 {
		t.Errorf("not in the audit, or without an outcome: %v of\n%s", done, body)
	}
}

// A link is for who holds a token, and never allows more than it does.
func TestConsoleLinks(t *testing.T) {
	s, _ := withConsole(t)
	mint := func(c token.Claims) string {
		raw, err := s.mint(c)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for name, c := range map[string]struct {
		token, body string
		status      int
		rights      string
	}{
		"management": {mint(token.Claims{Type: token.Management}), `{}`, 200, `["operate"]`},
		"inject":     {mint(token.Claims{Type: token.Management, Inject: true}), `{}`, 200, `["operate","inject"]`},
		"less":       {mint(token.Claims{Type: token.Management}), `{"rights":["support"]}`, 200, `["support"]`},
		"more":       {mint(token.Claims{Type: token.Management}), `{"rights":["inject"]}`, 403, ""},
		"console":    {mint(token.Claims{Type: token.Console, Rights: token.RightsOf(token.RightSupport)}), `{}`, 200, `["support"]`},
		"too much":   {mint(token.Claims{Type: token.Console, Rights: token.RightsOf(token.RightSupport)}), `{"rights":["read"]}`, 403, ""},
		"no right":   {mint(token.Claims{Type: token.Management}), `{"rights":["everything"]}`, 400, ""},
		"room token": {mint(token.Claims{Type: token.App, RoomID: "r", Role: "host"}), `{}`, 401, ""},
		"nobody":     {"", `{}`, 401, ""},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/api/v1/console/links", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(body), c.rights) {
			t.Errorf("%s: %d %s", name, res.StatusCode, body)
		}
	}
	// A console token opens nothing of the API by itself.
	raw := mint(token.Claims{Type: token.Console, Rights: token.AllRights()})
	for _, path := range []string{"/v2/rooms", "/api/v1/live", "/v2/analytics/events"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
		r.Header.Set("Authorization", "Bearer "+raw)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 401 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// Beyond this machine there is no login over plain http, nor by a proxy that nobody
// named.
func TestWhereALoginMayComeFrom(t *testing.T) {
	s, _ := withConsole(t, func(c *config.Config) { c.HTTP.BehindProxy, c.Media.AllowOddAddresses = []string{"10.0.0.1"}, true })
	for name, c := range map[string]struct {
		from, host, header, value string
		secure, ok                bool
	}{
		"here":                    {"127.0.0.1:5", "127.0.0.1:8090", "", "", false, true},
		"by name":                 {"[::1]:5", "localhost:8090", "", "", false, true},
		"elsewhere":               {"203.0.113.5:5", "127.0.0.1:8090", "", "", false, false},
		"another name":            {"127.0.0.1:5", "console.example:8090", "", "", false, false},
		"a proxy nobody named":    {"127.0.0.1:5", "127.0.0.1:8090", "X-Forwarded-For", "203.0.113.5", false, false},
		"claims https":            {"203.0.113.5:5", "console.example", "X-Forwarded-Proto", "https", false, false},
		"our proxy":               {"10.0.0.1:5", "console.example", "X-Forwarded-Proto", "https", true, true},
		"our proxy, in the clear": {"10.0.0.1:5", "console.example", "X-Forwarded-Proto", "http", false, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.host+"/console/api/login", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		if secure, ok := s.console.secure(r); secure != c.secure || ok != c.ok {
			t.Errorf("%s: secure %v, ok %v", name, secure, ok)
		}
	}
}
