// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

// signalPrefix begins the types of signals. What follows is the type of a
// message in the room, so that those of other wires read them.
const signalPrefix = "signal:"

// maxRecipients is how many connections a signal may name.
const maxRecipients = 1000

type signalParams struct {
	Message string `json:"message"` // JSON as text
}

// signal is what a client tells others.
type signal struct {
	To   []room.PeerID `json:"to"`
	Type string        `json:"type"`
	Data string        `json:"data"`
}

// read takes the message apart. Fails with fault.FieldMissing and FieldInvalid.
func (p signalParams) read() (m signal, err error) {
	if p.Message == "" {
		return m, missing("message")
	}
	if err := json.Unmarshal([]byte(p.Message), &m); err != nil {
		return m, fault.FieldInvalid.New("field", "message", "want", "the text of a JSON object with to, type and data", "problem", err.Error())
	}
	return m, nil
}

// signal sends a message to the named connections, or to everybody, its sender
// included.
func (s *session) signal(ctx context.Context, c *call, p signalParams) (any, error) {
	m, err := p.read()
	if err != nil {
		return nil, err
	}
	if len(m.To) > maxRecipients {
		return nil, fault.FieldInvalid.New("field", "message.to", "max", maxRecipients, "got", len(m.To))
	}
	msg := room.Message{Type: strings.TrimPrefix(m.Type, signalPrefix), Body: m.Data}
	mine := len(m.To) == 0
	if mine {
		if _, err := s.p.Room().Send(ctx, s.p.ID(), msg); err != nil {
			return nil, err
		}
	}
	for _, to := range m.To { // all or none
		if t, known := s.told[to]; (!known || t.conn != to) && to != s.p.ID() {
			return nil, fault.PeerNotFound.New("field", "message.to", "peer", clip(string(to), 128))
		}
	}
	for _, to := range m.To {
		if to == s.p.ID() {
			mine = true
			continue
		}
		msg.To = s.told.owner(to)
		if _, err := s.p.Room().Send(ctx, s.p.ID(), msg); err != nil {
			return nil, err
		}
	}
	if mine {
		c.then = func() { s.tellMessage(room.Message{Type: msg.Type, Body: msg.Body, From: &room.Peer{ID: s.p.ID()}}) }
	}
	return nil, nil
}

// tellMessage passes a message of the room on as a signal.
func (s *session) tellMessage(m room.Message) {
	n := struct {
		Type string      `json:"type"`
		Data string      `json:"data"`
		From room.PeerID `json:"from,omitempty"`
	}{Type: signalPrefix + m.Type, Data: m.Body}
	if m.From != nil {
		n.From = m.From.ID
	}
	s.notifyReliable("sendMessage", n)
}

type targetParams struct {
	Connection room.PeerID `json:"connectionId"`
}

// forceDisconnect removes a peer.
func (s *session) forceDisconnect(ctx context.Context, _ *call, p targetParams) (any, error) {
	if p.Connection == "" {
		return nil, missing("connectionId")
	}
	return nil, s.p.Room().Moderation().Remove(ctx, s.p.ID(), s.told.owner(p.Connection), "forceDisconnectByUser")
}
