// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"strings"
	"unicode"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/text"
)

// What is kept of what people call themselves and their rooms.
const (
	maxName     = 128 // bytes of a name, and of a room's
	maxWord     = 32  // bytes of a word that is looked for
	maxWords    = 8   // of a name
	maxID       = 256 // bytes of an id
	suffixOfAll = "\U0010FFFF"
)

// wordsOf are the words of a text as they are looked for: folded, without
// punctuation, controls and marks of direction.
func wordsOf(s string) []string {
	words := strings.FieldsFunc(text.Fold(text.Cut(s, event.MaxNameBytes)), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	})
	words = words[:min(len(words), maxWords)]
	for i := range words {
		words[i] = text.Cut(words[i], maxWord)
	}
	return words
}

// bare is a user's key without the mark of how it is proven.
func bare(user string) string { return strings.TrimLeft(user, "\x01\x02") }

// proofOf is what the mark of a user's key says.
func proofOf(user string) string {
	switch {
	case user == "":
		return ""
	case user[0] == '\x01':
		return event.ProofCode
	case user[0] == '\x02':
		return event.ProofNone
	}
	return event.ProofToken
}

// foundBy are the words that somebody is found by: those of the name, or of the id
// where no name was told.
func foundBy(user, name string) []string {
	if words := wordsOf(name); len(words) > 0 {
		return words
	}
	return wordsOf(bare(user))
}

// match tells how well words fit those that somebody is found by.
func match(folded string, wanted []string) event.Match {
	best := event.MatchWhole
	for _, w := range wanted {
		m := event.MatchNone
		for own := range strings.SplitSeq(folded, " ") {
			switch {
			case own == w:
				m = event.MatchWhole
			case strings.HasPrefix(own, w):
				m = max(m, event.MatchPart)
			case strings.Contains(own, w):
				m = max(m, event.MatchInside)
			}
		}
		best = min(best, m)
	}
	return best
}
