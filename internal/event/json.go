package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/redial-rtc/redial/fault"
)

// version is the version of the documented shape.
const version = "2.0"

// MarshalJSON gives the documented shape: version "2.0", id, timestamp
// (RFC 3339, nanoseconds, UTC), type, data, plus our own "redial" block.
// Fields that are not known are left out, as the documented samples do; those
// of an error are always there.
func (e Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON gives to b.
func (e *Event) AppendJSON(b []byte) []byte {
	b = append(b, `{"version":"`+version+`","id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"timestamp":`...)
	b = appendTime(b, e.Time)
	b = append(b, `,"type":`...)
	b = appendString(b, string(e.Type))
	b = append(b, `,"data":`...)
	b = e.appendData(b)
	b = append(b, `,"redial":`...)
	b = e.appendOwn(b)
	return append(b, '}')
}

func (e *Event) appendData(b []byte) []byte {
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
		o.bool("is_terminal", e.Failure.Terminal)
		o.key("action")
		o.b = appendString(o.b, e.Action)
		o.key("error_code")
		o.b = strconv.AppendInt(o.b, int64(e.Failure.Code), 10)
		o.key("error_name")
		o.b = appendString(o.b, e.Failure.Name)
		o.key("error_message")
		o.b = appendString(o.b, e.Failure.Message)
		o.key("error_description")
		o.b = appendString(o.b, e.Failure.Description)
	}
	if len(e.Extra) > 0 {
		for _, k := range slices.Sorted(maps.Keys(e.Extra)) {
			if !e.documents(k) {
				o.key(k)
				o.b = append(o.b, e.Extra[k]...)
			}
		}
	}
	if e.Type.IsError() || e.Agent.String != "" {
		o.key("agent")
		o.b = e.Agent.appendJSON(o.b)
	}
	return append(o.b, '}')
}

// documents tells whether a key of data is taken by a field of its own, so
// that nothing in Extra can stand in for it.
func (e *Event) documents(key string) bool {
	switch key {
	case "user_id", "user_name", "peer_id", "account_id", "room_id", "session_id", "room_name", "template_id", "role",
		"domain", "is_terminal", "action", "error_code", "error_name", "error_message", "error_description", "agent":
		return true
	case "joined_at", "track_id", "stream_id", "type", "source", "mute", "started_at", "stopped_at":
		return e.Track != nil
	}
	return false
}

func (e *Event) appendOwn(b []byte) []byte {
	o := object{b: append(b, '{')}
	o.text("fault", e.Fault)
	o.text("op", string(e.Op))
	o.text("source", string(e.Source))
	o.bool("injected", e.Injected)
	o.text("user_id_proof", e.UserProof)
	o.time("client_timestamp", e.ClientTime)
	if len(e.Clipped) > 0 {
		o.key("clipped")
		o.b = append(o.b, '[')
		for i, name := range e.Clipped {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.b = appendString(o.b, name)
		}
		o.b = append(o.b, ']')
	}
	return append(o.b, '}')
}

func (a *Agent) appendJSON(b []byte) []byte {
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

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Event) UnmarshalJSON(b []byte) error {
	var w struct {
		ID        string                     `json:"id"`
		Timestamp time.Time                  `json:"timestamp"`
		Type      Type                       `json:"type"`
		Data      map[string]json.RawMessage `json:"data"`
		Redial    struct {
			Fault      string    `json:"fault"`
			Op         fault.Op  `json:"op"`
			Source     Source    `json:"source"`
			Injected   bool      `json:"injected"`
			UserProof  string    `json:"user_id_proof"`
			ClientTime time.Time `json:"client_timestamp"`
			Clipped    []string  `json:"clipped"`
		} `json:"redial"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*e = Event{
		ID: w.ID, Time: w.Timestamp, Type: w.Type,
		Fault: w.Redial.Fault, Op: w.Redial.Op, Source: w.Redial.Source, Injected: w.Redial.Injected,
		ClientTime: w.Redial.ClientTime, Clipped: w.Redial.Clipped,
	}
	e.UserProof = w.Redial.UserProof
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
		t := &Track{}
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
	var agent struct {
		String string `json:"string"`
	}
	m.read("agent", &agent)
	e.Agent = ParseAgent(agent.String)
	if len(w.Data) > 0 {
		e.Extra = w.Data
	}
	return m.err
}

// members takes the known members out of an object and leaves the others.
type members struct {
	m   map[string]json.RawMessage
	err error
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
