// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
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

// checked does something when a token has been found good.
type checked struct {
	participant.Verifier
	then *atomic.Pointer[func()]
}

func (c checked) Verify(ctx context.Context, raw string, want token.Type) (token.Claims, error) {
	claims, err := c.Verifier.Verify(ctx, raw, want)
	if then := c.then.Swap(nil); err == nil && then != nil {
		(*then)()
	}
	return claims, err
}

// Who is let in by a check that came just before the revocation is not inside
// after it: somebody new, one whom an earlier process held, and one whose socket
// dropped.
func TestARevocationBetweenTheCheckAndTheEntry(t *testing.T) {
	for _, c := range []struct {
		name string
		was  func(s *station, bob *peer)
		or   string // what else it may be told, as its end is under way
	}{
		{"new", func(*station, *peer) {}, ""},
		{"held by an earlier process", func(s *station, bob *peer) {
			claims, err := token.NewVerifier([]token.Key{key}, token.Options{}).Verify(s.t.Context(), bob.tok, token.App)
			if err != nil {
				s.t.Fatal(err)
			}
			s.dir.held[room.PeerID(bob.id)] = room.Peer{UserID: "u-bob", Resume: claims.Digest, Name: "bob", Role: "guest"}
		}, ""},
		{"held", func(_ *station, bob *peer) {
			bob.open()
			bob.expect("on-policy-change")
			bob.join("bob")
			bob.expect("peer-list")
			_ = bob.ws.CloseNow()
			<-bob.closed
		}, fault.PeerGone.ID},
	} {
		t.Run(c.name, func(t *testing.T) {
			then := &atomic.Pointer[func()]{}
			s := newStation(t, func(c *config) { c.Tokens = checked{c.Tokens, then} })
			alice := s.joined("host", "alice")
			bob := &peer{s: s, t: t, id: "bob-s-peer", tok: s.token("guest", "u-bob", func(c *token.Claims) { c.ID = "his" })}
			c.was(s, bob)
			revoke := func() { s.all.Revoke("his") }
			then.Store(&revoke)
			bob.open()
			if said := bob.expect("on-error"); said["fault"] != fault.TokenRevoked.ID && said["fault"] != c.or {
				t.Errorf("bob was told %v", said)
			}
			<-bob.closed
			if then.Load() != nil {
				t.Error("the token was never checked")
			}
			eventually(t, "bob is outside", func() bool {
				_, _, refusal := alice.call("get-peer", map[string]string{"peer_id": bob.id})
				return refusal == fault.PeerNotFound.ID && s.all.Participant(roomID, room.PeerID(bob.id)) == nil
			})
		})
	}
}
