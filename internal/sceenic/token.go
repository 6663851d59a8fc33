// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sceenic

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pion/stun/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/token"
)

// Limits of what is looked at.
const (
	maxToken   = 8192 // bytes of a token
	maxServers = 20   // ICE servers in it
)

// claims are those of a token.
type claims struct {
	Room       string   `json:"rid"`
	Made       int64    `json:"unct"` // seconds since the epoch
	ExpiresAt  int64    `json:"exp"`
	URL        string   `json:"wsUrl"`
	ICEServers []server `json:"iceServers"`
}

// server is an RTCIceServer, with one address or a list.
type server struct {
	URLs       addresses `json:"urls"`
	Username   string    `json:"username,omitempty"`
	Credential string    `json:"credential,omitempty"`
}

// addresses are one or several.
type addresses []string

// UnmarshalJSON takes text or a list of it.
func (a *addresses) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = addresses{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

// mint signs a token.
func mint(secret string, c claims) (string, error) {
	payload := jwt.MapClaims{"rid": c.Room, "unct": c.Made, "exp": c.ExpiresAt, "wsUrl": c.URL, "iceServers": c.ICEServers}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, payload).SignedString([]byte(secret))
}

// read takes a token apart, from the outside in, so that each way to be wrong is
// told by itself: what it looks like, what it holds, who signed it, whether it is
// too old, and what it says.
func read(secret, raw string, now time.Time, leeway time.Duration) (c claims, err error) {
	parts := strings.Split(raw, ".")
	switch {
	case raw == "":
		return c, fault.TokenMissing.New("field", "token")
	case len(raw) > maxToken:
		return c, fault.TokenMalformed.New("max_bytes", maxToken, "bytes", len(raw))
	case len(parts) != 3:
		return c, fault.TokenMalformed.New("want", "three parts", "got", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return c, fault.TokenPayload.Wrap(err, "want", "base64url")
	}
	// An object first, whatever is in it.
	var object map[string]json.RawMessage
	if err := json.Unmarshal(payload, &object); err != nil || object == nil {
		return c, fault.TokenPayloadJSON.Wrap(err, "want", "a JSON object")
	}
	if err := token.Signed(raw, payload, jwt.SigningMethodHS256, []byte(secret), &c); err != nil {
		return c, err
	}
	return c, c.check(now, leeway)
}

// check judges what a token says that somebody known has signed.
func (c claims) check(now time.Time, leeway time.Duration) error {
	switch ends := time.Unix(c.ExpiresAt, 0); {
	case c.Room == "":
		return fault.TokenClaim.New("claim", "rid", "reason", "missing")
	case c.ExpiresAt <= 0:
		return fault.TokenClaim.New("claim", "exp", "reason", "missing")
	case !now.Before(ends.Add(leeway)):
		return fault.TokenExpired.New("expired_seconds_ago", int64(now.Sub(ends)/time.Second), "leeway_seconds", int64(leeway/time.Second))
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return fault.EndpointInvalid.New("claim", "wsUrl", "want", "ws:// or wss://", "got", text.Clip(c.URL, 100))
	}
	if len(c.ICEServers) > maxServers {
		return fault.ICEServerInvalid.New("claim", "iceServers", "max", maxServers, "got", len(c.ICEServers))
	}
	for _, s := range c.ICEServers {
		for _, address := range s.URLs {
			if _, err := stun.ParseURI(address); err != nil {
				return fault.ICEServerInvalid.New("claim", "iceServers", "want", "stun:, stuns:, turn: or turns:", "got", text.Clip(address, 100))
			}
		}
	}
	return nil
}
