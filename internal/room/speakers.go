// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"cmp"
	"slices"
)

// audible is the quietest level, in -dBov, that counts as speech. Room noise in
// front of a laptop lies around 60.
const audible = 50

// maxSpeakers is how many are named at once.
const maxSpeakers = 5

// speakers are the peers of a room who are audible.
type speakers struct {
	r   *Room
	now []Speaker // as it was told
}

// tell lists who is audible and tells it if anybody is or was.
func (s *speakers) tell() {
	var now []Speaker
	for _, m := range s.r.members {
		for id, source := range m.sources {
			t := m.Tracks[id]
			if t.Kind != Audio || t.Mute {
				continue
			}
			if level := source.Level(); level <= audible {
				now = append(now, Speaker{m.ID, id, (127 - int(level)) * 100 / 127})
			}
		}
	}
	slices.SortFunc(now, func(a, b Speaker) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.PeerID, b.PeerID))
	})
	now = now[:min(len(now), maxSpeakers)]
	if slices.Equal(now, s.now) {
		return
	}
	s.now = now
	tell(s.r, SpeakersChanged{now}, nil)
}
