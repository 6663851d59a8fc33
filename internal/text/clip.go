// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package text

import "unicode/utf8"

// Cut shortens a text to so many bytes at most, and never within a character.
func Cut(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && !utf8.RuneStart(s[bytes]) {
		bytes--
	}
	return s[:bytes]
}

// Clip shortens text that came from outside before it is repeated: it is cut to so
// many bytes, and an ellipsis says so.
func Clip(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return Cut(s, bytes) + "…"
}
