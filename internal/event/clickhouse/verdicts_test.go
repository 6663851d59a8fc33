// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"testing"
	"time"
)

// TestEventsWaitForTheirVerdicts, where somebody gives any, and not for ever.
func TestEventsWaitForTheirVerdicts(t *testing.T) {
	s := &Store{}
	now := time.Now()
	check := func(what string, ready, want int64) {
		t.Helper()
		if got := s.withVerdicts(ready, now); got != want {
			t.Errorf("%s: up to %d is shipped, want %d", what, got, want)
		}
	}
	check("nobody gives verdicts", 10, 10)
	s.ship.diagnosed.note(4)
	check("some have had their turn", 10, 4)
	s.ship.diagnosed.note(0)
	check("they go on", 10, 4)
	now = now.Add(maxBehind - time.Second)
	check("they wait", 12, 4)
	now = now.Add(time.Second)
	check("they have waited for long", 12, 12)
	s.ship.diagnosed.note(12)
	check("verdicts are there", 12, 12)
	check("and behind again", 13, 12)
}
