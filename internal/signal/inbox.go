package signal

import "sync"

// inbox is the queue of a seat: closures that run one after another in the
// seat's goroutine. Posting never waits. News of the room is bounded by limit;
// everything else is bounded by whoever posts it.
type inbox struct {
	mu     sync.Mutex
	items  []func()
	news   int // items that came through postNews
	limit  int
	closed bool
	wake   chan struct{}
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

// postNews queues f unless too much news waits already, and says whether it did.
func (b *inbox) postNews(f func()) bool {
	b.mu.Lock()
	ok := b.closed || b.news < b.limit
	if ok && !b.closed {
		b.news++
		b.items = append(b.items, func() {
			b.mu.Lock()
			b.news--
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
