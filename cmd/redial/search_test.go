// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
)

// TestSearchOnAServer: who failed to join and who got in are found on a real server, by
// a part of a name and a time in words, without any id.
func TestSearchOnAServer(t *testing.T) {
	s := newStage(t)
	in, err := client.Join(t.Context(), client.Config{Endpoint: s.server.URL(), Token: s.roomToken(t, "consult"), Name: "Mía Okafor"})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Leave()
	failed := s.refusedAs(t, "consult", "Mia Lang")
	search := func(args ...string) (out, errs string) {
		t.Helper()
		out, errs, code := s.call(t.Context(), t, append([]string{"search"}, args...)...)
		if code != exitOK {
			t.Fatalf("search %v: exit code %d: %s", args, code, errs)
		}
		return out, errs
	}
	// Joins are written every two seconds.
	var out string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if out, _ = search("okafor last 1h"); out != "" {
			break
		}
	}
	if !strings.Contains(out, `Mía Okafor in "consult" got in, and nothing failed`) {
		t.Errorf("who got in:\n%s", out)
	}
	// The other was refused before the name was told: a guess, and called one.
	out, _ = search("-room", "consult", "5m ago")
	if !strings.Contains(out, "did not get in") || !strings.Contains(out, "redial why -event "+failed.ID) {
		t.Errorf("the room:\n%s", out)
	}
	// Both are one list by time.
	out, errs, code := s.call(t.Context(), t, "attempts", "-room", "consult", "-oldest")
	if code != exitOK || !strings.Contains(out, "Mía Okafor") || !strings.Contains(out, "did not get in") {
		t.Errorf("attempts: %d %q %q", code, out, errs)
	}
	if out, _, _ := s.call(t.Context(), t, "attempts", "-failed"); strings.Contains(out, "Okafor") || !strings.Contains(out, "did not get in") {
		t.Errorf("attempts that failed: %q", out)
	}
	if _, errs, code := s.call(t.Context(), t, "attempts", "-n", "0"); code != exitUsage || !strings.Contains(errs, "-n 0") {
		t.Errorf("attempts -n 0: %d %q", code, errs)
	}
	if out, errs, code := s.call(t.Context(), t, "outcomes", "-room", "consult"); code != exitOK || !strings.HasPrefix(out, "1 tries from ") || !strings.Contains(out, "1  got in\n") || !strings.Contains(out, "1  more, in which a failure was provoked") {
		t.Errorf("outcomes: %d %q %q", code, out, errs)
	}
	if _, errs, code := s.call(t.Context(), t, "timeline", "nothing"); code != exitFailure || !strings.Contains(errs, "The session does not exist") {
		t.Errorf("timeline of no session: %d %q", code, errs)
	}
	if out, errs, code := s.call(t.Context(), t, "causes", "-changes"); code != exitOK || !strings.Contains(out, "start") || !strings.Contains(out, "room.locked") {
		t.Errorf("what was changed: %d %q %q", code, out, errs)
	}
	if out, errs, code := s.call(t.Context(), t, "causes", "room.locked"); code != exitOK || !strings.Contains(out, "(room.locked)") {
		t.Errorf("one cause: %d %q %q", code, out, errs)
	}
	if _, errs, code := s.call(t.Context(), t, "causes", "room.locked", "-mute", "room.locked"); code != exitUsage || !strings.Contains(errs, "CAUSE alone") {
		t.Errorf("one cause, and a mute: %d %q", code, errs)
	}
	for _, args := range [][]string{{"-mute", "room.locked", "-for", "1h"}, {"-mute", "room.locked"}, {}, {"-unmute", "room.locked"}} {
		if _, errs, code := s.call(t.Context(), t, append([]string{"causes"}, args...)...); code != exitOK {
			t.Errorf("causes %v: %d %q", args, code, errs)
		}
	}
	if out, errs, code := s.call(t.Context(), t, "audit"); code != exitOK || !strings.Contains(out, "injection.add") || !strings.Contains(out, "done") {
		t.Errorf("audit: %d %q %q", code, out, errs)
	}
	if out, errs, code := s.call(t.Context(), t, "health", "-detail", s.server.URL()); code != exitOK || !strings.Contains(out, "last used") || !strings.Contains(out, "MiB free of") ||
		!strings.Contains(out, " failures of the last day told by the client") || !strings.Contains(out, "registry     ok") || !strings.Contains(out, "media        ipv4 loopback, udp") {
		t.Errorf("health: %d %q %q", code, out, errs)
	}
	raw, _ := search("okafor", "-json")
	var found admin.PeopleFound
	if err := json.Unmarshal([]byte(raw), &found); err != nil || found.People != 1 || found.Attempts[0].UserName != "Mía Okafor" {
		t.Errorf("as JSON: %v, %s", err, raw)
	}
	if out, errs := search("nobody yesterday 14:05"); out != "" || !strings.Contains(errs, `Nobody was found by the name "nobody" from `) {
		t.Errorf("of nobody: %q %q", out, errs)
	}
	if out, errs := search(`"sun" li`); out != "" || !strings.Contains(errs, `by the name "sun li".`) {
		t.Errorf("a name that is a day: %q %q", out, errs)
	}
	for args, want := range map[string]string{
		"":             "whom or when is missing",
		"mia -n 0":     "-n 0 is not a number from 1 to 100",
		"mia -n x":     "-n",
		"mia -since x": "is not a time",
	} {
		out, errs, code := s.call(t.Context(), t, append([]string{"search"}, strings.Fields(args)...)...)
		if code != exitUsage || !strings.Contains(errs, want) || out != "" {
			t.Errorf("search %s: %d %q %q", args, code, out, errs)
		}
	}
	if _, errs, code := s.call(t.Context(), t, "search", strings.Repeat("x", 300)); code != exitFailure || !strings.Contains(errs, "longer than 256 bytes") {
		t.Errorf("a long name: %d %q", code, errs)
	}
}
