// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
)

// sessionBody is a session as the v2 API has it, and what else is known.
type sessionBody struct {
	ID         string                 `json:"id"`
	RoomID     string                 `json:"room_id"`
	RoomName   string                 `json:"room_name"`
	TemplateID string                 `json:"template_id"`
	CustomerID string                 `json:"customer_id"`
	Active     bool                   `json:"active"`
	Peers      map[string]sessionPeer `json:"peers"`
	CreatedAt  time.Time              `json:"created_at"`
	UpdatedAt  time.Time              `json:"updated_at"`
	EndedAt    *time.Time             `json:"ended_at,omitempty"`
}

type sessionPeer struct {
	ID        string     `json:"id"`
	SessionID string     `json:"session_id"`
	Name      string     `json:"name"`
	Role      string     `json:"role"`
	UserID    string     `json:"user_id"`
	Proof     string     `json:"user_id_proof,omitempty"`
	Metadata  string     `json:"metadata"`
	JoinedAt  time.Time  `json:"joined_at"`
	LeftAt    *time.Time `json:"left_at,omitempty"`
	Reason    string     `json:"reason,omitempty"`
}

func wordSession(s registry.Session) sessionBody {
	b := sessionBody{
		ID: s.ID, RoomID: s.RoomID, RoomName: s.RoomName, TemplateID: s.TemplateID, CustomerID: s.CustomerID,
		Active: s.Active, Peers: make(map[string]sessionPeer, len(s.Peers)),
		CreatedAt: s.StartedAt, UpdatedAt: s.StartedAt, EndedAt: optionalTime(s.EndedAt),
	}
	latest := func(t time.Time) {
		if t.After(b.UpdatedAt) {
			b.UpdatedAt = t
		}
	}
	latest(s.EndedAt)
	for _, p := range s.Peers {
		b.Peers[p.ID] = sessionPeer{
			ID: p.ID, SessionID: p.SessionID, Name: p.Name, Role: p.Role, UserID: p.UserID, Proof: p.UserProof, Metadata: p.Data,
			JoinedAt: p.JoinedAt, LeftAt: optionalTime(p.LeftAt), Reason: p.Reason,
		}
		latest(p.JoinedAt)
		latest(p.LeftAt)
	}
	return b
}

func (a *API) listSessions(c *Call) (any, error) {
	q := registry.SessionQuery{CustomerID: c.Claims.Account, RoomID: c.Query("room_id"), Start: c.Query("start")}
	var err error
	if q.Active, err = c.QueryBool("active"); err != nil {
		return nil, err
	}
	if q.After, q.Before, err = c.span(); err != nil {
		return nil, err
	}
	if q.Limit, err = c.limit(); err != nil {
		return nil, err
	}
	p, err := a.cfg.Registry.Sessions(c.Context(), q)
	if err != nil {
		return nil, err
	}
	return pageOf(p, wordSession), nil
}

func (a *API) getSession(c *Call) (any, error) {
	s, err := a.cfg.Registry.Session(c.Context(), c.Path("session"))
	if err == nil && s.CustomerID != c.Claims.Account {
		err = fault.SessionNotFound.New("session_id", c.Path("session"))
	}
	if err != nil {
		return nil, err
	}
	return wordSession(s), nil
}
