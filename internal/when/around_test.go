// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package when

import (
	"testing"
	"time"
)

func TestAround(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this machine: ", err)
	}
	now := time.Date(2026, 11, 26, 13, 30, 0, 0, zone) // a Thursday
	const form = "Mon 2 15:04"
	for text, want := range map[string]string{
		"yesterday 14:05":      "Wed 25 13:35 to Wed 25 14:35",
		"Yesterday at 2pm":     "Wed 25 13:30 to Wed 25 14:30",
		"yesterday":            "Wed 25 00:00 to Thu 26 00:00",
		"yesterday night":      "Wed 25 21:00 to Thu 26 06:00",
		"this morning":         "Thu 26 06:00 to Thu 26 12:00",
		"evening":              "Wed 25 18:00 to Thu 26 00:00", // it has not been evening yet
		"tuesday afternoon":    "Tue 24 12:00 to Tue 24 18:00",
		"on Tue, 9-11":         "Tue 24 09:00 to Tue 24 11:00",
		"fri 9:30-10:15":       "Fri 20 09:30 to Fri 20 10:15",
		"thursday 10:00":       "Thu 26 09:30 to Thu 26 10:30",
		"14:05":                "Wed 25 13:35 to Wed 25 14:35",
		"13:20":                "Thu 26 12:50 to Thu 26 13:50",
		"12am":                 "Wed 25 23:30 to Thu 26 00:30",
		"20m ago":              "Thu 26 12:40 to Thu 26 13:40",
		"2 h ago":              "Thu 26 11:00 to Thu 26 12:00",
		"2026-11-20":           "Fri 20 00:00 to Sat 21 00:00",
		"2026-11-20 9-11":      "Fri 20 09:00 to Fri 20 11:00",
		"2026-11-20 14:00":     "Fri 20 13:30 to Fri 20 14:30",
		"2026-11-20T14:00Z":    "",
		"2026-11-20T14:00:00Z": "Fri 20 14:30 to Fri 20 15:30",
		"2026-10-25":           "Sun 25 00:00 to Mon 26 00:00", // 25 hours
		"2026-10-25 9-11":      "Sun 25 09:00 to Sun 25 11:00",
		"":                     "", "soon": "", "25:00": "", "13pm": "", "11-9": "", "yesterday tomorrow": "", "yesterday 9 11": "", "ago": "", "-": "", "24:30": "",
	} {
		since, until, err := Around(text, now)
		got := since.In(zone).Format(form) + " to " + until.In(zone).Format(form)
		if err != nil {
			got = ""
		}
		if got != want {
			t.Errorf("%q is %s (%v), want %s", text, got, err, want)
		}
	}
}
