// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// vocabulary is the dialect of the SDKs that report here.
var vocabulary = dialect.HMS

// Vocabulary is that dialect for stores: what is read from one that has it is in
// these words.
func Vocabulary() event.Vocabulary { return words{vocabulary} }

// In puts an event, as it is read from a store, into the words of a dialect. What
// a client reported in that dialect stands word for word; of what it reported in
// another its own text stands, and code and name are those of the fault that it
// was taken for. The client's half of the event stays as it is.
func In(d *dialect.Dialect, e *event.Event) {
	client, server := e.Halves()
	if e.Server != nil && d != vocabulary {
		own := *e.Server
		own.Failure, own.Action = words{d}.Words(e.Type, server)
		own.Failure.Terminal = server.Failure.Terminal
		e.Server = &own
	}
	switch {
	case client != nil && (client.Dialect == d.Name || client.Dialect == "" && d == vocabulary):
	case client != nil:
		e.Client = client
		said := event.Seen{Fault: e.Fault, Op: e.Op, Details: e.Details}
		f, action := words{d}.Words(e.Type, &said)
		f.Message, f.Description = cmp.Or(e.Failure.Message, f.Message), cmp.Or(e.Failure.Description, f.Description)
		f.Terminal = e.Failure.Terminal
		e.Failure, e.Action = f, action
	case server != nil && d != vocabulary:
		f, action := words{d}.Words(e.Type, server)
		f.Terminal = e.Failure.Terminal
		e.Failure, e.Action = f, action
	}
}

// words is a dialect as [event.Vocabulary].
type words struct{ *dialect.Dialect }

func (w words) Name() string { return w.Dialect.Name }

func (w words) Words(t event.Type, s *event.Seen) (event.Failure, string) {
	action := usualAction[t]
	switch s.Op {
	case fault.OpToken, fault.OpUpdate: // the types have no word for these
		action = methodOf(vocabulary, s.Op)
	}
	if w.Dialect != vocabulary {
		action = methodOf(w.Dialect, s.Op)
	}
	k := fault.Lookup(s.Fault)
	if k == nil {
		return event.Failure{}, action
	}
	said := w.Word(s.Op, k)
	occurrence := fault.Error{Kind: k, Op: s.Op, Details: s.Details}
	if n, ok := occurrence.Detail("code").(int); ok && occurrence.Detail("injected") == true {
		said.Code = n // provoked with a number of its own
	}
	return event.Failure{Code: said.Code, Name: said.Name, Message: k.Title, Description: occurrence.Safe(), Terminal: said.Terminal}, action
}

// methodOf is a dialect's word for an operation, or "".
func methodOf(d *dialect.Dialect, op fault.Op) string {
	for _, m := range d.Methods() {
		if m.Op == op {
			return m.Name
		}
	}
	return ""
}

// CanMean looks for the server's fault among those that the client's code can
// stand for in its dialect, or in any when its own does not have the code. A
// client that repeats the number it was told speaks of the same.
func (w words) CanMean(client, server *event.Sign) bool {
	if client.Code != 0 && client.Code == server.Code {
		return true
	}
	said := client.Name
	if client.Code != 0 {
		said = strconv.Itoa(client.Code)
	}
	if said == "" || server.Fault == "" {
		return false
	}
	own := dialect.ByName(client.Dialect)
	if own == nil {
		own = w.Dialect
	}
	if found := own.Lookup(client.Op, said); len(found) > 0 {
		return among(found, server.Fault)
	}
	for _, d := range dialect.Vendors() {
		if among(d.Lookup(client.Op, said), server.Fault) {
			return true
		}
	}
	return false
}

func among(found []dialect.Candidate, id string) bool {
	return slices.ContainsFunc(found, func(c dialect.Candidate) bool { return c.Kind.ID == id })
}

// usualAction is the SDK's word for what a client does when an event of a type
// occurs.
var usualAction = map[event.Type]string{
	event.ConnectFailed: "INIT", event.JoinFailed: "JOIN", event.PublishFailed: "PUBLISH",
	event.SubscribeFailed: "SUBSCRIBE", event.Disconnected: "RECONNECT_SIGNAL",
}

// opOf names the operation behind an action of the SDK, or else the usual one
// of an event's type.
func opOf(action string, t event.Type) fault.Op {
	if action != "" {
		if op, ok := vocabulary.Op(action); ok {
			return op
		}
	}
	switch t {
	case event.ConnectFailed:
		return fault.OpConnect
	case event.JoinFailed:
		return fault.OpJoin
	case event.PublishFailed, event.TrackAdded, event.TrackUpdated:
		return fault.OpPublish
	case event.TrackRemoved:
		return fault.OpUnpublish
	case event.SubscribeFailed:
		return fault.OpSubscribe
	default:
		return fault.OpReconnect
	}
}

// canonical finds the fault behind what a client reports, or "" when the
// catalogue has none for it or cannot tell which.
func canonical(op fault.Op, f event.Failure) string {
	c, sure := vocabulary.Identify(op, f.Code, f.Name, f.Message)
	if !sure {
		return ""
	}
	return c.Kind.ID
}
