// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

// Limits of a summary.
const (
	DefaultTop = 10
	MaxTop     = 100
	MaxBuckets = 800       // a month of hours
	MaxWindow  = 400 * Day // of one summary
)

// Comparison says which window a summary is compared with. Both are equally
// long.
type Comparison string

// The comparisons.
const (
	NoComparison   Comparison = ""
	WithPrevious   Comparison = "previous" // the window that ends where this one begins
	WithDayBefore  Comparison = "day"      // the same hours a day earlier
	WithWeekBefore Comparison = "week"     // the same hours a week earlier
)

// SummaryRequest is a summary as the API is asked for it.
type SummaryRequest struct {
	SummaryQuery
	Compare Comparison
	Where   Where // counts only these events; zero: all
}

// Where is a value in a dimension.
type Where struct {
	Dim   Dimension
	Value string
}

// Holds tells whether an event has the value.
func (w Where) Holds(e *Event) bool {
	v, has := w.Dim.Value(e)
	return has && v == w.Value
}

// Baseline is the query of the window to compare with.
func (r *SummaryRequest) Baseline() SummaryQuery {
	q := r.SummaryQuery
	shift := q.Until.Sub(q.Since)
	switch r.Compare {
	case WithDayBefore:
		shift = Day
	case WithWeekBefore:
		shift = 7 * Day
	}
	q.Since, q.Until = q.Since.Add(-shift), q.Until.Add(-shift)
	return q
}
