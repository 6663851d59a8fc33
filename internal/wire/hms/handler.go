// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/socket"
)

// Config is what a Handler needs. Sizes and rates left at 0 take the defaults
// named here.
type Config struct {
	Participants *participant.Service
	Sockets      *socket.Set
	Log          *slog.Logger

	SocketURL  func(*http.Request) (string, error) // where clients open their WebSocket; fault.ProxyUnknown
	ClientAddr func(*http.Request) netip.Addr      // who is asking, behind whatever proxy
	ICEServers []map[string]any                    // handed to clients as they stand

	// Relays are TURN servers for one peer, told beside those; nil: none.
	Relays func(r *http.Request, room, peer string) []map[string]any

	MaxFrame  int     // bytes of a frame; 256 KiB
	MaxSDP    int     // bytes of a session description; 192 KiB
	FrameRate int     // frames a second from one socket, five times that at once; 200
	InitRate  float64 // calls of /init a second from one address; 20
	InitBurst int     // ... and at once; 60

	OfferedVideos int // videos of a room that clients are offered without asking; 25
}

func (c Config) withDefaults() Config {
	c.MaxFrame = cmp.Or(c.MaxFrame, 256<<10)
	c.MaxSDP = cmp.Or(c.MaxSDP, 192<<10)
	c.OfferedVideos = cmp.Or(c.OfferedVideos, 25)
	c.FrameRate = cmp.Or(c.FrameRate, 200)
	c.InitRate = cmp.Or(c.InitRate, 20)
	c.InitBurst = cmp.Or(c.InitBurst, 60)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Handler serves the wire: [Handler.ServeInit] and [Handler.ServeWS].
type Handler struct {
	cfg  Config
	log  *slog.Logger
	all  *participant.Service
	rate *limit.Callers
}

// New returns a handler.
func New(cfg Config) *Handler {
	cfg = cfg.withDefaults()
	return &Handler{
		cfg: cfg, log: cfg.Log, all: cfg.Participants,
		rate: limit.New(limit.Rate{PerSecond: cfg.InitRate, Burst: cfg.InitBurst}),
	}
}

// address names whoever asks for the purpose of limits: the address itself, or
// the /64 of an IPv6 address, as that is what one customer is given.
func (h *Handler) address(r *http.Request) string { return limit.Key(h.client(r)) }

// client is the address that a request is taken to be of.
func (h *Handler) client(r *http.Request) (a netip.Addr) {
	if h.cfg.ClientAddr != nil {
		return h.cfg.ClientAddr(r)
	}
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		a = ap.Addr()
	}
	return a
}

// admit asks for a request whether it may come in.
func (h *Handler) admit(r *http.Request, token, peer string) (participant.Visitor, error) {
	q := h.request(r, token, peer)
	if q.ID = clip(r.Header.Get("X-Request-Id"), maxCallID); r.URL.Path == "/init" {
		q.Step = "init"
	}
	return h.all.Admit(r.Context(), q)
}

func (h *Handler) request(r *http.Request, token, peer string) participant.Request {
	return participant.Request{
		Token: token, Peer: peer, Address: h.address(r), Door: h.cfg.Sockets.Door(r, h.client(r)),
		Agent: event.ParseAgent(r.URL.Query().Get("user_agent_v2")),
	}
}
