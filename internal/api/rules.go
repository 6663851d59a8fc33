// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

// rules are the calls by which a backend rules a session that runs.
type rules struct{ *API }

// change changes a room and has the session that runs in it hold the new rules.
func (a rules) change(c *Call, id string, change func(*registry.Room) error) (any, error) {
	m, err := a.cfg.Registry.UpdateRoom(c.Context(), id, change)
	if err != nil {
		return nil, err
	}
	if live := a.cfg.Rooms.Active(m.ID); live != nil {
		err := live.SetRules(c.Context(), room.Rules{Locked: m.Locked, MaxStreaming: m.MaxStreaming})
		if err != nil && !errors.Is(err, fault.SessionNotActive) { // one that has ended meanwhile begins with them
			return nil, err
		}
	}
	return wordRoom(m), nil
}

// lock lets nobody new in. It fails with fault.RoomAlreadyLocked where somebody
// else was quicker.
func (a rules) lock(c *Call) (any, error) {
	m, err := a.room(c)
	if err != nil {
		return nil, err
	}
	return a.change(c, m.ID, func(m *registry.Room) error {
		if m.Locked {
			return fault.RoomAlreadyLocked.New("room_id", m.ID)
		}
		m.Locked = true
		return nil
	})
}

// unlock takes a lock off, if there is one.
func (a rules) unlock(c *Call) (any, error) {
	m, err := a.room(c)
	if err != nil {
		return nil, err
	}
	return a.change(c, m.ID, func(m *registry.Room) error {
		m.Locked = false
		return nil
	})
}

// lead says whom the others follow who watch a player together.
func (a rules) lead(c *Call) (any, error) {
	var sent struct {
		PeerID string `json:"peer_id"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if sent.PeerID == "" {
		return nil, fault.FieldMissing.New("field", "peer_id")
	}
	_, live, err := a.active(c)
	if err != nil {
		return nil, err
	}
	if err := live.Player().Lead(c.Context(), room.PeerID(sent.PeerID)); err != nil {
		return nil, err
	}
	return map[string]any{"message": "leader set"}, nil
}
