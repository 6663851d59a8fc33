// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import "github.com/pion/webrtc/v4"

// MediaPorts are the local UDP ports over which a session publishes and
// subscribes, for tests that cut one of them; 0 while there is none.
func (r *Room) MediaPorts() (publish, subscribe int) {
	m := r.s.currentMedia()
	if m == nil {
		return 0, 0
	}
	return localPort(m.pub), localPort(m.sub)
}

func localPort(pc *webrtc.PeerConnection) int {
	pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return 0
	}
	return int(pair.Local.Port)
}
