// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/redial-rtc/redial/fault"
)

// NewMessage is a message to send. It goes to everybody unless it names a peer
// or roles.
type NewMessage struct {
	Body   string   // required
	Type   string   // the app's own; default "chat"
	PeerID string   // for this peer alone
	Roles  []string // for peers with one of these roles
}

// SendMessage sends a message to others; the sender does not receive it. The
// result holds the id and time that the server gave it. Fails with
// fault.ArgumentInvalid without a body, fault.PeerNotFound, fault.MessageTooLarge
// and fault.NotPermitted.
func (r *Room) SendMessage(ctx context.Context, n NewMessage) (Message, error) {
	if n.Body == "" {
		return Message{}, argument(fault.OpMessage, "body", "a text")
	}
	if n.Type == "" {
		n.Type = "chat"
	}
	if r.s.ov != nil {
		return r.s.ov.send(ctx, n)
	}
	params := map[string]any{"info": map[string]string{"message": n.Body, "type": n.Type}}
	if n.PeerID != "" {
		params["peer_id"] = n.PeerID
	}
	if len(n.Roles) > 0 {
		params["roles"] = n.Roles
	}
	var got wireMessage
	if err := r.s.call(ctx, fault.OpMessage, "broadcast", params, &got); err != nil {
		return Message{}, err
	}
	m := got.message()
	m.From, m.Type, m.Body, m.Roles, m.Private = r.s.id, n.Type, n.Body, n.Roles, n.PeerID != ""
	return m, nil
}

// SetSessionMetadata sets a value that all peers of the session share; data is
// anything that encodes as JSON. Fails with fault.ArgumentInvalid for data that
// does not, and fault.FieldInvalid.
func (r *Room) SetSessionMetadata(ctx context.Context, key string, data any) (MetadataEntry, error) {
	return r.setSessionMetadata(ctx, map[string]any{"key": key}, data)
}

// ReplaceSessionMetadata is [Room.SetSessionMetadata] for a value that nobody
// has changed since it had the version, as of [MetadataEntry]; else it fails with
// fault.MetadataConflict and changes nothing.
func (r *Room) ReplaceSessionMetadata(ctx context.Context, key string, data any, version int64) (MetadataEntry, error) {
	return r.setSessionMetadata(ctx, map[string]any{"key": key, "if_change_version": version}, data)
}

func (r *Room) setSessionMetadata(ctx context.Context, params map[string]any, data any) (MetadataEntry, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return MetadataEntry{}, asFault(fault.ArgumentInvalid.Wrap(err, "field", "data"), fault.OpMetadata)
	}
	params["data"] = json.RawMessage(raw)
	var got wireEntry
	if err := r.s.call(ctx, fault.OpMetadata, "set-metadata", params, &got); err != nil {
		return MetadataEntry{}, err
	}
	return got.entry(), nil
}

// SessionMetadata returns a value of the session; its data is null when there is
// none. Fails with fault.FieldInvalid for a key that cannot be one.
func (r *Room) SessionMetadata(ctx context.Context, key string) (MetadataEntry, error) {
	var got wireEntry
	if err := r.s.call(ctx, fault.OpMetadata, "get-metadata", map[string]any{"key": key}, &got); err != nil {
		return MetadataEntry{}, err
	}
	return got.entry(), nil
}

// ObserveSessionMetadata replaces the set of keys whose changes
// [Listener.OnSessionMetadata] is told; without keys it is told of none. Values
// that exist are told at once. Fails with fault.FieldInvalid.
func (r *Room) ObserveSessionMetadata(ctx context.Context, keys ...string) error {
	if keys == nil {
		keys = []string{}
	}
	return r.s.call(ctx, fault.OpMetadata, "listen-metadata-change", map[string]any{"keys": keys}, nil)
}

// SetName changes the display name. Fails with fault.FieldInvalid for one that is
// too long, and fault.FieldMissing for an empty one.
func (r *Room) SetName(ctx context.Context, name string) error {
	if err := r.s.call(ctx, fault.OpUpdate, "peer-update", map[string]any{"name": name}, nil); err != nil {
		return err
	}
	r.s.mu.Lock()
	r.s.roster.self.Name = name
	r.s.mu.Unlock()
	return nil
}

// SetPeerMetadata changes the metadata of this peer. Fails with
// fault.FieldInvalid when it is too long.
func (r *Room) SetPeerMetadata(ctx context.Context, data string) error {
	if err := r.s.call(ctx, fault.OpUpdate, "peer-update", map[string]any{"data": data}, nil); err != nil {
		return err
	}
	r.s.mu.Lock()
	r.s.roster.self.Metadata = data
	r.s.mu.Unlock()
	return nil
}

// RaiseHand raises the hand of this peer. Doing so again changes nothing. Fails
// with fault.GroupLimit.
func (r *Room) RaiseHand(ctx context.Context) error {
	return r.s.call(ctx, fault.OpUpdate, "group-join", map[string]any{"name": GroupHandRaised}, nil)
}

// LowerHand lowers the hand of this peer. Doing so again changes nothing.
func (r *Room) LowerHand(ctx context.Context) error {
	return r.s.call(ctx, fault.OpUpdate, "group-leave", map[string]any{"name": GroupHandRaised}, nil)
}

// LowerPeerHand lowers the hand of another peer. Fails with fault.PeerNotFound
// and fault.NotPermitted.
func (r *Room) LowerPeerHand(ctx context.Context, peerID string) error {
	return r.s.call(ctx, fault.OpUpdate, "group-remove", map[string]any{"name": GroupHandRaised, "peer_id": peerID}, nil)
}

// ChangeRole gives a peer another role, without asking it. Fails with
// fault.NotPermitted, fault.PeerNotFound, fault.RoleNotFound and fault.RoleFull.
func (r *Room) ChangeRole(ctx context.Context, peerID, role string) error {
	return r.s.changeRole(ctx, map[string]any{"requested_for": peerID, "role": role, "force": true})
}

// RequestRole asks a peer to take another role, which it does with
// [Room.AcceptRole]. It fails like [Room.ChangeRole].
func (r *Room) RequestRole(ctx context.Context, peerID, role string) error {
	return r.s.changeRole(ctx, map[string]any{"requested_for": peerID, "role": role, "force": false})
}

func (s *session) changeRole(ctx context.Context, params map[string]any) error {
	return s.call(ctx, fault.OpRoleChange, "role-change-request", params, nil)
}

// AcceptRole takes the role that somebody asked this peer to take. Fails with
// fault.RoleChangeStale when the request is no longer open.
func (r *Room) AcceptRole(ctx context.Context, q RoleRequest) error {
	return r.s.call(ctx, fault.OpRoleChange, "role-change",
		map[string]any{"requested_by": q.By, "role": q.Role, "token": q.Token}, nil)
}

// MuteTrack mutes a track of another peer, whose client obeys. Fails with
// fault.NotPermitted, fault.PeerNotFound and fault.TrackNotFound.
func (r *Room) MuteTrack(ctx context.Context, t TrackInfo) error {
	return r.s.setTrackMuted(ctx, t, true)
}

// RequestUnmuteTrack asks a peer to unmute one of its tracks; whether to do so is for
// its user to decide. It fails like [Room.MuteTrack].
func (r *Room) RequestUnmuteTrack(ctx context.Context, t TrackInfo) error {
	return r.s.setTrackMuted(ctx, t, false)
}

func (s *session) setTrackMuted(ctx context.Context, t TrackInfo, muted bool) error {
	return s.call(ctx, fault.OpMute, "track-update-request", map[string]any{
		"requested_for": t.PeerID, "track_id": t.ID, "stream_id": t.StreamID, "mute": muted,
	}, nil)
}

// TrackFilter chooses tracks of others. Everything that is set must match; the
// zero value chooses all.
type TrackFilter struct {
	Kind   string   // "audio" or "video"
	Source string   // such as SourceScreen
	Roles  []string // published by peers with one of these roles
}

// MuteTracks mutes the tracks of others that the filter chooses. Fails with
// fault.NotPermitted.
func (r *Room) MuteTracks(ctx context.Context, f TrackFilter) error {
	return r.s.setTracksMuted(ctx, f, true)
}

// RequestUnmuteTracks asks the peers whose tracks the filter chooses to unmute them.
// Fails with fault.NotPermitted.
func (r *Room) RequestUnmuteTracks(ctx context.Context, f TrackFilter) error {
	return r.s.setTracksMuted(ctx, f, false)
}

func (s *session) setTracksMuted(ctx context.Context, f TrackFilter, muted bool) error {
	params := map[string]any{"value": muted}
	if f.Kind != "" {
		params["type"] = f.Kind
	}
	if f.Source != "" {
		params["source"] = f.Source
	}
	if len(f.Roles) > 0 {
		params["roles"] = f.Roles
	}
	return s.call(ctx, fault.OpMute, "change-track-mute-state-request", params, nil)
}

// RemovePeer removes a peer from the room, for a reason that may be empty; it
// cannot come back as the same peer. Fails with fault.NotPermitted and
// fault.PeerNotFound.
func (r *Room) RemovePeer(ctx context.Context, peerID, reason string) error {
	if r.s.ov != nil {
		return r.s.ov.call(ctx, fault.OpRemove, "forceDisconnect", map[string]any{"connectionId": peerID}, nil)
	}
	return r.s.call(ctx, fault.OpRemove, "peer-leave-request", map[string]any{"requested_for": peerID, "reason": reason}, nil)
}

// EndOptions say how a session ends.
type EndOptions struct {
	Reason string
	Lock   bool // nobody gets in afterwards, until the room is enabled again
}

// EndRoom ends the session for everybody, this peer included. Fails with
// fault.NotPermitted.
func (r *Room) EndRoom(ctx context.Context, o EndOptions) error {
	if err := r.s.call(ctx, fault.OpEndRoom, "end-room", map[string]any{"reason": o.Reason, "lock": o.Lock}, nil); err != nil {
		return err
	}
	r.Leave()
	return nil
}

// PeerFilter chooses peers. Everything that is set must match; the zero value
// chooses all.
type PeerFilter struct {
	Role     string
	Group    string // such as GroupHandRaised
	IDs      []string
	PageSize int // how many are asked for at a time; 0 leaves it to the server
}

// FindPeers asks the server for peers and yields them without their tracks, page
// by page, until the first error: fault.FieldInvalid, also when the server no
// longer knows the search.
func (r *Room) FindPeers(ctx context.Context, f PeerFilter) iter.Seq2[Peer, error] {
	return func(yield func(Peer, error) bool) {
		method, params := "find-peer", map[string]any{"limit": f.PageSize}
		if f.Role != "" {
			params["role"] = f.Role
		}
		if f.Group != "" {
			params["group"] = f.Group
		}
		if len(f.IDs) > 0 {
			params["peers"] = f.IDs
		}
		for {
			var got struct {
				Iterator string     `json:"iterator"`
				EOF      bool       `json:"eof"`
				Peers    []wirePeer `json:"peers"`
			}
			if err := r.s.call(ctx, fault.OpPeers, method, params, &got); err != nil {
				yield(Peer{}, err)
				return
			}
			for _, w := range got.Peers {
				if !yield(peerOf(w), nil) {
					return
				}
			}
			if got.EOF || got.Iterator == "" {
				return
			}
			method, params = "peer-iter-next", map[string]any{"limit": f.PageSize, "iterator": got.Iterator}
		}
	}
}
