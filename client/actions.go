package client

import (
	"context"
	"encoding/json"

	"github.com/redial-rtc/redial/fault"
)

// To says who gets a message: everybody unless it names roles or one peer.
type To struct {
	Peer  string
	Roles []string
}

// Send says something to others; the sender does not hear it. The result holds
// the id and time that the server gave it. Fails with fault.PeerNotFound,
// fault.MessageTooLarge and fault.NotPermitted.
func (r *Room) Send(ctx context.Context, to To, kind, body string) (Message, error) {
	if body == "" {
		return Message{}, argument(fault.OpMessage, "body", "a text")
	}
	if kind == "" {
		kind = "chat"
	}
	params := map[string]any{"info": map[string]string{"message": body, "type": kind}}
	if to.Peer != "" {
		params["peer_id"] = to.Peer
	}
	if len(to.Roles) > 0 {
		params["roles"] = to.Roles
	}
	var got wireMessage
	if err := r.call(ctx, fault.OpMessage, "broadcast", params, &got); err != nil {
		return Message{}, err
	}
	m := got.message()
	m.From, m.Type, m.Body, m.Roles, m.Private = r.id, kind, body, to.Roles, to.Peer != ""
	return m, nil
}

// SetMetadata sets a value that all peers of the session share; data is
// anything that encodes as JSON. With ifVersion it is set only if nobody has
// changed it since that version. Fails with fault.MetadataConflict and
// fault.FieldInvalid.
func (r *Room) SetMetadata(ctx context.Context, key string, data any, ifVersion *int64) (Entry, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Entry{}, asFault(fault.ArgumentInvalid.Wrap(err, "field", "data"), fault.OpMetadata)
	}
	params := map[string]any{"key": key, "data": json.RawMessage(raw)}
	if ifVersion != nil {
		params["if_change_version"] = *ifVersion
	}
	var got wireEntry
	if err := r.call(ctx, fault.OpMetadata, "set-metadata", params, &got); err != nil {
		return Entry{}, err
	}
	return got.entry(), nil
}

// Metadata returns a value of the session; its data is null when there is none.
// Fails with fault.FieldInvalid for a key that cannot be one.
func (r *Room) Metadata(ctx context.Context, key string) (Entry, error) {
	var got wireEntry
	if err := r.call(ctx, fault.OpMetadata, "get-metadata", map[string]any{"key": key}, &got); err != nil {
		return Entry{}, err
	}
	return got.entry(), nil
}

// Observe replaces the set of keys whose changes OnMetadata is told. Values
// that exist are told at once. Fails with fault.FieldInvalid.
func (r *Room) Observe(ctx context.Context, keys ...string) error {
	if keys == nil {
		keys = []string{}
	}
	return r.call(ctx, fault.OpMetadata, "listen-metadata-change", map[string]any{"keys": keys}, nil)
}

// SetName changes the display name. Fails with fault.FieldInvalid for one that is
// too long, and fault.FieldMissing for an empty one.
func (r *Room) SetName(ctx context.Context, name string) error {
	if err := r.call(ctx, fault.OpUpdate, "peer-update", map[string]any{"name": name}, nil); err != nil {
		return err
	}
	r.mu.Lock()
	r.self.Name = name
	r.mu.Unlock()
	return nil
}

// SetPeerMetadata changes the metadata of this peer. Fails with
// fault.FieldInvalid when it is too long.
func (r *Room) SetPeerMetadata(ctx context.Context, data string) error {
	if err := r.call(ctx, fault.OpUpdate, "peer-update", map[string]any{"data": data}, nil); err != nil {
		return err
	}
	r.mu.Lock()
	r.self.Metadata = data
	r.mu.Unlock()
	return nil
}

// RaiseHand raises or lowers the hand of this peer. Doing so again changes
// nothing. Fails with fault.GroupLimit.
func (r *Room) RaiseHand(ctx context.Context, up bool) error {
	method := "group-leave"
	if up {
		method = "group-join"
	}
	return r.call(ctx, fault.OpUpdate, method, map[string]any{"name": HandRaised}, nil)
}

// LowerHand lowers the hand of another peer. Fails with fault.PeerNotFound and
// fault.NotPermitted.
func (r *Room) LowerHand(ctx context.Context, peer string) error {
	return r.call(ctx, fault.OpUpdate, "group-remove", map[string]any{"name": HandRaised, "peer_id": peer}, nil)
}

// ChangeRole gives a peer another role, by force or by asking it. Fails with
// fault.NotPermitted, fault.PeerNotFound, fault.RoleNotFound and fault.RoleFull.
func (r *Room) ChangeRole(ctx context.Context, peer, role string, force bool) error {
	return r.call(ctx, fault.OpRoleChange, "role-change-request",
		map[string]any{"requested_for": peer, "role": role, "force": force}, nil)
}

// AcceptRole takes the role that somebody asked this peer to take. Fails with
// fault.RoleChangeStale when the request is no longer open.
func (r *Room) AcceptRole(ctx context.Context, q RoleRequest) error {
	return r.call(ctx, fault.OpRoleChange, "role-change",
		map[string]any{"requested_by": q.By, "role": q.Role, "token": q.Token}, nil)
}

// Mute asks a peer to mute or unmute one of its tracks. Fails with
// fault.NotPermitted, fault.PeerNotFound and fault.TrackNotFound.
func (r *Room) Mute(ctx context.Context, t TrackInfo, mute bool) error {
	return r.call(ctx, fault.OpMute, "track-update-request", map[string]any{
		"requested_for": t.PeerID, "track_id": t.ID, "stream_id": t.StreamID, "mute": mute,
	}, nil)
}

// MuteAll asks all others to mute or unmute; the kind ("audio", "video"), source
// and roles narrow it down and may be empty. Fails with fault.NotPermitted.
func (r *Room) MuteAll(ctx context.Context, mute bool, kind, source string, roles ...string) error {
	params := map[string]any{"value": mute}
	if kind != "" {
		params["type"] = kind
	}
	if source != "" {
		params["source"] = source
	}
	if len(roles) > 0 {
		params["roles"] = roles
	}
	return r.call(ctx, fault.OpMute, "change-track-mute-state-request", params, nil)
}

// RemovePeer sends a peer away; it cannot come back as the same peer. Fails
// with fault.NotPermitted and fault.PeerNotFound.
func (r *Room) RemovePeer(ctx context.Context, peer, reason string) error {
	return r.call(ctx, fault.OpRemove, "peer-leave-request", map[string]any{"requested_for": peer, "reason": reason}, nil)
}

// EndRoom ends the session for everybody, this peer included, and may lock the
// room against new sessions. Fails with fault.NotPermitted.
func (r *Room) EndRoom(ctx context.Context, reason string, lock bool) error {
	if err := r.call(ctx, fault.OpEndRoom, "end-room", map[string]any{"reason": reason, "lock": lock}, nil); err != nil {
		return err
	}
	r.Leave()
	return nil
}

// Query says which peers to find; empty fields do not narrow it down.
type Query struct {
	Role  string
	Group string
	IDs   []string
	Limit int // of one page; 0 leaves it to the server
}

// FindPeers returns peers without their tracks, in pages: next is to be passed
// to get the following page and is "" after the last. Fails with
// fault.FieldInvalid, also for a next that is no longer known.
func (r *Room) FindPeers(ctx context.Context, q Query, next string) (peers []Peer, more string, err error) {
	method, params := "find-peer", map[string]any{"limit": q.Limit}
	if next != "" {
		method = "peer-iter-next"
		params["iterator"] = next
	} else {
		if q.Role != "" {
			params["role"] = q.Role
		}
		if q.Group != "" {
			params["group"] = q.Group
		}
		if len(q.IDs) > 0 {
			params["peers"] = q.IDs
		}
	}
	var got struct {
		Iterator string     `json:"iterator"`
		EOF      bool       `json:"eof"`
		Peers    []wirePeer `json:"peers"`
	}
	if err := r.call(ctx, fault.OpPeers, method, params, &got); err != nil {
		return nil, "", err
	}
	for _, w := range got.Peers {
		peers = append(peers, peerOf(w))
	}
	if !got.EOF {
		more = got.Iterator
	}
	return peers, more, nil
}
