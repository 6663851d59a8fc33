// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"encoding/json"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// message is what is sent to a hook: an event, the verdict on one, or a callback.
type message struct {
	event    string // the id of the event it is about
	id, kind string
	body     []byte
}

func eventMessage(e *event.Event) message {
	return message{event: e.ID, id: e.ID, kind: string(e.Type), body: payload(e)}
}

// verdictMessage is the verdict on a failure. The failure is in it whole, as it is when
// both sides have told of it, and says whose it is. Its id is its own and always the same.
func verdictMessage(e *event.Event) message {
	type data struct {
		EventID    string     `json:"event_id"`
		EventType  event.Type `json:"event_type"`
		Cause      string     `json:"cause,omitempty"`
		Title      string     `json:"title,omitempty"`
		Confidence string     `json:"confidence"`
		Rules      string     `json:"rules"`
	}
	d := e.Diagnosis
	if d == nil { // cannot happen: it was asked for
		d = &event.Diagnosis{}
	}
	w := struct {
		Version   string          `json:"version"`
		ID        string          `json:"id"`
		AccountID string          `json:"account_id"`
		Timestamp time.Time       `json:"timestamp"`
		Type      string          `json:"type"`
		Data      data            `json:"data"`
		Event     json.RawMessage `json:"event"`
	}{
		Version: "2.0", ID: event.KeyID(Verdicts+" "+e.ID, e.Time), AccountID: e.AccountID, Timestamp: e.Time.UTC(), Type: Verdicts,
		Data: data{
			EventID: e.ID, EventType: e.Type,
			Cause: d.Cause, Confidence: d.Confidence, Rules: d.Rules,
		},
		Event: eventjson.Append(nil, e),
	}
	if k := fault.Lookup(d.Cause); k != nil {
		w.Data.Title = k.Title
	}
	m := message{event: e.ID, id: w.ID, kind: Verdicts}
	var err error
	if m.body, err = json.Marshal(w); err != nil {
		m.body = w.Event // cannot happen: it is what was just written
	}
	return m
}
