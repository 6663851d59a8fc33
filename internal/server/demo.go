// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// Demo is a room to try things in.
type Demo struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Tokens map[string]string `json:"tokens"` // by role
	Codes  map[string]string `json:"codes"`  // by role: short words that the token endpoint exchanges for a token
}

// Demo makes sure that a room of this name exists, mints a token for each of
// its roles, and has a code for each.
func (s *Server) Demo(ctx context.Context, name string, valid time.Duration) (Demo, error) {
	r, _, err := s.registry.CreateRoom(ctx, registry.Room{Name: name, CustomerID: s.cfg.Access.AccountID, Enabled: true})
	if err != nil {
		return Demo{}, err
	}
	t, err := s.registry.Template(ctx, r.TemplateID)
	if err != nil {
		return Demo{}, err
	}
	d := Demo{ID: r.ID, Name: r.Name, Tokens: map[string]string{}, Codes: map[string]string{}}
	for _, role := range slices.Sorted(maps.Keys(t.Roles)) {
		raw, err := s.mint(token.Claims{Type: token.App, RoomID: r.ID, Role: role, UserID: role, ExpiresAt: time.Now().Add(valid)})
		if err != nil {
			return Demo{}, err
		}
		d.Tokens[role] = raw
	}
	codes, err := s.registry.CreateCodes(ctx, r.ID)
	if err != nil {
		return Demo{}, err
	}
	for _, c := range codes {
		d.Codes[c.Role] = c.Code
	}
	return d, nil
}

// WatchToken is the token that apps of Sceenic WatchTogether enter a room with, as
// their backends get it from a server with sceenic.key.
func (s *Server) WatchToken(ctx context.Context, room string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL(), nil)
	if err != nil {
		return "", err
	}
	return s.watch.Token(r, room)
}

// ManagementToken mints a token that opens the REST API.
func (s *Server) ManagementToken(valid time.Duration) (string, error) {
	return s.mint(token.Claims{Type: token.Management, ExpiresAt: time.Now().Add(valid)})
}

// InjectToken mints a management token that may provoke faults as well.
func (s *Server) InjectToken(valid time.Duration) (string, error) {
	return s.mint(token.Claims{Type: token.Management, Inject: true, ExpiresAt: time.Now().Add(valid)})
}

// mint signs with the first key.
func (s *Server) mint(c token.Claims) (string, error) {
	k := s.cfg.Access.Keys[0]
	return token.Mint(token.Key{Access: k.Access, Secret: k.Secret}, c)
}
