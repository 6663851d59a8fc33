// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
)

// TestTimelineIsPrinted: marks are lines by time, incidents their first failure, and
// what was told late says so.
func TestTimelineIsPrinted(t *testing.T) {
	at := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)
	tl := admin.Timeline{
		Origin: at, Times: []int64{0, 60_000, 5_000, 1_000}, Lanes: "sbcs", Kinds: []int{0, 1, 1, 0}, Peers: []int{0, 0, 0, 1},
		Kind: []admin.TimelineKind{{Type: "track.add.success"}, {Type: "client.publish.failed", Fault: "ice.failed"}}, Peer: []string{"p-1", "p-2"},
		Told:     []admin.TimelineTold{{Mark: 1, After: 7_200_000}},
		Incident: []admin.TimelineIncident{{ID: "e1", Began: at.Add(time.Minute), Ended: at.Add(65 * time.Second), Marks: []int{1, 2}, Cause: "network.lost", Title: "The network was lost", Confidence: "likely"}},
	}
	print := func(all bool) string {
		t.Helper()
		var out strings.Builder
		if err := (&env{stdout: &out, stderr: &out}).timeline(&tl, map[string]admin.SessionPeer{"p-1": {Name: "Mia \x1b[31mLang"}}, all); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	lines := strings.Split(strings.TrimSpace(print(false)), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "14:00:00.000") || !strings.Contains(lines[0], "  S ") || strings.Contains(lines[0], "\x1b") ||
		!strings.Contains(lines[1], "CS ") || !strings.Contains(lines[1], "The network was lost (likely), and 1 that follow until 14:01:05  redial why -event e1 (told 2h0m0s later)") ||
		!strings.Contains(lines[2], "p-2") {
		t.Errorf("%q", lines)
	}
	if lines := strings.Split(strings.TrimSpace(print(true)), "\n"); len(lines) != 4 {
		t.Errorf("all: %q", lines)
	}
}
