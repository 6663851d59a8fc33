// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// ActiveRoom is a room in which a session runs.
type ActiveRoom struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	CustomerID string        `json:"customer_id"`
	Session    ActiveSession `json:"session"`
}

// ActiveSession is the session of an active room.
type ActiveSession struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	Peers     []string  `json:"peers"` // ids
}

// Peer is somebody who is in a room now.
type Peer struct {
	ID        string               `json:"id"`
	Name      string               `json:"name"`
	UserID    string               `json:"user_id"`       // the app's own id
	UserProof string               `json:"user_id_proof"` // token, or code where somebody with a room code only claims the id
	Metadata  string               `json:"metadata"`
	Role      string               `json:"role"`
	Groups    []string             `json:"groups"`
	JoinedAt  time.Time            `json:"joined_at"`
	Tracks    map[string]PeerTrack `json:"tracks,omitempty"` // by id; left out of lists
}

// PeerTrack is a track that a peer publishes.
type PeerTrack struct {
	ID          string `json:"id"`
	StreamID    string `json:"stream_id"`
	Mute        bool   `json:"mute"`
	Type        string `json:"type"`   // "audio" or "video"
	Source      string `json:"source"` // "regular", "screen" or a word of the app's
	Description string `json:"description"`
}

// PeerFilter chooses peers of a room.
type PeerFilter struct {
	Role      string `query:"role"`
	UserID    string `query:"user_id"`
	UserProof string `query:"user_id_proof"` // of UserID; "" is token
}

// PeerChange is what changes of a peer; nil stays as it is.
type PeerChange struct {
	Name     *string `json:"name,omitempty"`
	Role     *string `json:"role,omitempty"`
	Metadata *string `json:"metadata,omitempty"`
}

// Message is something that the server says: to a peer, else to the peers of some
// roles, else to all.
type Message struct {
	PeerID  string   `json:"peer_id,omitempty"`
	Role    string   `json:"role,omitempty"`
	Roles   []string `json:"roles,omitempty"`
	Type    string   `json:"type,omitempty"` // "" is "chat"
	Message string   `json:"message"`        // up to 64 KiB
}

// EndOptions say how a session ends.
type EndOptions struct {
	Reason string `json:"reason,omitempty"`
	Lock   bool   `json:"lock,omitempty"` // nobody gets in afterwards, until the room is enabled again
}

// Get returns a room in which a session runs, by id or name:
// [fault.RoomNotFound], [fault.SessionNotActive].
func (c ActiveRooms) Get(ctx context.Context, room string) (ActiveRoom, error) {
	path, err := at("/v2/active-rooms/", room)
	if err != nil {
		return ActiveRoom{}, err
	}
	return fetch[ActiveRoom](ctx, c, get(path))
}

// Peers returns who is in a room, by id: [fault.RoomNotFound],
// [fault.SessionNotActive].
func (c ActiveRooms) Peers(ctx context.Context, room string, f PeerFilter) (map[string]Peer, error) {
	path, err := at("/v2/active-rooms/", room, "/peers")
	if err != nil {
		return nil, err
	}
	found, err := fetch[struct{ Peers map[string]Peer }](ctx, c, get(path).where(parameters(f)))
	return found.Peers, err
}

// Peer returns a peer with its tracks: [fault.RoomNotFound],
// [fault.SessionNotActive], [fault.PeerNotFound].
func (c ActiveRooms) Peer(ctx context.Context, room, peer string) (Peer, error) {
	path, err := at("/v2/active-rooms/", room, "/peers/", peer)
	if err != nil {
		return Peer{}, err
	}
	return fetch[Peer](ctx, c, get(path))
}

// UpdatePeer changes a peer; the others hear of it. It fails with
// [fault.RoomNotFound], [fault.SessionNotActive], [fault.PeerNotFound],
// [fault.RoleNotFound], [fault.RoleFull].
func (c ActiveRooms) UpdatePeer(ctx context.Context, room, peer string, change PeerChange) (Peer, error) {
	path, err := at("/v2/active-rooms/", room, "/peers/", peer)
	if err != nil {
		return Peer{}, err
	}
	return fetch[Peer](ctx, c, post(path, change))
}

// SendMessage says something as the server and returns the id of the message:
// [fault.RoomNotFound], [fault.SessionNotActive], [fault.PeerNotFound],
// [fault.MessageTooLarge].
func (c ActiveRooms) SendMessage(ctx context.Context, room string, m Message) (id string, err error) {
	path, err := at("/v2/active-rooms/", room, "/send-message")
	if err != nil {
		return "", err
	}
	said, err := fetch[struct {
		ID string `json:"message_id"`
	}](ctx, c, post(path, m))
	return said.ID, err
}

// RemovePeer removes a peer from a room, for a reason that may be empty. The id of
// a removed peer cannot come back; the user can. It fails with
// [fault.RoomNotFound], [fault.SessionNotActive], [fault.PeerNotFound].
func (c ActiveRooms) RemovePeer(ctx context.Context, room, peer, reason string) error {
	if peer == "" {
		return fault.FieldMissing.New("field", "peer")
	}
	_, err := c.remove(ctx, room, removal{PeerID: peer, Reason: reason})
	return err
}

// RemovePeersWithRole removes everybody with a role from a room and returns how many they
// were: [fault.RoomNotFound], [fault.SessionNotActive], [fault.RoleNotFound].
func (c ActiveRooms) RemovePeersWithRole(ctx context.Context, room, role, reason string) (int, error) {
	return c.remove(ctx, room, removal{Role: role, Reason: reason})
}

type removal struct {
	PeerID string `json:"peer_id,omitempty"`
	Role   string `json:"role,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (c ActiveRooms) remove(ctx context.Context, room string, r removal) (int, error) {
	path, err := at("/v2/active-rooms/", room, "/remove-peers")
	if err != nil {
		return 0, err
	}
	return removed(ctx, c, post(path, r))
}

// removed makes a call that answers how many things it has removed.
func removed(ctx context.Context, c service, r request) (int, error) {
	done, err := fetch[struct{ Removed int }](ctx, c, r)
	return done.Removed, err
}

// End disconnects everybody and ends the session of a room:
// [fault.RoomNotFound], [fault.SessionNotActive].
func (c ActiveRooms) End(ctx context.Context, room string, o EndOptions) error {
	path, err := at("/v2/active-rooms/", room, "/end-room")
	if err != nil {
		return err
	}
	return c.call(ctx, post(path, o), nil)
}

// SetLeader says whom the others follow who watch a player together, by the id of the
// peer. Safe to repeat. It fails with [fault.SessionNotActive], and with
// [fault.PeerNotFound] for somebody who is not there or whose app has no such player.
func (c ActiveRooms) SetLeader(ctx context.Context, room, peer string) error {
	path, err := at("/v2/active-rooms/", room, "/leader")
	if err != nil {
		return err
	}
	_, err = fetch[struct{}](ctx, c, post(path, map[string]string{"peer_id": peer}).repeatable())
	return err
}
