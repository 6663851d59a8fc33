// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"sync"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
)

// joinCounter keeps who joined.
type joinCounter struct {
	*events
	mu    sync.Mutex
	joins []event.Subject
}

func (c *joinCounter) Joined(s event.Subject) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joins = append(c.joins, s)
}

// TestJoinsAreCounted: a peer that is let in counts as one join.
func TestJoinsAreCounted(t *testing.T) {
	c := &joinCounter{}
	s := newStation(t, func(cfg *config) {
		c.events = cfg.Events.(*events)
		cfg.Events = c
	})
	alice := s.joined("host", "alice")
	s.joined("guest", "bob")
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.joins) != 2 || c.joins[0].PeerID != alice.id || c.joins[0].Role != "host" || c.joins[0].RoomID != roomID ||
		c.joins[0].AccountID != key.Account || c.joins[1].Role != "guest" {
		t.Errorf("joined: %+v", c.joins)
	}
}
