// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"
)

// SummaryFilter says what is counted; docs/analytics.md has the formulas.
type SummaryFilter struct {
	By      string    `query:"by"`      // what groups are made by: "fault" when empty
	Types   []string  `query:"type"`    // see EventTypes; nil: every failure
	Since   time.Time `query:"since"`   // whole hours of UTC; zero: a day before Until
	Until   time.Time `query:"until"`   // zero: now
	Bucket  string    `query:"bucket"`  // "hour" or "day"; "" lets the server choose
	Top     int       `query:"top"`     // groups that are listed; 0: 10
	Compare string    `query:"compare"` // with the window "previous", "day" or "week" before; "": with none
	Where   string    `query:"where"`   // only events with this value in another dimension: "sdk_version:web 0.15.2"; not with Compare
}

// Summary counts events, the users they hit, and attempts to join.
type Summary struct {
	By      string         `json:"by"`
	Types   []string       `json:"types"`
	Since   time.Time      `json:"since"`
	Until   time.Time      `json:"until"`
	Oldest  *time.Time     `json:"oldest"` // the first hour anything is known of; nil when nothing is
	Buckets []time.Time    `json:"buckets"`
	Total   SummaryGroup   `json:"total"`
	Groups  []SummaryGroup `json:"groups"` // those with most events
	Values  int            `json:"values"` // groups there are in all
	Compare *Comparison    `json:"compare,omitempty"`

	// Of a Where: what it was, and whether all events of the window were looked at,
	// which are the latest 20,000 else.
	Where    string `json:"where,omitempty"`
	Complete *bool  `json:"complete,omitempty"`
}

// SummaryGroup is one group. A pointer is nil where a count has no meaning.
type SummaryGroup struct {
	Value  string          `json:"value,omitempty"` // "" in the total, and of events that do not say
	Events int64           `json:"events"`
	Share  *float64        `json:"share,omitempty"` // of all events
	Users  int64           `json:"users"`
	Before *int64          `json:"before,omitempty"` // events of the window compared with
	Z      *float64        `json:"z,omitempty"`      // standard deviations above it
	Joins  *SummaryJoins   `json:"joins,omitempty"`
	Series []SummaryBucket `json:"series"`
}

// SummaryJoins says how attempts to join ended.
type SummaryJoins struct {
	Attempts    *int64   `json:"attempts,omitempty"`
	Failed      int64    `json:"failed"`
	FailureRate *float64 `json:"failure_rate"`       // failed of the attempts; nil without attempts
	EventRate   *float64 `json:"events_per_attempt"` // nil without attempts
}

// SummaryBucket is one bucket of a group.
type SummaryBucket struct {
	Events   int64  `json:"events"`
	Attempts *int64 `json:"attempts,omitempty"`
	Failed   *int64 `json:"failed,omitempty"`
}

// Comparison is another window and what it brought to light.
type Comparison struct {
	With     string       `json:"with"`
	Since    time.Time    `json:"since"`
	Until    time.Time    `json:"until"`
	Complete bool         `json:"complete"` // all of it is known; otherwise nothing is called new
	Total    SummaryGroup `json:"total"`
	New      []Change     `json:"new"`    // groups that the other window did not have
	Spikes   []Change     `json:"spikes"` // groups that have grown more than chance explains
}

// Change is one group in two windows.
type Change struct {
	Value  string  `json:"value"`
	Events int64   `json:"events"`
	Before int64   `json:"before"`
	Z      float64 `json:"z"`
}

// Summary counts events of a window of time: [fault.FieldInvalid], and
// [fault.FeatureUnsupported] of a store that cannot count.
func (c Events) Summary(ctx context.Context, f SummaryFilter) (Summary, error) {
	return fetch[Summary](ctx, c, get("/api/v1/analytics/summary").where(parameters(f)))
}
