// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"math"
	"time"
)

const (
	paceHead = 1.5 // times what is known to fit may leave at once, so that a queue stays short
	paceFor  = int64(time.Minute)

	// A second loses packets where at least so many and so large a share of them are lost.
	paceLost = 2
	paceLoss = 0.02
)

// Pace is the rate at which packets of pictures may leave, in bits per second: some more than
// the path is known to carry, or than the layers take that are aimed at, as the packets of a
// large picture would overrun a short queue if they left together. It is infinite while nothing
// has been late or lost.
func (e *Estimator) Pace(layers float64, at int64) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cutAt == 0 && (e.lostAt == 0 || at-e.lostAt > paceFor) {
		return math.Inf(1)
	}
	known := max(e.carried, e.ackedRate, layers)
	if e.cutAt != 0 {
		known = min(known, e.rate)
	}
	return paceHead * max(known, rateMin)
}
