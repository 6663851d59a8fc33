// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// storedVersion is the version of the shape in which stores keep events. Those
// that have the documented version were written before there were halves.
const storedVersion = "3"

// Outdated tells whether a stored document was written by an earlier version.
func Outdated(doc []byte) bool { return bytes.HasPrefix(doc, []byte(`{"version":"`+version+`"`)) }

// Decode reads what Append or AppendWhole wrote.
func Decode(b []byte, e *event.Event) error { return DecodeStored(b, nil, e) }

// DecodeStored reads what a store keeps: what AppendStored wrote, or Append in
// earlier versions.
func DecodeStored(b []byte, v event.Vocabulary, e *event.Event) error {
	var w struct {
		ID        string                     `json:"id"`
		Timestamp time.Time                  `json:"timestamp"`
		Type      event.Type                 `json:"type"`
		Data      map[string]json.RawMessage `json:"data"`
		Redial    struct {
			Fault      string       `json:"fault"`
			Op         fault.Op     `json:"op"`
			Source     event.Source `json:"source"`
			Injected   bool         `json:"injected"`
			Provoked   string       `json:"provoked"`
			UserProof  string       `json:"user_id_proof"`
			ClientTime time.Time    `json:"client_timestamp"`
			happenedJSON
			Clipped   []string         `json:"clipped"`
			Client    *toldJSON        `json:"client"`
			Server    *seenJSON        `json:"server"`
			Evidence  *evidence.Record `json:"evidence"`
			Diagnosis *struct {
				Cause      string `json:"cause"`
				Confidence string `json:"confidence"`
				Rules      string `json:"rules"`
			} `json:"diagnosis"`
		} `json:"redial"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*e = event.Event{
		ID: w.ID, Time: w.Timestamp, Type: w.Type,
		Fault: w.Redial.Fault, Op: w.Redial.Op, Source: w.Redial.Source, Injected: w.Redial.Injected, Provoked: w.Redial.Provoked,
		ClientTime: w.Redial.ClientTime, Clipped: clips(w.Redial.Clipped),
	}
	e.UserProof = w.Redial.UserProof
	e.Happened, e.HappenedError = w.Redial.times()
	if d := w.Redial.Diagnosis; d != nil && e.Type.IsError() {
		e.Diagnosis = &event.Diagnosis{Cause: d.Cause, Confidence: d.Confidence, Rules: d.Rules}
	}
	m := members{m: w.Data}
	m.read("user_id", &e.UserID)
	m.read("user_name", &e.UserName)
	m.read("peer_id", &e.PeerID)
	m.read("account_id", &e.AccountID)
	m.read("room_id", &e.RoomID)
	m.read("session_id", &e.SessionID)
	m.read("room_name", &e.RoomName)
	m.read("template_id", &e.TemplateID)
	m.read("role", &e.Role)
	if _, ok := w.Data["track_id"]; ok && !e.Type.IsError() {
		t := &event.Track{}
		e.Track = t
		m.read("joined_at", &t.PeerJoinedAt)
		m.read("track_id", &t.ID)
		m.read("stream_id", &t.StreamID)
		m.read("type", &t.Kind)
		m.read("source", &t.Source)
		m.read("mute", &t.Muted)
		m.read("started_at", &t.StartedAt)
		m.read("stopped_at", &t.StoppedAt)
	}
	m.read("domain", &e.Domain)
	m.read("is_terminal", &e.Failure.Terminal)
	m.read("action", &e.Action)
	m.read("error_code", &e.Failure.Code)
	m.read("error_name", &e.Failure.Name)
	m.read("error_message", &e.Failure.Message)
	m.read("error_description", &e.Failure.Description)
	m.agent(&e.Agent)
	if len(w.Data) > 0 {
		e.Extra = w.Data
	}
	setHalves(e, w.Redial.Client, w.Redial.Server, v)
	if e.Evidence == nil && e.Type.IsError() {
		e.Evidence = w.Redial.Evidence
	}
	return m.err
}

// members takes the known members out of an object and leaves the others.
type members struct {
	m   map[string]json.RawMessage
	err error
}

// agent reads what the client is. Its text can be a browser's, and what the SDK is be
// known by the wire that it speaks.
func (m *members) agent(into *event.Agent) {
	given := members{}
	m.read("agent", &given.m)
	var text, sdk, version string
	given.read("string", &text)
	given.read("sdk", &sdk)
	given.read("sdk_version", &version)
	*into = event.ParseAgent(text)
	into.SDK, into.SDKVersion = cmp.Or(into.SDK, sdk), cmp.Or(into.SDKVersion, version)
	m.err = errors.Join(m.err, given.err)
}

func (m *members) read(name string, into any) {
	raw, ok := m.m[name]
	if !ok {
		return
	}
	delete(m.m, name)
	if s, ok := into.(*string); ok && plain(raw) {
		*s = string(raw[1 : len(raw)-1])
		return
	}
	if err := json.Unmarshal(raw, into); err != nil && m.err == nil {
		m.err = fmt.Errorf("event: %s: %w", name, err)
	}
}

// plain tells whether raw is a string without escapes, which most are.
func plain(raw []byte) bool {
	return len(raw) >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0
}
