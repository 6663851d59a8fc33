// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package when

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones on every machine
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestSplit(t *testing.T) {
	now := time.Date(2026, 11, 26, 13, 30, 0, 0, zoneOf(t, "Europe/Berlin")) // a Thursday
	const form = "Mon 2 15:04"
	for text, want := range map[string]string{
		"mia yesterday 14:05":             "mia | Wed 25 13:35 to Wed 25 14:35",
		"Mia Lang Tue 9-11":               "Mia Lang | Tue 24 09:00 to Tue 24 11:00",
		"mia last 2h":                     "mia | Thu 26 11:30 to Thu 26 13:30",
		"mia last 2 h":                    "mia | Thu 26 11:30 to Thu 26 13:30",
		"mia past 3d":                     "mia | Mon 23 13:30 to Thu 26 13:30",
		"mia at 13:05":                    "mia | Thu 26 12:35 to Thu 26 13:35",
		"yesterday at 14:05 mia":          "mia | Wed 25 13:35 to Wed 25 14:35",
		"mia 2026-11-20T14:00:00Z":        "mia | Fri 20 14:30 to Fri 20 15:30",
		"mia 2026-11-20 14:00":            "mia | Fri 20 13:30 to Fri 20 14:30",
		"mia this morning":                "mia | Thu 26 06:00 to Thu 26 12:00",
		"mia last tuesday":                "mia | Tue 24 00:00 to Wed 25 00:00",
		"mia 20m ago":                     "mia | Thu 26 12:40 to Thu 26 13:40",
		"14:05":                           " | Wed 25 13:35 to Wed 25 14:35",
		"mia":                             "mia | ",
		"room 9":                          "room 9 | ", // more likely a name
		`"sun" li yesterday`:              "sun li | Wed 25 00:00 to Thu 26 00:00",
		`"yesterday 14:05"`:               "yesterday 14:05 | ",
		"":                                " | ",
		"mia at":                          "mia at | ",
		strings.Repeat("mia ", 40) + "9":  strings.Repeat("mia ", 40) + "9 | ",
		"Zo\u00eb gestern":                "Zo\u00eb gestern | ",
		"mia \u202eyesterday\u202c 14:05": "mia \u202eyesterday\u202c | Wed 25 13:35 to Wed 25 14:35",
	} {
		rest, span := Split(text, now)
		got := rest + " | "
		if !span.IsZero() {
			got += span.Since.In(now.Location()).Format(form) + " to " + span.Until.In(now.Location()).Format(form)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestTheNightsOfTheChange: what clocks show twice is meant both times, and what
// they never show is meant as either clock would have it.
func TestTheNightsOfTheChange(t *testing.T) {
	berlin, newYork := zoneOf(t, "Europe/Berlin"), zoneOf(t, "America/New_York")
	for _, c := range []struct {
		text         string
		now          time.Time
		since, until string // UTC
	}{
		{"02:30", time.Date(2026, 10, 25, 12, 0, 0, 0, berlin), "25 00:00", "25 02:00"}, // 00:30 and 01:30 UTC
		{"01:30", time.Date(2026, 10, 25, 12, 0, 0, 0, berlin), "24 23:00", "25 00:00"},
		{"03:30", time.Date(2026, 10, 25, 12, 0, 0, 0, berlin), "25 02:00", "25 03:00"},
		{"today 1-4", time.Date(2026, 10, 25, 12, 0, 0, 0, berlin), "24 23:00", "25 03:00"}, // four hours
		{"02:30", time.Date(2026, 3, 29, 12, 0, 0, 0, berlin), "29 00:00", "29 02:00"},      // there is none
		{"01:30", time.Date(2026, 3, 29, 12, 0, 0, 0, berlin), "29 00:00", "29 01:00"},
		{"03:30", time.Date(2026, 3, 29, 12, 0, 0, 0, berlin), "29 01:00", "29 02:00"},
		{"yesterday", time.Date(2026, 3, 30, 12, 0, 0, 0, berlin), "28 23:00", "29 22:00"}, // 23 hours
		{"last 12h", time.Date(2026, 3, 29, 12, 0, 0, 0, berlin), "28 22:00", "29 10:00"},
		{"01:30", time.Date(2026, 11, 1, 12, 0, 0, 0, newYork), "1 05:00", "1 07:00"},
		{"yesterday 14:05", time.Date(2026, 10, 26, 9, 0, 0, 0, berlin), "25 12:35", "25 13:35"},
	} {
		since, until, err := Around(c.text, c.now)
		const form = "2 15:04"
		if got := since.UTC().Format(form) + " to " + until.UTC().Format(form); err != nil || got != c.since+" to "+c.until {
			t.Errorf("%s on %s: %s (%v), want %s to %s", c.text, c.now.Format(time.DateOnly), got, err, c.since, c.until)
		}
	}
}

// FuzzWhen: whatever is written, a span has an order, and no word is lost but those
// of the time.
func FuzzWhen(f *testing.F) {
	for _, s := range []string{"mia yesterday 14:05", "Tue 9-11", "last 2h", `"sun" li 14:05`, "2026-10-25 02:30", "99999999d ago", "1e9h", "-5m", "24:00", "\u202e12am"} {
		f.Add(s, int64(1774742400))
	}
	zone := zoneOf(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		now := time.Unix(unix%(1<<33), 0).In(zone)
		if since, until, err := Around(s, now); err == nil && until.Before(since) {
			t.Errorf("%q is from %s to %s", s, since, until)
		}
		if at, err := Point(s, now); err == nil && at.IsZero() {
			t.Errorf("%q is no time", s)
		}
		rest, span := Split(s, now)
		if again, _ := fields(s); span.IsZero() && rest != strings.Join(again, " ") || len(rest) > len(s) {
			t.Errorf("%q leaves %q", s, rest)
		}
	})
}
