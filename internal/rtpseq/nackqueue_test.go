// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpseq

import (
	"testing"
	"time"
)

// lose has packet seq lost and its repeat arrive a round trip after the first request,
// and counts the requests.
func lose(q *NACKQueue, seq uint64, at, trip time.Duration) (asks int) {
	q.Arrived(seq+1, seq-1, int64(at))
	var first time.Duration
	for end := at + 2*time.Second; at < end; at += time.Millisecond {
		if first != 0 && at-first >= trip {
			q.Arrived(seq, seq+1, int64(at))
			return asks
		}
		if ask, _ := q.Due(int64(at)); len(ask) > 0 {
			asks++
			if first == 0 {
				first = at
			}
		}
	}
	return asks
}

// Once the round trip is known, also a longer one than before, a lost packet is asked
// for once: a second request before the answer can be there is a packet in vain.
func TestAsksOnceInARoundTrip(t *testing.T) {
	for _, trips := range [][]time.Duration{{20, 20}, {90, 90}, {300, 300}, {20, 250}, {250, 20}} {
		var q NACKQueue
		seq, at := uint64(1<<16), time.Second
		for _, trip := range trips {
			last := 0
			for range 40 {
				last = lose(&q, seq, at, trip*time.Millisecond)
				seq += 10
				at += 3 * time.Second
			}
			if last != 1 {
				t.Errorf("round trips %v: %d requests for one packet at %d ms", trips, last, trip)
			}
		}
	}
}

// A packet that is lost again and again is asked for until it comes.
func TestAsksAgain(t *testing.T) {
	var q NACKQueue
	lose(&q, 1<<16, time.Second, 40*time.Millisecond)
	q.Arrived(1<<16+12, 1<<16+10, int64(4*time.Second))
	asks := 0
	for at := 4 * time.Second; at < 5*time.Second; at += time.Millisecond {
		ask, _ := q.Due(int64(at))
		asks += len(ask)
	}
	if asks != lossTries {
		t.Errorf("%d requests in a second, want %d", asks, lossTries)
	}
}
