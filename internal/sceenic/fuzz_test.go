// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sceenic

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
)

const secret = "a secret of at least thirty-two bytes"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// signed is a payload as somebody signs it who knows the secret.
func signed(payload string) string {
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac, err := jwt.SigningMethodHS256.Sign(head, []byte(secret))
	if err != nil {
		panic(err)
	}
	return head + "." + base64.RawURLEncoding.EncodeToString(mac)
}

const good = `{"rid":"r1","unct":1772366400,"exp":1772452800,"wsUrl":"wss://example.org/sceenic","iceServers":[{"urls":["stun:example.org:3478"]},{"urls":"turn:example.org","username":"u","credential":"c"}]}`

// TestEachWayToBeWrongIsAFaultOfItsOwn: what a token lacks is told from the outside
// in.
func TestEachWayToBeWrongIsAFaultOfItsOwn(t *testing.T) {
	if c, err := read(secret, signed(good), now, 0); err != nil || c.Room != "r1" || len(c.ICEServers) != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	with := func(old, fresh string) string { return signed(strings.Replace(good, old, fresh, 1)) }
	parts := strings.Split(signed(good), ".")
	for name, c := range map[string]struct {
		token string
		want  *fault.Kind
	}{
		"nothing":          {"", fault.TokenMissing},
		"two parts":        {parts[0] + "." + parts[1], fault.TokenMalformed},
		"four parts":       {signed(good) + ".x", fault.TokenMalformed},
		"long":             {strings.Repeat("a", maxToken+1), fault.TokenMalformed},
		"a head of noise":  {"!." + parts[1] + "." + parts[2], fault.TokenMalformed},
		"no base64url":     {parts[0] + ".###." + parts[2], fault.TokenPayload},
		"no JSON":          {parts[0] + ".aGVsbG8." + parts[2], fault.TokenPayloadJSON},
		"no object":        {signed("[]"), fault.TokenPayloadJSON},
		"null":             {signed("null"), fault.TokenPayloadJSON},
		"another payload":  {parts[0] + ".e30." + parts[2], fault.TokenSignature},
		"no algorithm":     {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", fault.TokenSignature},
		"no room":          {with(`"rid":"r1",`, ""), fault.TokenClaim},
		"a room of number": {with(`"r1"`, "7"), fault.TokenClaim},
		"no end":           {with(`"exp":1772452800,`, ""), fault.TokenClaim},
		"expired":          {with("1772452800", "1772366400"), fault.TokenExpired},
		"http":             {with("wss://", "https://"), fault.EndpointInvalid},
		"no address":       {with("wss://example.org/sceenic", ""), fault.EndpointInvalid},
		"no STUN":          {with("stun:example.org", "http:example.org"), fault.ICEServerInvalid},
	} {
		if _, err := read(secret, c.token, now, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want.ID)
		}
	}
	if _, err := read(secret, with("1772452800", "1772366390"), now, 30*time.Second); err != nil {
		t.Errorf("ten seconds ago, with thirty of leeway: %v", err)
	}
}

func FuzzToken(f *testing.F) {
	for _, payload := range []string{good, `{"rid":7}`, `[]`, `{"iceServers":[{"urls":7}]}`, `{"rid":"r","exp":-1}`} {
		f.Add(signed(payload), payload)
	}
	f.Fuzz(func(t *testing.T, raw, payload string) {
		for _, token := range []string{raw, signed(payload)} {
			c, err := read(secret, token, now, 0)
			if err == nil && (c.Room == "" || !strings.HasPrefix(c.URL, "ws") || now.Unix() >= c.ExpiresAt) {
				t.Errorf("%q is let in: %+v", token, c)
			}
			if _, ours := errors.AsType[*fault.Error](err); err != nil && !ours {
				t.Errorf("%q: not a fault: %v", token, err)
			}
		}
	})
}
