// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// held lists the files in a directory that this process has open.
func held(t *testing.T, dir string) (open []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if name, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name())); err == nil && strings.HasPrefix(name, dir) {
			open = append(open, filepath.Base(name))
		}
	}
	return open
}

// TestCloseLeavesNothingOpen: what a store has used is given back, files first of
// all, so that a process can stop one and start another.
func TestCloseLeavesNothingOpen(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		s := open(t, dir)
		eventtest.Add(t, s, eventtest.Sample(1), eventtest.Sample(2))
		for range 10 {
			eventtest.All(t, s, event.Query{AccountID: "acme", RoomID: "room-1", Limit: 1})
		}
		if _, err := s.(event.Summarizer).Summarize(t.Context(), event.SummaryQuery{By: event.ByFault, Users: true}); err != nil {
			t.Fatal(err)
		}
		if len(held(t, dir)) == 0 {
			t.Fatal("an open store has no file open: this test sees nothing")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left := held(t, dir); len(left) > 0 {
			t.Errorf("still open after Close: %q", left)
		}
	}
}
