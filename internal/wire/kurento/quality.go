// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import "github.com/redial-rtc/redial/internal/room"

// best is the quality that a connection is taken to have until another was told.
const best = 5

// tellQuality tells how well those receive whom the client knows, itself among them,
// as far as that has changed: 0 (nothing comes through) to 5. A client may believe
// itself connected long after the server knows that nothing arrives.
func tellQuality(s *session, scores map[room.PeerID]int) {
	for id, now := range scores {
		if _, known := s.told[id]; !known && id != s.p.ID() {
			continue
		}
		was, rated := s.rated[id]
		if !rated {
			was = best
		}
		if was == now {
			continue
		}
		s.rated[id] = now
		s.notify("networkQualityLevelChanged", map[string]any{"connectionId": id, "newValue": now, "oldValue": was})
	}
}
