// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/room"
)

// About is what backends are told of somebody who came by this wire, beyond what
// the room knows.
type About struct {
	Platform string     // browser and system, in the client's words
	Address  netip.Addr // where it came from last
	Receives []Received
}

// Received is a stream that a client receives, or is about to.
type Received struct {
	Stream    string
	Publisher room.PeerID
	Since     time.Time
}

// About describes a peer; false when none of that id came by this wire. It waits
// for nobody.
func (h *Handler) About(roomID string, peer room.PeerID) (About, bool) {
	p := h.all.Participant(roomID, peer)
	if p == nil {
		return About{}, false
	}
	s, ours := p.Wire().(*session)
	if !ours {
		return About{}, false
	}
	if a := s.about.Load(); a != nil {
		return *a, true
	}
	return About{}, true
}

// noteReceived renews what others may ask about what the client receives.
func (s *session) noteReceived() {
	a := About{Platform: s.platform, Address: s.from}
	for _, sub := range s.subs {
		a.Receives = append(a.Receives, Received{sub.stream.ID, sub.peer, sub.since})
	}
	slices.SortFunc(a.Receives, func(a, b Received) int { return strings.Compare(a.Stream, b.Stream) })
	s.about.Store(&a)
}
