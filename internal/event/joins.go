// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
)

const (
	joinsEvery = 2 * time.Second // how often joins are written, and how many may be lost in a crash
	maxJoins   = 20_000          // that wait to be written; more are not counted
)

// joins collects successful joins until they are written. They are no events:
// losing a few makes a rate a little worse than it was, and nothing else.
type joins struct {
	mu      sync.Mutex
	waiting []Join
	lost    int64
}

// Joined counts a join that succeeded, without waiting. A store that does not
// count (Summarizer) hears nothing of it.
func (r *Recorder) Joined(s Subject) {
	if _, ok := r.store.(Summarizer); !ok {
		return
	}
	if s.AccountID == "" {
		s.AccountID = r.cfg.Account
	}
	for _, field := range []*string{&s.AccountID, &s.RoomID, &s.TemplateID, &s.Role} {
		*field = clip(*field, maxID)
	}
	j := Join{Time: time.Now().UTC(), Subject: s}
	r.joins.mu.Lock()
	defer r.joins.mu.Unlock()
	if len(r.joins.waiting) >= maxJoins {
		r.joins.lost++
		return
	}
	r.joins.waiting = append(r.joins.waiting, j)
}

// countJoins writes joins now and then, until the context ends.
func (r *Recorder) countJoins(ctx context.Context) {
	tick := time.NewTicker(joinsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.writeJoins()
		case <-ctx.Done():
			return
		}
	}
}

// writeJoins writes the joins that wait. What could not be written waits on.
func (r *Recorder) writeJoins() {
	sum, ok := r.store.(Summarizer)
	r.joins.mu.Lock()
	list, lost := r.joins.waiting, r.joins.lost
	r.joins.waiting, r.joins.lost = nil, 0
	r.joins.mu.Unlock()
	if lost > 0 {
		r.cfg.Log.Error("joins were not counted, because too many waited to be written", "joins", lost)
	}
	if !ok || len(list) == 0 {
		return
	}
	if err := sum.CountJoins(context.Background(), list); err != nil {
		r.cfg.Log.Error("joins could not be counted", "joins", len(list), "fault", fault.From(err, fault.OpReport))
		r.joins.mu.Lock()
		defer r.joins.mu.Unlock()
		r.joins.waiting = append(list, r.joins.waiting...)
		if over := len(r.joins.waiting) - maxJoins; over > 0 {
			r.joins.waiting, r.joins.lost = r.joins.waiting[:maxJoins], r.joins.lost+int64(over)
		}
	}
}
