// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/openvidu"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// serveOpenVidu opens the door for apps of OpenVidu 2: the API of their
// backends, and the wire of their clients. Without a secret there is none.
func (s *Server) serveOpenVidu(routes *http.ServeMux, hub *room.Hub, sockets *socket.Set, engine *sfu.Engine, key token.Key, o outside, log *slog.Logger) {
	cfg := s.cfg
	if cfg.OpenVidu.Secret == "" {
		return
	}
	sessions := openvidu.New(openvidu.Config{
		Secret: cfg.OpenVidu.Secret, Account: cfg.Access.AccountID, Key: key, Registry: s.registry, Rooms: hub,
		Rate: limit.Rate{PerSecond: cfg.Limits.APIPerSecond, Burst: cfg.Limits.APIBurst}, Pending: cfg.OpenVidu.Pending,
		ClientAddr: o.client, Origin: o.origin, Limited: sockets.Limited, Log: log.With("part", "openvidu"),
	})
	door := s.streamDoor(sockets, engine, o, log, cfg.OpenVidu.JoinTimeout)
	door.Tokens, door.Simulcast = sessions, cfg.OpenVidu.Simulcast
	wire := kurento.New(door)
	sessions.Wire = wire
	routes.HandleFunc("/openvidu", wire.ServeWS)
	routes.Handle("/openvidu/", sessions)
}

// serveKurento opens the door for clients of Kurento Room, if it is wanted.
func (s *Server) serveKurento(routes *http.ServeMux, sockets *socket.Set, engine *sfu.Engine, key token.Key, o outside, log *slog.Logger) {
	cfg := s.cfg
	if !cfg.Kurento.Enabled {
		return
	}
	door := s.streamDoor(sockets, engine, o, log, cfg.Kurento.JoinTimeout)
	door.Guests = &openvidu.Guests{
		Account: cfg.Access.AccountID, Key: key, Registry: s.registry, Rooms: cfg.Kurento.Rooms, Limited: sockets.Limited,
	}
	routes.HandleFunc("/room", kurento.New(door).ServeWS)
}

// streamDoor is what the doors of this wire have in common, but for who is let in.
func (s *Server) streamDoor(sockets *socket.Set, engine *sfu.Engine, o outside, log *slog.Logger, joinWait time.Duration) kurento.Config {
	limits := s.cfg.Limits
	return kurento.Config{
		Participants: s.participants, Sockets: sockets, Log: log.With("part", "signal"),
		ClientAddr: o.client, ICEServers: flatICEServers(s.cfg.Media.ICEServers), MediaPort: engine.UDPPort(), Relays: s.relays.flatServers,
		MaxFrame: limits.FrameBytes, MaxSDP: limits.SDPBytes, FrameRate: limits.FramesPerSecond,
		JoinRate: limits.JoinsPerSecond, JoinBurst: limits.JoinsBurst, JoinWait: joinWait,
	}
}

// stunRate is how many STUN requests the media port answers in a second. None
// where no client is told to ask it.
func stunRate(cfg config.Config) int {
	told := cfg.OpenVidu.Secret != "" || cfg.Kurento.Enabled || cfg.Sceenic.Key != "" || cfg.OpenTok.Enabled
	if !told || len(cfg.Media.ICEServers) > 0 {
		return 0
	}
	return cfg.Limits.STUNRate
}

// flatICEServers lists every address by itself.
func flatICEServers(servers []config.ICEServer) []kurento.ICEServer {
	var all []kurento.ICEServer
	for _, s := range servers {
		for _, u := range s.URLs {
			all = append(all, kurento.ICEServer{URL: u, Username: s.Username, Credential: s.Credential})
		}
	}
	return all
}
