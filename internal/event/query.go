// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"slices"
	"time"
)

// Limits of a page.
const (
	DefaultLimit = 10
	MaxLimit     = 100
)

// Query says which events are wanted. Every filter that is set must match;
// within a list, any value may.
type Query struct {
	AccountID string // whose events; the API sets it from the token. Empty: everybody's

	RoomID    string
	SessionID string
	PeerID    string
	UserID    string
	UserProof string // how UserID is proven; "" is ProofToken
	BeamID    string // documented; this server records nothing, so it matches nothing
	Types     []Type // empty: every type
	Errors    bool   // failures only

	Faults   []string // canonical ids
	Codes    []int
	Terminal *bool
	SDK      string
	OS       string

	Diagnoses   []string // causes of the kept verdicts
	Confidences []string // how sure those are: of Confidences
	Diagnosed   bool     // only what has a verdict

	Since time.Time // taken at or after
	Until time.Time // taken before

	HappenedSince time.Time // happened at or after; see HappenedApart
	HappenedUntil time.Time // happened before

	Desc bool // newest first

	Limit int    // 1 to MaxLimit; 0 is DefaultLimit
	Start string // cursor of the previous page

	// Tail asks for what was stored after a place, oldest first, without cursor
	// or total: how a reader follows what is being stored.
	Tail  bool
	After int64
}

// Page is one page of a query's snapshot. Events stored after the first page
// was asked for are never part of it.
type Page struct {
	Events []Event
	Total  int    // events that matched when the first page was asked for
	Next   string // cursor of the next page; empty on the last one
}

// UserKey is the key of the user that is asked for.
func (q *Query) UserKey() string { return UserKey(q.UserID, q.UserProof) }

// ByHappened tells whether a query asks for when events happened.
func (q *Query) ByHappened() bool { return !q.HappenedSince.IsZero() || !q.HappenedUntil.IsZero() }

// OfVerdicts tells whether a query is of what has a verdict, or one of some.
func (q *Query) OfVerdicts() bool {
	return len(q.Diagnoses) > 0 || len(q.Confidences) > 0 || q.Diagnosed
}

// WantedTypes resolves Types and Errors to the types that can match, none when
// nothing can.
func (q *Query) WantedTypes() []Type {
	var wanted []Type
	for _, t := range Types {
		if t == Recorded || q.Errors && !t.IsError() || q.BeamID != "" {
			continue
		}
		if len(q.Types) == 0 || slices.Contains(q.Types, t) {
			wanted = append(wanted, t)
		}
	}
	return wanted
}
