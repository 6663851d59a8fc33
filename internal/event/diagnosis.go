// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Diagnosis is the verdict on a failure that is kept beside it: why it happened, as
// the rules of that time saw it. It is given once and never changes.
type Diagnosis struct {
	Cause      string // a fault's id; "" for a cause that is not known
	Confidence string // one of Confidences
	Rules      string // the version of the rules
}

// Confidences are the words for how sure a verdict is, the surest first.
var Confidences = []string{"proven", "likely", "possible", "not known"}

// DiagnosedWithin is how old a failure may be to be given a verdict to keep. One that
// is older, because nothing ran or the store was filled from another, is explained
// when somebody asks and not before.
const DiagnosedWithin = Day

// Verdict is a diagnosis of the failure at a place.
type Verdict struct {
	Seq int64
	Diagnosis
}

// Undiagnosed is what waits for a verdict.
type Undiagnosed struct {
	Events []Event // failures, in the order of their places
	Upto   int64   // failures up to this place have a verdict, are among Events, or get none
}

// Diagnoser is a Store that keeps verdicts. They are given in the order of places.
type Diagnoser interface {
	// Undiagnosed gives the next failures, up to n, that were taken before a time and
	// have no verdict. It fails with fault.StoreUnavailable.
	Undiagnosed(ctx context.Context, before time.Time, n int) (Undiagnosed, error)

	// CountUndiagnosed is how many failures there are that Undiagnosed has not come
	// to, and when the first of them was taken; those whose time has not come are
	// counted too. It fails with fault.StoreUnavailable.
	CountUndiagnosed(ctx context.Context) (n int, oldest time.Time, err error)

	// Diagnose keeps verdicts and goes on to a place, all of it or nothing. It is on
	// disk no later than what is appended next; what a loss of power undoes, Undiagnosed
	// gives once more. A failure that has a verdict keeps it; one that is gone gets
	// none. It fails with fault.StoreUnavailable.
	Diagnose(ctx context.Context, verdicts []Verdict, upto int64) error

	// DiagnosedUpTo is the place that Diagnose has come to. It fails with
	// fault.StoreUnavailable.
	DiagnosedUpTo(ctx context.Context) (int64, error)
}

// Diagnose keeps verdicts as the store does, and tells those who wait for news. It
// fails with fault.FeatureUnsupported where the store keeps none.
func (r *Recorder) Diagnose(ctx context.Context, verdicts []Verdict, upto int64) error {
	store, ok := r.store.(Diagnoser)
	if !ok {
		return fault.FeatureUnsupported.New("feature", "verdicts in this store of events")
	}
	if err := store.Diagnose(ctx, verdicts, upto); err != nil {
		return err
	}
	r.changed.notify()
	return nil
}
