// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// tokenBody is what a room code is exchanged for.
type tokenBody struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// exchangeCode gives a room token for a room code. Whoever knows the code may
// have it, so the address is rate-limited. A room that would turn the token
// away says so here already.
func (a *API) exchangeCode(c *Call) (any, error) {
	var sent struct {
		Code   *string `json:"code"`
		UserID *string `json:"user_id"`
		RoomID *string `json:"room_id"`
	}
	if err := c.DecodeUntyped(&sent); err != nil {
		return nil, err
	}
	if sent.Code == nil || *sent.Code == "" {
		return nil, fault.FieldMissing.New("field", "code")
	}
	code, err := a.cfg.Registry.Code(c.Context(), *sent.Code)
	if err != nil {
		return nil, unknownCode(err, *sent.Code)
	}
	m, err := a.cfg.Registry.Room(c.Context(), code.RoomID)
	if err != nil {
		return nil, err
	}
	body, err := a.tokenFor(c, code, m, sent.UserID, sent.RoomID)
	if err != nil {
		a.refused(c, err, code, m, sent.UserID)
	}
	return body, err
}

// refused records that somebody with a good code got no token. Whoever has none
// cannot report it: reports are signed with one.
func (a *API) refused(c *Call, err error, code registry.Code, m registry.Room, user *string) {
	if a.cfg.Events == nil || c.Context().Err() != nil {
		return
	}
	who := event.Subject{
		AccountID: m.CustomerID, RoomID: m.ID, RoomName: m.Name, TemplateID: m.TemplateID, Role: code.Role,
		Agent: event.ParseAgent(c.Request.Header.Get("user_agent_v2")),
	}
	set(&who.UserID, user)
	who.UserProof = event.ProofCode
	a.cfg.Events.Record(report.Seen(event.ConnectFailed, fault.From(err, fault.OpToken), who))
}

// tokenFor mints the token of a code for a room that lets people in.
func (a *API) tokenFor(c *Call, code registry.Code, m registry.Room, userID, roomID *string) (any, error) {
	if roomID != nil {
		if err := a.isRoom(c, *roomID, m); err != nil {
			return nil, err
		}
	}
	switch {
	case !code.Enabled:
		return nil, fault.CodeDisabled.New("code", shortened(code.Code))
	case !m.Enabled:
		return nil, fault.RoomDisabled.New("room_id", m.ID)
	case m.Locked:
		return nil, fault.RoomLocked.New("room_id", m.ID)
	}
	t, err := a.cfg.Registry.Template(c.Context(), m.TemplateID)
	if err != nil {
		return nil, err
	}
	if _, there := t.Roles[code.Role]; !there {
		return nil, noRole(t, code.Role)
	}
	return a.mintFor(m, code.Role, userID)
}

// isRoom compares the room that an app means to join with the one its code is
// for. The room of another account is as good as none.
func (a *API) isRoom(c *Call, id string, m registry.Room) error {
	if id == m.ID {
		return nil
	}
	if !room.WellFormed(id) {
		return fault.RoomIDInvalid.New("field", "room_id", "got", clip(id))
	}
	other, err := a.cfg.Registry.Room(c.Context(), id)
	if errors.Is(err, fault.RoomNotFound) || err == nil && other.CustomerID != m.CustomerID {
		return statused{fault.RoomNotFound.New("field", "room_id", "room_id", id), http.StatusBadRequest}
	}
	if err != nil {
		return err
	}
	return fault.TokenRoomMismatch.New("field", "room_id", "room_id", id, "want", "the room of the code")
}

func (a *API) mintFor(m registry.Room, role string, userID *string) (any, error) {
	key, err := a.keyOf(m.CustomerID)
	if err != nil {
		return nil, err
	}
	user := uuid.NewString()
	if userID != nil && *userID != "" {
		user = *userID
	}
	ends := time.Now().Add(a.cfg.TokenTTL).Truncate(time.Second).UTC()
	raw, err := token.Mint(key, token.Claims{
		Type: token.App, RoomID: m.ID, Role: role, UserID: user, UserProof: token.ProofCode, ExpiresAt: ends,
	})
	if err != nil {
		return nil, err
	}
	return tokenBody{raw, ends}, nil
}

// keyOf finds the key that signs for an account.
func (a *API) keyOf(account string) (token.Key, error) {
	for _, k := range a.cfg.Keys {
		owner := k.Account
		if owner == "" {
			owner = token.DefaultAccount
		}
		if owner == account {
			return k, nil
		}
	}
	return token.Key{}, fault.Internal.Wrap(errors.New("api: no access key is left for the account " + account))
}

// revokeToken refuses a token from now on, given by its id or as it is.
func (a *API) revokeToken(c *Call) (any, error) {
	var sent struct {
		ID        string     `json:"jti"`
		Token     string     `json:"token"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	var until time.Time
	set(&until, sent.ExpiresAt)
	if sent.Token != "" {
		claims, err := a.theirs(c, sent.Token)
		if err != nil {
			return nil, err
		}
		sent.ID, until = claims.ID, claims.ExpiresAt
	}
	if sent.ID == "" {
		return nil, fault.FieldMissing.New("field", "jti", "or", "token")
	}
	if len(sent.ID) > maxTokenID {
		return nil, fault.FieldInvalid.New("field", "jti", "max_bytes", maxTokenID)
	}
	if err := a.cfg.Registry.Revoke(c.Context(), sent.ID, until); err != nil {
		return nil, err
	}
	c.concern("jti", sent.ID)
	c.Log.Info("token revoked", "jti", sent.ID, "by", c.Claims.ID)
	if a.cfg.Revoked != nil {
		a.cfg.Revoked(sent.ID)
	}
	return map[string]any{"jti": sent.ID, "revoked": true}, nil
}

// maxTokenID is how long the id of a token may be.
const maxTokenID = 1024

// theirs reads a token of the caller's account, of either type. One that has
// expired or was revoked already is no fault.
func (a *API) theirs(c *Call, raw string) (token.Claims, error) {
	claims, err := a.cfg.Tokens.Verify(c.Context(), raw, token.App)
	if errors.Is(err, fault.TokenKind) {
		claims, err = a.cfg.Tokens.Verify(c.Context(), raw, token.Management)
	}
	switch {
	case errors.Is(err, fault.TokenExpired), errors.Is(err, fault.TokenNotYetValid), errors.Is(err, fault.TokenRevoked):
	case err != nil:
		f := fault.From(err, fault.OpAPI)
		return claims, fault.FieldInvalid.Wrap(err, "field", "token", "reason", f.Kind.ID)
	}
	if claims.Account != c.Claims.Account {
		return claims, fault.FieldInvalid.New("field", "token", "reason", "signed by another account")
	}
	return claims, nil
}
