// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// maxRole is how many bytes of a role are looked at.
const maxRole = 128

// Unsigned reads what a room token says of room, user and role without asking
// who signed it: for the record of its refusal, and for nothing else. What is
// wrong with the token may be any of these. False when it is no token.
func Unsigned(raw string) (Claims, bool) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || len(raw) > maxToken {
		return Claims{}, false
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, false
	}
	var said struct {
		RoomID string `json:"room_id"`
		UserID any    `json:"user_id"` // what is wrong may be its type
		Role   string `json:"role"`
	}
	if json.Unmarshal(b, &said) != nil || len(said.Role) > maxRole {
		return Claims{}, false
	}
	user, _ := said.UserID.(string)
	if len(user) > maxUser {
		user = ""
	}
	return Claims{RoomID: said.RoomID, UserID: user, Role: said.Role, UserProof: ProofNone}, true
}
