// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/server"
)

func TestBar(t *testing.T) {
	half := server.Progress{Done: 50, Total: 100, Added: 40, Known: 8}
	whole := server.Progress{Done: 100, Total: 100, Added: 90, Known: 8}

	var b strings.Builder
	terminal := newBar(&b, true)
	terminal.shown = time.Now().Add(-time.Second)
	terminal.show(half)
	terminal.show(half) // too soon
	terminal.show(whole)
	terminal.end()
	if got := b.String(); strings.Count(got, "\r") != 2 || !strings.Contains(got, "["+strings.Repeat("#", 15)+strings.Repeat(".", 15)+"]  50%  48 events") ||
		!strings.Contains(got, "100%  98 events") || !strings.HasSuffix(got, "\n") {
		t.Errorf("on a terminal: %q", got)
	}

	b.Reset()
	file := newBar(&b, false)
	file.show(half) // too soon
	file.show(whole)
	file.end()
	if got := b.String(); strings.Count(got, "\n") != 1 || strings.ContainsAny(got, "\r\x1b") || !strings.HasPrefix(got, "100%  98 events") {
		t.Errorf("elsewhere: %q", got)
	}
}
