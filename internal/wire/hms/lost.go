// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"net/http"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
)

// tooOften refuses whoever asks to connect more often than the limit.
func (h *Handler) tooOften(w http.ResponseWriter, r *http.Request, op fault.Op) bool {
	if h.rate.Take(h.address(r)) == 0 {
		return false
	}
	f := fault.From(fault.RateLimited.New("limit", h.cfg.InitRate, "per", "second", "setting", "limits.joins_per_second"), op)
	h.lost(r, f)
	w.Header().Set("Retry-After", "1")
	h.refuseInit(w, f)
	return true
}

// noUpgrade refuses a request that cannot become a WebSocket (RFC 6455, section
// 4.2.1) and says what is missing. Mostly a proxy has dropped it.
func (h *Handler) noUpgrade(w http.ResponseWriter, r *http.Request) bool {
	reason := socket.NoUpgrade(r)
	if reason == "" {
		return false
	}
	f := fault.From(fault.SignalUpgrade.New("reason", reason), fault.OpConnect)
	h.lost(r, f)
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "websocket")
	w.Header().Set("Sec-WebSocket-Version", "13")
	writeJSON(w, http.StatusUpgradeRequired, refusalBody(f, dialect.HMS.Speak(f).Code))
	return true
}

// Astray tells whether a request is that of a client of a room, wherever it went:
// an upgrade, or a token where only a socket's address has one, or a question for
// where to connect.
func Astray(r *http.Request) bool {
	q := r.URL.Query()
	return socket.Upgrades(r) || q.Has("token") && q.Has("peer") ||
		q.Has("peer_id") && strings.HasSuffix(strings.TrimRight(r.URL.Path, "/"), "/init")
}

// ServeAstray answers the client of a room at a path where no room is served.
func (h *Handler) ServeAstray(w http.ResponseWriter, r *http.Request) {
	allowPages(w.Header())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	op, want := fault.OpInit, "/init"
	if !r.URL.Query().Has("peer_id") {
		op, want = fault.OpConnect, "/ws"
	}
	if h.tooOften(w, r, op) {
		return
	}
	f := fault.From(fault.RouteUnknown.New("path", clip(r.URL.EscapedPath(), 128), "want", want, "reason", "a proxy must pass the path on as it is"), op)
	h.lost(r, f)
	h.refuseInit(w, f)
}

// Lost records a request of a room's client that somebody else refused, before it
// came here. It does nothing for requests of others.
func (h *Handler) Lost(r *http.Request, err error) {
	switch {
	case r.URL.Path == "/init":
		h.lost(r, fault.From(err, fault.OpInit))
	case r.URL.Path == "/ws":
		h.lost(r, fault.From(err, fault.OpConnect))
	}
}

// lost records a request that will not become a socket, with the peer whose token
// it carries.
func (h *Handler) lost(r *http.Request, f *fault.Error) {
	q := r.URL.Query()
	raw, peer := q.Get("token"), q.Get("peer")
	if raw == "" {
		raw, peer = token.Bearer(r.Header), q.Get("peer_id")
	}
	h.all.Lost(r.Context(), h.request(r, raw, peer), f)
}
