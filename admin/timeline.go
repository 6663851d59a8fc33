// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"
)

// TimelineFilter says which part of a session a timeline is about.
type TimelineFilter struct {
	Peer string    `query:"peer"` // only of this peer
	From time.Time `query:"from"` // what happened then or later; incidents are whole all the same
	To   time.Time `query:"to"`   // what happened before

	AsKnownAt time.Time `query:"as_known_at"` // as the record was then: without what was told later
}

// Timeline is what happened in a session, as columns: element i of Times, Lanes, Kinds
// and Peers is about mark i. All makes marks of them.
type Timeline struct {
	Session  string `json:"session_id"`
	Total    int    `json:"total"`    // marks of the session, or of the peer, whatever the window
	Complete bool   `json:"complete"` // false: there were more than the 100,000 that are given; a window finds the rest

	Origin   time.Time          `json:"origin"`   // what times begin with
	Times    []int64            `json:"times"`    // when it happened: milliseconds since the mark before, the first since Origin
	Lanes    string             `json:"lanes"`    // a letter for each: who told it, s the server, c a client, b both
	Kinds    []int              `json:"kinds"`    // place in Kind
	Peers    []int              `json:"peers"`    // place in Peer
	Told     []TimelineTold     `json:"told"`     // those that were told two minutes or more after they happened
	Incident []TimelineIncident `json:"incident"` // by the time of their first mark, up to 1,000

	Incidents int            `json:"incidents"` // how many the session has
	Kind      []TimelineKind `json:"kind"`
	Peer      []string       `json:"peer"` // ids; "" where somebody had none
}

// TimelineKind is what kind of thing happened.
type TimelineKind struct {
	Type  string `json:"type"`
	Fault string `json:"fault,omitempty"` // id in the catalogue
}

// TimelineTold is a mark that was told late.
type TimelineTold struct {
	Mark  int   `json:"mark"`
	After int64 `json:"after_ms"`
}

// TimelineIncident is failures of one peer that are one trouble.
type TimelineIncident struct {
	ID         string     `json:"id"` // of the event that it began with, for [Diagnoses.Get]
	Peer       int        `json:"peer"`
	Began      time.Time  `json:"began"`
	Ended      time.Time  `json:"ended"`           // the last failure
	Marks      []int      `json:"marks"`           // the first is that of the event
	Cause      string     `json:"cause,omitempty"` // of the kept verdict: an id in the catalogue, or "" for one that is not known
	Title      string     `json:"title,omitempty"`
	Confidence Confidence `json:"confidence,omitempty"` // "": there is no verdict yet
}

// TimelineMark is one mark of a timeline.
type TimelineMark struct {
	TimelineKind
	At       time.Time // when it happened
	Told     time.Duration
	Source   string // "server", "client" or "both"
	Peer     string
	Incident int // place in Timeline.Incident; -1 for none
}

var laneSources = map[byte]string{'s': "server", 'c': "client", 'b': "both"}

// All are the marks, in the order of time. Columns that do not fit each other end the
// list.
func (t *Timeline) All() []TimelineMark {
	marks := make([]TimelineMark, min(len(t.Times), len(t.Lanes), len(t.Kinds), len(t.Peers)))
	at := t.Origin
	for i := range marks {
		at = at.Add(time.Duration(t.Times[i]) * time.Millisecond)
		m := &marks[i]
		m.At, m.Source, m.Incident = at, laneSources[t.Lanes[i]], -1
		if k := t.Kinds[i]; k >= 0 && k < len(t.Kind) {
			m.TimelineKind = t.Kind[k]
		}
		if p := t.Peers[i]; p >= 0 && p < len(t.Peer) {
			m.Peer = t.Peer[p]
		}
	}
	for _, told := range t.Told {
		if told.Mark >= 0 && told.Mark < len(marks) {
			marks[told.Mark].Told = time.Duration(told.After) * time.Millisecond
		}
	}
	for n := range t.Incident {
		for _, i := range t.Incident[n].Marks {
			if i >= 0 && i < len(marks) {
				marks[i].Incident = n
			}
		}
	}
	return marks
}

// Timeline gives what happened in a session, on the server's clock. It fails with
// [fault.SessionNotFound], [fault.FieldInvalid] and, with a store of events in
// ClickHouse, [fault.FeatureUnsupported].
func (c Sessions) Timeline(ctx context.Context, session string, f TimelineFilter) (Timeline, error) {
	path, err := at("/api/v1/sessions/", session, "/timeline")
	if err != nil {
		return Timeline{}, err
	}
	return fetch[Timeline](ctx, c, get(path).where(parameters(f)))
}
