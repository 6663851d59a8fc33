// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"strings"

	chars "github.com/redial-rtc/redial/internal/text"
)

// clip shortens s to at most max bytes of valid UTF-8.
func clip(s string, max int) string {
	// What is no UTF-8 becomes longer, so it is cut before and after.
	return chars.Cut(strings.ToValidUTF8(chars.Cut(s, max), "\uFFFD"), max)
}
