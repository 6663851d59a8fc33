package event

import (
	"strings"
	"unicode/utf8"
)

// clip shortens s to at most max bytes of valid UTF-8.
func clip(s string, max int) string {
	if len(s) > max {
		for max > 0 && !utf8.RuneStart(s[max]) {
			max--
		}
		s = s[:max]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
