// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
)

// Lifetime is how long a minted token is valid when its claims do not say.
const Lifetime = 24 * time.Hour

// payload is the claim set on the wire, in the order in which it is written.
type payload struct {
	AccessKey string   `json:"access_key"`
	Type      Type     `json:"type"`
	Version   int      `json:"version"`
	RoomID    string   `json:"room_id,omitempty"`
	Role      string   `json:"role,omitempty"`
	UserID    string   `json:"user_id,omitempty"`
	UserProof string   `json:"user_id_proof,omitempty"` // left out when it is ProofToken
	Grants    []string `json:"grants,omitempty"`
	Rights    []Right  `json:"rights,omitempty"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	ExpiresAt int64    `json:"exp"`
	ID        string   `json:"jti"`
}

// header is fixed: {"alg":"HS256","typ":"JWT"}.
var header = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// Mint signs a token with k. What the claims leave open is filled in: the
// version, a fresh id, valid from now and for Lifetime. It fails with
// fault.FieldMissing or fault.FieldInvalid when the token could not be used.
//
// The encoded payload never holds '-' or '_'. Clients decode it as plain
// base64 to read the room and the role, and choke on those two letters of
// base64url.
func Mint(k Key, c Claims) (string, error) {
	if k.Access == "" {
		return "", fault.FieldMissing.New("field", "access_key")
	}
	if k.Secret == "" {
		return "", fault.FieldMissing.New("field", "secret")
	}
	switch c.Type {
	case Management:
	case Console:
		if c.Inject {
			return "", fault.FieldInvalid.New("field", "grants", "reason", "belong to management tokens")
		}
		if len(c.Rights.Named()) == 0 {
			return "", fault.FieldInvalid.New("field", "rights", "want", wantRights)
		}
	case App:
		if c.Inject {
			return "", fault.FieldInvalid.New("field", "grants", "reason", "belong to management tokens")
		}
		if c.RoomID == "" {
			return "", fault.FieldMissing.New("field", "room_id")
		}
		if c.Role == "" {
			return "", fault.FieldMissing.New("field", "role")
		}
		if why := badUser(c.UserID); why != "" {
			return "", fault.FieldInvalid.New("field", "user_id", "reason", why)
		}
		if c.UserProof != "" && c.UserProof != ProofToken && c.UserProof != ProofCode {
			return "", fault.FieldInvalid.New("field", "user_id_proof", "want", "token or code")
		}
	default:
		return "", fault.FieldInvalid.New("field", "type", "want", "app, management or console")
	}

	p := payload{
		AccessKey: k.Access, Type: c.Type, Version: c.Version,
		RoomID: c.RoomID, Role: c.Role, UserID: c.UserID, ID: c.ID,
	}
	if c.UserProof == ProofCode {
		p.UserProof = ProofCode
	}
	if c.Type == Console {
		p.Rights = c.Rights.Named()
	}
	if c.Inject {
		p.Grants = []string{GrantInject}
	}
	if p.Version == 0 {
		p.Version = Version
	}
	if p.ID == "" {
		p.ID = uuid.NewString()
	}
	issued := c.IssuedAt
	if issued.IsZero() {
		issued = time.Now()
	}
	begins := c.NotBefore
	if begins.IsZero() {
		begins = issued
	}
	ends := c.ExpiresAt
	if ends.IsZero() {
		ends = begins.Add(Lifetime)
	}
	p.IssuedAt, p.NotBefore, p.ExpiresAt = issued.Unix(), begins.Unix(), ends.Unix()
	if p.ExpiresAt <= p.NotBefore {
		return "", fault.FieldInvalid.New("field", "exp", "reason", "not after nbf")
	}

	text, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	signed := header + "." + base64.RawURLEncoding.EncodeToString(plain(text))
	return signed + "." + sign(k.Secret, signed), nil
}

// sign returns the HMAC-SHA256 of a token's first two parts (RFC 7515).
func sign(secret, signed string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// digest stands for a whole token. What it is keyed with has another use, so
// the two are told apart by a prefix that no signed text begins with.
func digest(secret, raw string) string {
	return sign(secret, "redial token digest\x00"+raw)
}

// plain rewrites JSON so that base64url of it is base64 of it as well.
//
// The letters for 62 and 63 arise where six bits are 11111x. In 7-bit text
// only the low six bits of a byte can be: those of '>', '?', '~' and DEL. JSON
// has them inside strings only, where an escape stands for any of them, and
// for everything beyond 7 bits.
func plain(text []byte) []byte {
	var b strings.Builder
	b.Grow(len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		switch {
		case r > 0xffff:
			hi, lo := surrogates(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		case r >= 0x7e, r == '>', r == '?':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}

// surrogates splits a rune beyond the basic plane (RFC 8259, section 7).
func surrogates(r rune) (hi, lo rune) {
	r -= 0x10000
	return 0xd800 + r>>10, 0xdc00 + r&0x3ff
}
