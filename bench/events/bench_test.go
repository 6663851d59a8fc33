// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the program start itself as its server.
func TestMain(m *testing.M) {
	if os.Getenv(roleVar) == "server" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestEveryFigureIsPrinted runs all of it over a short history. What comes out
// is not judged: that takes a machine of its own and the whole history.
func TestEveryFigureIsPrinted(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("# Before\n"+markBegin+"\nold\n"+markEnd+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), options{events: 2000, ingest: 2000, seconds: 200 * time.Millisecond, asks: 5, write: page, dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, want := range []string{
		"# Before", "\nafter", "over HTTP against the bare store", "acknowledgement of a call", "memory of the server", "allocations of an event",
		"by room, against", "by user, against", "by type, against", "page 1,000", "summary of 30 days", "search: a first name and a time",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "old\n") {
		t.Error("the results of before are still there")
	}
}
