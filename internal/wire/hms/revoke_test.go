package hms_test

import (
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

// Whoever came in with a token that is revoked is put out, and nobody else.
func TestRevokingATokenPutsItsHolderOut(t *testing.T) {
	s := newStation(t, nil)
	bob := &peer{s: s, t: t, id: "bob-s-peer", tok: s.token("guest", "u-bob", func(c *token.Claims) { c.ID = "his" })}
	bob.open()
	bob.expect("on-policy-change")
	bob.join("bob")
	bob.expect("peer-list")
	alice := s.joined("host", "alice")
	s.all.Revoke("somebody-else-s")
	bob.must("get-peer", map[string]string{"peer_id": alice.id})
	s.all.Revoke("his")
	said := bob.expect("on-error")
	if said["fault"] != fault.TokenRevoked.ID || said["code"] != float64(40100) {
		t.Errorf("bob was told %v", said)
	}
	if left := alice.expect("on-peer-leave"); left["peer_id"] != bob.id {
		t.Errorf("left: %v", left)
	}
	<-bob.closed
	if e := s.events.wait(t, event.Disconnected); e.PeerID != bob.id || e.Fault != fault.TokenRevoked.ID || !e.Failure.Terminal {
		t.Errorf("recorded %+v", e)
	}
	alice.must("get-peer", map[string]string{"peer_id": alice.id})
}
