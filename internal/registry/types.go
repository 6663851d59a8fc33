// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import "time"

// Room is a place for sessions. Its id is ours, its name the customer's and
// unique among the customer's rooms.
type Room struct {
	ID           string
	Name         string
	Description  string
	CustomerID   string // the account it belongs to
	TemplateID   string
	TemplateName string // of the template, read with the room; not stored
	Region       string
	Enabled      bool          // false refuses every join
	Locked       bool          // set when a session was ended with a lock; refuses every join
	LargeRoom    bool          // clients are told to page through peers
	MaxPeers     int           // seats in one session; 0 = the server's limit
	MaxStreaming int           // peers that publish at once; 0 = no limit
	MaxDuration  time.Duration // a session ends after this; 0 = no limit
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Code is a short word that stands for a room and a role.
type Code struct {
	Code      string
	RoomID    string
	Role      string
	Enabled   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Session is one run of a room, from the first peer to the last.
type Session struct {
	ID         string
	RoomID     string
	RoomName   string
	TemplateID string
	CustomerID string // filled in by the registry from the room
	Active     bool
	StartedAt  time.Time
	EndedAt    time.Time // zero while active
	Peers      []SessionPeer
}

// SessionPeer is one peer's part in a session.
type SessionPeer struct {
	ID        string
	SessionID string
	RoomID    string
	Name      string
	UserID    string
	UserProof string // how UserID is proven: token.ProofToken, token.ProofCode, "" when it is not known
	Resume    string // digest of the token it joined with; "" for a peer that cannot come back
	Role      string
	Data      string // metadata, as the client gave it
	Groups    []string
	JoinedAt  time.Time
	LeftAt    time.Time // zero while inside
	Reason    string    // why it left
}

// RoomQuery selects rooms, newest first. A zero field does not filter.
type RoomQuery struct {
	CustomerID string
	Name       string
	TemplateID string
	Enabled    *bool
	Before     time.Time // created then or before
	After      time.Time // created then or after
	Start      string    // continue after the room with this id
	Limit      int       // 1 to MaxLimit; 0 = DefaultLimit
}

// TemplateQuery selects templates, newest first. A zero field does not filter.
type TemplateQuery struct {
	CustomerID string
	Name       string
	Start      string
	Limit      int
}

// SessionQuery selects sessions, newest first. A zero field does not filter.
type SessionQuery struct {
	CustomerID string
	RoomID     string
	Active     *bool
	Before     time.Time // started then or before
	After      time.Time // started then or after
	Start      string
	Limit      int
}

// CodeQuery selects the codes of a room, by role. A zero field does not
// filter.
type CodeQuery struct {
	RoomID  string
	Role    string
	Enabled *bool
	Start   string
	Limit   int
}

// Page is one page of a list.
type Page[T any] struct {
	Data  []T
	Limit int
	Last  string // id of the last entry, Start of the next page; "" on an empty page
}

// Limits of a page.
const (
	DefaultLimit = 10
	MaxLimit     = 100
)
