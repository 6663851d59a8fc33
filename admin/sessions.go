// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"iter"
	"time"
)

// Session is one run of a room, from the first peer to the last.
type Session struct {
	ID         string                 `json:"id"`
	RoomID     string                 `json:"room_id"`
	RoomName   string                 `json:"room_name"`
	TemplateID string                 `json:"template_id"`
	CustomerID string                 `json:"customer_id"`
	Active     bool                   `json:"active"`
	Peers      map[string]SessionPeer `json:"peers"` // by id
	CreatedAt  time.Time              `json:"created_at"`
	UpdatedAt  time.Time              `json:"updated_at"`
	EndedAt    *time.Time             `json:"ended_at,omitempty"` // nil while it runs
}

// SessionPeer is somebody who was, or is, in a session.
type SessionPeer struct {
	ID        string     `json:"id"`
	SessionID string     `json:"session_id"`
	Name      string     `json:"name"`
	Role      string     `json:"role"`
	UserID    string     `json:"user_id"`       // the app's own id
	UserProof string     `json:"user_id_proof"` // token, or code where somebody with a room code only claims the id
	Metadata  string     `json:"metadata"`
	JoinedAt  time.Time  `json:"joined_at"`
	LeftAt    *time.Time `json:"left_at,omitempty"` // nil while they are there
	Reason    string     `json:"reason,omitempty"`  // why they left
}

// SessionFilter chooses sessions. Everything that is set must match.
type SessionFilter struct {
	RoomID string    `query:"room_id"`
	Active *bool     `query:"active"`
	After  time.Time `query:"after"`  // started then or later
	Before time.Time `query:"before"` // started then or earlier
	Limit  int       `query:"limit"`  // 1 to 100; 0: 10
	Start  string    `query:"start"`  // Last of the page before
}

// List lists sessions: [fault.FieldInvalid].
func (c Sessions) List(ctx context.Context, f SessionFilter) (Page[Session], error) {
	return fetch[Page[Session]](ctx, c, get("/v2/sessions").where(parameters(f)))
}

// All yields every session of a filter, page by page, until the first
// error.
func (c Sessions) All(ctx context.Context, f SessionFilter) iter.Seq2[Session, error] {
	if f.Limit == 0 {
		f.Limit = maxLimit
	}
	return everyPage(ctx, f.Start, func(ctx context.Context, start string) (Page[Session], error) {
		f.Start = start
		return c.List(ctx, f)
	})
}

// Get returns a session: [fault.SessionNotFound].
func (c Sessions) Get(ctx context.Context, id string) (Session, error) {
	path, err := at("/v2/sessions/", id)
	if err != nil {
		return Session{}, err
	}
	return fetch[Session](ctx, c, get(path))
}
