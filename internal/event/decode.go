package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

// storedVersion is the version of the shape in which stores keep events. Those
// that have the documented version were written before there were halves.
const storedVersion = "3"

// Outdated tells whether a stored document was written by an earlier version.
func Outdated(doc []byte) bool { return bytes.HasPrefix(doc, []byte(`{"version":"`+version+`"`)) }

// UnmarshalJSON reads what MarshalJSON or AppendWhole wrote.
func (e *Event) UnmarshalJSON(b []byte) error { return e.decode(b, nil) }

// Decode reads what a store keeps: what AppendStored wrote, or AppendJSON in
// earlier versions.
func Decode(b []byte, v Vocabulary, e *Event) error { return e.decode(b, v) }

func (e *Event) decode(b []byte, v Vocabulary) error {
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
			Client     *toldJSON `json:"client"`
			Server     *seenJSON `json:"server"`
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
	e.setHalves(w.Redial.Client, w.Redial.Server, v)
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

// wordsJSON are words as a half has them.
type wordsJSON struct {
	Code        int    `json:"code"`
	Name        string `json:"name"`
	Message     string `json:"message"`
	Description string `json:"description"`
	Action      string `json:"action"`
}

func (w *wordsJSON) failure(terminal bool) Failure {
	return Failure{Code: w.Code, Name: w.Name, Message: w.Message, Description: w.Description, Terminal: terminal}
}

// toldJSON is a client's half. What is left out is as in the event.
type toldJSON struct {
	wordsJSON
	Dialect  string     `json:"dialect"`
	Terminal bool       `json:"terminal"`
	Fault    *string    `json:"fault"`
	Op       *fault.Op  `json:"op"`
	Taken    time.Time  `json:"taken"`
	At       *time.Time `json:"at"`
}

// seenJSON is a server's half. Its words are left out where the vocabulary makes
// them again, and fault and operation where they are those of the event.
type seenJSON struct {
	Terminal bool             `json:"terminal"`
	Fault    *string          `json:"fault"`
	Op       *fault.Op        `json:"op"`
	Details  []fault.Detail   `json:"details"`
	Evidence *evidence.Record `json:"evidence"`
	Taken    time.Time        `json:"taken"`
	Words    *wordsJSON       `json:"words"`
}

// appendHalves appends the halves to a block of our own that is not closed. With a
// vocabulary, what can be made of the rest again is left out.
func (e *Event) appendHalves(b []byte, v Vocabulary) []byte {
	c, s, hasClient, hasServer := e.halves()
	o := object{b: b}
	if hasClient {
		o.key("client")
		in := object{b: append(o.b, '{')}
		in.text("dialect", c.Dialect)
		in.words(&c.Failure, c.Action)
		in.bool("terminal", c.Failure.Terminal)
		if v == nil || c.Fault != e.Fault {
			in.always("fault", c.Fault)
		}
		if v == nil || c.Op != e.Op {
			in.always("op", string(c.Op))
		}
		if v == nil || !c.At.Equal(e.ClientTime) {
			in.time("at", c.At)
		}
		in.time("taken", c.Taken)
		o.b = append(in.b, '}')
	}
	if hasServer {
		o.key("server")
		in := object{b: append(o.b, '{')}
		in.bool("terminal", s.Failure.Terminal)
		if v == nil || s.Fault != e.Fault {
			in.always("fault", s.Fault)
		}
		if v == nil || s.Op != e.Op {
			in.always("op", string(s.Op))
		}
		if len(s.Details) > 0 {
			if raw, err := json.Marshal(s.Details); err == nil {
				in.key("details")
				in.b = append(in.b, raw...)
			}
		}
		if s.Evidence != nil {
			in.key("evidence")
			in.b = s.Evidence.AppendJSON(in.b)
		}
		in.time("taken", s.Taken)
		if none := s.Failure == (Failure{Terminal: s.Terminal}) && s.Action == ""; !s.spoken(e.Type, v) && !(none && v == nil) {
			in.key("words")
			words := object{b: append(in.b, '{')}
			words.words(&s.Failure, s.Action)
			in.b = append(words.b, '}')
		}
		o.b = append(in.b, '}')
	}
	return o.b
}

func (o *object) words(f *Failure, action string) {
	if f.Code != 0 {
		o.number("code", f.Code)
	}
	o.text("name", f.Name)
	o.text("message", f.Message)
	o.text("description", f.Description)
	o.text("action", action)
}

// setHalves makes the event of what its halves say; without any, the event is as
// an earlier version wrote it.
func (e *Event) setHalves(c *toldJSON, s *seenJSON, v Vocabulary) {
	if !e.Type.IsError() {
		return
	}
	var told Told
	var seen Seen
	if c != nil {
		told = Told{Failure: c.failure(c.Terminal), Action: c.Action, Dialect: c.Dialect, At: e.ClientTime, Taken: c.Taken, Fault: e.Fault, Op: e.Op}
		set(&told.Fault, c.Fault)
		set(&told.Op, c.Op)
		set(&told.At, c.At)
	}
	if s != nil {
		seen = Seen{Fault: e.Fault, Op: e.Op, Details: s.Details, Evidence: s.Evidence, Taken: s.Taken}
		set(&seen.Fault, s.Fault)
		set(&seen.Op, s.Op)
		switch {
		case s.Words != nil:
			seen.Failure, seen.Action = s.Words.failure(s.Terminal), s.Words.Action
		case v != nil:
			seen.Failure, seen.Action = v.Words(e.Type, &seen)
		}
		seen.Failure.Terminal = s.Terminal
		e.Details, e.Evidence = seen.Details, seen.Evidence
	}
	switch {
	case c != nil && s != nil:
		e.Client, e.Server = &told, &seen
		e.Failure, e.Action = join(&told, &seen)
		e.Dialect = told.Dialect
	case c != nil:
		e.Failure, e.Action, e.Dialect = told.Failure, told.Action, told.Dialect
	case s != nil:
		e.Failure, e.Action = seen.Failure, seen.Action
	case e.Source == FromClient || e.Source == FromBoth:
		if v != nil {
			e.Dialect = v.Name()
		}
	default:
		e.Details = readDetails(e.Fault, e.Failure.Description)
	}
}

func set[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}
