package room

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// audible is the quietest level, in -dBov, that counts as speech. Room noise in
// front of a laptop lies around 60.
const audible = 50

// maxSpeakers is how many are named at once.
const maxSpeakers = 5

// notifySpeakers lists who is audible and tells it if anybody is or was.
func (r *Room) notifySpeakers() {
	var now []Speaker
	for _, m := range r.members {
		for id, s := range m.sources {
			t := m.Tracks[id]
			if t.Kind != Audio || t.Mute {
				continue
			}
			if level := s.Level(); level <= audible {
				now = append(now, Speaker{m.ID, id, (127 - int(level)) * 100 / 127})
			}
		}
	}
	slices.SortFunc(now, func(a, b Speaker) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.PeerID, b.PeerID))
	})
	now = now[:min(len(now), maxSpeakers)]
	if slices.Equal(now, r.speakers) {
		return
	}
	r.speakers = now
	for _, m := range r.members {
		m.to.Notify(SpeakersChanged{now})
	}
}

// SetQuality states how well a peer receives, 0 (lost) to 5 (excellent).
func (r *Room) SetQuality(ctx context.Context, id PeerID, score int) {
	_ = r.do(ctx, func() {
		if r.members[id] != nil && r.scores[id] != score {
			r.scores[id] = score
			r.scoresNew = true
		}
	})
}

func (r *Room) notifyQuality() {
	if !r.scoresNew {
		return
	}
	r.scoresNew = false
	u := QualityChanged{maps.Clone(r.scores)}
	for _, m := range r.members {
		m.to.Notify(u)
	}
}
