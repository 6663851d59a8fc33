// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

// activeBody is a room in which a session runs, as the v2 API has it.
type activeBody struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	CustomerID string        `json:"customer_id"`
	Session    activeSession `json:"session"`
}

type activeSession struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	Peers     []string  `json:"peers"`
}

// activePeer is a peer of a running session. Tracks are left out of lists.
type activePeer struct {
	ID       string                 `json:"id"`
	Name     string                 `json:"name"`
	UserID   string                 `json:"user_id"`
	Proof    string                 `json:"user_id_proof,omitempty"`
	Metadata string                 `json:"metadata"`
	Role     string                 `json:"role"`
	Groups   []string               `json:"groups"`
	JoinedAt time.Time              `json:"joined_at"`
	Tracks   map[string]activeTrack `json:"tracks,omitempty"`
}

type activeTrack struct {
	ID          string `json:"id"`
	StreamID    string `json:"stream_id"`
	Mute        bool   `json:"mute"`
	Type        string `json:"type"`
	Source      string `json:"source"`
	Description string `json:"description"`
}

func wordPeer(p room.Peer) activePeer {
	return activePeer{
		ID: string(p.ID), Name: p.Name, UserID: p.UserID, Proof: p.UserProof, Metadata: p.Data, Role: p.Role,
		Groups: append([]string{}, p.Groups...), JoinedAt: p.JoinedAt.UTC(),
	}
}

func wordPeerWithTracks(p room.Peer) activePeer {
	b := wordPeer(p)
	b.Tracks = make(map[string]activeTrack, len(p.Tracks))
	for id, t := range p.Tracks {
		b.Tracks[string(id)] = activeTrack{
			ID: string(id), StreamID: t.StreamID, Mute: t.Mute, Type: t.Kind, Source: t.Source, Description: t.Description,
		}
	}
	return b
}

// active finds the running session of the room of the path: fault.RoomNotFound,
// SessionNotActive.
func (a *API) active(c *Call) (registry.Room, *room.Room, error) {
	m, err := a.room(c)
	if err != nil {
		return m, nil, err
	}
	live := a.cfg.Rooms.Active(m.ID)
	if live == nil {
		return m, nil, fault.SessionNotActive.New("room_id", m.ID)
	}
	return m, live, nil
}

func (a *API) getActiveRoom(c *Call) (any, error) {
	m, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	s, err := live.Snapshot(c.Context())
	if err != nil {
		return nil, err
	}
	body := activeBody{
		ID: m.ID, Name: m.Name, CustomerID: m.CustomerID,
		Session: activeSession{ID: s.SessionID, CreatedAt: s.StartedAt.UTC(), Peers: []string{}},
	}
	for _, p := range s.Peers {
		body.Session.Peers = append(body.Session.Peers, string(p.ID))
	}
	return body, nil
}

func (a *API) listPeers(c *Call) (any, error) {
	_, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	s, err := live.Snapshot(c.Context())
	if err != nil {
		return nil, err
	}
	role, user := c.Query("role"), c.Query("user_id")
	proof, err := userProof(c)
	if err != nil {
		return nil, err
	}
	peers := map[string]activePeer{}
	for _, p := range s.Peers {
		if (role == "" || p.Role == role) && (user == "" || event.UserKey(p.UserID, p.UserProof) == event.UserKey(user, proof)) {
			peers[string(p.ID)] = wordPeer(p)
		}
	}
	return map[string]any{"peers": peers}, nil
}

func (a *API) getPeer(c *Call) (any, error) {
	_, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	p, err := live.Peer(c.Context(), room.PeerID(c.Path("peer")))
	if err != nil {
		return nil, err
	}
	return wordPeerWithTracks(p), nil
}

func (a *API) updatePeer(c *Call) (any, error) {
	var sent struct {
		Name     *string `json:"name"`
		Role     *string `json:"role"`
		Metadata *string `json:"metadata"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	_, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	if sent.Role != nil && *sent.Role == "" {
		sent.Role = nil
	}
	p, err := live.Update(c.Context(), room.PeerID(c.Path("peer")), room.Change{Name: sent.Name, Data: sent.Metadata, Role: sent.Role})
	if err != nil {
		return nil, err
	}
	return wordPeerWithTracks(p), a.written(c)
}

func (a *API) sendMessage(c *Call) (any, error) {
	var sent struct {
		PeerID  string   `json:"peer_id"`
		Role    string   `json:"role"`
		Roles   []string `json:"roles"`
		Type    string   `json:"type"`
		Message *string  `json:"message"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if sent.Message == nil || *sent.Message == "" {
		return nil, fault.FieldMissing.New("field", "message")
	}
	if sent.Type == "" {
		sent.Type = "chat"
	}
	_, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	msg := room.Message{To: room.PeerID(sent.PeerID), Type: sent.Type, Body: *sent.Message}
	if sent.PeerID == "" {
		msg.Roles = sent.Roles
		if sent.Role != "" {
			msg.Roles = append(msg.Roles, sent.Role)
		}
	}
	said, err := live.Send(c.Context(), "", msg)
	if err != nil {
		return nil, err
	}
	return map[string]any{"message": "message sent", "message_id": said.ID}, nil
}

func (a *API) removePeers(c *Call) (any, error) {
	var sent struct {
		PeerID string `json:"peer_id"`
		Role   string `json:"role"`
		Reason string `json:"reason"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if sent.PeerID == "" && sent.Role == "" {
		return nil, fault.FieldMissing.New("field", "peer_id", "or", "role")
	}
	c.concern("peer_id", sent.PeerID)
	c.concern("role", sent.Role)
	_, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	n := 1
	if sent.PeerID != "" {
		err = live.Moderation().Remove(c.Context(), "", room.PeerID(sent.PeerID), sent.Reason)
	} else {
		if _, known := live.Role(sent.Role); !known {
			return nil, fault.RoleNotFound.New("field", "role", "role", sent.Role)
		}
		n, err = live.Moderation().RemoveRole(c.Context(), sent.Role, sent.Reason)
	}
	if err == nil {
		err = a.written(c)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"message": "peer remove request submitted", "removed": n}, nil
}

// endRoom ends the session. The lock is on the disk before anybody is put out,
// so that nobody slips back in.
func (a *API) endRoom(c *Call) (any, error) {
	var sent struct {
		Reason string `json:"reason"`
		Lock   bool   `json:"lock"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	m, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	if sent.Lock {
		if err := a.cfg.Registry.SetLocked(c.Context(), m.ID, true); err != nil {
			return nil, err
		}
	}
	if err := live.Moderation().End(c.Context(), "", sent.Reason, sent.Lock); err != nil {
		return nil, err
	}
	return map[string]any{"message": "session is ending"}, a.written(c)
}

// written waits until what a call changed in a running session is on the disk.
// While that cannot be written the call fails with fault.StoreUnavailable: the
// change holds in memory and is written later, so to ask again is safe.
func (a *API) written(c *Call) error {
	if a.cfg.Written == nil {
		return nil
	}
	return a.cfg.Written(c.Context())
}
