// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"sync"
	"time"
)

// bucketDepth is how much may pass at once, in seconds of the rate: about the
// queue of a home router.
const bucketDepth = 0.2

// bucket is a token bucket that is full at first.
type bucket struct {
	mu    sync.Mutex
	last  time.Time
	bytes float64
}

// take tells whether n bytes pass at a rate in kbit/s.
func (b *bucket) take(n, rate int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	perSecond := float64(rate) * 1000 / 8
	most := max(perSecond*bucketDepth, 1500)
	now := time.Now()
	if b.last.IsZero() {
		b.bytes = most
	} else {
		b.bytes = min(most, b.bytes+now.Sub(b.last).Seconds()*perSecond)
	}
	b.last = now
	if b.bytes < float64(n) {
		return false
	}
	b.bytes -= float64(n)
	return true
}
