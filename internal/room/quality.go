// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"maps"
)

// Quality is how well the peers of a room receive.
type Quality struct {
	r       *Room
	scores  map[PeerID]int
	changed bool // since it was told
}

func newQuality(r *Room) *Quality { return &Quality{r: r, scores: map[PeerID]int{}} }

// left hears that a peer receives nothing any more.
func (q *Quality) left(id PeerID) { delete(q.scores, id) }

// clear drops the scores of a session that has ended.
func (q *Quality) clear() {
	clear(q.scores)
	q.changed = false
}

// Set states how well a peer receives, 0 (lost) to 5 (excellent).
func (q *Quality) Set(ctx context.Context, id PeerID, score int) {
	_ = q.r.do(ctx, func() {
		if was, known := q.scores[id]; q.r.members[id] != nil && (!known || was != score) {
			q.scores[id] = score
			q.changed = true
		}
	})
}

// tell gives everybody the scores, if one has changed.
func (q *Quality) tell() {
	if !q.changed {
		return
	}
	q.changed = false
	u := QualityChanged{maps.Clone(q.scores)}
	for _, m := range q.r.members {
		m.to.Notify(u)
	}
}
