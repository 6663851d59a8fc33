// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"strings"
	"time"
)

// AskedVersion is the version of [Asked] that this program writes.
const AskedVersion = 1

// Limits of what is kept of a browser that was asked.
const (
	MaxAsked        = 3       // times of one failure; the latest are kept
	MaxAskedBytes   = 2 << 10 // of one, as JSON
	MaxAskedServers = 8
)

// Asked is what a browser found when somebody was asked, after a failure, to open a
// page that tries what a call needs. It is of another time than the failure, and maybe
// of another network and browser. What is called the server's own was seen by the
// server; the rest is the browser's word.
type Asked struct {
	V           int               `json:"v"`
	At          time.Time         `json:"at,omitzero"`              // when the findings came
	Network     string            `json:"same_network,omitempty"`   // [SameNetwork] or [OtherNetwork]; absent where neither is known
	Tries       []Try             `json:"tries,omitempty"`          // connections to the server's media ports, each over one protocol
	Servers     []AskedServer     `json:"servers,omitempty"`        // ICE servers, each by itself; at most [MaxAskedServers]
	Held        *int64            `json:"socket_held_ms,omitempty"` // how long a WebSocket was open, by the server
	Cut         bool              `json:"socket_cut,omitempty"`     // it ended before its time, by the server
	Found       *Found            `json:"found,omitempty"`          // candidates of the browser's own
	Secure      *bool             `json:"secure_context,omitempty"`
	Online      *bool             `json:"online,omitempty"`
	Permissions map[string]string `json:"permissions,omitempty"` // of "camera" and "microphone", for the page that asked
	Devices     []string          `json:"devices,omitempty"`     // kinds that there are: "audioinput", "videoinput", "audiooutput"

	// Clipped tells that something was left out to keep to MaxAskedBytes.
	Clipped bool `json:"clipped,omitempty"`
}

// Values of [Asked.Network].
const (
	SameNetwork  = "yes" // the address is that of the failure, or the person says so
	OtherNetwork = "no"  // the person says so: providers change addresses, and share many among their customers
)

// Try is one connection to the media ports, made by the browser's own packets: the
// server knew no address to send to before they came.
type Try struct {
	Over    string `json:"over"`                    // "udp" or "tcp"
	Came    uint64 `json:"came"`                    // packets of the browser's that arrived, by the server
	Up      bool   `json:"up"`                      // the encrypted connection came up, by the server
	Waited  int64  `json:"waited_ms"`               // how long the server waited for packets
	Largest int    `json:"largest_bytes,omitempty"` // the largest message that came back to the browser
	State   string `json:"state,omitempty"`         // how it ended for the browser (W3C RTCPeerConnectionState)
	After   int64  `json:"after_ms,omitempty"`      // how long that took
}

// AskedServer is an ICE server that the browser tried.
type AskedServer struct {
	URL     string `json:"url"`
	Found   bool   `json:"found"`                    // it gave the browser a candidate
	Code    int    `json:"code,omitempty"`           // as of [CandidateError]
	Waited  int64  `json:"waited_ms,omitempty"`      // until the browser had a candidate, gave up, or was stopped
	Own     bool   `json:"own,omitempty"`            // it is on this server, so a firewall before the server is one before it
	Answers *bool  `json:"answers_server,omitempty"` // whether it answered this server at that time, by the server
}

// silentAfter is for how many milliseconds a server is asked before its silence says
// something: some six requests of STUN (RFC 8489, section 6.2.1).
const silentAfter = 4000

// Answered tells whether it answered the browser, where that is known: by a candidate, or
// by an error of its own (RFC 8489, section 14.8). It answers in vain where the browser's
// own address is public, as a candidate that is there already is left out (RFC 8445,
// section 5.1.3), and browsers may call a name that nobody finds the end of it, so what
// ends early without a candidate is not known.
func (s *AskedServer) Answered() (answered, known bool) {
	switch {
	case s.Found, s.Code >= 300 && s.Code <= 699:
		return true, true
	case s.Waited >= silentAfter:
		return false, true
	}
	return false, false
}

// AppendJSON appends it to b in at most [MaxAskedBytes] bytes: servers are left out
// where they are too many.
func (a *Asked) AppendJSON(b []byte) []byte {
	own := *a
	own.V = AskedVersion
	for {
		raw, err := json.Marshal(&own)
		if err == nil && len(raw) <= MaxAskedBytes {
			return append(b, raw...)
		}
		own.Clipped = true
		if err != nil || !fewer(&own.Servers) {
			return append(b, `{"v":1,"clipped":true}`...)
		}
	}
}

// Try gives the connection over a protocol, nil for none.
func (a *Asked) Try(over string) *Try {
	for i := range a.Tries {
		if a.Tries[i].Over == over {
			return &a.Tries[i]
		}
	}
	return nil
}

// ServerOver is the protocol by which a client reaches an ICE server, by its URL (RFC
// 7064 and 7065): "udp", "tcp" or "tls".
func ServerOver(url string) string {
	scheme, rest, _ := strings.Cut(strings.ToLower(url), ":")
	switch {
	case scheme == "turns" || scheme == "stuns":
		return "tls"
	case strings.Contains(rest, "transport=tcp"):
		return "tcp"
	}
	return "udp"
}
