// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"time"
)

// OutcomesQuery says of which attempts the outcomes are counted: of those that began in
// a span of time.
type OutcomesQuery struct {
	AccountID string // whose; never empty
	RoomID    string // only to this room; empty: any
	Since     time.Time
	Until     time.Time
	Bucket    time.Duration // of the series, which begins at Since; 0 makes none
}

// Outcomes is what became of all attempts: each is in exactly one of GotIn, Trouble,
// Causes, Unexplained and Waiting, which therefore add up to Tries.
type Outcomes struct {
	Tries   int64
	GotIn   int64 // nothing failed
	Trouble int64 // got in, and something failed

	// Those that did not get in: by the cause of the kept verdict of the failure that
	// ended the attempt, by the first one of it else.
	Causes      map[string]OutcomeCause
	Unexplained int64 // the verdict is that the cause is not known
	Waiting     int64 // there is no verdict yet

	// Provoked is attempts with a failure that was provoked on purpose: they tell of
	// nobody's call, are in none of the above and no tries.
	Provoked int64

	Series []OutcomeCounts // one for each bucket

	Complete bool    // false: there were more attempts than could be counted; the latest were
	Indexed  float64 // as PeopleFound.Indexed
}

// OutcomeCause is the attempts that failed for one cause.
type OutcomeCause struct {
	Tries int64
	Users int64 // different ones; attempts without a user count by themselves
}

// OutcomeCounts is what began within one bucket.
type OutcomeCounts struct{ Tries, Trouble, Failed int64 }

// Failed is how many did not get in.
func (o *Outcomes) Failed() int64 { return o.Tries - o.GotIn - o.Trouble }

// OutcomeCounter is a Store that counts what became of attempts.
type OutcomeCounter interface {
	// Outcomes fails with fault.StoreUnavailable.
	Outcomes(ctx context.Context, q OutcomesQuery) (Outcomes, error)
}
