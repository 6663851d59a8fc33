// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"slices"
	"strings"
	"testing"
)

// What a peer may receive is offered before it has the list of peers, which clients
// expect some time after the answer to join, and all of it in the first offer.
func TestTheOfferDoesNotWaitForThePeerList(t *testing.T) {
	s := newStation(t, nil)
	anna, cleo := s.joined("host", "anna"), s.joined("host", "cleo")
	id := anna.publish("audio")
	<-cleo.remote // so it arrives

	bela := s.connect("host", "bela")
	bela.expect("on-policy-change")
	bela.join("bela")
	for {
		bela.mu.Lock()
		offer := slices.IndexFunc(bela.seen, func(n note) bool { return n.method == "offer" })
		list := slices.IndexFunc(bela.seen, func(n note) bool { return n.method == "peer-list" })
		var sdp string
		if offer >= 0 {
			sdp, _ = bela.seen[offer].params["sdp"].(string)
		}
		bela.mu.Unlock()
		if offer >= 0 && list >= 0 {
			if list < offer {
				t.Error("the offer waited for the peer list")
			}
			if !strings.Contains(sdp, id) {
				t.Error("the first offer is without the track that arrives")
			}
			break
		}
		<-bela.arrived
	}
	if got := <-bela.remote; got.ID() != id {
		t.Errorf("%s arrives, want %s", got.ID(), id)
	}
}
