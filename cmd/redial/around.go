// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// aboutTime is how far somebody who names a time of day may be wrong.
const aboutTime = 30 * time.Minute

const aroundUsage = "such as \"yesterday 14:05\", \"tuesday 9-11\", \"this morning\", \"20m ago\" or 2026-01-31"

// partsOfDay are hours that people have a word for.
var partsOfDay = map[string][2]int{
	"morning": {6, 12}, "noon": {12, 12}, "midday": {12, 12}, "afternoon": {12, 18}, "evening": {18, 24}, "night": {21, 30}, "midnight": {24, 24},
}

// timeOfDay is a time of day as people write it, and clockRange two of them.
var (
	timeOfDay  = regexp.MustCompile(`^(\d{1,2})(?::(\d{2}))?(?::\d{2})?(am|pm)?$`)
	clockRange = regexp.MustCompile(`^([\d:apm]+)(?:-|–)([\d:apm]+)$`)
)

// around reads when something happened, in words, seen from now, whose zone is the
// one that is meant: a day, a time of day, both, a span, or how long ago. A time of
// day means half an hour either way, and without a day the last one that has
// passed.
func around(s string, now time.Time) (since, until time.Time, err error) {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	words = slices.DeleteFunc(words, func(w string) bool {
		return slices.Contains([]string{"at", "on", "about", "around", "last", "this", "the", "in"}, w)
	})
	about := func(t time.Time) (time.Time, time.Time, error) { return t.Add(-aboutTime), t.Add(aboutTime), nil }
	text := strings.Join(words, " ")
	if rest, ok := strings.CutSuffix(text, "ago"); ok {
		if ago, ok := duration(strings.ReplaceAll(rest, " ", "")); ok {
			return about(now.Add(-ago))
		}
		return since, until, errNotAround
	}
	if _, isAgo := duration(text); !isAgo && text != "" {
		if t, err := when(strings.ToUpper(text), now); err == nil {
			if d, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
				return d, d.AddDate(0, 0, 1), nil
			}
			return about(t)
		}
	}
	midnight, dayGiven := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location()), false
	if len(words) > 0 {
		if d, ok := dayOf(words[0], midnight); ok {
			midnight, dayGiven, words = d, true, words[1:]
		}
	}
	switch len(words) {
	case 0:
		if !dayGiven {
			return since, until, errNotAround
		}
		return midnight, midnight.AddDate(0, 0, 1), nil
	case 1:
	default:
		return since, until, errNotAround
	}
	from, to, ok := minutesOf(words[0])
	if !ok {
		return since, until, errNotAround
	}
	// By the clock, not by hours since midnight: a day may have 23 or 25 of them.
	at := func(minutes int) time.Time {
		return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, minutes, 0, 0, midnight.Location())
	}
	if since = at(from); since.After(now) && !dayGiven {
		midnight = midnight.AddDate(0, 0, -1)
	}
	if since, until = at(from), at(to); from == to {
		return about(since)
	}
	return since, until, nil
}

var errNotAround = errors.New("is not a time; write one " + aroundUsage)

// dayOf reads a day, the last one of that name: its midnight, seen from today's.
func dayOf(word string, today time.Time) (time.Time, bool) {
	switch word {
	case "today":
		return today, true
	case "yesterday":
		return today.AddDate(0, 0, -1), true
	}
	for d := range 7 {
		name := strings.ToLower(time.Weekday(d).String())
		if len(word) >= 3 && strings.HasPrefix(name, word) {
			return today.AddDate(0, 0, -(int(today.Weekday())-d+7)%7), true
		}
	}
	d, err := time.ParseInLocation(time.DateOnly, word, today.Location())
	return d, err == nil
}

// minutesOf reads a time of day or a span of it, in minutes since midnight; one
// time is a span of none.
func minutesOf(word string) (from, to int, ok bool) {
	if part, known := partsOfDay[word]; known {
		return part[0] * 60, part[1] * 60, true
	}
	if m := clockRange.FindStringSubmatch(word); m != nil {
		from, ok1 := minuteOf(m[1])
		to, ok2 := minuteOf(m[2])
		return from, to, ok1 && ok2 && from < to
	}
	from, ok = minuteOf(word)
	return from, from, ok
}

func minuteOf(word string) (int, bool) {
	m := timeOfDay.FindStringSubmatch(word)
	if m == nil {
		return 0, false
	}
	hour, _ := strconv.Atoi(m[1])
	minute, _ := strconv.Atoi(m[2])
	switch {
	case m[3] != "" && (hour < 1 || hour > 12):
		return 0, false
	case m[3] == "am":
		hour %= 12
	case m[3] == "pm":
		hour = hour%12 + 12
	}
	return hour*60 + minute, hour <= 24 && minute < 60 && (hour < 24 || minute == 0)
}
