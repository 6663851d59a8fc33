// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Clauses about what only the client's device knows. Each is the client's word.

const howWitness = "load /witness.js in the page, or use a client that reports what it knows"

// told is what a client's witness said of its device; members that it did not
// send are not known.
type told struct {
	Secure      *bool             `json:"secure_context"`
	Policy      map[string]bool   `json:"policy"`
	Permissions map[string]string `json:"permissions"`
	Online      *bool             `json:"online"`
	Visibility  string            `json:"visibility"`
	Lifecycle   []moment          `json:"lifecycle"`
	Live        *struct{ Audio, Video int }
	Captures    []struct {
		Kind  string    `json:"kind"`
		Error string    `json:"error"`
		After int64     `json:"after_ms"`
		At    time.Time `json:"at"`
	} `json:"captures"`
	Paths []struct {
		Servers *struct {
			TURN int `json:"turn"`
		} `json:"servers"`
		Errors []struct {
			URL  string `json:"url"`
			Code int    `json:"code"`
		} `json:"errors"`
	} `json:"paths"`
}

type moment struct {
	What string    `json:"what"`
	At   time.Time `json:"at"`
}

// witness gives what the client's witness said, of the failure or of another of its
// incident; nil for nothing that can be read.
func (v *view) witness() *told {
	for _, f := range append([]*Failure{v.f}, v.incident...) {
		raw, ok := f.fact("witness")
		if !ok {
			continue
		}
		var w told
		if json.Unmarshal(raw, &w) == nil {
			return &w
		}
	}
	return nil
}

// fact is one of the client's facts.
func (f *Failure) fact(name string) (json.RawMessage, bool) {
	if f.Client == nil {
		return nil, false
	}
	raw, ok := f.Client.Facts[name]
	return raw, ok && len(raw) > 0
}

// clientClause is about what the witness said.
func clientClause(fact, asks string, ask func(v *view, w *told) answer) *Clause {
	return &Clause{Fact: fact, Asks: asks, How: howWitness, client: true, ask: func(v *view) answer {
		w := v.witness()
		if w == nil {
			return answer{}
		}
		return ask(v, w)
	}}
}

// policyNames are what the kinds of a capture are called in a page's policy (W3C
// Permissions Policy).
var policyNames = map[string]string{"audio": "microphone", "video": "camera", "screen": "display-capture"}

// wanted are the devices that were asked for, as a policy calls them: those of the
// capture that was refused nearest to the failure. Camera and microphone where the
// page told of none: older pages do not tell of a stream that lacks one of two.
func (w *told) wanted(at time.Time) (names []string) {
	kinds, nearest := "video,audio", NearWithin
	for _, c := range w.Captures {
		if d := c.At.Sub(at).Abs(); d < nearest {
			kinds, nearest = c.Kind, d
		}
	}
	for kind := range strings.SplitSeq(kinds, ",") {
		if name, ok := policyNames[kind]; ok {
			names = append(names, name)
		}
	}
	return names
}

var policyForbids = clientClause("client.policy", "the page's policy forbids a device that was asked for", func(v *view, w *told) answer {
	a := answer{}
	for _, name := range w.wanted(v.at) {
		allowed, ok := w.Policy[name]
		switch {
		case ok && !allowed:
			return answer{is: yes, value: name, at: v.at, says: "the page's policy forbids it to use the " + name}
		case ok:
			a = answer{is: no, value: "allowed", at: v.at, says: "the page's policy allows the devices that were asked for"}
		}
	}
	return a
})

// labelled: the browser shows the names of devices, which it does only once the
// person has allowed them (W3C Media Capture and Streams, section 10.2.1).
var labelled = &Clause{
	Fact: "client.devices", Asks: "the person had allowed the device, which was refused all the same", How: "the web SDK lists the devices with a failure to open one", client: true,
	ask: func(v *view) answer {
		if slices.Contains(v.faults(), "device.not_found") {
			return answer{is: no, value: 0, at: v.at, says: "no device was refused, one was not found"}
		}
		raw, ok := v.f.fact("devices")
		if !ok {
			return answer{}
		}
		var lists map[string][]struct {
			Kind  string `json:"kind"`
			Label string `json:"label"`
		}
		if json.Unmarshal(raw, &lists) != nil {
			return answer{}
		}
		inputs, named := 0, 0
		for _, list := range lists {
			for _, d := range list {
				if strings.HasSuffix(d.Kind, "input") {
					inputs++
					named += int(min(len(d.Label), 1))
				}
			}
		}
		if inputs == 0 || named == 0 {
			return answer{is: no, value: 0, at: v.at, says: "the browser did not show the page the names of devices"}
		}
		return answer{is: yes, value: named, at: v.at, says: "the browser showed the page the names of " + count(named, "device", "devices") + ", so the person had allowed them"}
	},
}

var nobodyAsked = either("client.policy", "the page's policy forbids a device that was asked for, or the person had allowed one that was refused", policyForbids, labelled)

var insecure = clientClause("client.secure_context", "the page is not served securely", func(v *view, w *told) answer {
	if w.Secure == nil {
		return answer{}
	}
	if !*w.Secure {
		return answer{is: yes, value: false, at: v.at, says: "the page is not a secure context, so it has no devices"}
	}
	return answer{is: no, value: true, at: v.at, says: "the page is served securely"}
})

// Refusals that come faster than a person can decide were decided before.
const atOnce = 200 // milliseconds

var refusedByPerson = clientClause("client.capture.after_ms", "somebody refused the question", func(v *view, w *told) answer {
	if p := v.ask(policyForbids); p.is == yes { // a page that may not ask asks nobody, however long a busy browser takes to say so
		return answer{is: no, value: p.value, at: p.at, says: p.says}
	}
	for i := len(w.Captures) - 1; i >= 0; i-- {
		if c := w.Captures[i]; c.Error == "NotAllowedError" {
			d := time.Duration(c.After) * time.Millisecond
			return answer{is: whether(c.After >= atOnce), value: c.After, at: v.at, says: "the device was refused after " + span(d)}
		}
	}
	return answer{}
})

var heldByItself = clientClause("client.live_tracks", "the page itself holds a device", func(v *view, w *told) answer {
	if w.Live == nil {
		return answer{}
	}
	n := w.Live.Audio + w.Live.Video
	return answer{is: whether(n > 0), value: n, at: v.at, says: "the page had " + count(n, "live track", "live tracks") + " of its own"}
})

// relayError: an ICE server failed the client, by the kind of code.
func relayError(asks string, match func(code int) bool) *Clause {
	return clientClause("client.candidate_errors", asks, func(v *view, w *told) answer {
		any := false
		for _, p := range w.Paths {
			for _, e := range p.Errors {
				any = true
				if match(e.Code) && strings.HasPrefix(e.URL, "turn") {
					return answer{is: yes, value: e.Code, at: v.at, says: fmt.Sprintf("the relay answered the client with %d", e.Code)}
				}
			}
		}
		if !any && len(w.Paths) == 0 {
			return answer{}
		}
		return answer{is: no, value: 0, at: v.at, says: "no relay failed the client in this way"}
	})
}

var (
	relayRefused     = relayError("the relay refused the client's credentials", func(code int) bool { return code == 401 || code == 438 || code == 441 })
	relayUnreachable = relayError("the relay did not answer the client", func(code int) bool { return code == 701 })
	relayFull        = relayError("the relay is full", func(code int) bool { return code == 486 || code == 508 })
)

// frozen: the page says that it was frozen or hidden.
var frozen = &Clause{
	Fact: "client.lifecycle", Asks: "the page was hidden or frozen", How: howWitness, client: true,
	ask: func(v *view) answer {
		a := answer{}
		if w := v.witness(); w != nil {
			for _, m := range w.Lifecycle {
				if (m.What == "freeze" || m.What == "hidden" || m.What == "slept") && m.At.Sub(v.at).Abs() < NearWithin {
					a.is, a.value, a.at, a.says = yes, m.What, m.At, "the page was told: "+m.What
					return a
				}
			}
		}
		for _, f := range v.incident {
			if raw, ok := f.fact("document_hidden"); ok && string(raw) == "true" {
				a.is, a.value, a.at, a.says = yes, true, f.When(), "the page was hidden"
				return a
			}
		}
		return a
	},
}

// interrupted: the client told of an interruption of its sound.
var interrupted = &Clause{
	Fact: "client.interruption", Asks: "the client's system interrupted its sound", How: "the web SDK remarks it by itself on iOS; " + howWitness, client: true,
	ask: remarked("audio.interrupted", "the client remarked that its sound was interrupted"),
}

// autoplay: the client told that its player was not let to play.
var autoplay = &Clause{
	Fact: "client.playback", Asks: "the browser did not let the page play sound", How: "the web SDK remarks it by itself", client: true,
	ask: remarked("playback.autoplay_blocked", "the client remarked that it may not play sound"),
}

// remarked asks whether a note that tells of a fault is with the incident.
func remarked(id, says string) func(*view) answer {
	return func(v *view) answer {
		for _, f := range v.incident {
			if f.Evidence == nil {
				continue
			}
			for _, n := range f.Evidence.Notes {
				if n.Says == id {
					return answer{is: yes, value: n.Name, at: n.At, says: says}
				}
			}
		}
		return answer{}
	}
}
