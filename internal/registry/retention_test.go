// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"maps"
	"testing"
	"time"
)

// What an account chooses is there after a restart, the last choice counts, and
// nobody else's changes.
func TestRetentions(t *testing.T) {
	dir := t.TempDir()
	r, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(want map[string]time.Duration) {
		t.Helper()
		got, err := r.Retentions(t.Context())
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
	set := func(account string, keep time.Duration, by string) {
		t.Helper()
		if err := r.SetRetention(t.Context(), account, keep, by); err != nil {
			t.Fatal(err)
		}
	}
	check(map[string]time.Duration{})
	if _, chosen, err := r.Retention(t.Context(), "acme"); chosen || err != nil {
		t.Errorf("nothing was chosen: %v, %v", chosen, err)
	}
	set("acme", time.Hour, "first")
	set("umbrella", 0, "other")
	set("acme", 2*time.Hour, "second")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = Open(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	check(map[string]time.Duration{"acme": 2 * time.Hour, "umbrella": 0})
	got, chosen, err := r.Retention(t.Context(), "acme")
	if err != nil || !chosen || got.Keep != 2*time.Hour || got.UpdatedBy != "second" || time.Since(got.UpdatedAt) > time.Minute {
		t.Errorf("%+v, %v, %v", got, chosen, err)
	}
	if err := r.ClearRetention(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	check(map[string]time.Duration{"umbrella": 0})
}
