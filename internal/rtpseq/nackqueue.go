// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpseq

import (
	"slices"
	"sync"
	"time"
)

// NACKQueue holds the packets of one stream that have not arrived, and when to ask
// the sender for them again (RFC 4585, section 6.2.1). It is fed above the place
// where retransmission streams (RFC 4588) are merged, so that it knows what came
// back on one; an interceptor below would ask for that again and again. Times are
// nanoseconds of a clock that only grows.
//
// The read loop takes the lock only when a packet is missing or late.
type NACKQueue struct {
	mu   sync.Mutex
	list []loss
	trip time.Duration // from asking to getting, smoothed; 0 until it is known
}

type loss struct {
	seq   uint64
	since int64
	first int64 // when it was first asked for
	asked int64 // and when last
	tries int
}

const (
	lossPatience = 10 * time.Millisecond  // packets may overtake each other
	lossRetry    = 30 * time.Millisecond  // at least, between two requests
	lossUnknown  = 100 * time.Millisecond // the same while the round trip is not known
	lossTries    = 10
	lossAge      = time.Second
	lossMost     = 256 // more at once is a break that only a key frame mends
)

// Arrived notes that packet seq has come while highest was the latest so far. It
// tells whether packets are newly missing, so that [NACKQueue.Due] is to be asked.
func (m *NACKQueue) Arrived(seq, highest uint64, at int64) (gap bool) {
	switch {
	case seq > highest+1:
		m.missing(highest+1, seq, at)
		return true
	case seq < highest:
		m.filled(seq, at)
	}
	return false
}

// missing notes that everything from first up to, not including, next is missing.
func (m *NACKQueue) missing(first, next uint64, at int64) {
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

// filled notes that a late packet has come.
func (m *NACKQueue) filled(seq uint64, at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, x := range m.list {
		if x.seq == seq {
			m.learn(x, at)
			m.list = slices.Delete(m.list, i, i+1)
			return
		}
	}
}

// learn takes the round trip from a packet that has come back. Of one that was asked
// for more than once nobody knows which request it answers (Karn's algorithm). It
// is a sign all the same that the trip may be longer than was thought: without that
// a trip that has grown would never be measured again.
func (m *NACKQueue) learn(x loss, at int64) {
	took := time.Duration(at - x.first)
	switch {
	case x.tries == 0:
	case m.trip == 0:
		m.trip = took
	case x.tries == 1:
		m.trip += (took - m.trip) / 8
	default:
		m.trip = min(m.trip+m.trip/8, max(m.trip, took))
	}
}

// Due tells what to ask for now and when to look again; 0 is never.
func (m *NACKQueue) Due(at int64) (ask []uint16, next time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	retry := max(lossRetry, m.trip*3/2)
	if m.trip == 0 {
		retry = lossUnknown
	}
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
		if x.tries++; x.tries == 1 {
			x.first = at
		}
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
