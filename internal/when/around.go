// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package when

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

// AroundUsage says what [Around] reads, for who is to write it.
const AroundUsage = "such as \"yesterday 14:05\", \"tuesday 9-11\", \"this morning\", \"20m ago\", \"last 2h\" or 2026-01-31"

// maxWords is how long the words for a time may be, in bytes.
const maxWords = 128

// partsOfDay are hours that people have a word for.
var partsOfDay = map[string][2]int{
	"morning": {6, 12}, "noon": {12, 12}, "midday": {12, 12}, "afternoon": {12, 18}, "evening": {18, 24}, "night": {21, 30}, "midnight": {24, 24},
}

// timeOfDay is a time of day as people write it, clockRange two of them, and
// dayAndTime one behind its day, without a space.
var (
	dayAndTime = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})t([\d:]+)(?:\.\d+)?$`)
	timeOfDay  = regexp.MustCompile(`^(\d{1,2})(?::(\d{2}))?(?::\d{2})?(am|pm)?$`)
	clockRange = regexp.MustCompile(`^([\d:apm]+)(?:-|–)([\d:apm]+)$`)
)

// Around reads when something happened, in words, seen from now, whose zone is the
// one that is meant: a day, a time of day, both, a span, or how long ago. A time of
// day means half an hour either way, and without a day the last one that has
// passed.
func Around(s string, now time.Time) (since, until time.Time, err error) {
	if len(s) > maxWords {
		return since, until, errNotAround
	}
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	if n := len(words); n > 1 && slices.Contains([]string{"last", "past"}, words[0]) {
		if span, ok := duration(strings.Join(words[1:], "")); ok && span > 0 {
			return now.Add(-span), now, nil
		}
	}
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
	if t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text)); err == nil {
		return about(t)
	}
	if m := dayAndTime.FindStringSubmatch(text); m != nil {
		words = m[1:]
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
	if first, _ := onClock(midnight, from); first.After(now) && !dayGiven {
		midnight = midnight.AddDate(0, 0, -1)
	}
	since, late := onClock(midnight, from)
	if from == to {
		return since.Add(-aboutTime), late.Add(aboutTime), nil
	}
	_, until = onClock(midnight, to)
	return since, until, nil
}

// onClock gives the first and the last moment at which clocks show a time of a day,
// in minutes since midnight. They are two where an hour comes twice, and where one
// is left out: a clock that was not put forward shows it all the same.
func onClock(midnight time.Time, minutes int) (first, last time.Time) {
	// By the clock, not by hours since midnight: a day may have 23 or 25 of them.
	at := time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, minutes, 0, 0, midnight.Location())
	_, before := at.Add(-changeNear).Zone()
	_, after := at.Add(changeNear).Zone()
	shown := time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, minutes, 0, 0, time.UTC)
	first, last = at, at
	for _, offset := range []int{before, after} {
		t := shown.Add(-time.Duration(offset) * time.Second).In(midnight.Location())
		if other := t.Sub(at); other == 0 || other.Abs() > changeNear {
			continue
		}
		// Of a time that clocks show twice both are meant, of one that they never show
		// either; any other has its own offset, and the one across the change is wrong.
		if _, offsetAt := t.Zone(); offsetAt == offset || !shows(at, minutes) {
			if t.Before(first) {
				first = t
			}
			if t.After(last) {
				last = t
			}
		}
	}
	return first, last
}

// changeNear is how near a change of the clocks matters.
const changeNear = 3 * time.Hour

// shows tells whether a clock shows so many minutes since midnight.
func shows(t time.Time, minutes int) bool { return (t.Hour()*60+t.Minute())%1440 == minutes%1440 }

var errNotAround = errors.New("is not a time; write one " + AroundUsage)

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
