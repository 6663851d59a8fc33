// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package when

import (
	"strings"
	"testing"
	"time"
)

func TestPoint(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	now := time.Date(2026, 3, 10, 13, 30, 0, 0, zone)
	for text, want := range map[string]string{
		"90m":                       "2026-03-10T12:00:00+01:00",
		"2d":                        "2026-03-08T13:30:00+01:00",
		"1d12h":                     "2026-03-09T01:30:00+01:00",
		"13:00":                     "2026-03-10T13:00:00+01:00",
		"13:30":                     "2026-03-10T13:30:00+01:00",
		"14:00":                     "2026-03-09T14:00:00+01:00", // it has not been two yet
		"9:15:07":                   "2026-03-10T09:15:07+01:00",
		"2026-02-01":                "2026-02-01T00:00:00+01:00",
		"2026-02-01 14:00":          "2026-02-01T14:00:00+01:00",
		"2026-02-01T14:00:05.250":   "2026-02-01T14:00:05.25+01:00",
		"2026-02-01T14:00:00Z":      "2026-02-01T14:00:00Z",
		"2026-02-01T14:00:00-05:00": "2026-02-01T14:00:00-05:00",
	} {
		got, err := Point(text, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s is %s (%v), want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "25:00", "-5m", "2026-13-01", "99999999d", "1d-5m"} {
		if got, err := Point(text, now); err == nil || !strings.Contains(err.Error(), "14:00") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}
