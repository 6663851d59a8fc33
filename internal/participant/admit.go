package participant

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// maxPeerID is how long a peer id may be; clients send UUIDs.
const maxPeerID = 128

// Visitor is somebody who asks to be let in: who they say they are and what is
// known of them so far.
type Visitor struct {
	ID      room.PeerID
	Claims  token.Claims
	Place   Place
	Agent   event.Agent
	Address string       // who they count as, for limits and the log
	Peer    *Participant // the peer, if this process holds it
	held    *room.Peer   // the peer as an earlier process held it
}

// Request is what somebody shows who asks to be let in.
type Request struct {
	Token   string
	Peer    string // the id the client chose; 1 to 128 bytes
	Agent   event.Agent
	Address string // who it counts as: see limit.Key
}

// Subject is the visitor as events name them.
func (v Visitor) Subject() event.Subject {
	return event.Subject{
		AccountID: v.Place.Account, UserID: v.Claims.UserID, PeerID: string(v.ID),
		RoomID: v.Claims.RoomID, RoomName: v.Place.Facts.Name, TemplateID: v.Place.Facts.Template.ID,
		Role: v.Claims.Role, Agent: v.Agent,
	}
}

// Admit decides whether somebody may come in. What is known of the visitor is
// returned beside the fault, for the record. A peer that is held comes back in
// even when its token has expired meanwhile.
func (s *Service) Admit(ctx context.Context, r Request) (Visitor, error) {
	raw, peer := r.Token, r.Peer
	v := Visitor{ID: room.PeerID(peer), Address: r.Address, Agent: r.Agent}
	claims, err := s.cfg.Tokens.Verify(ctx, raw, token.App)
	v.Claims = claims
	// Other servers refuse an expired token even to those they held; who provokes
	// it wants to see that.
	expired := errors.Is(err, fault.TokenExpired) && !provoked(err)
	if err != nil && !expired {
		s.peek(ctx, raw, &v)
		return v, err
	}
	if v.Place, err = s.cfg.Directory.Place(ctx, claims.RoomID); err != nil {
		switch {
		case !errors.Is(err, fault.RoomNotFound):
		case !room.WellFormed(claims.RoomID):
			err = fault.RoomIDInvalid.New("room_id", clip(claims.RoomID, 64))
		default:
			err = fault.TokenRoomUnknown.New("room_id", claims.RoomID)
		}
		return v, err
	}
	if v.Place.Account != claims.Account {
		v.Place = Place{}
		return v, fault.TokenRoomUnknown.New("room_id", claims.RoomID)
	}
	if peer == "" || len(peer) > maxPeerID {
		return v, fault.FieldMissing.New("field", "peer", "want", "1 to 128 bytes")
	}
	if p := s.Participant(claims.RoomID, v.ID); p != nil {
		if !p.belongsTo(claims) {
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
	if ok && held.UserID == claims.UserID {
		v.held = &held
		return v, nil
	}
	if expired {
		_, err := s.cfg.Tokens.Verify(ctx, raw, token.App)
		return v, err
	}
	return v, s.admitNew(ctx, v)
}

// admitNew are the rules for somebody who is not inside yet.
func (s *Service) admitNew(ctx context.Context, v Visitor) error {
	s.mu.Lock()
	draining := s.draining
	s.mu.Unlock()
	switch {
	case draining:
		return fault.Draining.New()
	case !v.Place.Enabled:
		return fault.RoomDisabled.New("room", v.Place.Facts.ID)
	case v.Place.Locked:
		return fault.RoomLocked.New("room", v.Place.Facts.ID)
	}
	if err := s.cfg.Inject.Room(v.who()); err != nil {
		return err
	}
	if r := s.cfg.Hub.Active(v.Place.Facts.ID); r != nil {
		err := r.Admits(ctx, v.ID, v.Claims.Role)
		if !errors.Is(err, fault.SessionNotActive) {
			return err
		}
	}
	if _, ok := v.Place.Facts.Template.Roles[v.Claims.Role]; !ok {
		return fault.TokenRole.New("role", v.Claims.Role)
	}
	return nil
}

// peek reads the room of a token that was refused, so that support finds the
// refusal where they look for it. Nothing is granted by it, and a room that
// does not exist is not named.
func (s *Service) peek(ctx context.Context, raw string, v *Visitor) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return
	}
	var said struct {
		RoomID string `json:"room_id"`
		UserID any    `json:"user_id"` // what is wrong may be its type
		Role   string `json:"role"`
	}
	if json.Unmarshal(b, &said) != nil || len(said.Role) > 128 {
		return
	}
	user, _ := said.UserID.(string)
	if len(user) > 256 {
		user = ""
	}
	place, err := s.cfg.Directory.Place(ctx, said.RoomID)
	if err != nil {
		return
	}
	v.Place = place
	v.Claims.RoomID, v.Claims.UserID, v.Claims.Role = said.RoomID, user, said.Role
}

// TurnAway records that somebody was refused who asked to be let in.
func (s *Service) TurnAway(v Visitor, f *fault.Error) {
	s.noteRefused(v, f)
	e := seen(event.ConnectFailed, f, v.Subject())
	if n := f.Kind.Status; n >= 400 && n < 500 && n != http.StatusTooManyRequests {
		e.Failure.Terminal = true // no client tries again, also where the fault as such ends no session
	}
	s.cfg.Events.Record(e)
}

// TurnBack records that somebody came back to a peer that had just been given up.
func (s *Service) TurnBack(v Visitor, f *fault.Error) {
	s.noteRefused(v, f)
	s.cfg.Events.Record(seen(event.Disconnected, f, v.Subject()))
}

// noteRefused counts a refusal and logs it.
func (s *Service) noteRefused(v Visitor, f *fault.Error) {
	s.met.refusedFault(f)
	s.log.Warn("refused", "fault", f, "peer", v.ID, "room", v.Claims.RoomID, "user", v.Claims.UserID, "addr", v.Address)
}

// Count counts a refusal that nobody need be identified for.
func (s *Service) Count(f *fault.Error) { s.met.refusedFault(f) }

// clip shortens text that came from outside before it is repeated.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
