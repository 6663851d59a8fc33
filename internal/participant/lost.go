// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// lostRate is how many requests of one address are recorded that never became a
// socket. Beyond it they are counted only: a client that goes on trying tells
// nothing new.
var lostRate = limit.Rate{PerSecond: 1, Burst: 20}

// Lost counts and logs a request that will not become a socket, refused before
// anybody asked who sent it, and records whom that befell if it came with a good
// token. Nothing is granted by it.
func (s *Service) Lost(ctx context.Context, r Request, f *fault.Error) {
	v := Visitor{Address: r.Address, Agent: r.Agent, Door: r.Door}
	if s.lost.Take(r.Address) > 0 {
		s.met.unrecorded.Inc()
		s.met.refusedFault(f)
		return
	}
	claims, err := s.cfg.Tokens.Verify(ctx, r.Token, token.App)
	if err != nil {
		s.noteRefused(v, f)
		return
	}
	record, err := s.cfg.Directory.RoomRecord(ctx, claims.RoomID)
	if err != nil || record.Account != claims.Account {
		s.noteRefused(v, f)
		return
	}
	v.Claims, v.Record = claims, record
	if room.WellFormedPeer(r.Peer) {
		v.ID = room.PeerID(r.Peer)
	}
	if p := s.Participant(claims.RoomID, v.ID); p != nil && !p.belongsTo(claims) {
		v.ID = "" // not theirs
	} else if p == nil && s.unclaimed(ctx, &v) != nil {
		v.ID = ""
	}
	s.TurnAway(v, f)
}
