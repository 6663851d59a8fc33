// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"testing"

	"github.com/redial-rtc/redial/client"
)

// A Go peer that sends sound is an active speaker to another.
func TestSpeaker(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "Hanna"))
	speakers := make(chan []client.Speaker, 99)
	cfg := s.config("guest", "Gus")
	cfg.Listener = client.Listener{OnSpeakers: func(l []client.Speaker) { speakers <- l }}
	s.join(cfg)
	if _, err := host.Publish(t.Context(), client.Tone()); err != nil {
		t.Fatal(err)
	}
	for {
		if l := get(t, speakers, "a speaker"); len(l) == 1 && l[0].PeerID == host.PeerID() {
			return
		}
	}
}
