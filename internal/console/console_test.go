// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/token"
)

var key = token.Key{Access: "k", Secret: strings.Repeat("s3cret-", 6), Account: "acme"}

// bench is a console with an API behind it that says what was called.
type bench struct {
	t       *testing.T
	console *Console
	desk    *Desk
	now     time.Time
	revoked map[string]bool
	called  []string
	panics  int
	broken  bool // the API has a bug
	secure  bool
	plain   bool // over plain http, from elsewhere
}

func newBench(t *testing.T, logins int) *bench {
	b := &bench{t: t, now: time.Now(), revoked: map[string]bool{}}
	revoked := func(_ context.Context, id string) (bool, error) { return b.revoked[id], nil }
	now := func() time.Time { return b.now }
	b.desk = NewDesk(3, revoked, now)
	b.console = New(Config{
		Desk: b.desk, Tokens: token.NewVerifier([]token.Key{key}, token.Options{Now: now, Revoked: revoked}), Logins: logins,
		REST: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if b.broken {
				panic("a secret detail")
			}
			b.called = append(b.called, r.Method+" "+r.URL.RequestURI()+" "+string(body))
			for _, name := range []string{"Cookie", "Origin", "Authorization"} {
				if r.Header.Get(name) != "" {
					t.Errorf("the API was sent %s", name)
				}
			}
			_, _ = io.WriteString(w, `{"ok":true}`)
		}),
		Secure: func(*http.Request) (bool, bool) { return b.secure, !b.plain }, Log: slog.New(slog.DiscardHandler),
		Panicked:   func() { b.panics++ },
		ClientAddr: func(r *http.Request) netip.Addr { return netip.MustParseAddrPort(r.RemoteAddr).Addr() },
		Inner:      func(_, call *http.Request) { call.Host = "api.example" },
	})
	return b
}

func (b *bench) token(rights token.Rights) string {
	raw, err := token.Mint(key, token.Claims{Type: token.Console, Rights: rights, ID: "t1", IssuedAt: b.now, ExpiresAt: b.now.Add(24 * time.Hour)})
	if err != nil {
		b.t.Fatal(err)
	}
	return raw
}

// post calls as the pages do, unless change makes it another's call.
func (b *bench) post(path, body, cookie string, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, "http://127.0.0.1:8090/console/api/"+path, strings.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieName(b.secure), Value: cookie})
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	b.console.ServeHTTP(w, r)
	return w.Result()
}

func faultOf(t *testing.T, res *http.Response) string {
	t.Helper()
	var body struct{ Fault struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil && res.StatusCode >= 400 {
		t.Errorf("%d without a fault: %v", res.StatusCode, err)
	}
	return body.Fault.ID
}

// logIn logs in with a token of some rights.
func (b *bench) logIn(rights token.Rights) string {
	b.t.Helper()
	res := b.post("login", `{"token":"`+b.token(rights)+`"}`, "")
	if res.StatusCode != 200 || len(res.Cookies()) != 1 {
		b.t.Fatalf("login: %d, %v", res.StatusCode, res.Cookies())
	}
	return res.Cookies()[0].Value
}

// A link logs in once, within a minute.
func TestALinkWorksOnce(t *testing.T) {
	b := newBench(t, 100)
	claims := token.Claims{Account: "acme", Rights: token.RightsOf(token.RightRead), ID: "m1", ExpiresAt: b.now.Add(time.Hour)}
	code, ends := b.desk.Link(claims)
	if ends.Sub(b.now) != LinkLife {
		t.Errorf("it is good for %v", ends.Sub(b.now))
	}
	body := `{"code":"` + code + `"}`
	res := b.post("login", body, "")
	if res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, faultOf(t, res))
	}
	var me meBody
	_ = json.NewDecoder(res.Body).Decode(&me)
	if me.Account != "acme" || len(me.Rights) != 2 || me.Rights[1] != token.RightRead {
		t.Errorf("%+v", me)
	}
	if res := b.post("login", body, ""); res.StatusCode != 401 || faultOf(t, res) != "console.login" {
		t.Errorf("a second time: %d", res.StatusCode)
	}
	code, _ = b.desk.Link(claims)
	b.now = b.now.Add(LinkLife)
	if res := b.post("login", `{"code":"`+code+`"}`, ""); res.StatusCode != 401 {
		t.Errorf("after a minute: %d", res.StatusCode)
	}
	if res := b.post("login", `{"code":"AAAA"}`, ""); res.StatusCode != 401 {
		t.Errorf("a guess: %d", res.StatusCode)
	}
}

// The cookie is out of reach of scripts and of other sites, and over https of other
// hosts and of plain http.
func TestTheCookie(t *testing.T) {
	b := newBench(t, 100)
	for _, secure := range []bool{false, true} {
		b.secure = secure
		c := b.post("login", `{"token":"`+b.token(token.RightsOf(token.RightRead))+`"}`, "").Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure != secure ||
			strings.HasPrefix(c.Name, "__Host-") != secure || len(c.Value) != 43 {
			t.Errorf("secure %v: %v", secure, c)
		}
	}
	b.secure, b.plain = false, true
	if res := b.post("login", `{"token":"`+b.token(token.RightsOf(token.RightRead))+`"}`, ""); res.StatusCode != 403 || len(res.Cookies()) != 0 {
		t.Errorf("over plain http from elsewhere: %d", res.StatusCode)
	}
}

// A login ends when it was not used for an hour, after 12 hours, with its token, and
// when somebody logs out; more than there may be end the one that was idle longest.
func TestALoginEnds(t *testing.T) {
	b := newBench(t, 100)
	in := func(cookie string) bool { return b.post("me", "{}", cookie).StatusCode == 200 }
	read := token.RightsOf(token.RightRead)

	idle := b.logIn(read)
	b.now = b.now.Add(59 * time.Minute)
	if !in(idle) {
		t.Error("it ended within the hour")
	}
	b.now = b.now.Add(61 * time.Minute)
	if in(idle) {
		t.Error("it is good after an hour without use")
	}

	long := b.logIn(read)
	for range 12 {
		b.now = b.now.Add(59 * time.Minute)
		if !in(long) {
			t.Fatal("it ended while it was used")
		}
	}
	b.now = b.now.Add(20 * time.Minute)
	if in(long) {
		t.Error("it is good after 12 hours")
	}

	gone := b.logIn(read)
	b.revoked["t1"] = true
	if in(gone) {
		t.Error("it outlived its token")
	}
	b.revoked["t1"] = false
	if in(gone) {
		t.Error("it came back with its token")
	}

	left := b.logIn(read)
	b.post("logout", "{}", left)
	if in(left) {
		t.Error("it outlived a logout")
	}

	var all []string
	for range 4 {
		all = append(all, b.logIn(read))
	}
	if in(all[0]) || !in(all[1]) || !in(all[3]) {
		t.Error("of four the first should have ended")
	}
	if in("") || in("AAAA") {
		t.Error("somebody is in without a login")
	}
}

// A page of another origin gets nothing, whatever cookie the browser sends along; nor
// does a browser that does not say where a call comes from.
func TestOnlyOurOwnPagesCall(t *testing.T) {
	b := newBench(t, 100)
	cookie := b.logIn(token.AllRights())
	for _, site := range []string{"same-site", "cross-site", "none", ""} {
		for _, path := range []string{"me", "call", "login", "logout", "nowhere"} {
			res := b.post(path, `{"method":"GET","path":"/v2/rooms"}`, cookie, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", site)
				r.Header.Set("Origin", "http://127.0.0.1:8080")
			})
			if res.StatusCode != 403 || faultOf(t, res) != "request.origin" || res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%q %s: %d %v", site, path, res.StatusCode, res.Header)
			}
		}
	}
	if res := b.post("me", "{}", cookie); res.StatusCode != 200 {
		t.Errorf("the login was ended: %d", res.StatusCode)
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD", "OPTIONS"} {
		res := b.post("me", "", cookie, func(r *http.Request) { r.Method = method })
		if res.StatusCode != 405 {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	if len(b.called) != 0 {
		t.Errorf("called: %q", b.called)
	}
}

// A page of another origin loads nothing from here either, and frames nothing; a link to
// a view may be followed from anywhere.
func TestOtherPagesLoadNothing(t *testing.T) {
	b := newBench(t, 100)
	cookie := b.logIn(token.AllRights())
	get := func(method, path, site, mode, dest string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8090"+path, nil)
		r.AddCookie(&http.Cookie{Name: cookieName(false), Value: cookie})
		for name, value := range map[string]string{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Origin": "http://127.0.0.1:8080"} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		b.console.ServeHTTP(w, r)
		return w.Result()
	}
	for _, site := range []string{"same-site", "cross-site", "made up"} {
		for _, path := range []string{"/", "/console/", "/console/live", "/console/favicon.svg", "/console/api/me", "/console/api/call", "/nowhere"} {
			for _, as := range [][2]string{{"no-cors", "script"}, {"cors", "empty"}, {"navigate", "iframe"}, {"navigate", "object"}, {"websocket", "websocket"}, {"", ""}} {
				if res := get("GET", path, site, as[0], as[1]); res.StatusCode != 403 || faultOf(t, res) != "request.origin" || res.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
					t.Errorf("%s for %v of a %s page: %d %v", path, as, site, res.StatusCode, res.Header)
				}
			}
		}
		for method, path := range map[string]string{"GET": "/console/api/me", "POST": "/console/", "HEAD": "/console/"} {
			if res := get(method, path, site, "navigate", "document"); res.StatusCode != 403 {
				t.Errorf("%s %s from a %s page: %d", method, path, site, res.StatusCode)
			}
		}
		if res := get("GET", "/console/", site, "navigate", "document"); res.StatusCode != 200 {
			t.Errorf("a link in a %s page: %d", site, res.StatusCode)
		}
	}
	for _, site := range []string{"none", "same-origin", ""} {
		if res := get("GET", "/console/", site, "", ""); res.StatusCode != 200 {
			t.Errorf("from %q: %d", site, res.StatusCode)
		}
	}
}

// A bug in whatever the console calls is one caller's, tells nothing, and is counted.
func TestAPanicIsCounted(t *testing.T) {
	b := newBench(t, 100)
	cookie := b.logIn(token.AllRights())
	b.broken = true
	res := b.post("call", `{"method":"GET","path":"/v2/rooms"}`, cookie)
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != 500 || !strings.Contains(string(body), "server.internal") || strings.Contains(string(body), "secret") || b.panics != 1 {
		t.Errorf("%d %s, %d counted", res.StatusCode, body, b.panics)
	}
	b.broken = false
	if res := b.post("call", `{"method":"GET","path":"/v2/rooms"}`, cookie); res.StatusCode != 200 || b.panics != 1 {
		t.Errorf("after it: %d, %d counted", res.StatusCode, b.panics)
	}
}

// Each right opens its calls and those of the rights that it holds, and nothing else
// is called through the console by anybody.
func TestRightsAgainstCalls(t *testing.T) {
	fill := strings.NewReplacer("{id}", "a", "{fault}", "room.full", "{session}", "s", "{room}", "r%20x", "{peer}", "p", "{cause}", "c")
	order := map[token.Right]int{token.RightSupport: 0, token.RightRead: 1, token.RightOperate: 2}
	for _, has := range []token.Right{token.RightSupport, token.RightRead, token.RightOperate, token.RightInject} {
		b := newBench(t, 100)
		cookie := b.logIn(token.RightsOf(has))
		for pattern, needs := range opened {
			method, path, _ := strings.Cut(fill.Replace(pattern), " ")
			if strings.HasSuffix(path, "/") {
				path += "summary?by=fault"
			}
			b.called = nil
			body, _ := json.Marshal(callBody{method, path, json.RawMessage(`{"a":1}`)})
			res := b.post("call", string(body), cookie)
			may := has == needs || pattern == "GET /api/v1/injections" || has != token.RightInject && needs != token.RightInject && order[has] >= order[needs]
			switch {
			case may && (res.StatusCode != 200 || len(b.called) != 1 || b.called[0] != method+" "+path+` {"a":1}`):
				t.Errorf("%s may %s: %d %q", has, pattern, res.StatusCode, b.called)
			case !may && (res.StatusCode != 403 || faultOf(t, res) != "permission.denied" || len(b.called) != 0):
				t.Errorf("%s may not %s: %d %q", has, pattern, res.StatusCode, b.called)
			}
		}
	}
	b := newBench(t, 100)
	cookie := b.logIn(token.AllRights())
	for _, call := range []string{
		"POST /api/v1/tokens/revoke", "POST /v2/rooms", "POST /api/v1/projects", "GET /api/v1/projects", "POST /v2/room-codes/room/r", "GET /v2/room-codes/room/r",
		"DELETE /v2/templates/t", "POST /v2/token", "POST /api/v1/console/links", "GET /metrics", "GET /", "GET /why/x", "PUT /api/v1/events/retention",
		"GET /v2/rooms/../../api/v1/projects", "GET /api/v1/events//diagnosis", "GET http://elsewhere.example/v2/rooms", "GET //elsewhere.example/v2/rooms",
		"CONNECT /v2/rooms", "get /v2/rooms",
	} {
		method, path, _ := strings.Cut(call, " ")
		body, _ := json.Marshal(callBody{method, path, nil})
		if res := b.post("call", string(body), cookie); res.StatusCode != 404 {
			t.Errorf("%s: %d", call, res.StatusCode)
		}
	}
	if len(b.called) != 0 {
		t.Errorf("called: %q", b.called)
	}
}

// Guessing is slow: an address has so many tries in a minute.
func TestLoginsAreLimited(t *testing.T) {
	b := newBench(t, 5)
	for i := range 7 {
		res := b.post("login", `{"code":"guess"}`, "")
		if want := map[bool]int{true: 401, false: 429}[i < 5]; res.StatusCode != want {
			t.Errorf("try %d: %d, want %d", i, res.StatusCode, want)
		} else if i >= 5 && res.Header.Get("Retry-After") == "" {
			t.Error("it does not say when to try again")
		}
	}
	elsewhere := b.post("login", `{"code":"guess"}`, "", func(r *http.Request) { r.RemoteAddr = "203.0.113.7:9" })
	if elsewhere.StatusCode != 401 {
		t.Errorf("another address: %d", elsewhere.StatusCode)
	}
}

// Bad input is refused in words, within bounds.
func TestBadBodies(t *testing.T) {
	b := newBench(t, 100)
	cookie := b.logIn(token.AllRights())
	for body, want := range map[string]string{
		"":                                    "request.body_invalid",
		"[]":                                  "request.body_invalid",
		`{"method":1`:                         "request.body_invalid",
		`{"method":"GET","path":":"}`:         "request.field_invalid",
		`{"method":"A B","path":"/v2/rooms"}`: "request.field_invalid",
		`{"path":"` + strings.Repeat("x", maxBody): "request.too_large",
	} {
		if res := b.post("call", body, cookie); faultOf(t, res) != want {
			t.Errorf("%.40s: %d", body, res.StatusCode)
		}
	}
}

// A room's or a management token opens no console.
func TestOtherTokensDoNotLogIn(t *testing.T) {
	b := newBench(t, 100)
	for _, c := range []token.Claims{{Type: token.Management, Inject: true}, {Type: token.App, RoomID: "r", Role: "host"}} {
		raw, err := token.Mint(key, c)
		if err != nil {
			t.Fatal(err)
		}
		if res := b.post("login", `{"token":"`+raw+`"}`, ""); res.StatusCode != 401 || faultOf(t, res) != "token.kind" || len(res.Cookies()) != 0 {
			t.Errorf("%s: %d", c.Type, res.StatusCode)
		}
	}
}

// Every view is the one page, under a policy by which no text becomes script.
func TestThePages(t *testing.T) {
	b := newBench(t, 100)
	get := func(path string) *http.Response {
		w := httptest.NewRecorder()
		b.console.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8090"+path, nil))
		return w.Result()
	}
	for _, path := range []string{"/console/", "/console/search", "/console/failures/01a2"} {
		res := get(path)
		csp := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || strings.Contains(csp, "unsafe") ||
			!strings.Contains(csp, "require-trusted-types-for 'script'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %d %q", path, res.StatusCode, csp)
		}
	}
	if res := get("/"); res.StatusCode != 303 || res.Header.Get("Location") != "/console/" {
		t.Errorf("/: %d %q", res.StatusCode, res.Header.Get("Location"))
	}
	for _, path := range []string{"/console/nothing.js", "/v2/rooms", "/api/v1/events", "/init", "/console/assets/"} {
		if res := get(path); path != "/console/assets/" && res.StatusCode != 404 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}
