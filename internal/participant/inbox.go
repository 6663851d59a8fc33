// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import "sync"

// inbox is the queue of a participant: closures that run one after another in the
// participant's goroutine. Posting never waits. Updates of the room are bounded by limit;
// everything else is bounded by whoever posts it.
type inbox struct {
	mu      sync.Mutex
	items   []func()
	updates int // items that came through postUpdate
	limit   int
	closed  bool
	wake    chan struct{}
}

func newInbox(limit int) *inbox {
	return &inbox{limit: limit, wake: make(chan struct{}, 1)}
}

// post queues f; it is dropped after close.
func (b *inbox) post(f func()) {
	b.mu.Lock()
	if !b.closed {
		b.items = append(b.items, f)
	}
	b.mu.Unlock()
	b.ring()
}

// postUpdate queues f unless too many updates wait already, and says whether it did.
func (b *inbox) postUpdate(f func()) bool {
	b.mu.Lock()
	ok := b.closed || b.updates < b.limit
	if ok && !b.closed {
		b.updates++
		b.items = append(b.items, func() {
			b.mu.Lock()
			b.updates--
			b.mu.Unlock()
			f()
		})
	}
	b.mu.Unlock()
	b.ring()
	return ok
}

func (b *inbox) ring() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take removes the oldest item.
func (b *inbox) take() (func(), bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) == 0 || b.closed {
		return nil, false
	}
	f := b.items[0]
	b.items[0] = nil
	b.items = b.items[1:]
	return f, true
}

// close drops what waits and all that comes.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed, b.items = true, nil
	b.mu.Unlock()
}
