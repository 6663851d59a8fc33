// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// Config says where to join and as whom. Endpoint and one of Token and RoomCode
// are needed; all else has defaults.
type Config struct {
	Endpoint string // such as https://video.example.org; plain http is accepted; no path, since clients ask for /init at the root; query and fragment are ignored
	Token    string // a room token; blanks and line ends around it, as files have them, are cut off
	RoomCode string // exchanged for a token at the endpoint when there is no Token
	RoomID   string // the room that RoomCode must be for; default: whichever it is for
	UserID   string // the app's id of the user, for RoomCode only
	Name     string // display name
	Metadata string // anything the app wants others to know
	PeerID   string // default: a new UUID
	Listener Listener

	// Dialect is the wire that is spoken: [DialectHMS], the default, or
	// [DialectOpenVidu]. There Token is that of a connection, which names the
	// server; Endpoint is only needed where it is reached by another name. Every
	// stream is received whole, at most one track of a kind is published, and what
	// the wire has no call for fails with fault.FeatureUnsupported. Nothing is
	// reported to the server.
	Dialect string

	// AutoSubscribe asks for this layer of every video that is announced.
	// Default LayerNone: nothing is forwarded until [RemoteTrack.SetLayer].
	AutoSubscribe Layer

	ReconnectWindow time.Duration // how long a lost path is tried; default 50 s
	JoinTimeout     time.Duration // all of Join; default 20 s
	StepTimeout     time.Duration // one request or connection of it; default 10 s
	CallTimeout     time.Duration // a call whose context has no deadline; default 10 s

	ReportDir  string             // where error reports wait across restarts; "" keeps them in memory
	Agent      map[string]string  // further fields of the agent text, such as "framework"
	ICEServers []webrtc.ICEServer // in place of those the server hands out
	Log        *slog.Logger       // debug details; nil logs nothing

	// NetworkTypes are those that media may take, to see how a call does without the
	// others, such as over TCP alone. Default: UDP and TCP, over IPv4 and IPv6.
	NetworkTypes []webrtc.NetworkType
}

// The dialects of [Config.Dialect].
const (
	DialectHMS      = "hms"      // of 100ms clients
	DialectOpenVidu = "openvidu" // of OpenVidu 2 clients
)

func (c Config) withDefaults() Config {
	c.Token = strings.TrimSpace(c.Token)
	c.ReconnectWindow = cmp.Or(c.ReconnectWindow, 50*time.Second)
	c.JoinTimeout = cmp.Or(c.JoinTimeout, 20*time.Second)
	c.StepTimeout = cmp.Or(c.StepTimeout, 10*time.Second)
	c.CallTimeout = cmp.Or(c.CallTimeout, 10*time.Second)
	if c.NetworkTypes == nil {
		c.NetworkTypes = []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6}
	}
	c.AutoSubscribe = cmp.Or(c.AutoSubscribe, LayerNone)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// origin checks the endpoint and returns its origin. Fails with
// fault.EndpointInvalid.
func (c Config) origin() (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(c.Endpoint))
	switch {
	case err != nil:
		return nil, fault.EndpointInvalid.Wrap(err, "endpoint", clip(c.Endpoint, 100))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fault.EndpointInvalid.New("endpoint", clip(c.Endpoint, 100), "want", "http:// or https://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, fault.EndpointInvalid.New("endpoint", clip(c.Endpoint, 100), "want", "a host")
	case u.User != nil:
		return nil, fault.EndpointInvalid.New("endpoint", u.Redacted(), "want", "no user name")
	case strings.Trim(u.Path, "/") != "":
		return nil, fault.EndpointInvalid.New("endpoint", clip(c.Endpoint, 100), "want", "scheme and host only", "path", clip(u.Path, 100))
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// claims is what a client reads of its token; only the server verifies it.
type claims struct {
	RoomID string `json:"room_id"`
	UserID string `json:"user_id"`
	Role   string `json:"role"`
}

// readToken decodes a token without verifying it. Fails with fault.TokenMissing,
// TokenMalformed, TokenPayload and TokenPayloadJSON.
func readToken(raw string) (claims, error) {
	var c claims
	if raw == "" {
		return c, fault.TokenMissing.New()
	}
	if i := strings.IndexFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
		return c, fault.TokenMalformed.New("reason", "it holds a blank, a line end or another character that no token has", "offset", i)
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return c, fault.TokenMalformed.New("parts", len(parts), "want", 3)
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return c, fault.TokenPayload.Wrap(err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		// A claim of another type is for the server to name.
		if mistyped := new(json.UnmarshalTypeError); !errors.As(err, &mistyped) || mistyped.Field == "" {
			return c, fault.TokenPayloadJSON.Wrap(err)
		}
	}
	return c, nil
}
