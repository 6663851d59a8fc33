// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package limit counts how often each caller does something, and tells who does
// it too often.
package limit

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/internal/recent"
)

// Rate is how often something may be done.
type Rate struct {
	PerSecond float64 // sustained
	Burst     int     // at once
}

// Or is the rate, or another when it is zero.
func (r Rate) Or(d Rate) Rate {
	if r.PerSecond == 0 {
		return d
	}
	return r
}

// Callers keeps a token bucket for each of the callers seen last. Its memory is
// bounded: whoever was not seen for longest is forgotten first, and comes back
// with a full bucket.
type Callers struct {
	rate Rate

	mu      sync.Mutex
	buckets *recent.Map[string, *rate.Limiter]
}

// most is how many callers are remembered, at some 300 bytes each.
const most = 20_000

// New returns a Callers that has seen nobody.
func New(r Rate) *Callers {
	return &Callers{rate: r, buckets: recent.New[string, *rate.Limiter](most)}
}

// Take counts one call of a caller and tells how long to wait instead; 0 is not
// at all. A call that has to wait does not count.
func (c *Callers) Take(key string) time.Duration { return c.TakeN(key, 1) }

// TakeN counts n of whatever is counted, all or none.
func (c *Callers) TakeN(key string, n int) time.Duration {
	now, b := time.Now(), c.bucket(key)
	if b.AllowN(now, n) {
		return 0
	}
	res := b.ReserveN(now, n)
	if !res.OK() { // not even so many at once are allowed
		return time.Second
	}
	wait := res.DelayFrom(now)
	if wait > 0 {
		res.CancelAt(now)
	}
	return wait
}

func (c *Callers) bucket(key string) *rate.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, known := c.buckets.Get(key)
	if !known {
		b = rate.NewLimiter(rate.Limit(c.rate.PerSecond), c.rate.Burst)
		c.buckets.Put(key, b)
	}
	return b
}

// Key is who counts as one caller: an IPv4 address, or the 64 bits of IPv6 that
// one customer of a network has to themselves.
func Key(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
