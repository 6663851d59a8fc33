// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what the older kind of token is signed with
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/token"
)

// Limits of what is looked at.
const (
	maxToken = 8192 // bytes of a token
	maxData  = 1024 // characters of connection data, and of the list of classes
)

// The roles that a token can name.
const (
	Subscriber    = "subscriber"
	Publisher     = "publisher"
	PublisherOnly = "publisheronly"
	Moderator     = "moderator"
)

// Token is what a token of a client says.
type Token struct {
	Session string
	Role    string
	Data    string   // about the connection
	Classes []string // of each stream, as it begins
	Ends    time.Time
}

// oldKind begins tokens of the older kind.
const oldKind = "T1=="

// scope is what a client's token is for.
const scope = "session.connect"

// ReadToken verifies a token of a client, of any of three kinds: a JWT signed with
// a project's secret (HS256) or with an application's private key (RS256), or the
// older T1==. Fails with fault.TokenMissing, TokenMalformed, TokenPayload,
// TokenPayloadJSON, TokenSignature, AccessKeyUnknown (another project's), TokenClaim,
// TokenExpired, TokenNotYetValid and TokenRole. What it says stands beside
// fault.TokenExpired and TokenNotYetValid.
func ReadToken(p Project, raw string, now time.Time, leeway time.Duration) (Token, error) {
	var c claims
	var err error
	switch {
	case raw == "":
		return Token{}, fault.TokenMissing.New("header", "Authorization")
	case len(raw) > maxToken:
		return Token{}, fault.TokenMalformed.New("max_bytes", maxToken, "bytes", len(raw))
	case strings.HasPrefix(raw, oldKind):
		c, err = readOld(p, raw)
	default:
		c, err = readJWT(p, raw)
	}
	if err != nil {
		return Token{}, err
	}
	t := Token{Session: c.Session, Role: c.Role, Data: c.Data, Classes: strings.Fields(c.Classes), Ends: c.ends()}
	if t.Role == "" {
		t.Role = Publisher
	}
	switch {
	case c.Scope != "" && c.Scope != scope:
		return Token{}, fault.TokenClaim.New("claim", "scope", "want", scope, "got", text.Clip(c.Scope, 64))
	case t.Session == "":
		return Token{}, fault.TokenClaim.New("claim", "session_id", "reason", "missing")
	case len([]rune(t.Data)) > maxData:
		return Token{}, fault.TokenClaim.New("claim", "connection_data", "max_characters", maxData)
	case len([]rune(c.Classes)) > maxData:
		return Token{}, fault.TokenClaim.New("claim", "initial_layout_class_list", "max_characters", maxData)
	}
	switch t.Role {
	case Subscriber, Publisher, PublisherOnly, Moderator:
		return t, c.timely(now, leeway)
	}
	return Token{}, fault.TokenRole.New("want", "publisher, publisheronly, subscriber or moderator", "role", text.Clip(t.Role, 64))
}

// Mint makes a token of the usual kind for a session, for a project with a secret.
func (s *Service) Mint(p Project, session, role string, valid time.Duration) (string, error) {
	now := s.cfg.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": p.Key, "ist": "project", "iat": now.Unix(), "exp": now.Add(valid).Unix(), "scope": scope, "session_id": session, "role": role,
	}).SignedString([]byte(p.Secret))
}

// ReadBackend verifies what a backend shows with a call: a JWT of the project. One
// that a client joins with is signed with the same key and opens nothing here.
// Fails as ReadToken does, and with fault.TokenKind.
func ReadBackend(p Project, raw string, now time.Time, leeway time.Duration) error {
	if len(raw) > maxToken {
		return fault.TokenMalformed.New("max_bytes", maxToken, "bytes", len(raw))
	}
	c, err := readJWT(p, raw)
	if err != nil {
		return err
	}
	if c.Scope != "" || c.Session != "" || c.Role != "" {
		return fault.TokenKind.New("want", "the token of a backend", "got", "the token of a client")
	}
	return c.timely(now, leeway)
}

// KeyOf is the project that a backend's token says it is of. It proves nothing.
func KeyOf(raw string) string {
	parts := strings.Split(raw, ".")
	if len(raw) > maxToken || len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil {
		return ""
	}
	if c.Application != "" {
		return c.Application
	}
	return c.Issuer
}

// claims are those of a token. Numbers are of seconds since the epoch; SDKs write
// some with fractions and some as text.
type claims struct {
	Issuer      string `json:"iss"`
	Kind        string `json:"ist"`
	Application string `json:"application_id"`
	Issued      second `json:"iat"`
	NotBefore   second `json:"nbf"`
	Expires     second `json:"exp"`
	ExpireTime  second `json:"expire_time"`
	Session     string `json:"session_id"`
	Role        string `json:"role"`
	Data        string `json:"connection_data"`
	Classes     string `json:"initial_layout_class_list"`
	Scope       string `json:"scope"`
}

// second is a time in seconds since the epoch; 0 is none.
type second float64

// UnmarshalJSON takes a number, or the text of one.
func (s *second) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || n < 0 || n > 1e12 {
		return &json.UnmarshalTypeError{Value: "a time", Field: "time"}
	}
	*s = second(n)
	return nil
}

func (s second) time() time.Time { return time.Unix(int64(s), 0) }

// ends is when a token is good no more: the earlier of the two that it can name.
func (c claims) ends() time.Time {
	if c.Expires == 0 || c.ExpireTime != 0 && c.ExpireTime < c.Expires {
		return c.ExpireTime.time()
	}
	return c.Expires.time()
}

func (c claims) timely(now time.Time, leeway time.Duration) error {
	if c.Expires == 0 && c.ExpireTime == 0 {
		return fault.TokenClaim.New("claim", "exp", "reason", "missing")
	}
	if ends := c.ends(); !now.Before(ends.Add(leeway)) {
		return fault.TokenExpired.New("expired_seconds_ago", int64(now.Sub(ends)/time.Second), "leeway_seconds", int64(leeway/time.Second))
	}
	if from := max(c.NotBefore, c.Issued); from != 0 && now.Add(leeway).Before(from.time()) {
		return fault.TokenNotYetValid.New("valid_in_seconds", int64(from.time().Sub(now)/time.Second), "leeway_seconds", int64(leeway/time.Second))
	}
	return nil
}

// readJWT reads a JWT of a project: one algorithm for each kind of key.
func readJWT(p Project, raw string) (c claims, err error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return c, fault.TokenMalformed.New("want", "a JWT or "+oldKind, "parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return c, fault.TokenPayload.Wrap(err, "want", "base64url")
	}
	method, key := jwt.SigningMethod(jwt.SigningMethodHS256), any([]byte(p.Secret))
	if p.Public != nil {
		method, key = jwt.SigningMethodRS256, p.Public
	}
	if err := token.Signed(raw, payload, method, key, &c); err != nil {
		return c, err
	}
	of := c.Issuer
	if p.Public != nil {
		of = c.Application
	} else if c.Kind != "project" {
		return c, fault.TokenClaim.New("claim", "ist", "want", "project", "got", text.Clip(c.Kind, 64))
	}
	if of != p.Key {
		return c, fault.AccessKeyUnknown.New("want", p.Key, "got", text.Clip(of, maxKey))
	}
	return c, nil
}

// readOld reads a token of the older kind: T1== and, in base64,
// partner_id=KEY&sig=HEX:DATA with DATA form-encoded.
func readOld(p Project, raw string) (c claims, err error) {
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(raw[len(oldKind):]))
	if err != nil {
		return c, fault.TokenPayload.Wrap(err, "want", "base64")
	}
	head, data, ok := strings.Cut(string(plain), ":")
	by, err := url.ParseQuery(head)
	if !ok || err != nil {
		return c, fault.TokenMalformed.New("want", "partner_id=KEY&sig=HEX:DATA")
	}
	if p.Secret == "" || by.Get("partner_id") != p.Key {
		return c, fault.AccessKeyUnknown.New("want", p.Key, "got", text.Clip(by.Get("partner_id"), maxKey))
	}
	mac := hmac.New(sha1.New, []byte(p.Secret))
	mac.Write([]byte(data))
	if sig, err := hex.DecodeString(by.Get("sig")); err != nil || !hmac.Equal(sig, mac.Sum(nil)) {
		return c, fault.TokenSignature.New("want", "HMAC-SHA1")
	}
	said, err := url.ParseQuery(data)
	if err != nil {
		return c, fault.TokenMalformed.New("want", "form-encoded data")
	}
	c = claims{
		Session: said.Get("session_id"), Role: said.Get("role"), Data: said.Get("connection_data"),
		Classes: said.Get("initial_layout_class_list"), Scope: said.Get("scope"),
	}
	for name, into := range map[string]*second{"create_time": &c.Issued, "expire_time": &c.ExpireTime} {
		if said.Get(name) == "" {
			continue
		}
		if into.UnmarshalJSON([]byte(said.Get(name))) != nil {
			return c, fault.TokenClaim.New("claim", name, "want", "seconds since the epoch")
		}
	}
	if c.ExpireTime == 0 && c.Issued != 0 {
		c.ExpireTime = c.Issued + 24*60*60 // as this kind has it when it names no end
	}
	return c, nil
}
