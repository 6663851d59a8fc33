// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"os"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// The page about analytics has every parameter and dimension.
func TestTheAnalyticsPageIsComplete(t *testing.T) {
	raw, err := os.ReadFile("../../docs/analytics.md")
	if err != nil {
		t.Fatal(err)
	}
	must := append(eventjson.SummaryParameters(), eventjson.Dimensions()...)
	for _, word := range must {
		if !strings.Contains(string(raw), "`"+word+"`") {
			t.Errorf("the page does not mention `%s`", word)
		}
	}
}
