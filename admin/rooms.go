// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"iter"
	"time"
)

// Room is a room as the server has it.
type Room struct {
	ID            string        `json:"id"`
	Name          string        `json:"name"`
	Enabled       bool          `json:"enabled"` // a disabled room lets nobody in
	Locked        bool          `json:"locked"`  // nobody new gets in
	Description   string        `json:"description"`
	CustomerID    string        `json:"customer_id"` // the account
	RecordingInfo RecordingInfo `json:"recording_info"`
	TemplateID    string        `json:"template_id"` // whose roles it has
	Template      string        `json:"template"`    // the name of that template
	Region        string        `json:"region"`
	LargeRoom     bool          `json:"large_room"`           // clients page through peers instead of knowing them all
	Size          int           `json:"size"`                 // seats in one session; 0: the server's own limit
	MaxStreaming  int           `json:"max_streaming"`        // peers that publish at once; 0: no limit
	MaxDuration   int           `json:"max_duration_seconds"` // of a session; 0: no limit
	CreatedAt     time.Time     `json:"created_at"`
	UpdatedAt     time.Time     `json:"updated_at"`
}

// RecordingInfo is always off: this server does not record.
type RecordingInfo struct {
	Enabled bool `json:"enabled"`
}

// NewRoom is a room to create. What is left out is made up, or is the server's
// default.
type NewRoom struct {
	Name         string `json:"name,omitempty"`                 // of a-z A-Z 0-9 . - : _, up to 128; made up when left out
	Description  string `json:"description,omitempty"`          // up to 1024 bytes
	TemplateID   string `json:"template_id,omitempty"`          // the account's default template when left out
	Region       string `json:"region,omitempty"`               // kept and returned; one server is one region
	Enabled      *bool  `json:"enabled,omitempty"`              // true when left out
	Locked       bool   `json:"locked,omitempty"`               // nobody gets in yet
	LargeRoom    bool   `json:"large_room,omitempty"`           // clients page through peers instead of knowing them all
	Size         int    `json:"size,omitempty"`                 // seats in one session, up to 20000; 0: the server's own limit
	MaxStreaming int    `json:"max_streaming,omitempty"`        // peers that publish at once, up to 20000; 0: no limit
	MaxDuration  int    `json:"max_duration_seconds,omitempty"` // of a session, 120 to 43200; 0: no limit
}

// RoomChange is what changes of a room; nil stays as it is.
type RoomChange struct {
	Name         *string `json:"name,omitempty"`
	Description  *string `json:"description,omitempty"`
	TemplateID   *string `json:"template_id,omitempty"` // taken with the next session
	Region       *string `json:"region,omitempty"`
	Enabled      *bool   `json:"enabled,omitempty"` // true also takes off a lock
	Locked       *bool   `json:"locked,omitempty"`
	LargeRoom    *bool   `json:"large_room,omitempty"`
	Size         *int    `json:"size,omitempty"`
	MaxStreaming *int    `json:"max_streaming,omitempty"` // who publishes already goes on
	MaxDuration  *int    `json:"max_duration_seconds,omitempty"`
}

// RoomFilter chooses rooms. Everything that is set must match.
type RoomFilter struct {
	Name       string    `query:"name"`
	Enabled    *bool     `query:"enabled"`
	TemplateID string    `query:"template_id"`
	After      time.Time `query:"after"`  // created then or later
	Before     time.Time `query:"before"` // created then or earlier
	Limit      int       `query:"limit"`  // 1 to 100; 0: 10
	Start      string    `query:"start"`  // Last of the page before
}

// Create creates a room. A name that exists gives back that room, changed by
// whatever else is set, so with a name it is safe to repeat. It fails with
// [fault.FieldInvalid], [fault.TemplateNotFound].
func (c Rooms) Create(ctx context.Context, r NewRoom) (Room, error) {
	call := post("/v2/rooms", r)
	call.safe = r.Name != ""
	return fetch[Room](ctx, c, call)
}

// Get returns a room, by id or name: [fault.RoomNotFound].
func (c Rooms) Get(ctx context.Context, room string) (Room, error) {
	path, err := at("/v2/rooms/", room)
	if err != nil {
		return Room{}, err
	}
	return fetch[Room](ctx, c, get(path))
}

// List lists rooms: [fault.FieldInvalid].
func (c Rooms) List(ctx context.Context, f RoomFilter) (Page[Room], error) {
	return fetch[Page[Room]](ctx, c, get("/v2/rooms").where(parameters(f)))
}

// All yields every room of a filter, page by page, until the first error.
func (c Rooms) All(ctx context.Context, f RoomFilter) iter.Seq2[Room, error] {
	if f.Limit == 0 {
		f.Limit = maxLimit
	}
	return everyPage(ctx, f.Start, func(ctx context.Context, start string) (Page[Room], error) {
		f.Start = start
		return c.List(ctx, f)
	})
}

// Update changes a room, by id or name. Disabling or locking lets the running
// session go on and lets nobody else in. Safe to repeat. It fails with
// [fault.RoomNotFound], [fault.FieldInvalid], [fault.NameTaken],
// [fault.TemplateNotFound].
func (c Rooms) Update(ctx context.Context, room string, change RoomChange) (Room, error) {
	path, err := at("/v2/rooms/", room)
	if err != nil {
		return Room{}, err
	}
	return fetch[Room](ctx, c, post(path, change).repeatable())
}

// Lock lets nobody new into a room, by id or name; whoever is inside stays and hears of
// it. It fails with [fault.RoomNotFound], and with [fault.RoomAlreadyLocked] for a room
// that is locked, by which one of two who lock it knows that it was first.
func (c Rooms) Lock(ctx context.Context, room string) (Room, error) {
	path, err := at("/v2/rooms/", room, "/lock")
	if err != nil {
		return Room{}, err
	}
	return fetch[Room](ctx, c, post(path, nil))
}

// Unlock takes the lock off a room, by id or name, if there is one. Safe to repeat. It
// fails with [fault.RoomNotFound].
func (c Rooms) Unlock(ctx context.Context, room string) (Room, error) {
	path, err := at("/v2/rooms/", room, "/unlock")
	if err != nil {
		return Room{}, err
	}
	return fetch[Room](ctx, c, post(path, nil).repeatable())
}
