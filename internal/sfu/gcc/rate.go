// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import "time"

// RateMeter measures a bit rate over half a second at a time.
type RateMeter struct {
	since int64
	bytes int
	rate  float64
}

const rateSpan = int64(500 * time.Millisecond)

// Add counts a packet of a size in bytes at a time in nanoseconds, and returns the
// rate in bits per second when half a second is over.
func (w *RateMeter) Add(at int64, size int) (rate uint64, changed bool) {
	if w.since == 0 {
		w.since = at
	}
	w.bytes += size
	span := at - w.since
	if span < rateSpan {
		return 0, false
	}
	latest := float64(w.bytes) * 8 * float64(time.Second) / float64(span)
	if w.rate == 0 || span > 4*rateSpan {
		w.rate = latest
	} else {
		w.rate += (latest - w.rate) / 2
	}
	w.since, w.bytes = at, 0
	return uint64(w.rate), true
}
