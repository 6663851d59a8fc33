// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
)

// made is what the official Node SDK has made offline.
type made struct {
	Key, Secret, Session, JWT, Old, App, RS256, Plain, Backend string
	PublicKey                                                  string `json:"public_key"`
	BackendRS256                                               string `json:"backend_rs256"`
}

func vectors(t testing.TB) (m made, project, app Project) {
	raw, err := os.ReadFile("testdata/node-sdk-2.23.2.json")
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := PublicKey(m.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return m, Project{Key: m.Key, Secret: m.Secret}, Project{Key: m.App, Public: public}
}

var now = time.Unix(1_800_000_000, 0)

// TestTokensOfTheOfficialSDK: of all three kinds, and each opens only what it is for.
func TestTokensOfTheOfficialSDK(t *testing.T) {
	m, project, app := vectors(t)
	for name, c := range map[string]struct {
		of  Project
		raw string
	}{"a JWT": {project, m.JWT}, "T1": {project, m.Old}, "an application's": {app, m.RS256}} {
		got, err := ReadToken(c.of, c.raw, now, 0)
		if err != nil || got.Session != m.Session || got.Role != Moderator || got.Data != "name=Jörg & co" || strings.Join(got.Classes, " ") != "focus main" || got.Ends.Unix() != 4102444800 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if err := ReadBackend(c.of, c.raw, now, 0); err == nil {
			t.Errorf("%s of a client opens the API", name)
		}
	}
	if got, err := ReadToken(project, m.Plain, now, 0); err != nil || got.Role != Publisher || got.Data != "" {
		t.Errorf("without options: %+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		of  Project
		raw string
	}{"a project's": {project, m.Backend}, "an application's": {app, m.BackendRS256}} {
		if err := ReadBackend(c.of, c.raw, now, 0); err != nil || KeyOf(c.raw) != c.of.Key {
			t.Errorf("%s: %v, of %q", name, err, KeyOf(c.raw))
		}
		if _, err := ReadToken(c.of, c.raw, now, 0); !errors.Is(err, fault.TokenClaim) {
			t.Errorf("%s lets a client in: %v", name, err)
		}
	}
}

// signed is a JWT as somebody signs it who knows the secret.
func signed(secret, payload string) string {
	var c jwt.MapClaims
	if json.Unmarshal([]byte(payload), &c) != nil {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		mac, _ := jwt.SigningMethodHS256.Sign(head, []byte(secret))
		return head + "." + base64.RawURLEncoding.EncodeToString(mac)
	}
	raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(secret))
	if err != nil {
		panic(err)
	}
	return raw
}

// TestEachWayToBeWrong is a fault of its own.
func TestEachWayToBeWrong(t *testing.T) {
	m, project, app := vectors(t)
	const good = `{"iss":"1000001","ist":"project","exp":1900000000,"session_id":"s","scope":"session.connect","role":"publisher"}`
	with := func(old, fresh string) string { return signed(m.Secret, strings.Replace(good, old, fresh, 1)) }
	if _, err := ReadToken(project, with("", ""), now, 0); err != nil {
		t.Fatal(err)
	}
	public, _ := json.Marshal(m.PublicKey)
	confused, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"application_id": m.App, "session_id": "s", "exp": 1900000000}).SignedString([]byte(m.PublicKey))
	if err != nil || len(public) == 0 {
		t.Fatal(err)
	}
	old, err := base64.StdEncoding.DecodeString(m.Old[len(oldKind):])
	if err != nil {
		t.Fatal(err)
	}
	again := func(from, to string) string {
		return oldKind + base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(old), from, to, 1)))
	}
	for name, c := range map[string]struct {
		of   Project
		raw  string
		want *fault.Kind
	}{
		"nothing":                      {project, "", fault.TokenMissing},
		"no token":                     {project, "hello", fault.TokenMalformed},
		"long":                         {project, strings.Repeat("a", maxToken+1), fault.TokenMalformed},
		"another secret":               {project, signed("another", good), fault.TokenSignature},
		"another project":              {project, with("1000001", "1000002"), fault.AccessKeyUnknown},
		"of an account":                {project, with(`"project"`, `"account"`), fault.TokenClaim},
		"no session":                   {project, with(`"session_id":"s",`, ""), fault.TokenClaim},
		"another scope":                {project, with("session.connect", "x"), fault.TokenClaim},
		"another role":                 {project, with("publisher", "king"), fault.TokenRole},
		"no end":                       {project, with(`"exp":1900000000,`, ""), fault.TokenClaim},
		"an end of text":               {project, with("1900000000", `"soon"`), fault.TokenClaim},
		"expired":                      {project, with("1900000000", "1800000000"), fault.TokenExpired},
		"expired by the other word":    {project, with(`"session_id"`, `"expire_time":1700000000,"session_id"`), fault.TokenExpired},
		"not yet":                      {project, with(`"session_id"`, `"nbf":1850000000,"session_id"`), fault.TokenNotYetValid},
		"too much data":                {project, with(`"session_id"`, `"connection_data":"`+strings.Repeat("ä", maxData+1)+`","session_id"`), fault.TokenClaim},
		"no JSON":                      {project, signed(m.Secret, "[1"), fault.TokenMalformed},
		"the secret is the public key": {app, confused, fault.TokenSignature},
		"T1 of an application":         {app, m.Old, fault.AccessKeyUnknown},
		"T1 of another project":        {project, again("partner_id=1000001", "partner_id=1000002"), fault.AccessKeyUnknown},
		"T1 with another role":         {project, again("role=moderator", "role=publisher"), fault.TokenSignature},
		"T1 without a signature":       {project, again("sig=", "gis="), fault.TokenSignature},
		"T1 of noise":                  {project, oldKind + "###", fault.TokenPayload},
		"T1 without data":              {project, oldKind + "aGVsbG8=", fault.TokenMalformed},
	} {
		if _, err := ReadToken(c.of, c.raw, now, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want.ID)
		}
	}
	if _, err := ReadToken(project, with("1900000000", "1799999990"), now, 30*time.Second); err != nil {
		t.Errorf("ten seconds ago, with thirty of leeway: %v", err)
	}
}

func FuzzToken(f *testing.F) {
	m, project, app := vectors(f)
	for _, raw := range []string{m.JWT, m.Old, m.RS256, m.Backend, m.PublicKey, oldKind} {
		f.Add(raw, `{"iss":"1000001","ist":"project","exp":"1900000000","session_id":"s","create_time":1.5}`)
	}
	f.Fuzz(func(t *testing.T, raw, payload string) {
		_, _ = PublicKey(raw)
		_ = KeyOf(raw)
		for _, of := range []Project{project, app} {
			for _, one := range []string{raw, oldKind + raw, signed(m.Secret, payload)} {
				got, err := ReadToken(of, one, now, 0)
				if err == nil && (got.Session == "" || !got.Ends.After(now)) {
					t.Errorf("%q is let in: %+v", one, got)
				}
				if _, ours := errors.AsType[*fault.Error](err); err != nil && !ours {
					t.Errorf("%q: not a fault: %v", one, err)
				}
				if err := ReadBackend(of, one, now, 0); err == nil && got.Session != "" {
					t.Errorf("%q opens both", one)
				}
			}
		}
	})
}
