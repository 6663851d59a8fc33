// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"encoding/json"

	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
	"github.com/redial-rtc/redial/internal/room"
)

// The shapes of the wire. Times are milliseconds since the epoch.
type (
	wireTrack struct {
		ID          string `json:"track_id"`
		StreamID    string `json:"stream_id"`
		Kind        string `json:"type"`
		Source      string `json:"source"`
		Mute        bool   `json:"mute"`
		Description string `json:"description"`
	}
	wireInfo struct {
		Name   string `json:"name"`
		Data   string `json:"data"`
		UserID string `json:"user_id"`
		Type   string `json:"type"`
	}
	// wirePeer always says realtime and always has groups: clients drop a peer
	// without the one and fail on a missing other.
	wirePeer struct {
		ID       string               `json:"peer_id"`
		Role     string               `json:"role"`
		Groups   []string             `json:"groups"`
		JoinedAt int64                `json:"joined_at"`
		Realtime bool                 `json:"realtime"`
		Info     wireInfo             `json:"info"`
		Tracks   map[string]wireTrack `json:"tracks,omitzero"`
	}
	wireRoom struct {
		Name      string         `json:"name"`
		SessionID string         `json:"session_id"`
		StartedAt int64          `json:"started_at"`
		Recording map[string]any `json:"recording"`
		Streaming map[string]any `json:"streaming"`
	}
	wireEntry struct {
		Key       string          `json:"key"`
		Data      json.RawMessage `json:"data"`
		Version   int64           `json:"change_version"`
		UpdatedAt int64           `json:"updated_at"`
		UpdatedBy string          `json:"updated_by,omitempty"`
	}
)

func trackOnWire(t room.Track) wireTrack {
	return wireTrack{string(t.ID), t.StreamID, t.Kind, t.Source, t.Mute, t.Description}
}

func tracksOnWire(ts []room.Track) map[string]wireTrack {
	m := make(map[string]wireTrack, len(ts))
	for _, t := range ts {
		m[string(t.ID)] = trackOnWire(t)
	}
	return m
}

// peerOnWire is a peer without tracks.
func peerOnWire(p room.Peer) wirePeer {
	groups := p.Groups
	if groups == nil {
		groups = []string{}
	}
	return wirePeer{
		ID: string(p.ID), Role: p.Role, Groups: groups, JoinedAt: p.JoinedAt.UnixMilli(), Realtime: true,
		Info: wireInfo{p.Name, p.Data, p.UserID, "regular"},
	}
}

// fullPeerOnWire is a peer with the tracks it publishes.
func fullPeerOnWire(p room.Peer) wirePeer {
	w := peerOnWire(p)
	w.Tracks = make(map[string]wireTrack, len(p.Tracks))
	for id, t := range p.Tracks {
		w.Tracks[string(id)] = trackOnWire(t)
	}
	return w
}

func peerOrNil(p *room.Peer) *wirePeer {
	if p == nil {
		return nil
	}
	w := peerOnWire(*p)
	return &w
}

func idOrNothing(p *room.Peer) string {
	if p == nil {
		return ""
	}
	return string(p.ID)
}

func roomOnWire(s room.Snapshot) wireRoom {
	off := map[string]any{"enabled": false}
	w := wireRoom{
		Name: s.Name, SessionID: s.SessionID,
		Recording: map[string]any{"sfu": off, "browser": off, "hls": off},
		Streaming: map[string]any{"enabled": false, "rtmp": off, "hls": off},
	}
	if !s.StartedAt.IsZero() {
		w.StartedAt = s.StartedAt.UnixMilli()
	}
	return w
}

func entryOnWire(e room.Entry) wireEntry {
	w := wireEntry{Key: e.Key, Data: e.Data, Version: e.Version, UpdatedBy: string(e.UpdatedBy)}
	if w.Data == nil {
		w.Data = json.RawMessage("null")
	}
	if !e.UpdatedAt.IsZero() {
		w.UpdatedAt = e.UpdatedAt.UnixMilli()
	}
	return w
}

// policyOnWire tells a client its role and every role it may meet.
func policyOnWire(role string, t policy.Template) any {
	return struct {
		Name       string                     `json:"name"`
		KnownRoles map[string]policyjson.Role `json:"known_roles"`
		TemplateID string                     `json:"template_id"`
	}{role, policyjson.OfRoles(t.Roles), t.ID}
}

func roomInfoOnWire(s room.Snapshot) any {
	return struct {
		ID          string `json:"room_id"`
		Name        string `json:"name"`
		Description string `json:"description"`
		MaxSize     int    `json:"max_size"`
		Large       bool   `json:"large_room_optimization"`
	}{s.RoomID, s.Name, s.Description, s.MaxPeers, s.Large}
}

func sessionInfoOnWire(roomID, session string, peers, tracks int) any {
	return struct {
		SessionID string `json:"session_id"`
		RoomID    string `json:"room_id"`
		Peers     int    `json:"peer_count"`
		Tracks    int    `json:"track_count"`
	}{session, roomID, peers, tracks}
}

// peerListOnWire is everybody but the receiver. A client given its own entry
// would later delete itself.
func peerListOnWire(s room.Snapshot, self room.PeerID) any {
	peers := make(map[string]wirePeer, len(s.Peers))
	for _, p := range s.Peers {
		if p.ID != self {
			peers[string(p.ID)] = fullPeerOnWire(p)
		}
	}
	return struct {
		Peers map[string]wirePeer `json:"peers"`
		Room  wireRoom            `json:"room"`
	}{peers, roomOnWire(s)}
}

// wireState is what a preview shows of a room.
type wireState struct {
	Count int                 `json:"peer_count"`
	Room  wireRoom            `json:"room"`
	Peers map[string]wirePeer `json:"peers"`
}

func roomStateOnWire(s room.Snapshot) wireState {
	peers := make(map[string]wirePeer, len(s.Peers))
	for _, p := range s.Peers {
		peers[string(p.ID)] = peerOnWire(p)
	}
	return wireState{len(s.Peers), roomOnWire(s), peers}
}
