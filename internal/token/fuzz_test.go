// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/base64"
	"testing"
)

// FuzzUnsigned: what an unsigned token says is bounded and proves nobody.
func FuzzUnsigned(f *testing.F) {
	for _, payload := range []string{`{"room_id":"r","user_id":"u","role":"host"}`, `{"user_id":7,"role":null}`, `[]`} {
		f.Add("e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln")
	}
	f.Add("a.b.c.d")
	f.Fuzz(func(t *testing.T, raw string) {
		c, ok := Unsigned(raw)
		if !ok && c.RoomID+c.UserID+c.Role != "" || ok && c.UserProof != ProofNone || len(c.UserID) > maxUser || len(c.Role) > maxRole {
			t.Errorf("%q says %+v", raw, c)
		}
	})
}
