// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
)

// roomBody is a room as the v2 API has it, and "locked".
type roomBody struct {
	ID                 string        `json:"id"`
	Name               string        `json:"name"`
	Enabled            bool          `json:"enabled"`
	Locked             bool          `json:"locked"`
	Description        string        `json:"description"`
	CustomerID         string        `json:"customer_id"`
	RecordingInfo      recordingInfo `json:"recording_info"`
	TemplateID         string        `json:"template_id"`
	Template           string        `json:"template"`
	Region             string        `json:"region"`
	LargeRoom          bool          `json:"large_room"`
	Size               int           `json:"size"`
	MaxStreaming       int           `json:"max_streaming"`
	MaxDurationSeconds int           `json:"max_duration_seconds"`
	CreatedAt          time.Time     `json:"created_at"`
	UpdatedAt          time.Time     `json:"updated_at"`
}

// recordingInfo is always off: this server does not record.
type recordingInfo struct {
	Enabled bool `json:"enabled"`
}

func wordRoom(m registry.Room) roomBody {
	return roomBody{
		ID: m.ID, Name: m.Name, Enabled: m.Enabled, Locked: m.Locked, Description: m.Description,
		CustomerID: m.CustomerID, TemplateID: m.TemplateID, Template: m.TemplateName, Region: m.Region,
		LargeRoom: m.LargeRoom, Size: m.MaxPeers, MaxStreaming: m.MaxStreaming, MaxDurationSeconds: int(m.MaxDuration / time.Second),
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
}

// roomChange is what a caller sends of a room; what it leaves out stays.
type roomChange struct {
	Name               *string        `json:"name"`
	Description        *string        `json:"description"`
	TemplateID         *string        `json:"template_id"`
	Region             *string        `json:"region"`
	Enabled            *bool          `json:"enabled"`
	Locked             *bool          `json:"locked"`
	LargeRoom          *bool          `json:"large_room"`
	Size               *int           `json:"size"`
	MaxStreaming       *int           `json:"max_streaming"`
	MaxDurationSeconds *int           `json:"max_duration_seconds"`
	RecordingInfo      *recordingInfo `json:"recording_info"`
	Webhook            *struct {
		URL string `json:"url"`
	} `json:"webhook"`
}

// read takes a change off the call. What this server cannot do is refused
// rather than forgotten.
func (b *roomChange) read(c *Call) error {
	if err := c.Decode(b); err != nil {
		return err
	}
	switch {
	case b.RecordingInfo != nil && b.RecordingInfo.Enabled:
		return fault.FeatureUnsupported.New("field", "recording_info.enabled", "feature", "recording")
	case b.Webhook != nil && b.Webhook.URL != "":
		return fault.FeatureUnsupported.New("field", "webhook", "feature", "webhooks")
	}
	return nil
}

func (b *roomChange) apply(m *registry.Room) error {
	set(&m.Name, b.Name)
	set(&m.Description, b.Description)
	set(&m.TemplateID, b.TemplateID)
	set(&m.Region, b.Region)
	set(&m.Enabled, b.Enabled)
	if b.Enabled != nil && *b.Enabled {
		m.Locked = false // enabling is how a room that was ended with a lock is opened again
	}
	set(&m.Locked, b.Locked)
	set(&m.LargeRoom, b.LargeRoom)
	set(&m.MaxPeers, b.Size)
	set(&m.MaxStreaming, b.MaxStreaming)
	if b.MaxDurationSeconds != nil {
		// Bounded first: a huge number must not wrap around to a good one.
		m.MaxDuration = time.Duration(min(max(*b.MaxDurationSeconds, -1), 1<<30)) * time.Second
	}
	return nil
}

// set changes a value that was sent.
func set[T any](v *T, sent *T) {
	if sent != nil {
		*v = *sent
	}
}

// changesAny tells whether anything but the name was sent.
func (b *roomChange) changesAny() bool {
	rest := *b
	rest.Name, rest.RecordingInfo, rest.Webhook = nil, nil, nil
	return rest != roomChange{}
}

// room finds the room of the path, by id or name, if it is the caller's.
func (a *API) room(c *Call) (registry.Room, error) {
	return a.roomOf(c, c.Path("room"))
}

func (a *API) roomOf(c *Call, idOrName string) (registry.Room, error) {
	return roomOf(c, a.cfg.Registry, idOrName)
}

// roomOf finds a room of the caller's by id or name: fault.RoomNotFound.
func roomOf(c *Call, rooms *registry.Registry, idOrName string) (registry.Room, error) {
	m, err := rooms.Room(c.Context(), idOrName)
	if err == nil && m.CustomerID == c.Claims.Account {
		return m, nil
	}
	if err != nil && !errors.Is(err, fault.RoomNotFound) {
		return m, err
	}
	m, err = rooms.RoomByName(c.Context(), c.Claims.Account, idOrName)
	if errors.Is(err, fault.RoomNotFound) {
		err = fault.RoomNotFound.New("room", idOrName)
	}
	return m, err
}

func (a *API) createRoom(c *Call) (any, error) {
	var sent roomChange
	if err := sent.read(c); err != nil {
		return nil, err
	}
	m := registry.Room{CustomerID: c.Claims.Account, Enabled: true, Region: "auto"}
	if err := sent.apply(&m); err != nil {
		return nil, err
	}
	m, created, err := a.cfg.Registry.CreateRoom(c.Context(), m)
	if err != nil {
		return nil, err
	}
	if !created && sent.changesAny() {
		return rules{a}.change(c, m.ID, func(m *registry.Room) error {
			name := m.Name
			err := sent.apply(m)
			m.Name = name // found whatever its case; only an update changes that
			return err
		})
	}
	return wordRoom(m), nil
}

func (a *API) listRooms(c *Call) (any, error) {
	q := registry.RoomQuery{
		CustomerID: c.Claims.Account, Name: c.Query("name"), TemplateID: c.Query("template_id"), Start: c.Query("start"),
	}
	var err error
	if q.Enabled, err = c.QueryBool("enabled"); err != nil {
		return nil, err
	}
	if q.After, q.Before, err = c.span(); err != nil {
		return nil, err
	}
	if q.Limit, err = c.limit(); err != nil {
		return nil, err
	}
	p, err := a.cfg.Registry.ListRooms(c.Context(), q)
	if err != nil {
		return nil, err
	}
	return pageOf(p, wordRoom), nil
}

func (a *API) getRoom(c *Call) (any, error) {
	m, err := a.room(c)
	if err != nil {
		return nil, err
	}
	return wordRoom(m), nil
}

func (a *API) updateRoom(c *Call) (any, error) {
	var sent roomChange
	if err := sent.read(c); err != nil {
		return nil, err
	}
	m, err := a.room(c)
	if err != nil {
		return nil, err
	}
	return rules{a}.change(c, m.ID, sent.apply)
}
