// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/json"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
)

type trackUpdateParams struct {
	Tracks map[string]wireTrack `json:"tracks"`
}

func (s *session) trackUpdate(ctx context.Context, p trackUpdateParams) (any, error) {
	tracks, err := readTracks(p.Tracks)
	if err != nil {
		return nil, err
	}
	return nil, s.p.Media().UpdateTracks(ctx, tracks)
}

type askTrackMuteParams struct {
	For     room.PeerID  `json:"requested_for"`
	TrackID room.TrackID `json:"track_id"`
	Mute    *bool        `json:"mute"`
}

func (p askTrackMuteParams) check() error {
	switch {
	case p.For == "":
		return missing("requested_for")
	case p.TrackID == "":
		return missing("track_id")
	case p.Mute == nil:
		return missing("mute")
	}
	return nil
}

func (s *session) askTrackMute(ctx context.Context, p askTrackMuteParams) (any, error) {
	return nil, s.p.Room().Moderation().AskTrackMute(ctx, s.p.ID(), p.For, p.TrackID, *p.Mute)
}

type askMuteParams struct {
	Mute   *bool    `json:"value"`
	Kind   string   `json:"type"`
	Source string   `json:"source"`
	Roles  []string `json:"roles"`
}

func (p askMuteParams) check() error {
	switch {
	case p.Mute == nil:
		return missing("value")
	case p.Kind != "" && p.Kind != room.Audio && p.Kind != room.Video:
		return fault.FieldInvalid.New("field", "type", "want", "audio or video", "got", clip(p.Kind, 16))
	}
	return nil
}

func (s *session) askMute(ctx context.Context, p askMuteParams) (any, error) {
	return nil, s.p.Room().Moderation().AskMute(ctx, s.p.ID(), room.MuteRequest{Mute: *p.Mute, Kind: p.Kind, Source: p.Source, Roles: p.Roles})
}

type broadcastParams struct {
	Info *struct {
		Message string `json:"message"`
		Type    string `json:"type"`
	} `json:"info"`
	Roles []string    `json:"roles"`
	To    room.PeerID `json:"peer_id"`
}

func (p broadcastParams) check() error {
	if p.Info == nil {
		return missing("info")
	}
	return nil
}

func (s *session) broadcast(ctx context.Context, p broadcastParams) (any, error) {
	m, err := s.p.Room().Send(ctx, s.p.ID(), room.Message{To: p.To, Roles: p.Roles, Type: p.Info.Type, Body: p.Info.Message})
	if err != nil {
		return nil, err
	}
	return map[string]any{"message_id": m.ID, "timestamp": millis(m.At)}, nil
}

type setMetadataParams struct {
	Key       string          `json:"key"`
	Data      json.RawMessage `json:"data"`
	IfVersion *int64          `json:"if_change_version"`
}

func (p setMetadataParams) check() error {
	switch {
	case p.Key == "":
		return missing("key")
	case p.Data == nil:
		return missing("data")
	}
	return nil
}

func (s *session) setMetadata(ctx context.Context, p setMetadataParams) (any, error) {
	e, err := s.p.Room().Metadata().Set(ctx, s.p.ID(), p.Key, p.Data, p.IfVersion)
	if err != nil {
		return nil, err
	}
	return entryOnWire(e), nil
}

type getMetadataParams struct {
	Key string `json:"key"`
}

func (p getMetadataParams) check() error {
	if p.Key == "" {
		return missing("key")
	}
	return nil
}

func (s *session) getMetadata(ctx context.Context, p getMetadataParams) (any, error) {
	e, err := s.p.Room().Metadata().Get(ctx, p.Key)
	if err != nil {
		return nil, err
	}
	return entryOnWire(e), nil
}

type observeParams struct {
	Keys []string `json:"keys"`
}

func (s *session) observe(ctx context.Context, p observeParams) (any, error) {
	told, err := s.p.Room().Metadata().Observe(ctx, s.p.ID(), p.Keys)
	s.p.Budget().Answer(told)
	return nil, err
}

type peerUpdateParams struct {
	Name *string `json:"name"`
	Data *string `json:"data"`
}

func (s *session) peerUpdate(ctx context.Context, p peerUpdateParams) (any, error) {
	if p.Name == nil && p.Data == nil {
		return nil, fault.FieldMissing.New("field", "name or data")
	}
	now, err := s.p.Room().Update(ctx, s.p.ID(), room.Change{Name: p.Name, Data: p.Data})
	if err != nil {
		return nil, err
	}
	s.p.Rename(participant.Profile{Name: now.Name, Data: now.Data})
	return nil, nil
}

type requestRoleParams struct {
	For   room.PeerID `json:"requested_for"`
	Roles []string    `json:"roles"`
	Role  string      `json:"role"`
	Force bool        `json:"force"`
}

func (p requestRoleParams) check() error {
	switch {
	case p.Role == "":
		return missing("role")
	case p.For == "" && len(p.Roles) == 0:
		return fault.FieldMissing.New("field", "requested_for or roles")
	}
	return nil
}

func (s *session) requestRole(ctx context.Context, p requestRoleParams) (any, error) {
	return nil, s.p.Room().Roles().Request(ctx, s.p.ID(), room.RoleRequest{Target: p.For, Roles: p.Roles, Role: p.Role, Force: p.Force})
}

type acceptRoleParams struct {
	Role  string `json:"role"`
	Token string `json:"token"`
}

func (p acceptRoleParams) check() error {
	if p.Token == "" {
		return missing("token")
	}
	return nil
}

func (s *session) acceptRole(ctx context.Context, p acceptRoleParams) (any, error) {
	return nil, s.p.Room().Roles().Accept(ctx, s.p.ID(), p.Token, p.Role)
}

type groupParams struct {
	Name string      `json:"name"`
	Peer room.PeerID `json:"peer_id"`
}

func (p groupParams) check() error {
	if p.Name == "" {
		return missing("name")
	}
	return nil
}

func (s *session) setGroup(ctx context.Context, id room.PeerID, name string, in bool) (any, error) {
	if id == "" {
		return nil, missing("peer_id")
	}
	groups, err := s.p.Room().SetGroup(ctx, s.p.ID(), id, name, in)
	if err != nil {
		return nil, err
	}
	return map[string][]string{"groups": groups}, nil
}

func (s *session) groupJoin(ctx context.Context, p groupParams) (any, error) {
	return s.setGroup(ctx, s.p.ID(), p.Name, true)
}

func (s *session) groupLeave(ctx context.Context, p groupParams) (any, error) {
	return s.setGroup(ctx, s.p.ID(), p.Name, false)
}

func (s *session) groupAdd(ctx context.Context, p groupParams) (any, error) {
	return s.setGroup(ctx, p.Peer, p.Name, true)
}

func (s *session) groupRemove(ctx context.Context, p groupParams) (any, error) {
	return s.setGroup(ctx, p.Peer, p.Name, false)
}

type removePeerParams struct {
	For    room.PeerID `json:"requested_for"`
	Reason string      `json:"reason"`
}

func (p removePeerParams) check() error {
	if p.For == "" {
		return missing("requested_for")
	}
	return nil
}

func (s *session) removePeer(ctx context.Context, p removePeerParams) (any, error) {
	return nil, s.p.Room().Moderation().Remove(ctx, s.p.ID(), p.For, clip(p.Reason, 1024))
}

type endRoomParams struct {
	Lock   bool   `json:"lock"`
	Reason string `json:"reason"`
}

func (s *session) endRoom(ctx context.Context, p endRoomParams) (any, error) {
	return nil, s.p.Room().Moderation().End(ctx, s.p.ID(), clip(p.Reason, 1024), p.Lock)
}
