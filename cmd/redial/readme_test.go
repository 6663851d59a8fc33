// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"
)

// TestREADMECommands runs what the README has a newcomer type in the second
// terminal, with two people in the call.
func TestREADMECommands(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	s.enter(t, devRoom, "Hanna")
	n := 0
	for line := range strings.Lines(string(page)) {
		command, _, _ := strings.Cut(strings.TrimSpace(line), "  #")
		args := strings.Fields(command)
		if len(args) < 2 || args[0] != "./redial" {
			continue
		}
		switch args[1] {
		case "inject", "events", "explain", "why", "search":
		default:
			continue // needs files; its own tests run it
		}
		n++
		if out, errs, code := s.call(t.Context(), t, args[1:]...); code != exitOK {
			t.Errorf("%s: exit code %d: %s%s", command, code, out, errs)
		}
		s.call(t.Context(), t, "inject", "-clear")
	}
	if n < 7 {
		t.Errorf("the README has %d commands to break a call and to read why", n)
	}
}
