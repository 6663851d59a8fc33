package registry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redial-rtc/redial/internal/policy"
)

var errUnbuilt = errors.New("registry: not built yet")

// Registry is the open registry.
type Registry struct{}

// Open opens or creates the registry in dir, for this process alone.
func Open(ctx context.Context, dir string, log *slog.Logger) (*Registry, error) {
	return nil, errUnbuilt
}

// Close flushes and closes.
func (r *Registry) Close() error { return errUnbuilt }

// Room finds a room by id, or fails with fault.RoomNotFound.
func (r *Registry) Room(ctx context.Context, id string) (Room, error) { return Room{}, errUnbuilt }

// RoomByName finds a customer's room by name, or fails with fault.RoomNotFound.
func (r *Registry) RoomByName(ctx context.Context, customerID, name string) (Room, error) {
	return Room{}, errUnbuilt
}

// CreateRoom creates a room, or returns the one that has the customer's name
// already; created tells which. Empty: ID and Name are made up, TemplateID
// becomes the customer's default template.
func (r *Registry) CreateRoom(ctx context.Context, room Room) (_ Room, created bool, _ error) {
	return Room{}, false, errUnbuilt
}

// UpdateRoom changes a room in one transaction.
func (r *Registry) UpdateRoom(ctx context.Context, id string, change func(*Room) error) (Room, error) {
	return Room{}, errUnbuilt
}

// SetLocked locks or unlocks a room.
func (r *Registry) SetLocked(ctx context.Context, id string, locked bool) error { return errUnbuilt }

// ListRooms returns one page of rooms.
func (r *Registry) ListRooms(ctx context.Context, q RoomQuery) (Page[Room], error) {
	return Page[Room]{}, errUnbuilt
}

// Template finds a template by id, or fails with fault.TemplateNotFound.
func (r *Registry) Template(ctx context.Context, id string) (policy.Template, error) {
	return policy.Template{}, errUnbuilt
}

// DefaultTemplate returns the customer's default template and makes it from
// policy.Default when the customer has none.
func (r *Registry) DefaultTemplate(ctx context.Context, customerID string) (policy.Template, error) {
	return policy.Template{}, errUnbuilt
}

// CreateTemplate stores a new template.
func (r *Registry) CreateTemplate(ctx context.Context, t policy.Template) (policy.Template, error) {
	return policy.Template{}, errUnbuilt
}

// UpdateTemplate changes a template in one transaction.
func (r *Registry) UpdateTemplate(ctx context.Context, id string, change func(*policy.Template) error) (policy.Template, error) {
	return policy.Template{}, errUnbuilt
}

// DeleteTemplate removes a template that no room uses.
func (r *Registry) DeleteTemplate(ctx context.Context, id string) error { return errUnbuilt }

// ListTemplates returns one page of templates.
func (r *Registry) ListTemplates(ctx context.Context, q TemplateQuery) (Page[policy.Template], error) {
	return Page[policy.Template]{}, errUnbuilt
}

// Code finds a room code, or fails with fault.CodeNotFound.
func (r *Registry) Code(ctx context.Context, code string) (Code, error) { return Code{}, errUnbuilt }

// Codes returns one page of a room's codes.
func (r *Registry) Codes(ctx context.Context, q CodeQuery) (Page[Code], error) {
	return Page[Code]{}, errUnbuilt
}

// CreateCodes makes sure that the room has a code for each role of its
// template, or for the given roles only, and returns them.
func (r *Registry) CreateCodes(ctx context.Context, roomID string, roles ...string) ([]Code, error) {
	return nil, errUnbuilt
}

// SetCodeEnabled enables or disables a code.
func (r *Registry) SetCodeEnabled(ctx context.Context, code string, enabled bool) (Code, error) {
	return Code{}, errUnbuilt
}

// Revoke refuses the token with this id from now on. It may be forgotten after
// until, when the token has expired anyway; the zero time keeps it for good.
func (r *Registry) Revoke(ctx context.Context, jti string, until time.Time) error { return errUnbuilt }

// Revoked tells whether a token id has been revoked.
func (r *Registry) Revoked(ctx context.Context, jti string) (bool, error) { return false, errUnbuilt }

// Sessions returns one page of sessions, with their peers.
func (r *Registry) Sessions(ctx context.Context, q SessionQuery) (Page[Session], error) {
	return Page[Session]{}, errUnbuilt
}

// Session finds a session by id, with its peers, or fails with
// fault.SessionNotFound.
func (r *Registry) Session(ctx context.Context, id string) (Session, error) {
	return Session{}, errUnbuilt
}

// OpenSession returns the unfinished session that a previous process left in
// the room, with the peers that were inside, if it can still be continued: for
// Grace after Open. To continue it, call StartSession with it.
func (r *Registry) OpenSession(ctx context.Context, roomID string) (Session, bool, error) {
	return Session{}, false, errUnbuilt
}

// StartSession records that a session runs in this process. Starting the same
// id again continues it.
func (r *Registry) StartSession(ctx context.Context, s Session) error { return errUnbuilt }

// EndSession records that a session is over, and with it everyone still
// inside. Ending it again changes nothing.
func (r *Registry) EndSession(ctx context.Context, id string, at time.Time) error { return errUnbuilt }

// SavePeer records a peer that joined or changed.
func (r *Registry) SavePeer(ctx context.Context, p SessionPeer) error { return errUnbuilt }

// PeerLeft records that a peer left and why.
func (r *Registry) PeerLeft(ctx context.Context, sessionID, peerID, reason string, at time.Time) error {
	return errUnbuilt
}

// HeldPeer returns what a previous process knew of a peer that had not left,
// within Grace after Open.
func (r *Registry) HeldPeer(ctx context.Context, roomID, peerID string) (SessionPeer, bool, error) {
	return SessionPeer{}, false, errUnbuilt
}

// Grace is how long after Open the sessions of a previous process can be
// continued. Clients try to reconnect for 60 s; the rest is margin for the
// start.
const Grace = 90 * time.Second
