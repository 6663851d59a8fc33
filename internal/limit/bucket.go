// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"sync"
	"time"
)

// Bucket is a token bucket that may go into debt: what something costs is often
// known only once it is done. Whoever is in debt has to wait.
type Bucket struct {
	perSecond, most float64

	mu   sync.Mutex
	have float64
	at   time.Time
}

// NewBucket returns a full bucket that gains perSecond and holds most.
func NewBucket(perSecond, most int) *Bucket {
	return &Bucket{perSecond: float64(perSecond), most: float64(most), have: float64(most), at: time.Now()}
}

// Wait is how long until nothing is owed any more; 0 is not at all.
func (b *Bucket) Wait() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	if b.have >= 0 {
		return 0
	}
	return max(time.Millisecond, time.Duration(-b.have/b.perSecond*float64(time.Second)))
}

// Spend takes n, whether it is there or not.
func (b *Bucket) Spend(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	b.have -= float64(n)
}

func (b *Bucket) fill() {
	now := time.Now()
	b.have = min(b.most, b.have+now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
}
