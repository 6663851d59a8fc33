// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/sceenic"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// serveSceenic opens the door for apps of Sceenic WatchTogether: the token service
// of their backends, and the wire of their clients. Without a key there is none.
func (s *Server) serveSceenic(routes *http.ServeMux, sockets *socket.Set, engine *sfu.Engine, key token.Key, o outside, log *slog.Logger) {
	cfg := s.cfg
	if cfg.Sceenic.Key == "" {
		return
	}
	wire := s.streamDoor(sockets, engine, o, log, cfg.Sceenic.JoinTimeout)
	tokens := sceenic.New(sceenic.Config{
		Key: cfg.Sceenic.Key, Secret: cfg.Sceenic.Secret, Account: cfg.Access.AccountID, RoomKey: key, Registry: s.registry,
		Rate: limit.Rate{PerSecond: cfg.Limits.APIPerSecond, Burst: cfg.Limits.APIBurst},
		Life: cfg.Sceenic.TokenLife, Leeway: cfg.Access.TokenLeeway, ClientAddr: o.client, Limited: sockets.Limited,
		SocketURL: func(r *http.Request) (string, error) {
			u, err := o.socketURL(r)
			return strings.TrimSuffix(u, "/ws") + "/sceenic", err
		},
		ICEServers: func(r *http.Request) []kurento.ICEServer { return wire.ServersFor(o.origin(r).Host) },
	})
	wire.Shared, s.watch = tokens, tokens
	routes.HandleFunc("/sceenic", kurento.New(wire).ServeWS)
	for _, path := range []string{"/stream/token/v2", "/stream/token/v2/{$}"} {
		routes.Handle(path, tokens)
	}
}
