// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"
)

// PeopleSearch says whose attempts are wanted: by a name, a time, a room, or any of them
// together.
type PeopleSearch struct {
	// Text is a name or parts of one, a user's or a peer's id, and a time in words, such
	// as "mia yesterday 14:05"; at most 256 bytes. What stands in double quotes is no
	// time. Where Since or Until is set, all of it is a name.
	Text string `json:"text,omitempty"`
	// Zone is the name of the time zone that a time in Text is meant in, such as
	// "Europe/Berlin"; "" is UTC.
	Zone string `json:"zone,omitempty"`

	Room    string         `json:"room,omitempty"` // by its name, or its id
	Since   time.Time      `json:"since,omitzero"` // attempts that were not over before
	Until   time.Time      `json:"until,omitzero"` // attempts that had begun before
	Outcome AttemptOutcome `json:"outcome,omitempty"`
	Limit   int            `json:"limit,omitempty"` // 1 to 100; 0: 20
}

// AttemptOutcome is what became of an attempt.
type AttemptOutcome string

// The outcomes.
const (
	AttemptFailed  AttemptOutcome = "failed"  // did not get in
	AttemptTrouble AttemptOutcome = "trouble" // got in, and something failed
	AttemptFine    AttemptOutcome = "fine"    // got in, and nothing failed
)

// Attempt is one person's try to be in a room, whether it worked or not.
type Attempt struct {
	User      string          `json:"user_id,omitempty"` // the app's own id
	UserProof string          `json:"user_id_proof,omitempty"`
	UserName  string          `json:"user_name,omitempty"`
	Room      string          `json:"room_id,omitempty"`
	RoomName  string          `json:"room_name,omitempty"`
	Session   string          `json:"session_id,omitempty"`
	Peer      string          `json:"peer_id,omitempty"` // empty where somebody was refused before there was one
	Began     time.Time       `json:"began"`
	Ended     time.Time       `json:"ended"` // the last that is known of it
	Outcome   AttemptOutcome  `json:"outcome"`
	Failures  int             `json:"failures"`
	Provoked  bool            `json:"provoked"`        // one of them was provoked on purpose: such a try is no part of [Outcomes]
	Match     string          `json:"match,omitempty"` // of the name: "whole", "part" or "inside" a word
	FirstSeen time.Time       `json:"first_seen"`      // the person, in any room
	LastSeen  time.Time       `json:"last_seen"`
	Guess     *AttemptGuess   `json:"guess,omitempty"`   // of PeopleFound.Perhaps only
	Failure   *Failure        `json:"failure,omitempty"` // the one that tells most
	Verdict   *AttemptVerdict `json:"verdict,omitempty"` // of that failure
}

// AttemptGuess is why an attempt without a name may be that of who is searched for.
type AttemptGuess struct {
	Reason string `json:"reason"` // "user", "room", "only" or "time"
	Says   string `json:"says"`   // the same in words
}

// AttemptVerdict is why an attempt failed, in short; [Diagnoses.Get] tells all of it.
type AttemptVerdict struct {
	Cause      string     `json:"cause,omitempty"` // id in the catalogue; "" for one that is not known
	Confidence Confidence `json:"confidence"`
	Says       string     `json:"says"`
}

// Understood is how the words of a search were understood.
type Understood struct {
	Name    string         `json:"name,omitempty"`
	Room    string         `json:"room_id,omitempty"`
	Since   time.Time      `json:"since,omitzero"`
	Until   time.Time      `json:"until,omitzero"`
	Zone    string         `json:"zone"`
	Outcome AttemptOutcome `json:"outcome,omitempty"`
}

// PeopleFound is what a search has found.
type PeopleFound struct {
	Understood Understood `json:"understood"`
	People     int        `json:"people"` // among all attempts that were found

	// Attempts, whole names before parts, what failed before what did not, what is near
	// in time before what is far.
	Attempts []Attempt `json:"attempts"`
	Perhaps  []Attempt `json:"perhaps"` // failed without a name, and may be theirs; each has its Guess

	More    bool    `json:"more"`           // there are more: see Hint
	Hint    string  `json:"hint,omitempty"` // what would find more, or the right ones
	Indexed float64 `json:"indexed"`        // how much of the record can be searched, 0 to 1
}

// Search finds the attempts of people. Names are sent in the body, never in an address.
// It fails with [fault.FieldMissing], [fault.FieldInvalid] and, where the store of events
// has no index of people, [fault.FeatureUnsupported].
func (c Diagnoses) Search(ctx context.Context, q PeopleSearch) (PeopleFound, error) {
	return fetch[PeopleFound](ctx, c, post("/api/v1/search", q).repeatable())
}

// AttemptFilter says which attempts are listed.
type AttemptFilter struct {
	User    string         `query:"user"` // a name or a part of one, or a user's or a peer's id
	Room    string         `query:"room"` // by its name, or its id
	Since   time.Time      `query:"happened_since"`
	Until   time.Time      `query:"happened_until"`
	Outcome AttemptOutcome `query:"outcome"`
	Order   Order          `query:"order"` // by time; "" is NewestFirst
	Limit   int            `query:"limit"` // 1 to 99; 0: 20
	Start   string         `query:"start"` // AttemptPage.Next of the page before
}

// AttemptPage is one page of a list of attempts.
type AttemptPage struct {
	Limit    int       `json:"limit"`
	Attempts []Attempt `json:"attempts"`
	Next     string    `json:"next"`    // the start of the next page; "" on the last one
	More     bool      `json:"more"`    // not all could be looked at: a narrower time finds them
	Indexed  float64   `json:"indexed"` // how much of the record can be listed, 0 to 1
}

// Attempts lists tries to be in a room by when they were made, those that worked too. It
// fails with [fault.FieldInvalid] and, where the store of events has no index of people,
// [fault.FeatureUnsupported].
func (c Diagnoses) Attempts(ctx context.Context, f AttemptFilter) (AttemptPage, error) {
	return fetch[AttemptPage](ctx, c, get("/api/v1/attempts").where(parameters(f)))
}
