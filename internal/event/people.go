// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Limits of a search for people.
const (
	DefaultAttempts = 20
	MaxAttempts     = 100
	MaxNameBytes    = 256 // of the words that somebody is searched by
)

// AttemptOutcome is what became of an attempt.
type AttemptOutcome string

// The outcomes, in the order in which attempts are given.
const (
	AttemptFailed  AttemptOutcome = "failed"  // did not get in
	AttemptTrouble AttemptOutcome = "trouble" // got in, and something failed
	AttemptFine    AttemptOutcome = "fine"    // got in, and nothing failed
)

// AttemptOutcomes lists the outcomes.
var AttemptOutcomes = []AttemptOutcome{AttemptFailed, AttemptTrouble, AttemptFine}

// Match is how well somebody's name fits what was searched for, the better the more.
type Match int

// The matches.
const (
	MatchNone   Match = iota // nothing was searched for, or somebody without a name is guessed
	MatchInside              // each word is somewhere within the name
	MatchPart                // each begins a word of the name
	MatchWhole               // each is a word of the name, or all of them are the user's id
)

// Attempt is one person's try to be in a room, from its beginning to the last that is
// known of it, whether it worked or not.
type Attempt struct {
	UserID, UserProof, UserName string // as far as they were told
	PeerID                      string // empty where somebody was refused before there was one
	RoomID, RoomName, SessionID string
	Began, Ended                time.Time // the first and the last that is known of it
	Outcome                     AttemptOutcome
	Failures                    int
	Provoked                    bool   // one of them was provoked on purpose
	EventID                     string // of the only event, where there is no peer id
	Match                       Match
	FirstSeen, LastSeen         time.Time // the person, in any room; LastSeen to within an hour

	TellsMost int64 // place of the failure that Telling gives; 0: it is to be looked for

	Place Place // of those that are ordered by time alone

	Guess string // why it may be the person's, as one of the reasons below; empty: it is
}

// Why an attempt without a name may be that of who is searched for.
const (
	GuessUser = "user" // it has the user id of one who was found
	GuessRoom = "room" // it was to a room that one who was found tried within 5 minutes
	GuessOnly = "only" // no other attempt without a name was made then
	GuessTime = "time" // it was made then
)

// PeopleQuery says whose attempts are wanted.
type PeopleQuery struct {
	AccountID string // whose; never empty
	Name      string // words of a name, or a user's or a peer's id; empty: anybody
	RoomID    string // only to this room
	Outcome   AttemptOutcome
	Failures  bool // only those with a failure

	// Attempts that touch this span, by when they happened; zero: any time. The nearest
	// to its middle come first.
	Since, Until time.Time

	Newest bool  // by time alone, the newest first: by Attempt.Ended
	Oldest bool  // by time alone, the oldest first: by Attempt.Began
	After  Place // only those behind this one, of Newest or Oldest; zero: all
	Limit  int   // 1 to MaxAttempts; 0 is DefaultAttempts
}

// Place is where an attempt stands in the order of time: what comes behind it is the
// next page.
type Place struct{ At, ID int64 }

// String is the place as callers get it.
func (p Place) String() string {
	return strconv.FormatInt(p.At, 36) + "." + strconv.FormatInt(p.ID, 36)
}

// ReadPlace reads what String has written.
func ReadPlace(s string) (p Place, ok bool) {
	at, id, ok := strings.Cut(s, ".")
	if !ok {
		return p, false
	}
	var errs [2]error
	p.At, errs[0] = strconv.ParseInt(at, 36, 64)
	p.ID, errs[1] = strconv.ParseInt(id, 36, 64)
	return p, errs == [2]error{} && p.String() == s && p != Place{}
}

// PeopleFound is what a search has found.
type PeopleFound struct {
	// Attempts, ordered by how well the name fits, what failed before what did not, and
	// what was near in time before what was far, unless the query says otherwise.
	Attempts []Attempt
	People   int       // among all attempts that were found
	Perhaps  []Attempt // without a name, each with its Guess
	More     bool      // there are more, or not all could be looked at: a narrower time finds them

	// Indexed is how much of the events is in the index, 0 to 1: less than 1 while it is
	// made for events of before there was one, the newest first.
	Indexed float64
}

// PeopleFinder is a Store that finds people by their names, in a time that does not
// grow with what is stored.
type PeopleFinder interface {
	// FindPeople fails with fault.StoreUnavailable.
	FindPeople(ctx context.Context, q PeopleQuery) (PeopleFound, error)

	// Telling gives the failure that tells most of an attempt that a query has found: one that
	// ended it, then one that happened in the span that is asked for, then the first. It fails
	// with fault.EventNotFound where there is none any more, and with fault.StoreUnavailable.
	Telling(ctx context.Context, q PeopleQuery, a *Attempt) (Event, error)
}
