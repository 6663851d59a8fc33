// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/token"
)

// Visitor is somebody who asks to be let in: who they say they are and what is
// known of them so far.
type Visitor struct {
	ID      room.PeerID
	Claims  token.Claims
	Record  RoomRecord
	Agent   event.Agent
	Address string         // who they count as, for limits and the log
	Door    *evidence.Door // the way they came; nil: not known
	Peer    *Participant   // the peer, if this process holds it
	held    *room.Peer     // the peer as an earlier process held it
}

// Request is what somebody shows who asks to be let in.
type Request struct {
	Token   string
	Peer    string // the id the client chose; 1 to 128 bytes
	Agent   event.Agent
	Address string         // who it counts as: see limit.Key
	Door    *evidence.Door // the way it came; nil: not known

	Step string // of the join, for its trace; "" is that of opening a socket
	ID   string // of the request, as the client or a proxy calls it; may be empty
}

// Subject is the visitor as events name them.
func (v Visitor) Subject() event.Subject {
	return event.Subject{
		AccountID: v.Record.Account, UserID: v.Claims.UserID, UserProof: v.Claims.UserProof, PeerID: string(v.ID),
		RoomID: v.Claims.RoomID, RoomName: v.Record.Spec.Name, TemplateID: v.Record.Spec.Template.ID,
		Role: v.Claims.Role, Agent: v.Agent,
	}
}

// Admit decides whether somebody may come in. What is known of the visitor is
// returned beside the fault, for the record. A peer that is held comes back in
// with the token it joined with, whatever the clock says of that by now.
func (s *Service) Admit(ctx context.Context, r Request) (Visitor, error) {
	if s.cfg.Traces == nil {
		return s.admit(ctx, r)
	}
	began := time.Now()
	v, err := s.admit(ctx, r)
	if v.Peer != nil {
		return v, err // it is inside, and comes back
	}
	c := v.Claims
	if c.Digest == "" {
		c = token.Claims{} // what nobody known has signed is not told on
	}
	j := s.cfg.Traces.Join(c.RoomID, string(v.ID))
	j.Admitted(c.Role, c.UserID)
	step := cmp.Or(r.Step, "socket")
	j.Request(step, r.ID)
	j.Step(step, began, err)
	if err != nil {
		j.Failed(err)
	}
	return v, err
}

func (s *Service) admit(ctx context.Context, r Request) (Visitor, error) {
	raw, peer := r.Token, r.Peer
	v := Visitor{Address: r.Address, Agent: r.Agent, Door: r.Door}
	if room.WellFormedPeer(peer) {
		v.ID = room.PeerID(peer)
	}
	claims, err := s.cfg.Tokens.Verify(ctx, raw, token.App)
	v.Claims = claims
	if err == nil {
		s.issuers.accepted(claims, time.Now())
	}
	// Other servers refuse an expired token even to those they held; who provokes
	// it wants to see that.
	untimely := err
	if err != nil && (provoked(err) || !errors.Is(err, fault.TokenExpired) && !errors.Is(err, fault.TokenNotYetValid)) {
		s.describe(ctx, raw, &v)
		return v, err
	}
	if v.Record, err = s.cfg.Directory.RoomRecord(ctx, claims.RoomID); err != nil {
		switch {
		case !errors.Is(err, fault.RoomNotFound):
		case !room.WellFormed(claims.RoomID):
			err = fault.RoomIDInvalid.New("room_id", text.Clip(claims.RoomID, 64))
		default:
			err = fault.TokenRoomUnknown.New("room_id", claims.RoomID)
		}
		return v, err
	}
	if v.Record.Account != claims.Account {
		v.Record = RoomRecord{}
		return v, fault.TokenRoomUnknown.New("room_id", claims.RoomID)
	}
	switch {
	case peer == "":
		return v, fault.FieldMissing.New("field", "peer", "want", "1 to 128 bytes")
	case v.ID == "":
		return v, fault.FieldInvalid.New("field", "peer", "want", "1 to 128 bytes of visible UTF-8 text")
	}
	if p := s.seat(ctx, v); p != nil {
		if !p.belongsTo(claims) {
			v.ID = "" // not theirs
			return v, fault.PeerAlreadyJoined.New("peer", peer)
		}
		if why := p.out.Load(); why != nil {
			return v, why.New("peer", peer)
		}
		v.Peer = p
		return v, nil
	}
	held, ok, err := s.cfg.Directory.Held(ctx, claims.RoomID, v.ID)
	if err != nil {
		return v, err
	}
	switch {
	case ok && claims.Owns(held.Resume):
		v.held = &held
		return v, nil
	case ok && held.Resume == "":
		return v, fault.PeerGone.New("peer", peer, "reason", "it is not known who joined as it")
	case ok:
		v.ID = ""
		return v, fault.PeerAlreadyJoined.New("peer", peer)
	case untimely != nil:
		return v, untimely
	}
	if err := s.unclaimed(ctx, &v); err != nil {
		return v, err
	}
	if err := s.cfg.Full(); err != nil {
		return v, err
	}
	if err := s.open(v); err != nil {
		return v, err
	}
	return v, s.room(ctx, v)
}

// seat gives the participant that has the visitor's id, nil when nobody has. Of somebody else
// who is just leaving it waits for the end: who has heard that somebody left finds the id free.
func (s *Service) seat(ctx context.Context, v Visitor) *Participant {
	for {
		p := s.Participant(v.Claims.RoomID, v.ID)
		if p == nil || !p.departing.Load() || p.belongsTo(v.Claims) {
			return p
		}
		select {
		case <-p.vacated:
		case <-ctx.Done():
			return p
		}
	}
}

// unclaimed refuses an id under which somebody else took part in the session
// that runs: what is recorded of a peer stays one user's.
func (s *Service) unclaimed(ctx context.Context, v *Visitor) error {
	was, ok, err := s.cfg.Directory.Former(ctx, v.Claims.RoomID, v.ID)
	if err != nil || !ok || v.Claims.Owns(was.Resume) || v.Claims.SameUser(was.UserID, was.UserProof) {
		return err
	}
	taken := fault.PeerAlreadyJoined.New("peer", v.ID, "reason", "another token took part in this session under the id")
	v.ID = ""
	return taken
}

// open refuses somebody who is not inside yet while the process or the room
// takes nobody.
func (s *Service) open(v Visitor) error {
	s.mu.Lock()
	draining := s.draining
	s.mu.Unlock()
	switch {
	case draining:
		return fault.Draining.New()
	case !v.Record.Enabled:
		return fault.RoomDisabled.New("room", v.Record.Spec.ID)
	case v.Record.Locked:
		return fault.RoomLocked.New("room", v.Record.Spec.ID)
	}
	return s.cfg.Inject.Room(v.who())
}

// room tells ahead of the join what the room would say to it, since most
// clients show a refusal best before they are connected.
func (s *Service) room(ctx context.Context, v Visitor) error {
	if r := s.cfg.Hub.Active(v.Record.Spec.ID); r != nil {
		if err := r.Admits(ctx, v.ID, v.Claims.Role); !errors.Is(err, fault.SessionNotActive) {
			return err
		}
	}
	if _, ok := v.Record.Spec.Template.Roles[v.Claims.Role]; !ok {
		return fault.TokenRole.New("role", v.Claims.Role)
	}
	return nil
}

// describe finds what is known of a visitor whose token was refused.
func (s *Service) describe(ctx context.Context, raw string, v *Visitor) {
	if v.Claims.RoomID == "" {
		s.peek(ctx, raw, v)
	} else if record, err := s.cfg.Directory.RoomRecord(ctx, v.Claims.RoomID); err == nil && record.Account == v.Claims.Account {
		v.Record = record
	}
}

// peek reads the room of a token that nobody signed, so that support finds the
// refusal where they look for it. Nothing is granted by it, and a room that
// does not exist is not named. What else it says is recorded as not proven.
func (s *Service) peek(ctx context.Context, raw string, v *Visitor) {
	said, ok := token.Unsigned(raw)
	if !ok {
		return
	}
	record, err := s.cfg.Directory.RoomRecord(ctx, said.RoomID)
	if err != nil {
		return
	}
	v.Record = record
	v.Claims.RoomID, v.Claims.UserID, v.Claims.Role = said.RoomID, said.UserID, said.Role
	v.Claims.UserProof = said.UserProof
	if _, known, err := s.cfg.Directory.Former(ctx, said.RoomID, v.ID); known || err != nil || s.Participant(said.RoomID, v.ID) != nil {
		v.ID = "" // somebody's, and not shown to be theirs
	}
}

// TurnAway records that somebody was refused who asked to be let in.
func (s *Service) TurnAway(v Visitor, f *fault.Error) {
	s.noteRefused(v, f)
	if v.Claims.Digest == "" && s.unproven.Take(v.Address) > 0 {
		s.cfg.Limited("limits.unproven_per_minute")
		return // nobody that is known has sent this
	}
	e := seen(event.ConnectFailed, f, v.Subject())
	e.Evidence = s.evidence(&v)
	if n := f.Kind.Status; n >= 400 && n < 500 && n != http.StatusTooManyRequests {
		e.Failure.Terminal = true // no client tries again, also where the fault as such ends no session
	}
	s.cfg.Events.Record(e)
}

// TurnBack records that somebody came back to a peer that had just been given up.
func (s *Service) TurnBack(v Visitor, f *fault.Error) {
	s.noteRefused(v, f)
	e := seen(event.Disconnected, f, v.Subject())
	e.Evidence = s.evidence(&v)
	s.cfg.Events.Record(e)
}

// noteRefused counts a refusal and logs it.
func (s *Service) noteRefused(v Visitor, f *fault.Error) {
	s.met.refusedFault(f)
	s.log.Warn("refused", "fault", f, "peer", v.ID, "room", v.Claims.RoomID, "user", v.Claims.UserID, "addr", v.Address)
}

// Count counts a refusal that nobody need be identified for.
func (s *Service) Count(f *fault.Error) { s.met.refusedFault(f) }
