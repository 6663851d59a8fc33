// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"testing"

	"github.com/redial-rtc/redial/internal/config"
)

// The media port answers STUN requests where a door tells its clients to ask it,
// and nowhere else.
func TestSTUNIsAnsweredWhereClientsAreToldSo(t *testing.T) {
	for name, open := range map[string]func(*config.Config){
		"openvidu": func(c *config.Config) { c.OpenVidu.Secret = "secret" },
		"kurento":  func(c *config.Config) { c.Kurento.Enabled = true },
		"sceenic":  func(c *config.Config) { c.Sceenic.Key = "key" },
	} {
		cfg := config.Default()
		if got := stunRate(cfg); got != 0 {
			t.Fatalf("without a door: %d a second", got)
		}
		open(&cfg)
		if got := stunRate(cfg); got != cfg.Limits.STUNRate || got == 0 {
			t.Errorf("%s: %d a second", name, got)
		}
		cfg.Media.ICEServers = []config.ICEServer{{URLs: []string{"stun:192.0.2.1"}}}
		if got := stunRate(cfg); got != 0 {
			t.Errorf("%s, with servers of others: %d a second", name, got)
		}
	}
}
