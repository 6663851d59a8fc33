// Package report turns what a client's SDK reports, and what the server itself
// saw, into events.
//
// A report claims only what its socket or token allows: the subject passed in
// is trusted and wins; the body fills in what the subject leaves empty. A body
// that names another room or user than the subject is refused.
package report

import (
	"encoding/json"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// TrackFacts is what a track event tells about its track.
type TrackFacts = event.Track

// Socket reads the params of the SDK's `analytics` notification. The second
// result is false for events we do not keep (join.success, stats ...). It fails
// with fault.FieldMissing, fault.FieldInvalid or fault.BodyInvalid.
func Socket(raw json.RawMessage, s event.Subject) (event.Event, bool, error) {
	return event.Event{}, false, nil
}

// HTTP reads the body of POST /v2/client/report, one report or an array of
// them, and gives the events to keep, perhaps none. The user agent is used where
// the subject has no agent. It fails like Socket, and with
// fault.TokenRoomMismatch when the body names another room than the subject.
// One bad report refuses the whole body.
func HTTP(body []byte, userAgent string, s event.Subject) ([]event.Event, error) {
	return nil, nil
}

// Seen is a failure the server saw itself. The action is the client's word for
// what it was doing ("INIT", "JOIN", "PUBLISH"); empty takes the usual one of t.
// The code and name are those the client was or would be told, so that the
// client's own report of the same failure is recognised and counted once.
func Seen(t event.Type, action string, e *fault.Error, s event.Subject) event.Event {
	return event.Event{Type: t, Action: action, Subject: s, Source: event.FromServer}
}

// Track is a track added (event.TrackAdded), muted or unmuted
// (event.TrackUpdated), or removed (event.TrackRemoved).
func Track(t event.Type, track TrackFacts, s event.Subject) event.Event {
	return event.Event{Type: t, Track: &track, Subject: s, Source: event.FromServer}
}
