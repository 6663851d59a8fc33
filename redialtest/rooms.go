// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/token"
)

// Room is a room to create. What is left empty is made up, or is the server's
// default; everything else a room can be told is a matter of [Server.Admin].
type Room struct {
	ID         string `json:"id,omitempty"` // given by the server
	Name       string `json:"name,omitempty"`
	TemplateID string `json:"template_id,omitempty"` // whose roles it has; the default ones are host, guest and viewer
	Size       int    `json:"size,omitempty"`        // seats; 0 is the server's own limit
}

// CreateRoom creates a room, or returns the one of that name.
func (s *Server) CreateRoom(t testing.TB, r Room) Room {
	t.Helper()
	made := must(t, s, "creating a room", func(c *admin.Client) (admin.Room, error) {
		return c.Rooms.Create(t.Context(), admin.NewRoom{Name: r.Name, TemplateID: r.TemplateID, Size: r.Size})
	})
	return Room{ID: made.ID, Name: made.Name, TemplateID: made.TemplateID, Size: made.Size}
}

// RoomCode returns the code that stands for a room and a role in links, for
// client.Config.RoomCode.
func (s *Server) RoomCode(t testing.TB, room, role string) string {
	t.Helper()
	made := must(t, s, "making a room code", func(c *admin.Client) (admin.RoomCode, error) { return c.RoomCodes.Create(t.Context(), room, role) })
	return made.Code
}

// Token is a room token to mint, good or bad. Without anything but Room it lets a
// guest in for an hour.
type Token struct {
	Room      string        // id of the room; of another, or of none, for a token that opens the wrong one
	Role      string        // default "guest"; may be one that the room does not have
	User      string        // the app's own id of the user; default "user"
	Lifetime  time.Duration // default an hour; -5m is a token that has expired five minutes ago
	NotBefore time.Duration // from now; a token that is good in an hour has 1h
	Revoked   bool          // the server has been told to refuse it
	Forged    bool          // signed with another secret
	ID        string        // the claim jti; made up when empty
}

// Token mints a room token. It needs no room to exist.
func (s *Server) Token(t testing.TB, k Token) string {
	t.Helper()
	if s.AccessKey == "" || s.Secret == "" {
		t.Fatal("redialtest: minting a token: the access key and its secret are not known; give them to Connect")
	}
	if k.Role == "" {
		k.Role = "guest"
	}
	if k.User == "" {
		k.User = "user"
	}
	if k.Lifetime == 0 {
		k.Lifetime = time.Hour
	}
	now := time.Now()
	c := token.Claims{Type: token.App, RoomID: k.Room, Role: k.Role, UserID: k.User, ID: k.ID}
	c.IssuedAt = now.Add(min(k.NotBefore, 0))
	c.NotBefore = now.Add(k.NotBefore)
	c.ExpiresAt = now.Add(k.NotBefore + k.Lifetime)
	if k.Lifetime < 0 { // it was good for an hour, once
		c.ExpiresAt = now.Add(k.Lifetime)
		c.IssuedAt = c.ExpiresAt.Add(-time.Hour)
		c.NotBefore = c.IssuedAt
	}
	secret := s.Secret
	if k.Forged {
		secret += " and more"
	}
	made, err := token.Mint(token.Key{Access: s.AccessKey, Secret: secret}, c)
	if err != nil {
		t.Fatalf("redialtest: minting a token: %v", err)
	}
	if k.Revoked {
		s.Revoke(t, made)
	}
	return made
}

// Revoke has the server refuse a token from now on.
func (s *Server) Revoke(t testing.TB, token string) {
	t.Helper()
	must(t, s, "revoking a token", func(c *admin.Client) (struct{}, error) {
		return struct{}{}, c.Tokens.Revoke(t.Context(), admin.Revocation{Token: token})
	})
}
