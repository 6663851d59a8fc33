// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"slices"
	"sync"

	"github.com/redial-rtc/redial/internal/event/postings"
)

// tail is the postings of the events that are in no run. It is the writer's, whose transaction
// may have changed it already; others read in it what their state of the file has, and
// look through the rows where they cannot tell.
//
// New events come after all that a reader sees, so that they do it no harm. Whatever else changes gives
// the tail another version: a reader whose state of the file is of one version finds all of its events here
// for as long as the tail has that version.
type tail struct {
	of map[int64][]postings.Posting // by reference, each by place; only the writer changes it, under mu

	mu       sync.RWMutex
	version  int64
	changing bool // it has been changed, not only added to, and that is not in the file yet
}

// reset empties it.
func (t *tail) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of, t.changing = map[int64][]postings.Posting{}, true
	t.version++
}

// add takes in the posting of a new event, for each of its references. 0 is none.
func (t *tail) add(p postings.Posting, refs [4]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ref := range refs {
		if ref > 0 {
			t.of[ref] = append(t.of[ref], p)
		}
	}
}

// change adds a posting of an event that is there already, or takes it out.
func (t *tail) change(ref int64, p postings.Posting, gone bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.changing {
		t.changing = true
		t.version++
	}
	list := t.of[ref]
	i, found := slices.BinarySearchFunc(list, p.Seq, func(p postings.Posting, seq int64) int { return int(p.Seq - seq) })
	if gone && found {
		t.of[ref] = slices.Delete(list, i, i+1)
	} else if !gone && !found {
		t.of[ref] = slices.Insert(list, i, p)
	}
}

// settled tells that the tail is as the file has it, but for new events.
func (t *tail) settled() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changing = false
}

// seen is what a reader notes of a tail before its state of the file is fixed; 0 when that can be either
// with the changes of a transaction or without.
func (t *tail) seen() (version int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.changing {
		return 0
	}
	return t.version
}

// between gives the postings of a reference that are between, as a reader sees them that has noted a
// version, and whether that can be told.
func (t *tail) between(version, ref int64, in Between) (list []postings.Posting, known bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if version != t.version {
		return nil, false
	}
	in.Desc = false // the list is by place
	in.of(t.of[ref], func(p postings.Posting) bool {
		list = append(list, p)
		return true
	})
	return list, true
}

// inTail is what a reader finds of a reference in the tail.
func (c *Conn) inTail(ctx context.Context, ref int64, in Between) (list []postings.Posting, known bool, err error) {
	if c.version == 0 {
		return nil, false, nil
	}
	last, _, err := c.Lookup(ctx, "SELECT seq FROM events ORDER BY seq DESC LIMIT 1") // what comes later is not in its state of the file
	if err != nil {
		return nil, false, err
	}
	in.Upto = min(in.Upto, last)
	list, known = c.newer.between(c.version, ref, in)
	return list, known, nil
}
