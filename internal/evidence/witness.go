// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"time"
)

// WitnessVersion is the version of [Witness] that this program writes.
const WitnessVersion = 1

// MaxWitnessBytes is how large an encoded [Witness] may be.
const MaxWitnessBytes = 3 << 9

// How many of a kind a [Witness] has at most.
const (
	MaxLifecycle       = 12
	MaxCaptures        = 6
	MaxWitnessPaths    = 4
	MaxPathChanges     = 8
	MaxCandidateErrors = 6
)

// Witness is what a client's own device knew that its SDK does not tell. It is a
// client's word: nobody but the client is a witness for it.
//
// Times are by the server's clock, to within the time that the report took to
// arrive.
type Witness struct {
	V           int               `json:"v"`
	At          time.Time         `json:"at,omitzero"`              // when the report came
	By          string            `json:"by,omitempty"`             // the program that observed, such as "witness.js" or "go"
	Page        string            `json:"page,omitempty"`           // random: another one is another page, or another run
	Loaded      time.Time         `json:"loaded,omitzero"`          // when the page was loaded
	Offset      *int64            `json:"clock_offset_ms,omitzero"` // the server's clock less the device's
	Secure      *bool             `json:"secure_context,omitempty"` // W3C Secure Contexts: without it there are no devices
	Framed      *bool             `json:"framed,omitempty"`         // the page is within another
	Policy      map[string]bool   `json:"policy,omitempty"`         // W3C Permissions Policy: may the page ask for "camera", "microphone", "display-capture"
	Permissions map[string]string `json:"permissions,omitempty"`    // of "camera" and "microphone": "granted", "denied" or "prompt"
	Online      *bool             `json:"online,omitempty"`         // what the browser thinks of its network
	Network     string            `json:"network,omitempty"`        // the kind of network it is on, such as "wifi" or "cellular"
	Visibility  string            `json:"visibility,omitempty"`     // of the page at that time: "visible" or "hidden"
	Lifecycle   []Moment          `json:"lifecycle,omitempty"`      // what befell the page and its own tracks, oldest first; at most [MaxLifecycle]
	Live        *Live             `json:"live,omitempty"`           // tracks of its own devices
	Captures    []Capture         `json:"captures,omitempty"`       // devices that it did not get, oldest first; at most [MaxCaptures]
	Paths       []WitnessPath     `json:"paths,omitempty"`          // its media connections, oldest first; at most [MaxWitnessPaths]

	// Clipped tells that something was left out to keep to MaxWitnessBytes.
	Clipped bool `json:"clipped,omitempty"`
}

// Moment is something that happened.
type Moment struct {
	What string    `json:"what"`
	At   time.Time `json:"at,omitzero"`
}

// Live counts the tracks of a device's own that have not ended.
type Live struct {
	Audio int `json:"audio"`
	Video int `json:"video"`
}

// Capture is a device that the page asked for and did not get.
type Capture struct {
	Kind  string    `json:"kind"`           // "audio", "video", "audio,video" or "screen"
	Error string    `json:"error"`          // the name of the DOMException
	Text  string    `json:"text,omitempty"` // its message
	After int64     `json:"after_ms"`       // from the asking to the refusal: a person takes longer than a setting
	At    time.Time `json:"at,omitzero"`
}

// WitnessPath is one end of a media connection.
type WitnessPath struct {
	State    string           `json:"state,omitempty"`    // W3C RTCPeerConnectionState
	ICE      string           `json:"ice,omitempty"`      // W3C RTCIceConnectionState
	Protocol string           `json:"protocol,omitempty"` // of the pair in use: "udp" or "tcp"
	Relay    string           `json:"relay,omitempty"`    // how it reaches its relay: "udp", "tcp" or "tls"; absent for no relay
	Local    string           `json:"local,omitempty"`    // kind of its own candidate of that pair
	Found    *Found           `json:"found,omitempty"`    // candidates of its own
	Servers  *Servers         `json:"servers,omitempty"`  // that it was given
	Errors   []CandidateError `json:"errors,omitempty"`   // at most [MaxCandidateErrors]
	Changes  []Moment         `json:"changes,omitempty"`  // of both states, oldest first; at most [MaxPathChanges]
}

// Found counts candidates as [Candidates] does; a kind that is absent was not found.
type Found struct {
	Host  int `json:"host,omitempty"`
	Srflx int `json:"srflx,omitempty"`
	Relay int `json:"relay,omitempty"`
	TCP   int `json:"tcp,omitempty"`
	MDNS  int `json:"mdns,omitempty"`
	Other int `json:"other,omitempty"`
}

// Servers counts addresses of ICE servers.
type Servers struct {
	STUN int `json:"stun,omitempty"`
	TURN int `json:"turn,omitempty"`
}

// CandidateError is a failure to find a candidate (W3C
// RTCPeerConnectionIceErrorEvent), with how often it came.
type CandidateError struct {
	URL   string    `json:"url"`            // of the ICE server
	Code  int       `json:"code"`           // of STUN (RFC 8489, section 14.8), or 701: no answer
	Text  string    `json:"text,omitempty"` // of the server
	Count int       `json:"count"`
	At    time.Time `json:"at,omitzero"` // the last one
}

// AppendJSON appends the witness to b in at most [MaxWitnessBytes] bytes. Changes of
// state are left out first, the oldest before the others, then what befell the page,
// then errors of candidates, captures and connections.
func (w *Witness) AppendJSON(b []byte) []byte {
	own := *w
	own.V = WitnessVersion
	own.Paths = append([]WitnessPath(nil), w.Paths...)
	each := func(shrink func(*WitnessPath) bool) bool {
		shrunk := false
		for i := range own.Paths {
			shrunk = shrink(&own.Paths[i]) || shrunk
		}
		return shrunk
	}
	for {
		raw, err := json.Marshal(&own)
		if err == nil && len(raw) <= MaxWitnessBytes {
			return append(b, raw...)
		}
		own.Clipped = true
		if err != nil || !(each(func(p *WitnessPath) bool { return older(&p.Changes) }) || older(&own.Lifecycle) ||
			each(func(p *WitnessPath) bool { return fewer(&p.Errors) }) || older(&own.Captures) || older(&own.Paths)) {
			return append(b, `{"v":1,"clipped":true}`...)
		}
	}
}
