package event

import (
	"strings"
	"unicode/utf8"
)

// clip shortens s to at most max bytes of valid UTF-8.
func clip(s string, max int) string {
	// What is no UTF-8 becomes longer, so it is cut before and after.
	return cut(strings.ToValidUTF8(cut(s, max), "\uFFFD"), max)
}

// cut shortens a text to so many bytes, at the beginning of a character.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}
