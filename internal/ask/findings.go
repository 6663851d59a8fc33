// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/text"
)

// MaxFindings is how large the body of findings may be, in bytes.
const MaxFindings = 8 << 10

// Findings are what a page found, in its own words.
type Findings struct {
	Tries       []saidTry         `json:"tries"`
	Servers     []saidServer      `json:"servers"`
	Found       *evidence.Found   `json:"candidates"`
	Secure      *bool             `json:"secure_context"`
	Online      *bool             `json:"online"`
	Permissions map[string]string `json:"permissions"`
	Devices     []string          `json:"devices"`
	Network     string            `json:"network"` // where the person says she is: "same" or "other" network than that of the failure; "" for no answer
}

// ReadFindings reads what a page found, and keeps it within bounds. It fails with
// fault.BodyTooLarge, fault.BodyInvalid and fault.FieldInvalid.
func ReadFindings(body []byte) (*Findings, error) {
	if len(body) > MaxFindings {
		return nil, fault.BodyTooLarge.New("limit_bytes", MaxFindings)
	}
	var f Findings
	if err := json.Unmarshal(body, &f); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return nil, fault.FieldInvalid.New("field", wrong.Field, "reason", "is of another type than is documented")
		}
		return nil, fault.BodyInvalid.Wrap(err, "reason", "it is not a JSON object")
	}
	const tries = 2
	if len(f.Tries) > tries {
		return nil, fault.FieldInvalid.New("field", "tries", "max_items", tries)
	}
	if len(f.Servers) > evidence.MaxAskedServers {
		return nil, fault.FieldInvalid.New("field", "servers", "max_items", evidence.MaxAskedServers)
	}
	for i := range f.Tries {
		t := &f.Tries[i]
		if t.Largest < 0 || t.Largest > 64<<10 || t.After < 0 || t.After > RunFor.Milliseconds() {
			return nil, fault.FieldInvalid.New("field", "tries", "want", "bytes up to 65536, and milliseconds up to a minute")
		}
		t.State = text.Clip(t.State, 16)
	}
	for i := range f.Servers {
		if c := f.Servers[i].Code; c < 0 || c > 999 {
			return nil, fault.FieldInvalid.New("field", "servers.code", "want", "a code of STUN, or 701")
		}
		if w := f.Servers[i].Waited; w < 0 || w > RunFor.Milliseconds() {
			return nil, fault.FieldInvalid.New("field", "servers.waited_ms", "want", "milliseconds up to a minute")
		}
	}
	if _, ok := networks[f.Network]; !ok {
		return nil, fault.FieldInvalid.New("field", "network", "want", "same, other, or nothing")
	}
	return &f, nil
}

// networks are the answers to the page's question, as they are kept.
var networks = map[string]string{"": "", "same": evidence.SameNetwork, "other": evidence.OtherNetwork}

// permissionStates are those of W3C Permissions.
var (
	permissionStates = []string{"granted", "denied", "prompt"}
	deviceKinds      = []string{"audioinput", "audiooutput", "videoinput"} // of W3C Media Capture
)

// asked is what is kept of the page's word, but for connections and servers.
func (f *Findings) asked(now time.Time) *evidence.Asked {
	a := &evidence.Asked{V: evidence.AskedVersion, At: evidence.Millis(now), Network: networks[f.Network], Found: bounded(f.Found), Secure: f.Secure, Online: f.Online}
	for _, name := range []string{"camera", "microphone"} {
		if state := f.Permissions[name]; slices.Contains(permissionStates, state) {
			if a.Permissions == nil {
				a.Permissions = map[string]string{}
			}
			a.Permissions[name] = state
		}
	}
	for _, kind := range deviceKinds {
		if slices.Contains(f.Devices, kind) {
			a.Devices = append(a.Devices, kind)
		}
	}
	return a
}

// bounded are counts of candidates as a browser can have them.
func bounded(f *evidence.Found) *evidence.Found {
	if f == nil {
		return nil
	}
	own := *f
	for _, n := range []*int{&own.Host, &own.Srflx, &own.Relay, &own.TCP, &own.MDNS, &own.Other} {
		*n = min(max(*n, 0), 1000)
	}
	return &own
}

// saidTry is a connection, as the page has it.
type saidTry struct {
	Over    string `json:"over"`
	State   string `json:"state"`
	Largest int    `json:"largest_bytes"`
	After   int64  `json:"after_ms"`
}

func (f *Findings) try(over string) *saidTry {
	for i := range f.Tries {
		if f.Tries[i].Over == over {
			return &f.Tries[i]
		}
	}
	return nil
}

// saidServer is an ICE server, as the page has it.
type saidServer struct {
	URL    string `json:"url"`
	Found  bool   `json:"found"`
	Code   int    `json:"code"`
	Waited int64  `json:"waited_ms"`
}

func (f *Findings) server(url string) *saidServer {
	for i := range f.Servers {
		if f.Servers[i].URL == url {
			return &f.Servers[i]
		}
	}
	return nil
}
