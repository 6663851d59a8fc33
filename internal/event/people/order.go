// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"math"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
)

// limit is how many attempts are given.
func (s *search) limit() int {
	if s.q.Limit <= 0 || s.q.Limit > event.MaxAttempts {
		return event.DefaultAttempts
	}
	return s.q.Limit
}

// place is where an attempt stands in the order of time that is asked for.
func (s *search) place(a *candidate) event.Place {
	switch {
	case s.q.Newest:
		return event.Place{At: a.last, ID: a.id}
	case s.q.Oldest:
		return event.Place{At: a.first, ID: a.id}
	}
	return event.Place{}
}

// behind tells whether an attempt comes after the place that the query goes on from.
func (s *search) behind(a *candidate) bool {
	if s.q.After == (event.Place{}) {
		return true
	}
	at := s.place(a)
	n := cmp.Or(cmp.Compare(at.At, s.q.After.At), cmp.Compare(at.ID, s.q.After.ID))
	return s.q.Newest && n < 0 || s.q.Oldest && n > 0
}

// order is the order of attempts.
func (s *search) order(a, b candidate) int {
	byID := cmp.Compare(b.id, a.id)
	switch {
	case s.q.Newest:
		return cmp.Or(cmp.Compare(b.last, a.last), byID)
	case s.q.Oldest:
		return cmp.Or(cmp.Compare(a.first, b.first), -byID)
	}
	return cmp.Or(
		cmp.Compare(b.match, a.match),
		cmp.Compare(slices.Index(event.AttemptOutcomes, a.outcome), slices.Index(event.AttemptOutcomes, b.outcome)),
		cmp.Compare(s.far(&a), s.far(&b)),
		cmp.Compare(b.last, a.last), byID)
}

// far is how far an attempt is from the middle of the span, or from now.
func (s *search) far(a *candidate) int64 {
	at := s.began.UnixNano()
	switch {
	case s.since != math.MinInt64 && s.until != math.MaxInt64:
		at = s.since + (s.until-s.since)/2
	case s.since != math.MinInt64:
		at = s.since
	case s.until != math.MaxInt64:
		at = s.until
	}
	switch {
	case at < a.first:
		return a.first - at
	case at > a.last:
		return at - a.last
	}
	return 0
}
