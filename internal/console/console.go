// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package console serves the pages for those who run a server: support, operators
// and people on call. It is an origin of its own, and has a login of its own: a
// cookie, which no other door of the server looks at.
//
// The pages are built from web/console into dist, which is committed. They call the
// REST API, by one call here that says in its body what is asked: so no name, no id
// and no address is in a URL that a proxy writes down.
package console

import (
	"embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/body"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/pages"
	"github.com/redial-rtc/redial/internal/token"
)

//go:embed all:dist
var dist embed.FS

// policy is the Content-Security-Policy (W3C CSP Level 3) of the pages: everything
// comes from here, and no text becomes markup or script (W3C Trusted Types).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// maxBody is how many bytes a call of the pages may have.
const maxBody = 64 << 10

// Config is what the console is built from; everything is required.
type Config struct {
	Desk   *Desk
	Tokens *token.Verifier
	REST   http.Handler // the routes of the API
	Logins int          // tries of one address in a minute
	Inject bool         // faults may be provoked on this server

	// Secure tells whether a request came over https. ok is false for one that came
	// over plain http from another machine, or by a proxy that nobody named: there is
	// no login by those.
	Secure func(*http.Request) (secure, ok bool)

	ClientAddr func(*http.Request) netip.Addr // who is asking
	Inner      func(from, call *http.Request) // makes a call look as if it had come to the API by itself
	Panicked   func()                         // counts a handler that hit a bug
	Log        *slog.Logger
}

// Console implements http.Handler.
type Console struct {
	cfg    Config
	book   book
	logins *limit.Callers
	pages  http.Handler
	mux    *http.ServeMux
}

// New returns the console.
func New(cfg Config) *Console {
	c := &Console{
		cfg: cfg, book: newBook(), mux: http.NewServeMux(),
		logins: limit.New(limit.Rate{PerSecond: float64(cfg.Logins) / 60, Burst: cfg.Logins}),
	}
	c.pages = pages.Site(dist, policy, func(w http.ResponseWriter, r *http.Request, status int) {
		if status == http.StatusMethodNotAllowed {
			refuse(w, fault.MethodNotAllowed.New("method", r.Method, "allowed", w.Header().Get("Allow")))
			return
		}
		refuse(w, fault.RouteUnknown.New("path", r.URL.EscapedPath()))
	})
	for path, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"login": c.logIn, "logout": c.logOut, "me": c.me, "call": c.call,
	} {
		c.mux.HandleFunc("POST /console/api/"+path, func(w http.ResponseWriter, r *http.Request) {
			if err := serve(w, r); err != nil {
				refuse(w, err)
			}
		})
	}
	return c
}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		p := recover()
		switch {
		case p == nil:
			return
		case p == http.ErrAbortHandler:
			panic(p)
		}
		c.cfg.Panicked()
		c.cfg.Log.Error("a handler panicked", "method", r.Method, "path", r.URL.EscapedPath(), "panic", p, "stack", string(debug.Stack()))
		refuse(w, fault.Internal.New())
	}()
	if foreign(r) {
		refuseForeign(w, r)
		return
	}
	switch at := r.URL.Path; {
	case at == "/":
		http.Redirect(w, r, "/console/", http.StatusSeeOther)
	case strings.HasPrefix(at, "/console/api/"):
		c.answer(w, r)
	default:
		if strings.HasPrefix(at, "/console/") && !strings.Contains(at[len("/console/"):], ".") {
			at = "/" // every view is the one page, which reads what is behind the #
		} else {
			at = strings.TrimPrefix(at, "/console")
		}
		page := r.Clone(r.Context())
		page.URL.Path, page.URL.RawPath = at, ""
		c.pages.ServeHTTP(w, page)
	}
}

// foreign tells whether a page of another origin asks, by what the browser says (W3C
// Fetch Metadata). Nobody else's page has a use for anything that is here; whoever
// follows a link to a view from elsewhere is let in, since that is what links are for.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	h := r.Header
	return r.Method != http.MethodGet || h.Get("Sec-Fetch-Mode") != "navigate" || h.Get("Sec-Fetch-Dest") != "document" ||
		strings.HasPrefix(r.URL.Path, "/console/api/")
}

func refuseForeign(w http.ResponseWriter, r *http.Request) {
	site := r.Header.Get("Sec-Fetch-Site")
	if site == "" {
		site = "not said (a browser of before 2023?)"
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	refuse(w, fault.OriginRefused.New("origin", r.Header.Get("Origin"), "site", site))
}

// answer serves a call of the pages. Cookies ignore ports, so another server on this
// host has pages that the browser sends ours from: what it says of where a call comes
// from (W3C Fetch Metadata, section 2.2) decides, and it has to say so.
func (c *Console) answer(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		refuseForeign(w, r)
		return
	}
	if r.Method != http.MethodPost {
		h.Set("Allow", http.MethodPost)
		refuse(w, fault.MethodNotAllowed.New("method", r.Method, "allowed", http.MethodPost))
		return
	}
	if _, pattern := c.mux.Handler(r); pattern == "" {
		refuse(w, fault.RouteUnknown.New("path", r.URL.EscapedPath()))
		return
	}
	c.mux.ServeHTTP(w, r)
}

// logIn takes a code of a link, or a console token, and gives a cookie for it.
func (c *Console) logIn(w http.ResponseWriter, r *http.Request) error {
	if wait := c.logins.Take(limit.Key(c.cfg.ClientAddr(r))); wait > 0 {
		return limited(w, wait)
	}
	secure, ok := c.cfg.Secure(r)
	if !ok {
		return fault.OriginRefused.New("origin", r.Header.Get("Origin"), "reason",
			"a login takes https, or this machine; a proxy has to be named in http.behind_proxy and console.public_url")
	}
	var in struct {
		Code  string `json:"code"`
		Token string `json:"token"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	var cookie string
	var claims token.Claims
	var err error
	if in.Code != "" {
		cookie, claims, err = c.cfg.Desk.Follow(in.Code)
	} else if claims, err = c.cfg.Tokens.Verify(r.Context(), strings.TrimSpace(in.Token), token.Console); err == nil {
		cookie = c.cfg.Desk.LogIn(claims)
	}
	if err != nil {
		c.cfg.Log.Warn("no login", "fault", fault.From(err, fault.OpAPI), "address", limit.Key(c.cfg.ClientAddr(r)))
		return err
	}
	if old := cookieOf(r, secure); old != "" {
		c.cfg.Desk.LogOut(old)
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure), Value: cookie, Path: "/", Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	c.cfg.Log.Info("login", "token", claims.ID, "rights", claims.Rights.Named())
	return c.tell(w, claims, time.Time{})
}

func (c *Console) logOut(w http.ResponseWriter, r *http.Request) error {
	secure, _ := c.cfg.Secure(r)
	c.cfg.Desk.LogOut(cookieOf(r, secure))
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure), Path: "/", MaxAge: -1, Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// me tells who is logged in.
func (c *Console) me(w http.ResponseWriter, r *http.Request) error {
	claims, over, err := c.session(r)
	if err != nil {
		return err
	}
	return c.tell(w, claims, over)
}

func (c *Console) session(r *http.Request) (token.Claims, time.Time, error) {
	secure, ok := c.cfg.Secure(r)
	cookie := cookieOf(r, secure)
	if !ok || cookie == "" {
		return token.Claims{}, time.Time{}, fault.ConsoleLogin.New("reason", "nobody is logged in")
	}
	return c.cfg.Desk.Session(r.Context(), cookie)
}

// meBody is who is logged in, and may do what.
type meBody struct {
	Account string        `json:"account"`
	Rights  []token.Right `json:"rights"` // those that are implied as well
	Inject  bool          `json:"inject"` // faults may be provoked on this server
	Until   *time.Time    `json:"until,omitempty"`
	Now     time.Time     `json:"now"`
}

func (c *Console) tell(w http.ResponseWriter, claims token.Claims, over time.Time) error {
	me := meBody{Account: claims.Account, Rights: claims.Rights.Held(), Inject: c.cfg.Inject, Now: time.Now().UTC()}
	if !over.IsZero() {
		me.Until = &over
	}
	return reply(w, me)
}

// cookieName of plain http is another, since browsers take the prefix with Secure
// only (RFC 6265bis, section 4.1.3.2).
func cookieName(secure bool) string {
	if secure {
		return "__Host-redial-console"
	}
	return "redial-console"
}

func cookieOf(r *http.Request, secure bool) string {
	found, err := r.Cookie(cookieName(secure))
	if err != nil {
		return ""
	}
	return found.Value
}

// decode reads a body of JSON.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := body.ReadText(w, r, maxBody)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.BodyInvalid.Wrap(err, "reason", "not the JSON of this call")
	}
	return nil
}

func limited(w http.ResponseWriter, wait time.Duration) error {
	seconds := max(1, int((wait+time.Second-1)/time.Second))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return fault.RateLimited.New("limit", "console.logins_per_minute", "retry_after_seconds", seconds)
}

func reply(w http.ResponseWriter, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fault.Internal.Wrap(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(raw, '\n'))
	return nil
}

// refuse answers with a fault, in the shape of the API's errors.
func refuse(w http.ResponseWriter, err error) {
	f := fault.From(err, fault.OpAPI)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Redial-Fault", f.Kind.ID)
	w.WriteHeader(f.Kind.Status)
	details := []string{}
	for _, d := range f.Details {
		if d.Name == "reason" || d.Name == "grant" || d.Name == "retry_after_seconds" || d.Name == "limit" || d.Name == "site" {
			details = append(details, fmt.Sprintf("%s: %v", d.Name, d.Value))
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"code": f.Kind.Status, "message": f.Safe(), "details": details, "fault": map[string]any{"id": f.Kind.ID, "do": f.Kind.Do},
	})
}
