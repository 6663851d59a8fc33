// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"testing"

	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/inject"
)

// TestCausesAreProvokedOrNot: each cause that the diagnosis tells can be provoked, or
// there is a reason of its own why a server cannot do that.
func TestCausesAreProvokedOrNot(t *testing.T) {
	possible := map[string]bool{}
	for _, c := range inject.Causes() {
		possible[c.ID] = true
		if why := inject.WhyNot(c.ID); why != "" {
			t.Errorf("%s can be provoked, and cannot: %s", c.ID, why)
		}
	}
	for _, r := range diagnose.Rules() {
		if why := inject.WhyNot(r.Cause); !possible[r.Cause] && (why == "" || why == inject.WhyNot("no.such")) {
			t.Errorf("%s is neither provoked nor is there a reason: %q", r.Cause, why)
		}
	}
}
