// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"iter"
	"time"
)

// RoomCode stands for a room and a role in a link. Whoever has it exchanges it for
// a room token.
type RoomCode struct {
	Code      string    `json:"code"`
	RoomID    string    `json:"room_id"`
	Role      string    `json:"role"`
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// CodeFilter chooses codes of a room.
type CodeFilter struct {
	Role    string `query:"role"`
	Enabled *bool  `query:"enabled"`
	Limit   int    `query:"limit"` // 1 to 100; 0: 20
	Start   string `query:"start"` // Last of the page before
}

// CreateAll makes sure that a room has a code for each role, and returns
// them. Safe to repeat. It fails with [fault.RoomNotFound].
func (c RoomCodes) CreateAll(ctx context.Context, room string) ([]RoomCode, error) {
	path, err := at("/v2/room-codes/room/", room)
	if err != nil {
		return nil, err
	}
	made, err := fetch[struct{ Data []RoomCode }](ctx, c, post(path, nil).repeatable())
	return made.Data, err
}

// Create makes sure that a room has a code for one role, and returns it.
// Safe to repeat. It fails with [fault.RoomNotFound], [fault.RoleNotFound].
func (c RoomCodes) Create(ctx context.Context, room, role string) (RoomCode, error) {
	path, err := at("/v2/room-codes/room/", room, "/role/", role)
	if err != nil {
		return RoomCode{}, err
	}
	return fetch[RoomCode](ctx, c, post(path, nil).repeatable())
}

// List lists the codes of a room by role: [fault.RoomNotFound],
// [fault.RoleNotFound], [fault.FieldInvalid].
func (c RoomCodes) List(ctx context.Context, room string, f CodeFilter) (Page[RoomCode], error) {
	path, err := at("/v2/room-codes/room/", room)
	if err != nil {
		return Page[RoomCode]{}, err
	}
	return fetch[Page[RoomCode]](ctx, c, get(path).where(parameters(f)))
}

// All yields every code of a filter, page by page, until the first error.
func (c RoomCodes) All(ctx context.Context, room string, f CodeFilter) iter.Seq2[RoomCode, error] {
	if f.Limit == 0 {
		f.Limit = maxLimit
	}
	return everyPage(ctx, f.Start, func(ctx context.Context, start string) (Page[RoomCode], error) {
		f.Start = start
		return c.List(ctx, room, f)
	})
}

// Enable switches a code on. Safe to repeat. It fails with
// [fault.CodeNotFound].
func (c RoomCodes) Enable(ctx context.Context, code string) (RoomCode, error) {
	return c.set(ctx, code, true)
}

// Disable switches a code off, which touches nothing else. Safe to repeat.
// It fails with [fault.CodeNotFound].
func (c RoomCodes) Disable(ctx context.Context, code string) (RoomCode, error) {
	return c.set(ctx, code, false)
}

func (c RoomCodes) set(ctx context.Context, code string, enabled bool) (RoomCode, error) {
	return fetch[RoomCode](ctx, c, post("/v2/room-codes/code", codeSwitch{code, enabled}).repeatable())
}

type codeSwitch struct {
	Code    string `json:"code"`
	Enabled bool   `json:"enabled"`
}

// CodeExchange asks for a room token. It needs no management token.
type CodeExchange struct {
	Code   string `json:"code"`
	UserID string `json:"user_id,omitempty"` // the app's own id; made up when empty
	RoomID string `json:"room_id,omitempty"` // the room that the app means to join; the code must be for it
}

// RoomToken lets its holder into a room.
type RoomToken struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Exchange exchanges a room code for a room token, for anybody who knows the
// code. It fails with [fault.CodeNotFound], [fault.CodeDisabled],
// [fault.RoomDisabled], [fault.RoomLocked], [fault.TokenRoomMismatch].
func (c Tokens) Exchange(ctx context.Context, e CodeExchange) (RoomToken, error) {
	return fetch[RoomToken](ctx, c, post("/v2/token", e).repeatable())
}

// Revocation names a token to refuse from now on: the token itself, or its id.
type Revocation struct {
	Token     string    `json:"token,omitempty"`
	ID        string    `json:"jti,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // with ID: when it can be forgotten, an hour after
}

// Revoke has the server refuse a token from now on and disconnects whoever
// joined with it. Safe to repeat. It fails with [fault.FieldInvalid],
// [fault.FieldMissing].
func (c Tokens) Revoke(ctx context.Context, r Revocation) error {
	return c.call(ctx, post("/api/v1/tokens/revoke", r).repeatable(), nil)
}
