// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestVersion: what the release has linked in is what is told, to people and to programs.
func TestVersion(t *testing.T) {
	released, commit, date = "v9.8.7", "0123456789abcdef0123456789abcdef01234567", "2026-11-27T01:02:03Z"
	t.Cleanup(func() { released, commit, date = "", "", "" })
	out, errs, code := (&stage{}).callAt(t.Context(), "", "version")
	if code != exitOK || !strings.HasPrefix(out, "redial v9.8.7, commit 0123456789ab of 2026-11-27T01:02:03Z, go") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	out, errs, code = (&stage{}).callAt(t.Context(), "", "version", "-json")
	var b build
	if err := json.Unmarshal([]byte(out), &b); code != exitOK || err != nil || b.Version != released || b.Commit != commit || b.Time != date || b.Platform == "" {
		t.Errorf("exit code %d, %v, %s%s", code, err, out, errs)
	}
}
