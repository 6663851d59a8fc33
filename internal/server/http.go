// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// Limits of a request that no setting is worth. A WebSocket leaves them behind
// when it is upgraded.
const (
	writeTimeout = 60 * time.Second  // the whole of a reply
	idleTimeout  = 120 * time.Second // between two requests
	maxHeader    = 32 << 10          // bytes; a socket's URL carries a token
)

// web is an HTTP server that can be stopped quickly.
type web struct {
	http.Server
	log *slog.Logger

	handshaken bool // connections come with their handshake done

	mu       sync.Mutex
	fresh    map[net.Conn]struct{}  // opened, and nothing asked yet
	underway map[*exchange]struct{} // asked, and not answered yet
	stopping bool
}

func newWeb(h http.Handler, cfg config.Config, log *slog.Logger) *web {
	w := &web{log: log, fresh: map[net.Conn]struct{}{}, underway: map[*exchange]struct{}{}}
	w.Server = http.Server{
		Handler:           w.watched(h, cfg.Limits.BodyTimeout),
		ReadHeaderTimeout: cfg.Limits.HandshakeTimeout,
		ReadTimeout:       cfg.Limits.HandshakeTimeout + cfg.Limits.BodyTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // strangers' broken handshakes
		ConnState:         w.changed,
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, sniffedKey{}, c) },
	}
	return w
}

func (w *web) changed(c net.Conn, state http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if state == http.StateNew {
		w.fresh[c] = struct{}{}
	} else {
		delete(w.fresh, c)
	}
}

// stop takes no more requests and lets those under way finish, though not at
// the cost of everything that is closed after it: they get half of the time.
// Connections on which nothing was asked yet (browsers open some in reserve)
// would be waited for as well, so they are closed; so is who sends or reads too
// slowly.
func (w *web) stop(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	w.RegisterOnShutdown(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for c := range w.fresh {
			_ = c.Close()
		}
	})
	done := make(chan struct{})
	defer close(done)
	go w.hurry(done)
	if err := w.Shutdown(ctx); err != nil {
		w.log.Warn("requests were cut off", "err", err)
		return w.Close()
	}
	return nil
}

// guard is around every handler: a panic becomes fault.Internal for one caller
// and ends nothing else, and pages of origins that are not allowed are refused.
// Whatever is answered, a page may read it, and what a browser asks before a call
// is answered here, whether there is such a call or not: the call itself is refused
// in words.
type guard struct {
	next    http.Handler
	origins []string
	outside outside
	log     *slog.Logger
	panics  prometheus.Counter
	refused prometheus.Counter
	proxy   sync.Once                  // a proxy nobody told us of was logged
	lost    func(*http.Request, error) // told of refusals; nil tells nobody
}

func newGuard(next http.Handler, cfg config.HTTP, o outside, log *slog.Logger, metrics prometheus.Registerer) *guard {
	g := &guard{
		next: next, origins: cfg.AllowedOrigins, outside: o, log: log,
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_http_panics_total", Help: "Requests that hit a bug and were answered with server.internal."}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_http_origins_refused_total", Help: "Requests refused because of the page's origin."}),
	}
	metrics.MustRegister(g.panics, g.refused)
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		p := recover()
		switch {
		case p == nil:
			return
		case p == http.ErrAbortHandler:
			panic(p)
		}
		g.panics.Inc()
		g.log.Error("a handler panicked", "method", r.Method, "path", r.URL.EscapedPath(), "panic", p, "stack", string(debug.Stack()))
		writeFault(w, fault.From(fault.Internal.New(), fault.OpAPI))
	}()
	if g.outside.unnamed(r) {
		g.proxy.Do(func() {
			g.log.Warn("a proxy is in front, or somebody plays one; if it is yours, name it", "setting", "http.behind_proxy",
				"proxy", r.RemoteAddr, "without", "its clients count as one address, and it is not believed about host and scheme")
		})
	}
	letRead(w.Header())
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		w.Header().Set("Access-Control-Max-Age", "7200")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && !g.allows(origin, r) {
		g.refused.Inc()
		err := fault.OriginRefused.New("origin", origin)
		g.log.Warn("refused", "fault", fault.From(err, fault.OpAPI), "path", r.URL.EscapedPath())
		if g.lost != nil {
			g.lost(r, err)
		}
		writeFault(w, fault.From(err, fault.OpAPI))
		return
	}
	g.next.ServeHTTP(w, r)
}

// allows tells whether pages of an origin (RFC 6454) may call: those the
// settings name, and our own.
func (g *guard) allows(origin string, r *http.Request) bool {
	if slices.Contains(g.origins, "*") || slices.Contains(g.origins, origin) {
		return true
	}
	own := g.outside.origin(r)
	return origin == own.String()
}

// letRead lets pages of any origin read an answer. No call is made with cookies,
// so what it tells is the caller's by the token that came with it; a refusal of an
// origin tells nothing. Without it a page takes a refusal for a server that is not
// there. What a machine is told because of where it is takes it back: see
// [metricsHandler].
func letRead(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id, X-Api-Key, user_agent_v2")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Expose-Headers", "Allow, Retry-After, X-Request-Id, X-Redial-Fault")
}

// writeFault is the reply of last resort, in the shape of the API's errors. A
// handler that had begun its reply before it panicked leaves a broken one.
func writeFault(w http.ResponseWriter, f *fault.Error) {
	word := dialect.HMS.Speak(f)
	letRead(w.Header())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Redial-Fault", f.Kind.ID)
	w.WriteHeader(f.Kind.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"code": word.Code, "name": word.Name, "message": f.Safe(), "description": f.Kind.Do, "fault": f.Kind.ID,
	})
}
