// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package report turns what a client's SDK reports, and what the server itself
// saw, into events.
//
// A report claims only what its socket or token allows: the subject passed in
// is trusted and wins; the body fills in what the subject leaves empty. A body
// that names another room or user than the subject is refused.
package report

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// Limits of one HTTP body. What is kept of an event is bounded by package
// event.
const (
	MaxBody    = 256 << 10 // bytes
	MaxReports = 100       // reports in one body: as many as the SDK keeps while it is offline
)

// kept maps the SDK's names to the events we keep. The others inform of
// success, statistics and devices; they are read no further than their name.
var kept = map[string]event.Type{
	"connect.failed":   event.ConnectFailed,
	"join.failed":      event.JoinFailed,
	"publish.failed":   event.PublishFailed,
	"subscribe.failed": event.SubscribeFailed,
	"disconnected":     event.Disconnected,
}

// Socket reads the params of the SDK's `analytics` notification. The second
// result is false for events we do not keep (join.success, stats ...). It fails
// with fault.FieldMissing, fault.FieldInvalid or fault.BodyInvalid.
func Socket(raw json.RawMessage, s event.Subject) (event.Event, bool, error) {
	o, err := parseObject(raw, "params")
	if err != nil {
		return event.Event{}, false, err
	}
	name := o.text("name", required)
	typ, keep := kept[name]
	if o.err != nil || !keep {
		return event.Event{}, false, o.err
	}
	info := o.object("info", required)
	if o.err != nil {
		return event.Event{}, false, o.err
	}
	created := info.millis("timestamp")
	if created == 0 {
		created = o.millis("timestamp")
	}
	r := reading{typ: typ, name: name, payload: info, created: created, ident: strconv.FormatInt(created, 10)}
	e := r.event(s)
	if err := cmp.Or(o.err, info.err); err != nil {
		return event.Event{}, false, err
	}
	return e, true, nil
}

// What is kept of a note of the SDK.
const (
	maxNoteName    = 64
	maxNoteMembers = 12
	maxNoteKey     = 32
	maxNoteValue   = 96
)

// tellings are the remarks of the SDK that tell of a fault.
var tellings = map[string]*fault.Kind{"autoplayError": fault.AutoplayBlocked, "interruption.start": fault.AudioInterrupted}

// Note reads the params of an `analytics` notification that is no failure, such as
// a device that was changed or statistics: its name, its time and those of its
// members that are single short values, without addresses. False for what is none.
func Note(raw json.RawMessage) (evidence.Note, bool) {
	o, err := parseObject(raw, "params")
	if err != nil {
		return evidence.Note{}, false
	}
	name := o.text("name", required)
	if _, failure := kept[name]; failure || o.err != nil || len(name) > maxNoteName {
		return evidence.Note{}, false
	}
	n := evidence.Note{Name: event.Mask(name)}
	if k := tellings[name]; k != nil {
		n.Says = k.ID
	}
	info := o.object("info", optional)
	if info == nil {
		return n, o.err == nil
	}
	created := cmp.Or(info.millis("timestamp"), o.millis("timestamp"))
	if created != 0 {
		n.Told = time.UnixMilli(created).UTC()
	}
	for _, key := range slices.Sorted(maps.Keys(info.members)) {
		value := info.members[key]
		if len(n.Info) == maxNoteMembers || len(key) > maxNoteKey || len(value) > maxNoteValue || len(value) == 0 || value[0] == '{' || value[0] == '[' || string(value) == "null" {
			continue
		}
		if n.Info == nil {
			n.Info = map[string]json.RawMessage{}
		}
		n.Info[event.Mask(key)] = json.RawMessage(event.Mask(string(value)))
	}
	return n, true
}

// HTTP reads the body of POST /v2/client/report, one report or an array of
// them, and gives the events to keep, perhaps none. The user agent is used where
// the subject has no agent. It fails like Socket, with fault.BodyTooLarge, and
// with fault.TokenRoomMismatch when the body names another room than the
// subject. One bad report refuses the whole body: nothing is stored by half.
func HTTP(body []byte, userAgent string, s event.Subject) ([]event.Event, error) {
	if len(body) > MaxBody {
		return nil, fault.BodyTooLarge.New("limit_bytes", MaxBody)
	}
	if s.Agent.String == "" {
		s.Agent = event.ParseAgent(userAgent)
	}
	if !strings.HasPrefix(strings.TrimLeft(string(body[:min(len(body), 64)]), " \t\r\n"), "[") {
		e, keep, err := one(body, s)
		if err != nil || !keep {
			return nil, err
		}
		return []event.Event{e}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fault.BodyInvalid.Wrap(err, "reason", "it is not JSON")
	}
	if len(list) > MaxReports {
		return nil, fault.BodyTooLarge.New("limit_reports", MaxReports)
	}
	var events []event.Event
	for i, raw := range list {
		e, keep, err := one(raw, s)
		if err != nil {
			return nil, at(err, i)
		}
		if keep {
			events = append(events, e)
		}
	}
	return events, nil
}

// one reads one report of the HTTP shape.
func one(raw []byte, s event.Subject) (event.Event, bool, error) {
	none := event.Event{}
	o, err := parseObject(raw, "")
	if err != nil {
		return none, false, err
	}
	name := o.text("event", required)
	if o.err != nil {
		return none, false, o.err
	}
	peer := o.object("peer", optional)
	if err := claim(peer, &s); err != nil {
		return none, false, cmp.Or(o.err, err)
	}
	typ, keep := kept[name]
	if o.err != nil || !keep {
		return none, false, o.err
	}
	device := o.text("device_id", optional)
	ident := o.ident("event_id")
	created := o.millis("timestamp")
	if n, err := strconv.ParseInt(ident, 10, 64); err == nil && created == 0 && inRange(n) {
		created = n // the SDK's event id is the time of creation
	}
	if ident == "" && created != 0 {
		ident = strconv.FormatInt(created, 10)
	}
	payload := o.object("payload", required)
	if o.err != nil {
		return none, false, o.err
	}
	r := reading{typ: typ, name: name, payload: payload, created: created, ident: ident, device: device}
	e := r.event(s)
	if err := cmp.Or(o.err, payload.err); err != nil {
		return none, false, err
	}
	return e, true, nil
}

// claim fills what the subject leaves empty from what the report says of its
// peer, and refuses what contradicts the token.
func claim(peer *object, s *event.Subject) error {
	if peer == nil {
		return nil
	}
	if room := peer.text("room_id", optional); room != "" && s.RoomID != "" && room != s.RoomID {
		return fault.TokenRoomMismatch.New("field", peer.name("room_id"))
	}
	if user := peer.text("user_id", optional); user != "" && s.UserID != "" && user != s.UserID {
		return fault.FieldInvalid.New("field", peer.name("user_id"), "reason", "is not the user of the token")
	}
	s.PeerID = cmp.Or(s.PeerID, peer.text("peer_id", optional))
	s.SessionID = cmp.Or(s.SessionID, peer.text("session_id", optional))
	s.UserName = cmp.Or(s.UserName, peer.text("user_name", optional))
	s.RoomName = cmp.Or(s.RoomName, peer.text("room_name", optional))
	s.TemplateID = cmp.Or(s.TemplateID, peer.text("template_id", optional))
	s.Role = cmp.Or(s.Role, peer.text("role", optional))
	return peer.err
}

// reading is a report on its way to an event, the same from either path.
type reading struct {
	typ     event.Type
	name    string  // the SDK's name
	payload *object // error, action and further fields
	created int64   // by the client's clock, Unix milliseconds; 0 when it did not say
	ident   string  // what tells it from the client's other reports of this name
	device  string
}

func (r *reading) event(s event.Subject) event.Event {
	p := r.payload
	e := event.Event{
		Type: r.typ, Subject: s, Source: event.FromClient, Dialect: vocabulary.Name,
		Failure: event.Failure{
			Code:        p.number("error_code"),
			Name:        p.text("error_name", optional),
			Message:     p.text("error_message", optional),
			Description: p.loose("error_description"),
			Terminal:    p.truth("is_terminal"),
		},
		Action: p.text("action", optional),
		Domain: cmp.Or(p.text("domain", optional), s.Agent.Domain),
	}
	if r.created != 0 {
		e.ClientTime = time.UnixMilli(r.created).UTC()
	}
	p.take("timestamp")
	p.take(event.WitnessField) // which has a door of its own
	p.take(event.AskedField)   // the same
	if e.Extra = p.members; len(e.Extra) == 0 {
		e.Extra = nil
	}
	e.Op = opOf(e.Action, e.Type)
	e.Fault = canonical(e.Op, e.Failure)
	e.Key = r.key(&e)
	return e
}

// key identifies the occurrence. Both paths know the peer, the name, the time
// of creation and the error, so a report sent over the socket and again over
// HTTP has one key; the trusted room and user are part of it, so nobody can
// take the place of another's report. A report without a time or an id has no
// identity and always counts.
func (r *reading) key(e *event.Event) string {
	who := cmp.Or(e.PeerID, r.device)
	if r.ident == "" || r.ident == "0" || who == "" {
		return ""
	}
	return strings.Join([]string{
		e.AccountID, e.RoomID, e.UserKey(), who, r.name, r.ident,
		strconv.Itoa(e.Failure.Code), e.Action, strconv.FormatBool(e.Failure.Terminal),
	}, "\x00")
}

// Seen is a failure the server saw itself. Its words are those in which clients
// are told of it; what the client was doing follows from the type and the
// operation.
func Seen(t event.Type, e *fault.Error, s event.Subject) event.Event {
	seen := event.Event{Type: t, Subject: s, Source: event.FromServer, Domain: s.Agent.Domain, Op: opOf("", t)}
	if e != nil {
		seen.Fault, seen.Op, seen.Details = e.Kind.ID, cmp.Or(e.Op, seen.Op), e.Details
	}
	half := event.Seen{Fault: seen.Fault, Op: seen.Op, Details: seen.Details}
	seen.Failure, seen.Action = words{vocabulary}.Words(t, &half)
	return seen
}

// TrackFacts is what a track event tells about its track.
type TrackFacts = event.Track

// Track is a track added (event.TrackAdded), muted or unmuted
// (event.TrackUpdated), or removed (event.TrackRemoved).
func Track(t event.Type, track TrackFacts, s event.Subject) event.Event {
	return event.Event{Type: t, Track: &track, Subject: s, Source: event.FromServer, Op: opOf("", t)}
}

// inRange bounds a client's clock to what a time can say: from 1970 to 9999,
// in milliseconds.
func inRange(ms int64) bool { return ms > 0 && ms < 253_402_300_800_000 }

// whole tells whether a JSON number is an integer that fits.
func whole(f float64) bool { return f == math.Trunc(f) && math.Abs(f) <= math.MaxInt32 }
