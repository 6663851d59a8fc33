// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package when reads times as people write them: "14:05", "yesterday 14:05",
// "Tue 9-11", "last 2h", "this morning" or a whole date. The zone is that of the
// moment they are read from.
package when

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

// Forms of a point in time without a zone, which is then the one of this
// machine.
var (
	dates  = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"}
	clocks = []string{"15:04:05", "15:04"}
)

// PointUsage says what [Point] reads, for who is to write one.
const PointUsage = "such as 14:00, \"2026-01-31 14:00\" or 2026-01-31T14:00:00Z, or as long ago as 90m or 2d"

// days are a duration in days, which package time does not read.
var days = regexp.MustCompile(`^(\d{1,6})d(.*)$`)

// Point reads a point in time or how long ago it was, seen from now, whose zone is
// the one that is meant when none is given. A time of day is the last one that has
// passed. Fractions of a second may follow every time.
func Point(s string, now time.Time) (time.Time, error) {
	if ago, ok := duration(s); ok {
		return now.Add(-ago), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	for _, form := range dates {
		if t, err := time.ParseInLocation(form, s, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, form := range clocks {
		t, err := time.Parse(form, s)
		if err != nil {
			continue
		}
		at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
		if at.After(now) {
			at = at.AddDate(0, 0, -1)
		}
		return at, nil
	}
	return time.Time{}, errors.New("is not a time; write one " + PointUsage)
}

// duration reads what time.ParseDuration does, with days before it.
func duration(s string) (d time.Duration, ok bool) {
	if m := days.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 36500 {
			return 0, false
		}
		if d = time.Duration(n) * 24 * time.Hour; m[2] == "" {
			return d, true
		}
		s = m[2]
	}
	rest, err := time.ParseDuration(s)
	return d + rest, err == nil && rest >= 0
}
