// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// Config is what the API is built from. Registry, Rooms and Tokens are
// required.
type Config struct {
	Registry *registry.Registry
	Rooms    *room.Hub
	Tokens   *token.Verifier
	Keys     []token.Key   // with which tokens for room codes are minted, the first of an account
	TokenTTL time.Duration // how long those are valid; 0 = token.Lifetime
	Routes   []Route       // routes that others bring along, such as events and faults
	Revoked  func(string)  // told the id of a token that was revoked; nil tells nobody
	// Written returns when what was changed in a running session is on the disk; nil:
	// nothing is kept.
	Written func(context.Context) error
	Events  Recorder // hears of room codes that were known and yet not exchanged; nil hears nothing

	Limits     Limits
	Origins    []string                       // pages that may read the answers; nil = any
	ClientAddr func(*http.Request) netip.Addr // who is asking, behind whatever proxy; nil = the connection's

	Log     *slog.Logger          // nil discards
	Metrics prometheus.Registerer // nil counts nothing
}

// Recorder takes events without waiting; event.Recorder is one.
type Recorder interface{ Record(event.Event) }

// Limits bound what one caller may ask for.
type Limits struct {
	Address  Rate // all calls of one address; zero = 200 a second, 400 at once
	Token    Rate // calls with one token; zero = 100 a second, 200 at once
	Exchange Rate // room codes tried by one address; zero = 5 a second, 30 at once
	Layout   int  // bytes of the stored layout of one role; zero = 16 KiB
}

// Access says who may call a route.
type Access int

// Who may call a route.
const (
	// Management: whoever holds a management token. Call.Claims is its content.
	Management Access = iota
	// Room: whoever holds a room token. Call.Claims is its content.
	Room
	// Open: anyone. The handler may look at a token itself with Call.Verify.
	Open
)

// Route is one row of the API.
type Route struct {
	Pattern string   // of net/http.ServeMux, method included: "GET /v2/rooms/{id}"
	Access  Access   // who may call it
	Op      fault.Op // named by faults that do not name one; "" = fault.OpAPI
	MaxBody int64    // bytes; 0 = DefaultMaxBody
	Rate    Rate     // of one address, for this route alone; zero = none beyond Config.Limits
	Serve   Handler
}

// Handler answers one call. It returns what is written as JSON, or an error
// for the one error writer; nil and nil answers 204. To say another status,
// return a Reply; having written to Call.Writer itself, return Written.
type Handler func(*Call) (any, error)

// Reply is a reply with a status of its own.
type Reply struct {
	Status int
	Body   any // nil writes no body
}

// Written says that the handler has written the reply itself.
type Written struct{}

// DefaultMaxBody is the largest request body unless a route says otherwise.
const DefaultMaxBody = 256 << 10

// API serves the routes. It keeps nothing but counters.
type API struct {
	cfg     Config
	mux     *http.ServeMux
	met     *metrics
	address *limit.Callers
	token   *limit.Callers

	patterns []string // of the routes
}

// Patterns lists the routes, methods included.
func (a *API) Patterns() []string { return slices.Clone(a.patterns) }

// New returns the handler of the whole API. It panics when two routes claim
// one pattern, which is a mistake in the program.
func New(cfg Config) *API {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.ClientAddr == nil {
		cfg.ClientAddr = connectionAddr
	}
	if cfg.Limits.Layout == 0 {
		cfg.Limits.Layout = 16 << 10
	}
	if cfg.TokenTTL == 0 {
		cfg.TokenTTL = token.Lifetime
	}
	a := &API{
		cfg: cfg, mux: http.NewServeMux(), met: newMetrics(cfg.Metrics),
		address: limit.New(cfg.Limits.Address.Or(Rate{PerSecond: 200, Burst: 400})),
		token:   limit.New(cfg.Limits.Token.Or(Rate{PerSecond: 100, Burst: 200})),
	}
	for _, r := range slices.Concat(a.routes(), a.outputRoutes(), cfg.Routes) {
		a.mount(r)
	}
	return a
}

// routes are the API's own rows.
func (a *API) routes() []Route {
	return []Route{
		{Pattern: "POST /v2/rooms", Serve: a.createRoom},
		{Pattern: "GET /v2/rooms", Serve: a.listRooms},
		{Pattern: "GET /v2/rooms/{room}", Serve: a.getRoom},
		{Pattern: "POST /v2/rooms/{room}", Serve: a.updateRoom},
		{Pattern: "POST /v2/rooms/{room}/lock", Serve: rules{a}.lock},
		{Pattern: "POST /v2/rooms/{room}/unlock", Serve: rules{a}.unlock},

		{Pattern: "POST /v2/templates", Serve: a.createTemplate},
		{Pattern: "GET /v2/templates", Serve: a.listTemplates},
		{Pattern: "GET /v2/templates/{template}", Serve: a.getTemplate},
		{Pattern: "POST /v2/templates/{template}", Serve: a.updateTemplate},
		{Pattern: "DELETE /v2/templates/{template}", Serve: a.deleteTemplate},
		{Pattern: "GET /v2/templates/{template}/roles/{role}", Serve: a.getRole},
		{Pattern: "POST /v2/templates/{template}/roles/{role}", Serve: a.putRole},
		{Pattern: "DELETE /v2/templates/{template}/roles/{role}", Serve: a.deleteRole},
		{Pattern: "GET /v2/templates/{template}/roles/{role}/layout", Serve: a.getLayout},
		{Pattern: "POST /v2/templates/{template}/roles/{role}/layout", Serve: a.putLayout},
		{Pattern: "DELETE /v2/templates/{template}/roles/{role}/layout", Serve: a.deleteLayout},
		{Pattern: "GET /v2/layouts/ui", Access: Room, Serve: a.listLayouts},
		{Pattern: "GET /v2/templates/{template}/settings", Serve: a.getSettings},
		{Pattern: "POST /v2/templates/{template}/settings", Serve: a.updateSettings},

		{Pattern: "POST /v2/room-codes/room/{room}", Serve: a.createCodes},
		{Pattern: "GET /v2/room-codes/room/{room}", Serve: a.listCodes},
		{Pattern: "POST /v2/room-codes/room/{room}/role/{role}", Serve: a.createRoleCode},
		{Pattern: "POST /v2/room-codes/code", Serve: a.updateCode},

		{
			Pattern: "POST /v2/token", Access: Open, Op: fault.OpToken, MaxBody: 4 << 10,
			Rate: a.cfg.Limits.Exchange.Or(Rate{PerSecond: 5, Burst: 30}), Serve: a.exchangeCode,
		},
		{Pattern: "POST /api/v1/tokens/revoke", Serve: a.revokeToken},
		{Pattern: "GET /api/v1/audit", Serve: a.audit},

		{Pattern: "GET /v2/active-rooms/{room}", Serve: a.getActiveRoom},
		{Pattern: "GET /v2/active-rooms/{room}/peers", Serve: a.listPeers},
		{Pattern: "GET /v2/active-rooms/{room}/peers/{peer}", Op: fault.OpPeers, Serve: a.getPeer},
		{Pattern: "POST /v2/active-rooms/{room}/peers/{peer}", Op: fault.OpUpdate, Serve: a.updatePeer},
		{Pattern: "POST /v2/active-rooms/{room}/send-message", Op: fault.OpMessage, Serve: a.sendMessage},
		{Pattern: "POST /v2/active-rooms/{room}/remove-peers", Op: fault.OpRemove, Serve: a.removePeers},
		{Pattern: "POST /v2/active-rooms/{room}/leader", Op: fault.OpUpdate, Serve: rules{a}.lead},
		{Pattern: "POST /v2/active-rooms/{room}/end-room", Op: fault.OpEndRoom, Serve: a.endRoom},

		{Pattern: "GET /v2/sessions", Serve: a.listSessions},
		{Pattern: "GET /v2/sessions/{session}", Serve: a.getSession},
	}
}
