// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

var fingerprint = regexp.MustCompile(`a=fingerprint:sha-256 ..(?::..){31}`)

// move builds the connections anew at the server's wish, as the web SDK does.
func (p *peer) move() {
	p.t.Helper()
	p.node = p.expect("node-info")["sfu_node_id"].(string)
	p.closePCs()
	p.sub = nil
	p.newPub()
	res, code, f := p.offer(map[string]any{})
	if code != 0 || res["sfu_node_id"] != p.node {
		p.t.Fatalf("the first offer after a move: %d %s %v", code, f, res)
	}
	p.expect("peer-list")
}

// failedHandshake takes the word and the record of a handshake that failed.
func failedHandshake(t *testing.T, p *peer) {
	t.Helper()
	if told := p.expect("on-warning"); told["fault"] != fault.DTLSFailed.ID {
		t.Errorf("told %v", told)
	}
	p.s.events.waitFor(t, func(e *event.Event) bool {
		return e.PeerID == p.id && e.Type == event.SubscribeFailed && e.Fault == fault.DTLSFailed.ID && !e.Failure.Terminal
	})
}

// A connection on which a client receives and whose handshake failed is told, and built
// anew: it carries media when the next handshake succeeds.
func TestAFailedHandshakeIsMadeOnAnotherConnection(t *testing.T) {
	s := newStation(t, func(c *config) { c.Rebuild = 10 * time.Millisecond })
	alice, bob := s.joined("host", "alice"), s.connect("guest", "user-bob")
	bob.forged.Store(true)
	bob.expect("on-policy-change")
	bob.join("bob")
	bob.expect("peer-list")
	failedHandshake(t, bob)
	bob.forged.Store(false)
	bob.move()
	mic := alice.publish("audio")
	if got := <-bob.remote; got.ID() != mic {
		t.Errorf("received %s, want %s", got.ID(), mic)
	}
}

// A client whose handshakes all fail is told so each time, and in the end left in peace:
// it stays in the room, and the server makes no more connections for it.
func TestHandshakesThatAllFailEnd(t *testing.T) {
	s := newStation(t, func(c *config) { c.Rebuild = 10 * time.Millisecond })
	bob := s.connect("guest", "user-bob")
	bob.forged.Store(true)
	bob.expect("on-policy-change")
	bob.join("bob")
	bob.expect("peer-list")
	for range 3 {
		failedHandshake(t, bob)
		bob.move()
	}
	failedHandshake(t, bob)
	offers := len(bob.take("offer"))
	bob.must("ping", map[string]any{"timestamp": 1})
	time.Sleep(1200 * time.Millisecond) // two turns of the loop that mends paths
	if again := bob.take("node-info"); len(again) != 0 {
		t.Errorf("told to move once more: %v", again)
	}
	if again := bob.take("offer"); len(again) != 0 {
		t.Errorf("%d offers on a connection that is dead, after %d", len(again), offers)
	}
}
