// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package when

import (
	"regexp"
	"strings"
	"time"
)

// Span is a stretch of time, Since included and Until not. The zero value is any time.
type Span struct{ Since, Until time.Time }

// IsZero tells whether it is any time.
func (s Span) IsZero() bool { return s.Since.IsZero() && s.Until.IsZero() }

// Middle is the moment in the middle, which is what was written where that was one
// time of day.
func (s Span) Middle() time.Time { return s.Since.Add(s.Until.Sub(s.Since) / 2) }

// maxTimeWords is how many words a time has at most, and maxSplit how many words of
// a text are looked at.
const (
	maxTimeWords = 6
	maxSplit     = 24
)

// Split parts the words for a time from the rest of a text, as in "mia yesterday
// 14:05": the longest run of words that is a time, of equals the last. What stands
// in double quotes is never a time, nor is a number that stands alone. Without a
// time the span is zero.
func Split(text string, now time.Time) (rest string, span Span) {
	words, quoted := fields(text)
	n := min(len(words), maxSplit)
	for size := min(maxTimeWords, n); size > 0; size-- {
		for from := n - size; from >= 0; from-- {
			if anyOf(quoted[from : from+size]) {
				continue
			}
			run := strings.Join(words[from:from+size], " ")
			if bareNumber.MatchString(run) || glue[strings.ToLower(words[from+size-1])] {
				continue
			}
			since, until, err := Around(run, now)
			if err != nil {
				continue
			}
			return strings.Join(append(words[:from:from], words[from+size:]...), " "), Span{since, until}
		}
	}
	return strings.Join(words, " "), Span{}
}

// bareNumber is what is a time of day to Around, and more likely part of a name.
var bareNumber = regexp.MustCompile(`^\d{1,2}$`)

// glue are words that are part of a time where they stand before one.
var glue = map[string]bool{"at": true, "on": true, "about": true, "around": true, "last": true, "this": true, "the": true, "in": true}

// fields parts a text at spaces, and tells which words stood in double quotes.
func fields(text string) (words []string, quoted []bool) {
	inside := false
	for part := range strings.SplitSeq(text, `"`) {
		for _, w := range strings.Fields(part) {
			words, quoted = append(words, w), append(quoted, inside)
		}
		inside = !inside
	}
	return words, quoted
}

func anyOf(list []bool) bool {
	for _, v := range list {
		if v {
			return true
		}
	}
	return false
}
