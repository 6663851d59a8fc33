// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/redial-rtc/redial/internal/event"
)

// version is the version of the documented shape.
const version = "2.0"

// Append appends the documented form to b: version "2.0", id, timestamp
// (RFC 3339, nanoseconds, UTC), type, data, plus our own "redial" block.
// Fields that are not known are left out, as the documented samples do; those
// of an error are always there.
func Append(b []byte, e *event.Event) []byte {
	return append(appendEvent(b, e, version, true), "}}"...)
}

// AppendWhole is Append with what each side told, all of it, in the block of
// our own: "client" and "server".
func AppendWhole(b []byte, e *event.Event) []byte {
	return append(appendHalves(appendEvent(b, e, version, true), e, nil), "}}"...)
}

// AppendStored appends the event as stores keep it, which [DecodeStored] reads: with
// both halves, and without the words that the vocabulary makes of them again.
func AppendStored(b []byte, e *event.Event, v event.Vocabulary) []byte {
	return append(appendHalves(appendEvent(b, e, storedVersion, false), e, v), "}}"...)
}

// appendEvent appends a document but for the end of its last block, our own. A
// document that is read has words, and the verdict.
func appendEvent(b []byte, e *event.Event, version string, words bool) []byte {
	b = appendHead(b, e, version)
	b = appendData(b, e, words)
	b = appendOwn(append(b, `,"redial":`...), e)
	if words && e.Diagnosis != nil {
		b = appendDiagnosis(b, e.Diagnosis)
	}
	return b
}

// appendDiagnosis appends the verdict as a further member.
func appendDiagnosis(b []byte, d *event.Diagnosis) []byte {
	o := object{b: b}
	o.key("diagnosis")
	o.b = append(o.b, '{')
	o.text("cause", d.Cause)
	o.text("confidence", d.Confidence)
	o.text("rules", d.Rules)
	return append(o.b, '}')
}

// appendHead appends what comes before the data.
func appendHead(b []byte, e *event.Event, version string) []byte {
	b = append(b, `{"version":"`...)
	b = append(b, version...)
	b = append(b, `","id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"timestamp":`...)
	b = appendTime(b, e.Time)
	b = append(b, `,"type":`...)
	b = appendString(b, string(e.Type))
	return append(b, `,"data":`...)
}

func appendData(b []byte, e *event.Event, words bool) []byte {
	o := object{b: append(b, '{')}
	o.text("user_id", e.UserID)
	o.text("user_name", e.UserName)
	o.text("peer_id", e.PeerID)
	o.text("account_id", e.AccountID)
	o.text("room_id", e.RoomID)
	o.text("session_id", e.SessionID)
	o.text("room_name", e.RoomName)
	o.text("template_id", e.TemplateID)
	o.text("role", e.Role)
	if t := e.Track; t != nil {
		o.time("joined_at", t.PeerJoinedAt)
		o.text("track_id", t.ID)
		o.text("stream_id", t.StreamID)
		o.text("type", t.Kind)
		o.text("source", t.Source)
		o.bool("mute", t.Muted)
		o.time("started_at", t.StartedAt)
		o.time("stopped_at", t.StoppedAt)
	}
	if e.Type.IsError() {
		o.text("domain", e.Domain)
		if words {
			o.bool("is_terminal", e.Failure.Terminal)
			o.always("action", e.Action)
			o.number("error_code", e.Failure.Code)
			o.always("error_name", e.Failure.Name)
			o.always("error_message", e.Failure.Message)
			o.always("error_description", e.Failure.Description)
		}
	}
	if len(e.Extra) > 0 {
		for _, k := range slices.Sorted(maps.Keys(e.Extra)) {
			if !documents(e, k) {
				o.key(k)
				o.b = append(o.b, e.Extra[k]...)
			}
		}
	}
	if e.Type.IsError() || e.Agent.String != "" {
		o.key("agent")
		o.b = appendAgent(o.b, &e.Agent)
	}
	return append(o.b, '}')
}

// documents tells whether a key of data is taken by a field of its own, so
// that nothing in Extra can stand in for it.
func documents(e *event.Event, key string) bool {
	switch key {
	case "user_id", "user_name", "peer_id", "account_id", "room_id", "session_id", "room_name", "template_id", "role",
		"domain", "is_terminal", "action", "error_code", "error_name", "error_message", "error_description", "agent":
		return true
	case "joined_at", "track_id", "stream_id", "type", "source", "mute", "started_at", "stopped_at":
		return e.Track != nil
	}
	return false
}

// appendOwn appends the block of our own but for its end.
func appendOwn(b []byte, e *event.Event) []byte {
	o := object{b: append(b, '{')}
	o.text("fault", e.Fault)
	o.text("op", string(e.Op))
	o.text("source", string(e.Source))
	o.bool("injected", e.Injected)
	o.text("provoked", e.Provoked)
	o.text("user_id_proof", e.UserProof)
	o.time("client_timestamp", e.ClientTime)
	o.happened(e.Happened, e.HappenedError)
	if len(e.Clipped) > 0 {
		o.key("clipped")
		o.b = append(o.b, '[')
		for i := range e.Clipped {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.b = appendString(o.b, clippedName(&e.Clipped[i]))
		}
		o.b = append(o.b, ']')
	}
	return o.b
}

func appendAgent(b []byte, a *event.Agent) []byte {
	o := object{b: append(b, '{')}
	o.text("sdk", a.SDK)
	o.text("device_model", a.DeviceModel)
	o.text("os_version", a.OSVersion)
	o.bool("is_prebuilt", a.Prebuilt)
	o.text("framework_version", a.FrameworkVersion)
	o.text("os", a.OS)
	o.text("framework_sdk_version", a.FrameworkSDKVersion)
	o.text("string", a.String)
	o.text("framework", a.Framework)
	o.text("domain", a.Domain)
	o.text("sdk_version", a.SDKVersion)
	return append(o.b, '}')
}

// object writes the members of a JSON object.
type object struct{ b []byte }

func (o *object) key(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendString(o.b, name), ':')
}

func (o *object) text(name, value string) {
	if value != "" {
		o.key(name)
		o.b = appendString(o.b, value)
	}
}

func (o *object) always(name, value string) {
	o.key(name)
	o.b = appendString(o.b, value)
}

func (o *object) number(name string, value int) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, int64(value), 10)
}

func (o *object) bool(name string, value bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, value)
}

func (o *object) time(name string, t time.Time) {
	if !t.IsZero() {
		o.key(name)
		o.b = appendTime(o.b, t)
	}
}

// happened writes when something happened that was told later.
func (o *object) happened(at time.Time, wrong time.Duration) {
	if !at.IsZero() {
		o.time("happened", at)
		o.key("happened_error_ms")
		o.b = strconv.AppendInt(o.b, wrong.Milliseconds(), 10)
	}
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// appendString appends s as a JSON string (RFC 8259, section 7). What is not
// UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
