// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/token"
)

// ServeHTTP finds the route. What has none is answered like everything else.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		a.serve(w, r, preflight, answerPreflight)
		return
	}
	if err := cmp.Or(a.gaps(r), a.unreadable(r)); err != nil {
		a.serve(w, r, unrouted, a.refuse(err))
		return
	}
	r = trimmed(r)
	if _, pattern := a.mux.Handler(r); pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	// The mux knows whether the path or the method is wrong, and says so in a
	// reply of its own making, of which only the header is worth anything.
	var probe deadEnd
	a.mux.ServeHTTP(&probe, r)
	if allow := probe.Header().Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		a.serve(w, r, unrouted, a.refuse(fault.MethodNotAllowed.New("method", r.Method, "allowed", allow)))
		return
	}
	a.serve(w, r, unrouted, a.refuse(fault.RouteUnknown.New("path", r.URL.EscapedPath())))
}

// unrouted stands for whatever has no route.
var unrouted = Route{Pattern: "none", Access: Open}

func (a *API) refuse(err error) Handler {
	return func(*Call) (any, error) { return nil, err }
}

// deadEnd swallows a reply.
type deadEnd struct{ h http.Header }

func (d *deadEnd) Header() http.Header {
	if d.h == nil {
		d.h = http.Header{}
	}
	return d.h
}
func (d *deadEnd) Write(b []byte) (int, error) { return len(b), nil }
func (d *deadEnd) WriteHeader(int)             {}

// mount adds a route.
func (a *API) mount(route Route) {
	a.patterns = append(a.patterns, route.Pattern)
	var own *limit.Callers
	if route.Rate.PerSecond > 0 {
		own = limit.New(route.Rate)
	}
	inner := a.audited(route.Pattern, route.Serve)
	serve := inner
	if own != nil {
		serve = func(c *Call) (any, error) {
			if err := take(own, limit.Key(c.addr)); err != nil {
				return nil, err
			}
			return inner(c)
		}
	}
	a.mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, route, serve) })
}

// serve is the one way in: who asks, how often, with what right.
func (a *API) serve(w http.ResponseWriter, r *http.Request, route Route, h Handler) {
	began := time.Now()
	c := &Call{
		Request: r, Writer: w, ID: requestID(r), Log: a.cfg.Log, api: a, route: route,
		addr: a.cfg.ClientAddr(r),
	}
	out := &written{ResponseWriter: w}
	c.Writer = out
	c.Log = c.Log.With("request", c.ID, "route", route.Pattern)
	w.Header().Set("X-Request-Id", c.ID)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	a.allowOrigin(w.Header(), r)
	reply, err := a.run(c, h)
	c.finish(out, reply, err)
	a.met.served(route.Pattern, out.status, out.injected, time.Since(began))
}

// run passes the guards and calls the handler. A handler that panics is our
// own fault, and the process goes on.
func (a *API) run(c *Call, h Handler) (reply any, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		c.Log.Error("panic", "value", p, "stack", string(debug.Stack()))
		reply, err = nil, fault.Internal.Wrap(fmt.Errorf("panic: %v", p))
	}()
	if err := take(a.address, limit.Key(c.addr)); err != nil {
		return nil, err
	}
	switch c.route.Access {
	case Management:
		c.Claims, err = c.Verify(token.Management)
	case Room:
		c.Claims, err = c.Verify(token.App)
	case Open:
	}
	if err != nil {
		return nil, err
	}
	return h(c)
}

// requestID takes the caller's id when it is harmless, so that one id follows
// a request through several services.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	}) {
		return uuid.NewString()
	}
	return id
}

// clip keeps a text short enough to be shown.
func clip(s string) string {
	const most = 256
	return strings.ToValidUTF8(text.Clip(s, most), "?")
}

// written remembers what was answered.
type written struct {
	http.ResponseWriter
	status   int
	injected bool // it is a refusal that was provoked
}

func (w *written) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *written) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *written) Unwrap() http.ResponseWriter { return w.ResponseWriter }
