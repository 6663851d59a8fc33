// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

// Type names what happened.
type Type string

// The types a query can ask for. The five failures are told by a client, by
// the server, or by both; the track events are told by the server alone.
const (
	ConnectFailed   Type = "client.connect.failed"   // could not reach or open the service
	JoinFailed      Type = "client.join.failed"      // could not enter the room
	PublishFailed   Type = "client.publish.failed"   // could not send audio or video
	SubscribeFailed Type = "client.subscribe.failed" // could not receive audio or video
	Disconnected    Type = "client.disconnected"     // lost the room, for a while or for good
	TrackAdded      Type = "track.add.success"       // a track was published
	TrackUpdated    Type = "track.update.success"    // a track was muted or unmuted
	TrackRemoved    Type = "track.remove.success"    // a track ended

	// Recorded is a documented type that this server never produces: asking
	// for it is allowed and finds nothing.
	Recorded Type = "beam.recording.success"
)

// Types lists every type a query may name, failures first.
var Types = []Type{
	ConnectFailed, JoinFailed, PublishFailed, SubscribeFailed, Disconnected,
	TrackAdded, TrackUpdated, TrackRemoved, Recorded,
}

// IsError tells a failure from a track event.
func (t Type) IsError() bool {
	switch t {
	case ConnectFailed, JoinFailed, PublishFailed, SubscribeFailed, Disconnected:
		return true
	}
	return false
}

// Source says who told us.
type Source string

// The sources. An occurrence that the server saw and the client reported is
// one event from both: see [Pair].
const (
	FromClient Source = "client"
	FromServer Source = "server"
	FromBoth   Source = "both"
)

// Subject is whom an event is about, as far as it is known at the time.
type Subject struct {
	AccountID  string
	UserID     string // the app's own id, from the token
	UserProof  string // how UserID is proven: one of the proofs below; "" for events of earlier versions
	UserName   string
	PeerID     string
	RoomID     string
	SessionID  string
	RoomName   string
	TemplateID string
	Role       string
	Agent      Agent
}

// How the user of an event is proven.
const (
	ProofToken = "token" // by the signature of the app's backend
	ProofCode  = "code"  // not at all: whoever held a room code chose the id
	ProofNone  = "none"  // not at all: a token that nobody signed said so, and so of the role and the peer
)

// Proofs lists the proofs that a query can ask for.
var Proofs = []string{ProofToken, ProofCode, ProofNone}

// UserKey is a user as a store knows users apart: the id where it is proven, and
// another text for the same id where it was only claimed. Ids hold no control
// characters, so that no claim is equal to what is proven.
func UserKey(id, proof string) string {
	switch {
	case id == "":
		return ""
	case proof == ProofCode:
		return "\x01" + id
	case proof == ProofNone:
		return "\x02" + id
	}
	return id
}

// UserKey is the key of the subject's user.
func (s *Subject) UserKey() string { return UserKey(s.UserID, s.UserProof) }

// Failure is an error in words: those in which a client reported it, or else those
// of the vocabulary in which the event is read. Nothing is decided by them but
// whether the client gave up. The zero value means none.
type Failure struct {
	Code        int
	Name        string
	Message     string
	Description string
	Terminal    bool // the client gave up: nothing will be retried
}

// Track is what a track event says about its track.
type Track struct {
	ID           string
	StreamID     string
	Kind         string // "audio" or "video"
	Source       string // "regular", "screen" or a word of the app's
	Muted        bool
	PeerJoinedAt time.Time
	StartedAt    time.Time
	StoppedAt    time.Time // zero until the track has ended
}

// Event is one occurrence. [Recorder] fills ID and Time where they are empty.
type Event struct {
	ID   string    // UUID; derived from Key where there is one
	Time time.Time // when the server took it, UTC
	Type Type
	Subject
	Failure Failure
	Track   *Track                     // for track events only
	Action  string                     // what the client was doing, in the same words
	Dialect string                     // whose words a client reported in; "" for the server's
	Domain  string                     // where the app runs, in the client's word
	Extra   map[string]json.RawMessage // further documented fields: audio, video, devices, retries_join ...

	Fault      string // canonical id, "" when nothing in the catalogue fits
	Details    []fault.Detail
	Evidence   *evidence.Record // what the server knew, also of what the client alone told; nil for none
	Op         fault.Op         // operation, "" when unknown
	Source     Source           // who told us
	Injected   bool             // the failure was provoked on purpose
	Provoked   string           // the cause that was provoked, a fault's id; "" where none was named
	ClientTime time.Time        // when the client says it happened, by its own clock; may be zero

	// Happened is when it happened, by the server's clock, where that was well before
	// it was told; zero where it was not, or is not known. HappenedError is by how
	// much that may be wrong.
	Happened      time.Time
	HappenedError time.Duration

	// Client and Server are the two halves of an event from both sides. An event
	// that one side told is that side's half itself, unless it has been put into
	// other words than the client's own, which Client then has.
	Client *Told
	Server *Seen

	// Diagnosis is the verdict that is kept of a failure, filled in by the store and
	// not part of the stored JSON; nil for none.
	Diagnosis *Diagnosis

	// Seq is the event's place in its store, from 1, filled in by the store and
	// not part of the JSON.
	Seq int64

	// Clipped lists the fields that were shortened or left out because they
	// were larger than what is kept.
	Clipped []Clip

	// Key is the identity of the occurrence: events with the same Key count
	// once within the retention. Empty means that every event counts.
	Key string
}

// When is when the event happened, as well as that is known to within
// [PairWindow], or else when it was told.
func (e *Event) When() time.Time {
	if e.Happened.IsZero() || e.HappenedError > PairWindow {
		return e.Time
	}
	return e.Happened
}

// MarshalJSON refuses: an event has no JSON of its own, and encoding/json would
// make one of its fields. Package eventjson writes and reads the documents.
func (Event) MarshalJSON() ([]byte, error) {
	return nil, errors.New("event: events are written with eventjson.Append")
}

// UnmarshalJSON refuses, as MarshalJSON does.
func (*Event) UnmarshalJSON([]byte) error {
	return errors.New("event: events are read with eventjson.Decode")
}
