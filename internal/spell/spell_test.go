// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package spell_test

import (
	"testing"

	"github.com/redial-rtc/redial/internal/spell"
)

func TestNearest(t *testing.T) {
	known := []string{"serve", "dev", "token", "config", "max_peers_per_room", "version"}
	for word, want := range map[string]string{
		"serv":              "serve",
		"sevre":             "serve",
		"Token":             "token",
		"tokne":             "token",
		"vers":              "version",
		"max_peer_per_room": "max_peers_per_room",
		"banana":            "",
		"x":                 "",
		"":                  "",
	} {
		if got := spell.Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
