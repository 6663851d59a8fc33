// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"maps"
)

// Quality is how well the peers of a room receive.
type Quality struct {
	r      *Room
	scores map[PeerID]int
	moved  map[PeerID]bool // whose score has changed since it was told
	unsaid map[PeerID]bool // who has been told none since it was in step with the room
}

func newQuality(r *Room) *Quality {
	return &Quality{r: r, scores: map[PeerID]int{}, moved: map[PeerID]bool{}, unsaid: map[PeerID]bool{}}
}

// left hears that a peer receives nothing any more.
func (q *Quality) left(id PeerID) {
	delete(q.scores, id)
	delete(q.moved, id)
	delete(q.unsaid, id)
}

// clear drops the scores of a session that has ended.
func (q *Quality) clear() {
	clear(q.scores)
	clear(q.moved)
	clear(q.unsaid)
}

// synced hears of a peer that is told the room anew, and so the scores.
func (q *Quality) synced(id PeerID) { q.unsaid[id] = true }

// Set states how well a peer receives, 0 (lost) to 5 (excellent).
func (q *Quality) Set(ctx context.Context, id PeerID, score int) {
	_ = q.r.do(ctx, func() {
		if was, known := q.scores[id]; q.r.members[id] != nil && (!known || was != score) {
			q.scores[id] = score
			q.moved[id] = true
		}
	})
}

// tell gives everybody the scores that have changed, and all of them to those who know
// none. In a room of a thousand, all of them for everybody would be a million.
func (q *Quality) tell() {
	if len(q.moved) > 0 {
		moved := map[PeerID]int{}
		for id := range q.moved {
			moved[id] = q.scores[id]
		}
		tell(q.r, QualityChanged{moved}, func(m *member) bool { return !q.unsaid[m.ID] })
	}
	if len(q.unsaid) > 0 && len(q.scores) > 0 {
		tell(q.r, QualityChanged{maps.Clone(q.scores)}, func(m *member) bool { return q.unsaid[m.ID] })
		clear(q.unsaid)
	}
	clear(q.moved)
}
