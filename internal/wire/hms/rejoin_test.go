// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/room"
)

// inside lists who is shown in the room.
func (s *station) inside(t *testing.T) (ids []string) {
	t.Helper()
	r := s.hub.Active(roomID)
	if r == nil {
		return nil
	}
	snap, err := r.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range snap.Peers {
		ids = append(ids, string(p.ID))
	}
	return ids
}

// again is the client of a peer that has forgotten its peer id, and not its token.
func (p *peer) again() *peer {
	q := &peer{s: p.s, t: p.t, id: uuid.NewString(), tok: p.tok}
	q.open()
	q.expect("on-policy-change")
	q.join("again")
	q.expect("peer-list")
	return q
}

// TestARejoinedPersonIsShownOnce loses the socket of a peer whose client then
// joins anew with its token: what was held of it goes at once. Nobody else who is
// away goes, whichever user their token names.
func TestARejoinedPersonIsShownOnce(t *testing.T) {
	s := newStation(t, nil)
	host := s.joined("host", "host")
	carol := s.joined("guest", "carol")
	namesake := s.joined("guest", "carol") // the same user, by another token
	_, _ = carol.ws.CloseNow(), namesake.ws.CloseNow()
	s.waitHeld(2)

	carol2 := carol.again()
	if left := host.expect("on-peer-leave"); left["peer_id"] != carol.id {
		t.Errorf("left: %v", left)
	}
	s.waitHeld(1)
	eventually(t, "three are shown", func() bool { return len(s.inside(t)) == 3 })
	namesake.open()
	namesake.expect("peer-list")
	carol2.must("get-peer", map[string]string{"peer_id": namesake.id})
	if s.all.Participant(roomID, room.PeerID(carol.id)) != nil {
		t.Error("the first is still held")
	}
}

// TestTwoTabsStayTwo joins twice with one token on purpose: both sockets live, and
// each is held when it is lost later on.
func TestTwoTabsStayTwo(t *testing.T) {
	s := newStation(t, nil)
	one := s.joined("guest", "carol")
	two := one.again()
	one.must("ping", map[string]int64{"timestamp": 1})
	two.must("get-peer", map[string]string{"peer_id": one.id})
	_ = two.ws.CloseNow() // the tab that nobody came after
	<-two.closed
	s.waitHeld(1)
	one.must("get-peer", map[string]string{"peer_id": two.id})
	two.open()
	two.expect("peer-list")
	s.waitHeld(0)
	if n := len(s.inside(t)); n != 2 {
		t.Errorf("%d are inside", n)
	}
}

// TestAPageThatWentSilentlyIsShownOnce leaves the first socket open and silent, as
// that of a machine that lost its network, and joins anew from elsewhere. The
// silent one goes as soon as a client that lives would have pinged.
func TestAPageThatWentSilentlyIsShownOnce(t *testing.T) {
	s := newStation(t, nil)
	host := s.joined("host", "host")
	first := s.joined("guest", "carol")
	again := first.again()
	for began := time.Now(); len(s.inside(t)) > 2; time.Sleep(200 * time.Millisecond) {
		if time.Since(began) > 60*time.Second { // a hold that follows a silence lasts longer
			t.Fatalf("shown twice: %v", s.inside(t))
		}
		host.must("ping", map[string]int64{"timestamp": 1})
		again.must("ping", map[string]int64{"timestamp": 1})
	}
	if left := host.expect("on-peer-leave"); left["peer_id"] != first.id {
		t.Errorf("left: %v", left)
	}
}
