// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/internal/sfu/gcc"
)

// repairBudget bounds what all repeats towards one subscriber may take: a share of
// what its downlink is thought to carry. What they do take is taken off what layers
// may have, so that both together stay within the estimate. One goroutine spends,
// that which reads the connection's RTCP; any may ask for the rate.
type repairBudget struct {
	share  float64 // of the estimate
	bucket *rate.Limiter
	meter  gcc.RateMeter

	recent atomic.Uint64 // bits per second
	at     atomic.Int64  // when something was last sent again
}

const (
	minRepairRate  = 64e3 / 8 // bytes per second, also on the thinnest path
	minRepairBurst = 32 << 10 // bytes; the packets of a burst of losses
	repairBurst    = 0.25     // seconds of the rate

	repairsOver = int64(time.Second) // without a repeat, they take nothing any more
)

func newRepairBudget(percent int) *repairBudget {
	return &repairBudget{share: float64(percent) / 100, bucket: rate.NewLimiter(minRepairRate, minRepairBurst)}
}

// renew takes the latest estimate of the downlink, in bits per second.
func (b *repairBudget) renew(estimate float64) {
	bytes := max(b.share*estimate/8, minRepairRate)
	b.bucket.SetLimit(rate.Limit(bytes))
	b.bucket.SetBurst(max(int(repairBurst*bytes), minRepairBurst))
}

// take spends the bytes of one packet, or reports that they are not there.
func (b *repairBudget) take(bytes int) bool {
	if !b.bucket.AllowN(time.Now(), bytes) {
		return false
	}
	at := now()
	if bits, ok := b.meter.Add(at, bytes); ok {
		b.recent.Store(bits)
	}
	b.at.Store(at)
	return true
}

// rate is what repairs take, in bits per second: what they have taken lately, but no more
// than they may of an estimate, which may have fallen since.
func (b *repairBudget) rate(at int64, estimate float64) float64 {
	if last := b.at.Load(); last == 0 || at-last >= repairsOver {
		return 0
	}
	return min(float64(b.recent.Load()), max(b.share*estimate, 8*minRepairRate))
}
