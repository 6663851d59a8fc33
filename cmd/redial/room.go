// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/spell"
)

// What ids and codes of rooms look like; everything else is a name.
var (
	roomID   = regexp.MustCompile(`^[0-9a-f]{24}$`)
	roomCode = regexp.MustCompile(`^[a-z]{3}-[a-z]{4}-[a-z]{3}$`)
)

const roomUsage = "`ROOM`, by id, name or code"

// findRoom gives the id of the room that an id, a name or a room code stands
// for. An id is taken as it is. It fails with fault.RoomNotFound, which names the
// nearest room.
func findRoom(ctx context.Context, c *admin.Client, word string) (string, error) {
	if word == "" || roomID.MatchString(word) {
		return word, nil
	}
	page, err := c.Rooms.List(ctx, admin.RoomFilter{Name: word, Limit: 1})
	switch {
	case err == nil && len(page.Data) > 0:
		return page.Data[0].ID, nil
	case err != nil && !errors.Is(err, fault.FieldInvalid): // no room can have such a name
		return "", said(c, err)
	}
	if roomCode.MatchString(word) {
		id, err := roomOfCode(ctx, c, word)
		if id != "" || err != nil && !errors.Is(err, fault.CodeNotFound) {
			return id, said(c, err)
		}
	}
	text := fmt.Sprintf("no room of %s has the id, name or code %q", c.URL(), word)
	names, _ := roomNames(ctx, c)
	if near := spell.Nearest(word, names); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return "", &failure{text, fault.RoomNotFound}
}

// roomOfCode asks for the token of a code, which names the room.
func roomOfCode(ctx context.Context, c *admin.Client, code string) (string, error) {
	t, err := c.Tokens.Exchange(ctx, admin.CodeExchange{Code: code})
	if err != nil {
		return "", err
	}
	var claims struct {
		RoomID string `json:"room_id"`
	}
	parts := strings.Split(t.Token, ".")
	if len(parts) != 3 {
		return "", fault.ResponseMalformed.New("url", c.URL())
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil || claims.RoomID == "" {
		return "", fault.ResponseMalformed.Wrap(err, "url", c.URL())
	}
	return claims.RoomID, nil
}

// maxNames is how many rooms are looked at for suggestions and completion.
const maxNames = 100

// roomNames are names of rooms, the newest first.
func roomNames(ctx context.Context, c *admin.Client) ([]string, error) {
	page, err := c.Rooms.List(ctx, admin.RoomFilter{Limit: maxNames})
	var names []string
	for _, r := range page.Data {
		names = append(names, r.Name)
	}
	return names, err
}

// failure is an error in words of the command line, with what the catalogue knows
// of it.
type failure struct {
	text string
	kind *fault.Kind
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.kind.New() }
