package signal

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// maxPeerID is how long a peer id may be; clients send UUIDs.
const maxPeerID = 128

// visitor is somebody at the door: who they say they are and what is known of
// them so far.
type visitor struct {
	peer   room.PeerID
	claims token.Claims
	place  Place
	agent  event.Agent
	addr   string
	seat   *seat      // the peer's seat, if this process holds it
	held   *room.Peer // the peer as an earlier process held it
}

// subject is the visitor as events name them.
func (v visitor) subject() event.Subject {
	return event.Subject{
		AccountID: v.place.Account, UserID: v.claims.UserID, PeerID: string(v.peer),
		RoomID: v.claims.RoomID, RoomName: v.place.Facts.Name, TemplateID: v.place.Facts.Template.ID,
		Role: v.claims.Role, Agent: v.agent,
	}
}

// admit decides whether somebody may come in. What is known of the visitor is
// returned beside the fault, for the record. A peer that is held comes back in
// even when its token has expired meanwhile.
func (h *Handler) admit(ctx context.Context, r *http.Request, raw, peer string) (visitor, error) {
	q := r.URL.Query()
	v := visitor{
		peer: room.PeerID(peer), addr: h.address(r),
		agent: event.ParseAgent(q.Get("user_agent_v2")),
	}
	claims, err := h.cfg.Tokens.Verify(ctx, raw, token.App)
	v.claims = claims
	// Other servers refuse an expired token even to those they held; who provokes
	// it wants to see that.
	expired := errors.Is(err, fault.TokenExpired) && !provoked(err)
	if err != nil && !expired {
		h.peek(ctx, raw, &v)
		return v, err
	}
	if v.place, err = h.cfg.Directory.Place(ctx, claims.RoomID); err != nil {
		switch {
		case !errors.Is(err, fault.RoomNotFound):
		case !room.WellFormed(claims.RoomID):
			err = fault.RoomIDInvalid.New("room_id", clip(claims.RoomID, 64))
		default:
			err = fault.TokenRoomUnknown.New("room_id", claims.RoomID)
		}
		return v, err
	}
	if v.place.Account != claims.Account {
		v.place = Place{}
		return v, fault.TokenRoomUnknown.New("room_id", claims.RoomID)
	}
	if peer == "" || len(peer) > maxPeerID {
		return v, fault.FieldMissing.New("field", "peer", "want", "1 to 128 bytes")
	}
	key := seatKey{claims.RoomID, v.peer}
	if s := h.seat(key); s != nil {
		if !s.belongsTo(claims) {
			return v, fault.PeerAlreadyJoined.New("peer", peer)
		}
		if why := s.out.Load(); why != nil {
			return v, why.New("peer", peer)
		}
		v.seat = s
		return v, nil
	}
	held, ok, err := h.cfg.Directory.Held(ctx, claims.RoomID, v.peer)
	if err != nil {
		return v, err
	}
	if ok && held.UserID == claims.UserID {
		v.held = &held
		return v, nil
	}
	if expired {
		_, err := h.cfg.Tokens.Verify(ctx, raw, token.App)
		return v, err
	}
	return v, h.admitNew(ctx, v)
}

// admitNew are the rules for somebody who is not inside yet.
func (h *Handler) admitNew(ctx context.Context, v visitor) error {
	h.mu.Lock()
	draining := h.draining
	h.mu.Unlock()
	switch {
	case draining:
		return fault.Draining.New()
	case !v.place.Enabled:
		return fault.RoomDisabled.New("room", v.place.Facts.ID)
	case v.place.Locked:
		return fault.RoomLocked.New("room", v.place.Facts.ID)
	}
	if err := h.cfg.Inject.Room(v.who()); err != nil {
		return err
	}
	if r := h.cfg.Hub.Active(v.place.Facts.ID); r != nil {
		err := r.Admits(ctx, v.peer, v.claims.Role)
		if !errors.Is(err, fault.SessionNotActive) {
			return err
		}
	}
	if _, ok := v.place.Facts.Template.Roles[v.claims.Role]; !ok {
		return fault.TokenRole.New("role", v.claims.Role)
	}
	return nil
}

// peek reads the room of a token that was refused, so that support finds the
// refusal where they look for it. Nothing is granted by it, and a room that
// does not exist is not named.
func (h *Handler) peek(ctx context.Context, raw string, v *visitor) {
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
	place, err := h.cfg.Directory.Place(ctx, said.RoomID)
	if err != nil {
		return
	}
	v.place = place
	v.claims.RoomID, v.claims.UserID, v.claims.Role = said.RoomID, user, said.Role
}

// turnAway records that somebody was refused at the door.
func (h *Handler) turnAway(v visitor, f *fault.Error) {
	h.noteRefused(v, f)
	e := seen(event.ConnectFailed, "INIT", f, v.subject())
	if n := f.Kind.Status; n >= 400 && n < 500 && n != http.StatusTooManyRequests {
		e.Failure.Terminal = true // no client tries again, also where the fault as such ends no session
	}
	h.cfg.Events.Record(e)
}

// turnBack records that somebody came back to a seat that had just been given up.
func (h *Handler) turnBack(v visitor, f *fault.Error) {
	h.noteRefused(v, f)
	h.cfg.Events.Record(seen(event.Disconnected, "RECONNECT_SIGNAL", f, v.subject()))
}

// noteRefused counts a refusal and logs it.
func (h *Handler) noteRefused(v visitor, f *fault.Error) {
	h.met.refusedFault(f)
	h.log.Warn("refused", "fault", f, "peer", v.peer, "room", v.claims.RoomID, "user", v.claims.UserID, "addr", v.addr)
}

// address names whoever asks for the purpose of limits: the address itself, or
// the /64 of an IPv6 address, as that is what one customer is given.
func (h *Handler) address(r *http.Request) string {
	var a netip.Addr
	if h.cfg.ClientAddr != nil {
		a = h.cfg.ClientAddr(r)
	} else if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		a = ap.Addr()
	}
	return limit.Key(a)
}
