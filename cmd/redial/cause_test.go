// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/admin"
)

// TestSelfTest provokes every cause that can be provoked, with real clients on a real
// server, and the diagnosis names each, marked as provoked.
func TestSelfTest(t *testing.T) {
	s := newStage(t)
	all, err := s.admin(t).Injections.List(t.Context())
	if err != nil || len(all.Causes) < 15 {
		t.Fatalf("%+v, %v", all.Causes, err)
	}
	out, errs, code := s.call(t.Context(), t, "inject", "-self-test", "-json")
	if code != exitOK {
		t.Errorf("exit code %d: %s", code, errs)
	}
	named := map[string]bool{}
	for line := range strings.Lines(out) {
		var c tested
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		named[c.Cause] = c.OK && (c.Verdict == c.Cause || c.Verdict == "")
		if !c.OK {
			t.Errorf("%+v", c)
		}
	}
	for _, cause := range all.Causes {
		if !named[cause.ID] {
			t.Errorf("%s is not named", cause.ID)
		}
	}
	if !named["nothing provoked"] || len(named) != len(all.Causes)+1 {
		t.Errorf("told of %v", named)
	}
}

// TestSelfTestFails: what is not named makes the command fail, and says so.
func TestSelfTestFails(t *testing.T) {
	var out bytes.Buffer
	err := printTested(&env{stdout: &out}, []tested{
		{Cause: "room.full", Fault: "room.full", Verdict: "room.full", Confidence: admin.Proven, OK: true},
		{Cause: "network.media_lost", Fault: "ice.failed", Verdict: "network.udp_blocked", Confidence: admin.Likely, Problem: "UDP \x1b[2Jis blocked"},
	}, false)
	if err == nil || !strings.Contains(err.Error(), "1 of 2") || !strings.Contains(out.String(), "NOT OK UDP") || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

// TestCausesThatCannotBeProvoked are refused with the reason and with those that can.
func TestCausesThatCannotBeProvoked(t *testing.T) {
	s := newStage(t)
	s.roomToken(t, "well")
	for args, want := range map[string][]string{
		"-cause network.lost":                {"room.locked", "the client's machine or its network"},
		"-cause server.stalled":              {"kill -STOP"},
		"-cause no.such":                     {"no.such"},
		"-cause room.locked -at call":        {"the cause decides it"},
		"-cause room.locked room.full":       {"exclude each other"},
		"-cause room.locked -peer ann":       {"name a user"},
		"-self-test -cause server.stalled":   {"cannot be provoked"},
		"-self-test -list":                   {"exclude each other"},
		"-cause network.media_lost -peer xy": {"xy"},
	} {
		out, errs, code := s.call(t.Context(), t, append([]string{"inject", "-room", "well"}, strings.Fields(args)...)...)
		for _, w := range want {
			if code == exitOK || !strings.Contains(errs, w) {
				t.Errorf("%s: exit code %d: %s%s", args, code, out, errs)
			}
		}
	}
}

// TestCausesAreDocumented: the page has a row for each that can be provoked.
func TestCausesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/injection.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := newStage(t).admin(t).Injections.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") && strings.Count(line, "|") == 4 && strings.Contains(line, ".") && (strings.Contains(line, "| inside |") || strings.Contains(line, "| joins |")) {
			rows++
		}
	}
	for _, c := range all.Causes {
		who := "joins"
		if c.Inside {
			who = "inside"
		}
		if !strings.Contains(string(page), "| `"+c.ID+"` | "+who+" | "+c.About+" |\n") {
			t.Errorf("no row for %s: %s, %s", c.ID, who, c.About)
		}
	}
	if rows != len(all.Causes) {
		t.Errorf("%d rows for %d causes", rows, len(all.Causes))
	}
}
