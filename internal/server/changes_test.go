// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"reflect"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/registry"
)

// TestChangesOfSettingsAreKept: what a start changes is told by name, with its value only
// where that cannot hold a password; the first start changes nothing.
func TestChangesOfSettingsAreKept(t *testing.T) {
	r, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o, cfg := r.Operations(), config.Default()
	start := func(version string) {
		t.Helper()
		if err := annotateStart(t.Context(), o, &cfg, version); err != nil {
			t.Fatal(err)
		}
	}
	start("v1")
	start("v2")
	cfg.Limits.Rooms, cfg.Media.UDP, cfg.OpenVidu.Secret = 7, "127.0.0.1:1", "a secret that nobody may read in a list"
	cfg.Access.Keys = []config.Key{{Access: "a", Secret: "b"}}
	start("v3")
	found, err := o.Annotations(t.Context(), "acme", time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, a := range found {
		kinds = append(kinds, a.Kind)
	}
	if want := []string{"start", "start", "start", "settings"}; !reflect.DeepEqual(kinds, want) {
		t.Fatalf("kept %v, want %v", kinds, want)
	}
	if found[2].Data["version"] != "v3" {
		t.Errorf("%v", found[2])
	}
	was := config.Default()
	want := []any{
		map[string]any{"setting": "limits.rooms", "was": was.Values()["limits.rooms"], "now": "7"},
		map[string]any{"setting": "media.udp"},
	}
	if got := found[3].Data["changed"].([]any); len(got) != 2 || !(reflect.DeepEqual(got, want)) {
		t.Errorf("changed %v, want %v", got, want)
	}
}
