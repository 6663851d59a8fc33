// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"strings"
	"time"
)

// Asked is what a browser found that was asked after a failure; docs/why.md says what
// each field means.
type Asked struct {
	V           int               `json:"v"` // version of the findings
	At          time.Time         `json:"at"`
	Network     string            `json:"same_network,omitempty"` // "yes", by the address or the person's word, or "no", by her word; "" is not known
	Tries       []AskedTry        `json:"tries,omitempty"`        // connections to the server's media ports
	Servers     []AskedServer     `json:"servers,omitempty"`      // ICE servers
	Held        *int64            `json:"socket_held_ms,omitempty"`
	Cut         bool              `json:"socket_cut,omitempty"`
	Found       *AskedFound       `json:"found,omitempty"`
	Secure      *bool             `json:"secure_context,omitempty"`
	Online      *bool             `json:"online,omitempty"`
	Permissions map[string]string `json:"permissions,omitempty"`
	Devices     []string          `json:"devices,omitempty"`
	Clipped     bool              `json:"clipped,omitempty"` // something was left out
	Says        []string          `json:"says"`              // the same in sentences
}

// AskedFound counts the candidates of a browser's own (RFC 8445, section 5.1.1), those
// over TCP and those under a name of its own network.
type AskedFound struct {
	Host  int `json:"host,omitempty"`
	Srflx int `json:"srflx,omitempty"`
	Relay int `json:"relay,omitempty"`
	TCP   int `json:"tcp,omitempty"`
	MDNS  int `json:"mdns,omitempty"`
	Other int `json:"other,omitempty"`
}

// AskedTry is one connection over one protocol.
type AskedTry struct {
	Over    string `json:"over"`                    // "udp" or "tcp"
	Came    uint64 `json:"came"`                    // packets that reached the server
	Up      bool   `json:"up"`                      // the connection came up
	Waited  int64  `json:"waited_ms"`               // how long the server waited
	Largest int    `json:"largest_bytes,omitempty"` // the largest message that came back
	State   string `json:"state,omitempty"`         // W3C RTCPeerConnectionState
	After   int64  `json:"after_ms,omitempty"`
}

// AskedServer is an ICE server that the browser tried.
type AskedServer struct {
	URL     string `json:"url"`
	Found   bool   `json:"found"` // it gave the browser a candidate
	Code    int    `json:"code,omitempty"`
	Waited  int64  `json:"waited_ms,omitempty"`      // how long the browser tried
	Own     bool   `json:"own,omitempty"`            // it is on the same server
	Answers *bool  `json:"answers_server,omitempty"` // it answered the server
}

// VerdictBefore is a verdict in short.
type VerdictBefore struct {
	Cause      string     `json:"cause,omitempty"`
	Confidence Confidence `json:"confidence"`
	Says       string     `json:"says"`
}

// Moment is when something came to be on record.
type Moment struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// Ask makes a link for whoever was there: a page that finds out within 20 s what the
// browser's network lets through. What it finds hangs on the failure, and the rules run
// again over it. The link is good for a number of hours, 1 to 168; 0 is 24. It fails
// with [fault.EventNotFound], [fault.FieldInvalid] and [fault.FeatureUnsupported].
func (c Diagnoses) Ask(ctx context.Context, event string, hours int) (Share, error) {
	in := struct {
		Event string `json:"event"`
		Hours int    `json:"hours,omitempty"`
	}{event, hours}
	return fetch[Share](ctx, c, post("/api/v1/probes", in).repeatable())
}

// EndAsk takes such a link back before its time, as [Diagnoses.EndShare] does.
func (c Diagnoses) EndAsk(ctx context.Context, url string) error {
	path, err := at("/api/v1/probes/", url[strings.LastIndexByte(url, '/')+1:])
	if err != nil {
		return err
	}
	return c.call(ctx, remove(path).repeatable(), nil)
}
