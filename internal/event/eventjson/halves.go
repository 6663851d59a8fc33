// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"encoding/json"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// wordsJSON are words as a half has them.
type wordsJSON struct {
	Code        int    `json:"code"`
	Name        string `json:"name"`
	Message     string `json:"message"`
	Description string `json:"description"`
	Action      string `json:"action"`
}

func (w *wordsJSON) failure(terminal bool) event.Failure {
	return event.Failure{Code: w.Code, Name: w.Name, Message: w.Message, Description: w.Description, Terminal: terminal}
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
	happenedJSON
}

// happenedJSON is when something happened that was told later.
type happenedJSON struct {
	Happened time.Time `json:"happened"`
	Error    int64     `json:"happened_error_ms"`
}

func (h *happenedJSON) times() (at time.Time, wrong time.Duration) {
	return h.Happened, time.Duration(h.Error) * time.Millisecond
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
func appendHalves(b []byte, e *event.Event, v event.Vocabulary) []byte {
	c, s, hasClient, hasServer := e.Sides()
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
		if v == nil || hasServer {
			in.happened(c.Happened, c.HappenedError)
		}
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
		if none := s.Failure == (event.Failure{Terminal: s.Terminal}) && s.Action == ""; !spoken(&s, e.Type, v) && !(none && v == nil) {
			in.key("words")
			words := object{b: append(in.b, '{')}
			words.words(&s.Failure, s.Action)
			in.b = append(words.b, '}')
		}
		o.b = append(in.b, '}')
	}
	if s.Evidence == nil && e.Evidence != nil && e.Type.IsError() { // beside what the client alone told
		o.key("evidence")
		o.b = e.Evidence.AppendJSON(o.b)
	}
	return o.b
}

func (o *object) words(f *event.Failure, action string) {
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
func setHalves(e *event.Event, c *toldJSON, s *seenJSON, v event.Vocabulary) {
	if !e.Type.IsError() {
		return
	}
	var told event.Told
	var seen event.Seen
	if c != nil {
		told = event.Told{Failure: c.failure(c.Terminal), Action: c.Action, Dialect: c.Dialect, At: e.ClientTime, Taken: c.Taken, Fault: e.Fault, Op: e.Op}
		set(&told.Fault, c.Fault)
		set(&told.Op, c.Op)
		set(&told.At, c.At)
		if told.Happened, told.HappenedError = e.Happened, e.HappenedError; s != nil {
			told.Happened, told.HappenedError = c.times()
		}
	}
	if s != nil {
		seen = event.Seen{Fault: e.Fault, Op: e.Op, Details: s.Details, Evidence: s.Evidence, Taken: s.Taken}
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
		e.Failure, e.Action = event.JoinWords(&told, &seen)
		e.Dialect = told.Dialect
	case c != nil:
		e.Failure, e.Action, e.Dialect = told.Failure, told.Action, told.Dialect
	case s != nil:
		e.Failure, e.Action = seen.Failure, seen.Action
	case e.Source == event.FromClient || e.Source == event.FromBoth:
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

// spoken tells whether a half's words are what a vocabulary makes of it, so that
// they need not be kept.
func spoken(s *event.Seen, t event.Type, v event.Vocabulary) bool {
	if v == nil {
		return false
	}
	f, action := v.Words(t, s)
	f.Terminal = s.Terminal
	return f == s.Failure && action == s.Action
}
