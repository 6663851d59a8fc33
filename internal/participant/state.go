// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"log/slog"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// ID is the peer's id in its room. It may be called from anywhere.
func (p *Participant) ID() room.PeerID { return p.key.peer }

// RoomID is the id of the peer's room. It may be called from anywhere.
func (p *Participant) RoomID() string { return p.key.room }

// Wire is what the participant speaks to its client through. It may be called
// from anywhere.
func (p *Participant) Wire() Wire { return p.wire }

// Context ends with the participant. It may be called from anywhere.
func (p *Participant) Context() context.Context { return p.ctx }

// Away tells whether the peer has lost its socket and is held. It may be called
// from anywhere.
func (p *Participant) Away() bool { return p.away.Load() }

// Out is why the peer was disconnected for good, nil while it was not. It may be
// called from anywhere.
func (p *Participant) Out() *fault.Kind { return p.out.Load() }

// Inject is where provoked faults about this peer are asked for. It may be
// called from anywhere.
func (p *Participant) Inject() *inject.Peer { return p.inject }

// Log names the room and the peer. It may be called from anywhere.
func (p *Participant) Log() *slog.Logger { return p.log }

// Answered measures a call of the client. It may be called from anywhere.
func (p *Participant) Answered(method string, took time.Duration) {
	p.s.met.calls.WithLabelValues(method).Observe(took.Seconds())
}

// Called tells the trace of the join under which id the client asked for it.
func (p *Participant) Called(id string) { p.join.Request("call", id) }

// Media is what the peer sends and receives.
func (p *Participant) Media() *Media { return p.media }

// Events is what is recorded about the peer.
func (p *Participant) Events() *Events { return p.events }

// Budget is what the peer's calls may still cost.
func (p *Participant) Budget() *Budget { return p.budget }

// Claims are those of the token the peer came in with.
func (p *Participant) Claims() token.Claims { return p.claims }

// Joined tells whether the peer is inside.
func (p *Participant) Joined() bool { return p.joined }

// Leaving tells whether the peer has been removed, so that only the goodbye is
// left.
func (p *Participant) Leaving() bool { return p.leaving }

// Room is the peer's room: nil before it has joined or looked at a preview.
func (p *Participant) Room() *room.Room { return p.room }

// Role is the peer's present role.
func (p *Participant) Role() string { return p.role }

// Name is what the peer calls itself.
func (p *Participant) Name() string { return p.name }

// Template is what the room's roles may do.
func (p *Participant) Template() policy.Template { return p.roomRecord.Spec.Template }
