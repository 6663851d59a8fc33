// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// Accept takes the first offer from the peer, in place of Start, for peers that
// offer what they receive: the tracks that were added before are sent in the
// sections of their kind. Later changes are offered as after Start. It returns
// fault.SDPInvalid for an offer that cannot be read, and fault.NegotiationFailed
// for everything else, and when there has been an offer.
func (s *Subscriber) Accept(offer webrtc.SessionDescription) (webrtc.SessionDescription, error) {
	n := &s.nego
	n.turn.Lock()
	defer n.turn.Unlock()
	none := webrtc.SessionDescription{}
	if n.started {
		return none, fault.NegotiationFailed.New("reason", "there has been an offer")
	}
	parsed, err := parseSDP(offer, webrtc.SDPTypeOffer)
	if err != nil {
		return none, err
	}
	n.started = true
	adds, _, _ := n.take()
	for _, d := range adds {
		if err := s.addSection(d); err != nil {
			s.trackError(d, err)
		}
	}
	n.formats = formatsOf(parsed)
	defer func() { n.formats = nil }()
	s.conn.paths.described(parsed.SessionDescription)
	peer := s.conn.peer
	if err := peer.SetRemote(webrtc.SessionDescription{Type: offer.Type, SDP: parsed.text}); err != nil {
		return none, fault.SDPInvalid.Wrap(err)
	}
	if err := peer.Answer(); err != nil {
		return none, fault.NegotiationFailed.Wrap(err)
	}
	n.agreed.keep(parsed)
	s.conn.awaitGathering()
	s.conn.remoteApplied(false)
	s.attach()
	answer := peer.Local()
	s.conn.tellCredentials(answer.SDP)
	answer.SDP = slim(answer.SDP)
	return answer, nil
}
