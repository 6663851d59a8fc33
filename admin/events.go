// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"
)

// The types of events that a filter can ask for. The failures are told by a
// client, by the server, or by both; the tracks by the server alone.
const (
	ConnectFailed   = "client.connect.failed"   // could not reach or open the service
	JoinFailed      = "client.join.failed"      // could not enter the room
	PublishFailed   = "client.publish.failed"   // could not send audio or video
	SubscribeFailed = "client.subscribe.failed" // could not receive audio or video
	Disconnected    = "client.disconnected"     // lost the room, for a while or for good
	TrackAdded      = "track.add.success"       // a track was published
	TrackUpdated    = "track.update.success"    // a track was muted or unmuted
	TrackRemoved    = "track.remove.success"    // a track ended
	Recorded        = "beam.recording.success"  // which this server never produces
)

// EventTypes returns all types, failures first.
func EventTypes() []string {
	return []string{
		ConnectFailed, JoinFailed, PublishFailed, SubscribeFailed, Disconnected,
		TrackAdded, TrackUpdated, TrackRemoved, Recorded,
	}
}

// IsFailure tells the type of a failure from that of a track.
func IsFailure(eventType string) bool { return strings.HasPrefix(eventType, "client.") }

// Event is one thing on record; docs/events.md says what each field means.
type Event struct {
	Version string      `json:"version"`
	ID      string      `json:"id"`
	Time    time.Time   `json:"timestamp"` // when the server took it, by its own clock
	Type    string      `json:"type"`      // such as "client.disconnected"
	Data    EventData   `json:"data"`
	Redial  EventRedial `json:"redial"`

	// Raw is the event as the server sent it, with what has no field here; an
	// event that has it is written as it.
	Raw json.RawMessage `json:"-"`
}

// EventData is what happened, to whom.
type EventData struct {
	User        string     `json:"user_id,omitempty"` // the app's own id
	UserName    string     `json:"user_name,omitempty"`
	Peer        string     `json:"peer_id,omitempty"`
	Account     string     `json:"account_id,omitempty"`
	Room        string     `json:"room_id,omitempty"`
	RoomName    string     `json:"room_name,omitempty"`
	Session     string     `json:"session_id,omitempty"`
	Template    string     `json:"template_id,omitempty"`
	Role        string     `json:"role,omitempty"`
	Domain      string     `json:"domain,omitempty"` // where the app runs, in the client's word
	Action      string     `json:"action,omitempty"` // what the client was doing, in its own word
	Terminal    bool       `json:"is_terminal,omitempty"`
	Code        int        `json:"error_code,omitempty"`
	Name        string     `json:"error_name,omitempty"`
	Message     string     `json:"error_message,omitempty"`
	Description string     `json:"error_description,omitempty"`
	Agent       EventAgent `json:"agent,omitzero"`

	// Of track events only.
	TrackID   string    `json:"track_id,omitempty"`
	StreamID  string    `json:"stream_id,omitempty"`
	TrackType string    `json:"type,omitempty"`   // "audio" or "video"
	Source    string    `json:"source,omitempty"` // "regular", "screen" or a word of the app's
	Mute      bool      `json:"mute,omitempty"`
	JoinedAt  time.Time `json:"joined_at,omitzero"`
	StartedAt time.Time `json:"started_at,omitzero"`
	StoppedAt time.Time `json:"stopped_at,omitzero"`
}

// EventAgent is the client's software, as it says.
type EventAgent struct {
	SDK                 string `json:"sdk,omitempty"`
	SDKVersion          string `json:"sdk_version,omitempty"`
	OS                  string `json:"os,omitempty"`
	OSVersion           string `json:"os_version,omitempty"`
	DeviceModel         string `json:"device_model,omitempty"`
	Prebuilt            bool   `json:"is_prebuilt,omitempty"`
	Framework           string `json:"framework,omitempty"`
	FrameworkVersion    string `json:"framework_version,omitempty"`
	FrameworkSDKVersion string `json:"framework_sdk_version,omitempty"`
	Domain              string `json:"domain,omitempty"`
	Text                string `json:"string,omitempty"` // the whole, as it was sent
}

// EventSource is who told of an event.
type EventSource string

// The sources. One failure that both have told of is one event.
const (
	FromClient EventSource = "client"
	FromServer EventSource = "server"
	FromBoth   EventSource = "both"
)

// EventRedial is what the server knows beyond the documented shape.
type EventRedial struct {
	Fault      string      `json:"fault,omitempty"` // id in the catalogue
	Op         string      `json:"op,omitempty"`
	Source     EventSource `json:"source"`             // who told of it
	Injected   bool        `json:"injected"`           // provoked on purpose
	Provoked   string      `json:"provoked,omitempty"` // the cause that was provoked, where an injection named one
	ClientTime time.Time   `json:"client_timestamp,omitzero"`
	// Happened is when it happened, by the server's clock, where that was well before
	// it was told; HappenedErrorMS is by how many milliseconds that may be wrong.
	Happened        time.Time `json:"happened,omitzero"`
	HappenedErrorMS int64     `json:"happened_error_ms,omitempty"`

	UserProof string   `json:"user_id_proof,omitempty"` // of the user: "token", "code" or "none"
	Clipped   []string `json:"clipped,omitempty"`       // fields that were shortened

	// Diagnosis is the verdict that is kept of a failure; nil for none, as in the first
	// two minutes.
	Diagnosis *EventDiagnosis `json:"diagnosis,omitempty"`

	// Of an event by its id, and where EventFilter.Halves is set.
	Client *ClientHalf `json:"client,omitempty"` // what the client told of a failure
	Server *ServerHalf `json:"server,omitempty"` // what the server saw of it

	// Evidence is what the server knew when the client told of something that the server
	// did not see itself; docs/events.md has the fields.
	Evidence any `json:"evidence,omitempty"`
}

// EventDiagnosis is why a failure happened, as the server found when both sides had
// had their time. It is given once and never changes.
type EventDiagnosis struct {
	Cause      string `json:"cause,omitempty"` // id in the catalogue; "" when it is not known
	Confidence string `json:"confidence"`      // "proven", "likely", "possible" or "not known"
	Rules      string `json:"rules"`           // the version of the rules
}

// ClientHalf is what a client told of a failure, word for word.
type ClientHalf struct {
	Dialect     string    `json:"dialect,omitempty"` // whose words these are
	Code        int       `json:"code,omitempty"`
	Name        string    `json:"name,omitempty"`
	Message     string    `json:"message,omitempty"`
	Description string    `json:"description,omitempty"`
	Action      string    `json:"action,omitempty"`
	Terminal    bool      `json:"terminal"`
	Fault       string    `json:"fault"`          // what the words stand for; "" when they stand for several faults or for none
	Op          string    `json:"op"`             // operation
	At          time.Time `json:"at,omitzero"`    // by the client's clock
	Taken       time.Time `json:"taken,omitzero"` // when the server took it; absent where the event has no other half

	Happened        time.Time `json:"happened,omitzero"` // as in EventRedial, of this half
	HappenedErrorMS int64     `json:"happened_error_ms,omitempty"`
}

// ServerHalf is what the server saw of a failure.
type ServerHalf struct {
	Terminal bool          `json:"terminal"`
	Fault    string        `json:"fault"` // id in the catalogue
	Op       string        `json:"op"`
	Details  []EventDetail `json:"details,omitempty"`
	Evidence any           `json:"evidence,omitempty"` // what the server knew then; docs/events.md has the fields
	Taken    time.Time     `json:"taken,omitzero"`     // when it was seen; absent where the event has no other half
	Words    EventWords    `json:"words,omitzero"`     // how clients are told of it, in the dialect that was asked for
}

// EventDetail is a detail of a fault: a text, a number or a truth under a name.
type EventDetail struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// EventWords are the words of a vendor for a fault.
type EventWords struct {
	Code        int    `json:"code,omitempty"`
	Name        string `json:"name,omitempty"`
	Message     string `json:"message,omitempty"`
	Description string `json:"description,omitempty"`
	Action      string `json:"action,omitempty"`
}

// plainEvent is an Event without its methods.
type plainEvent Event

// UnmarshalJSON reads an event and keeps it as it is in Raw.
func (e *Event) UnmarshalJSON(data []byte) error {
	var p plainEvent
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	p.Raw = append(json.RawMessage(nil), data...)
	*e = Event(p)
	return nil
}

// MarshalJSON writes Raw, or the fields where there is none.
func (e Event) MarshalJSON() ([]byte, error) {
	if len(e.Raw) > 0 {
		return e.Raw, nil
	}
	return json.Marshal(plainEvent(e))
}

// String is the event in a line, for logs and messages of tests.
func (e Event) String() string {
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s %s", e.Time.Format("15:04:05.000"), e.Type)
	if e.Data.Code != 0 {
		fmt.Fprintf(b, " %d %s", e.Data.Code, e.Data.Name)
	}
	for _, f := range [][2]string{{"fault", e.Redial.Fault}, {"user", e.Data.User}, {"peer", e.Data.Peer}, {"role", e.Data.Role}, {"source", string(e.Redial.Source)}} {
		if f[1] != "" {
			fmt.Fprintf(b, " %s=%s", f[0], f[1])
		}
	}
	fmt.Fprintf(b, " terminal=%t injected=%t", e.Data.Terminal, e.Redial.Injected)
	return b.String()
}

// EventFilter chooses events. Everything that is set must match; of a list, any of
// its values may.
type EventFilter struct {
	Types       []string  `query:"type"` // see EventTypes
	RoomID      string    `query:"room_id"`
	SessionID   string    `query:"session_id"`
	PeerID      string    `query:"peer_id"`
	UserID      string    `query:"user_id"`       // the app's own id
	UserProof   string    `query:"user_id_proof"` // of UserID: token, code or none; "" is token
	Faults      []string  `query:"fault"`         // ids in the catalogue
	Codes       []int     `query:"error_code"`
	Errors      bool      `query:"error"` // failures only, no tracks
	Terminal    *bool     `query:"terminal"`
	SDK         string    `query:"sdk"`
	OS          string    `query:"os"`
	Dialect     string    `query:"dialect"`    // in whose words to give code, name and text, such as "opentok"; "" is "hms", as documented
	Halves      bool      `query:"halves"`     // with what each side told: see EventRedial.Client
	Diagnoses   []string  `query:"diagnosis"`  // causes of the verdicts: ids in the catalogue
	Confidences []string  `query:"confidence"` // of the verdicts: see EventDiagnosis
	Since       time.Time `query:"since"`      // taken at or after
	Until       time.Time `query:"until"`      // taken before

	HappenedSince time.Time `query:"happened_since"` // happened at or after, as far as that is known: see EventRedial.Happened
	HappenedUntil time.Time `query:"happened_until"` // happened before

	Order Order  `query:"order"` // not of streams
	Limit int    `query:"limit"` // of a page, 1 to 100; 0: 10. Not of streams
	Start string `query:"start"` // Next of the page before. Not of streams
}

// Order is the order of events; "" is OldestFirst.
type Order string

// The orders.
const (
	OldestFirst Order = "asc"
	NewestFirst Order = "desc"
)

// EventPage is one page of the events that matched when the first page was asked
// for. What is stored later is not part of it.
type EventPage struct {
	Limit  int     `json:"limit"` // events of this page
	Total  int     `json:"total"` // events of all pages
	Next   string  `json:"next"`  // Start of the next page; "" on the last one
	Events []Event `json:"events"`
}

// List returns a page of events: [fault.FieldInvalid].
func (c Events) List(ctx context.Context, f EventFilter) (EventPage, error) {
	return fetch[EventPage](ctx, c, get("/v2/analytics/events").where(parameters(f)))
}

// All yields every event of a filter, page by page, until the first error.
// Those that are stored meanwhile are not among them.
func (c Events) All(ctx context.Context, f EventFilter) iter.Seq2[Event, error] {
	if f.Limit == 0 {
		f.Limit = maxLimit
	}
	return all(ctx, f.Start, func(ctx context.Context, start string) ([]Event, string, error) {
		f.Start = start
		p, err := c.List(ctx, f)
		return p.Events, p.Next, err
	})
}

// Get returns an event by its id: [fault.EventNotFound].
func (c Events) Get(ctx context.Context, id string) (Event, error) {
	path, err := at("/api/v1/events/", id)
	if err != nil {
		return Event{}, err
	}
	return fetch[Event](ctx, c, get(path))
}

// UserKey names one user. Users of one id whose proofs differ are different users.
type UserKey struct {
	ID    string // the app's own id
	Proof string // "token" (or "") for the user that a backend signed for, "code" for whoever came by a room code with the id, "none" for what unsigned tokens said
}

// EraseUser removes every event about a user, and returns how many there were:
// [fault.FieldInvalid].
func (c Events) EraseUser(ctx context.Context, user UserKey) (int, error) {
	path, err := at("/api/v1/users/", user.ID, "/events")
	if err != nil {
		return 0, err
	}
	if user.Proof != "" {
		path += "?user_id_proof=" + url.QueryEscape(user.Proof)
	}
	return removed(ctx, c, remove(path))
}

// Retention says for how long an account keeps its events.
type Retention struct {
	Days        float64    `json:"days"`                 // 0: for ever
	DefaultDays float64    `json:"default_days"`         // of accounts that have chosen nothing
	Own         bool       `json:"own"`                  // the account has chosen
	UpdatedAt   *time.Time `json:"updated_at,omitempty"` // when it chose
	UpdatedBy   string     `json:"updated_by,omitempty"` // id of the token that did
	Evicted     int64      `json:"evicted,omitempty"`    // events that went for want of room, ever
}

// Retention returns for how long the account keeps its events.
func (c Events) Retention(ctx context.Context) (Retention, error) {
	return fetch[Retention](ctx, c, get("/api/v1/events/retention"))
}

// SetRetention has the account keep its events for a number of days, 1 to 3650, or
// for ever with 0. What is older goes at once. Safe to repeat. It fails with
// [fault.FieldInvalid].
func (c Events) SetRetention(ctx context.Context, days int) (Retention, error) {
	return fetch[Retention](ctx, c, request{method: "PUT", path: "/api/v1/events/retention", in: map[string]int{"days": days}})
}

// ClearRetention gives the account's own choice up, for the server's default. Safe
// to repeat.
func (c Events) ClearRetention(ctx context.Context) error {
	return c.call(ctx, remove("/api/v1/events/retention").repeatable(), nil)
}
