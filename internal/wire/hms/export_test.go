// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"maps"
	"slices"

	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
)

// GiveUp ends a peer and holds up the tidying until the returned function is
// called.
func (h *Handler) GiveUp(roomID, peer string) (tidy func()) {
	hold, held := make(chan struct{}), make(chan struct{})
	p := h.all.Participant(roomID, room.PeerID(peer))
	p.Post(func() { p.Leave("given up"); close(held); <-hold })
	<-held
	return func() { close(hold) }
}

// Methods are the methods of the socket and of the data channel.
func Methods() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for _, name := range slices.AppendSeq(slices.Collect(maps.Keys(ops)), maps.Keys(channelOps)) {
			if !yield(name) {
				return
			}
		}
	})
}

// Channel lets a peer's session hear a message of the data channel, and waits
// until it has.
func (h *Handler) Channel(roomID, peer string, message []byte) {
	p, done := h.all.Participant(roomID, room.PeerID(peer)), make(chan struct{})
	p.Post(func() { defer close(done); p.Wire().(*session).media.channelMessage(message) })
	<-done
}

// Costs are what the methods of the socket cost.
func Costs() map[string]participant.Cost {
	all := make(map[string]participant.Cost, len(ops))
	for method, o := range ops {
		all[method] = o.cost
	}
	return all
}
