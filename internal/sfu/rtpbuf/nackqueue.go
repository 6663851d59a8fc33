// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpbuf

import (
	"slices"
	"sync"
	"time"
)

// NACKQueue holds the packets of one layer that have not arrived, and when to ask
// the publisher for them again (RFC 4585, section 6.2.1). It knows what came back
// on a retransmission stream, which an interceptor below that does not, and would
// ask for again and again. Times are nanoseconds of a clock that only grows.
//
// The read loop takes the lock only when a packet is missing or late.
type NACKQueue struct {
	mu   sync.Mutex
	list []loss
	trip time.Duration // from asking to getting, smoothed
}

type loss struct {
	seq   uint64
	since int64
	asked int64
	tries int
}

const (
	lossPatience = 10 * time.Millisecond // packets may overtake each other
	lossRetry    = 30 * time.Millisecond // at least, between two requests
	lossTries    = 10
	lossAge      = time.Second
	lossMost     = 256 // more at once is a break that only a key frame mends
)

// Missing notes that everything from first up to, not including, next is missing.
func (m *NACKQueue) Missing(first, next uint64, at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if next-first > lossMost {
		m.list = m.list[:0]
		return
	}
	for seq := first; seq < next; seq++ {
		if len(m.list) == lossMost {
			m.list = slices.Delete(m.list, 0, 1)
		}
		m.list = append(m.list, loss{seq: seq, since: at})
	}
}

// Filled notes that a late packet has come.
func (m *NACKQueue) Filled(seq uint64, at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, x := range m.list {
		if x.seq != seq {
			continue
		}
		if x.tries == 1 {
			if took := time.Duration(at - x.asked); m.trip == 0 {
				m.trip = took
			} else {
				m.trip += (took - m.trip) / 8
			}
		}
		m.list = slices.Delete(m.list, i, i+1)
		return
	}
}

// Due tells what to ask for now and when to look again; 0 is never.
func (m *NACKQueue) Due(at int64) (ask []uint16, next time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	retry := max(lossRetry, m.trip*3/2)
	m.list = slices.DeleteFunc(m.list, func(x loss) bool {
		return x.tries >= lossTries || at-x.since > int64(lossAge)
	})
	for i := range m.list {
		x := &m.list[i]
		wait := lossPatience - time.Duration(at-x.since)
		if x.tries > 0 {
			wait = retry - time.Duration(at-x.asked)
		}
		if wait > 0 {
			next = Sooner(next, wait)
			continue
		}
		x.asked = at
		x.tries++
		ask = append(ask, uint16(x.seq))
		next = Sooner(next, retry)
	}
	return ask, next
}

// Sooner is the shorter of two waits, of which 0 is none.
func Sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
