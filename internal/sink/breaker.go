// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	firstPause = time.Second     // after a first failure
	maxPause   = 5 * time.Minute // after many; also how often a paused receiver is tried
	maxAsked   = time.Hour       // the longest Retry-After that is obeyed
)

// backoff is how long to wait after n failures in a row, n from 1: twice as
// long each time, of which a random half is left out, so that many senders do
// not come back at once.
func backoff(n int) time.Duration {
	d := maxPause
	if n < 20 {
		d = min(firstPause<<(n-1), maxPause)
	}
	return d/2 + rand.N(d/2+1)
}

// breaker spares a receiver that fails: while it does, one request at a time
// is sent to see whether it is back, after pauses that grow.
type breaker struct {
	probe chan struct{} // held by whoever finds out

	mu       sync.Mutex
	failures int // in a row
	since    time.Time
	retryAt  time.Time
	last     error
	kick     chan struct{} // closed to try at once
}

func newBreaker() *breaker {
	return &breaker{probe: make(chan struct{}, 1), kick: make(chan struct{})}
}

// enter returns when a request may be sent. The caller reports what came of it
// with ok or failed and then calls leave.
func (b *breaker) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !b.failing() {
		return func() {}, nil
	}
	select {
	case b.probe <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	leave = func() { <-b.probe }
	b.mu.Lock()
	wait, kick, failing := time.Until(b.retryAt), b.kick, b.failures > 0
	b.mu.Unlock()
	if !failing || wait <= 0 {
		return leave, nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-kick:
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
	return leave, nil
}

func (b *breaker) failing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures > 0
}

// ok says that the receiver works; it returns since when it had not.
func (b *breaker) ok() (failedSince time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	failedSince = b.since
	b.failures, b.since, b.retryAt, b.last = 0, time.Time{}, time.Time{}, nil
	return failedSince
}

// failed says that the receiver does not work, and how long it asks to be left
// alone; it returns since when it has not worked.
func (b *breaker) failed(err error, asked time.Duration) (since time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.failures == 0 {
		b.since = now
	}
	b.last = err
	if b.failures == 0 || !now.Before(b.retryAt) { // several that were under way fail as one
		b.failures++
		b.retryAt = now.Add(max(backoff(b.failures), min(asked, maxAsked)))
	}
	return b.since
}

// now ends the pause that is under way.
func (b *breaker) now() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retryAt = time.Time{}
	close(b.kick)
	b.kick = make(chan struct{})
}

// state tells how the receiver is; failures is 0 when it works.
func (b *breaker) state() (failures int, since, retryAt time.Time, last error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures, b.since, b.retryAt, b.last
}
