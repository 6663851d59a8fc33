// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// OutcomesFilter says which tries are counted: those that began in a span of time. The
// zero value is the last 24 hours.
type OutcomesFilter struct {
	Room   string    `query:"room"` // only to this room, by its name or its id
	Since  time.Time `query:"happened_since"`
	Until  time.Time `query:"happened_until"`
	Bucket string    `query:"bucket"` // of a series: "minute" (up to 6 hours), "hour" or "day"; "": none
}

// Outcomes is what became of all tries to be in a room: each is in exactly one of
// GotIn, Trouble, a cause, and Unknown, which add up to Tries.
type Outcomes struct {
	Since   time.Time       `json:"happened_since"`
	Until   time.Time       `json:"happened_until"`
	Room    string          `json:"room_id,omitempty"`
	Tries   int64           `json:"tries"`
	GotIn   int64           `json:"got_in"`        // and nothing failed
	Trouble int64           `json:"after_trouble"` // got in, and something failed
	Failed  int64           `json:"failed"`        // did not get in: the sum of Causes and Unknown
	Causes  []OutcomeCause  `json:"causes"`        // the one with most tries first
	Unknown OutcomesUnknown `json:"not_known"`

	Provoked int64 `json:"provoked"` // with a failure that was provoked on purpose: no tries of anybody's, and in none of the above

	Bucket  string          `json:"bucket,omitempty"`
	Buckets []OutcomeBucket `json:"buckets"`

	Complete bool    `json:"complete"` // false: there were more tries than could be counted; the latest were
	Indexed  float64 `json:"indexed"`  // how much of the record can be counted, 0 to 1
}

// OutcomeCause is the tries that failed for one cause.
type OutcomeCause struct {
	Cause   string        `json:"cause"` // id in the catalogue
	Title   string        `json:"title"`
	FixedBy []fault.Party `json:"fixed_by"`
	Tries   int64         `json:"tries"`
	Users   int64         `json:"users"` // different ones; tries without a user count by themselves
}

// OutcomesUnknown is the tries that failed and of which no cause is known.
type OutcomesUnknown struct {
	Tries       int64 `json:"tries"`
	Unexplained int64 `json:"unexplained"` // nothing that is known fits
	Waiting     int64 `json:"waiting"`     // there is no verdict yet
}

// OutcomeBucket is the tries that began within a stretch of time.
type OutcomeBucket struct {
	At      time.Time `json:"at"` // its beginning
	Tries   int64     `json:"tries"`
	Trouble int64     `json:"after_trouble"`
	Failed  int64     `json:"failed"`
}

// Outcomes counts what became of tries. It fails with [fault.FieldInvalid] and, where the
// store of events has no index of people, [fault.FeatureUnsupported].
func (c Diagnoses) Outcomes(ctx context.Context, f OutcomesFilter) (Outcomes, error) {
	return fetch[Outcomes](ctx, c, get("/api/v1/analytics/outcomes").where(parameters(f)))
}
