// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"math"
	"time"
)

// train is packets that leave faster than anything that is known to fit. When they arrive
// tells what the path carries, before a picture depends on it: a queue that grows for so
// short a time holds up the packets, and loses none of them.
type train struct {
	from, to uint32  // when its packets left, in µs
	ended    bool    // to is known
	rate     float64 // that the path is asked for, bits per second
	due      int64   // what is not reported by then is never

	sent, arrived, lost int    // packets
	bytes               int    // of those that arrived, but for the first
	first, last         uint32 // arrived, in µs of the subscriber's clock
	left                uint32 // the last of them, by ours
}

const (
	trainFor   = 100 * time.Millisecond // a train takes, or less where it would be longer than trainBytes
	trainBytes = 50_000
	trainHead  = 1.25 // times what is wanted is asked for: pictures are not all of a size
	trainGrows = 2    // times what is known is asked for at most, so that the queue it makes is no longer than the train
	trainLeast = 400e3
	trainMost  = 20e6 // bits per second

	trainWait   = time.Second      // for the report on a train
	trainMore   = 1.15             // times what was believed is another path than before
	trainFits   = 0.8              // of the rate at which it left, it has to arrive with
	trainFew    = 10               // packets, of which nothing can be told
	trainMisses = 2                // trains nothing is reported of, after which none is sent
	carriedFor  = 10 * time.Second // what a path has carried so long ago it may not carry any more
)

// Carried is the rate that the path is known to carry, in bits per second: what has arrived
// lately, and trains that fitted. It is infinite while no limit of the path has been met, and
// where trains tell nothing.
func (e *Estimator) Carried(at int64) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.overdue(at); e.cutAt == 0 || !e.fed || e.misses >= trainMisses {
		return math.Inf(1)
	}
	return max(e.carried, e.ackedRate)
}

// Ask begins a train where more is wanted, in bits per second, than is known to fit. Packets
// leave from now on at the rate it gives, for a time of which the estimator is told the end by
// EndTrain. It gives 0, and nothing may be sent, where nobody would report on it, while another
// is judged, and for some time after what was tried last did not fit.
func (e *Estimator) Ask(wanted float64, at int64) (rate float64, long time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.overdue(at)
	if !e.fed || e.misses >= trainMisses || e.train != nil || at < max(e.trainAt, e.holdUntil) || e.lossRate > lossBad {
		return 0, 0
	}
	known := e.rate
	if e.cutAt != 0 {
		known = min(known, max(e.carried, e.ackedRate))
	}
	if wanted *= trainHead; wanted <= known {
		return 0, 0
	}
	rate = min(wanted, max(trainGrows*known, trainLeast), trainMost)
	e.train = &train{from: uint32(at / 1000), rate: rate, due: at + int64(trainWait)}
	return rate, min(trainFor, time.Duration(trainBytes*8/rate*float64(time.Second)))
}

// EndTrain tells that the last packet has left.
func (e *Estimator) EndTrain(at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.train; t != nil && !t.ended {
		t.to, t.ended, t.due = uint32(at/1000), true, at+int64(trainWait)
	}
}

// overdue judges a train by what was reported in time: where nothing was sent after it,
// nothing tells that it is over.
func (e *Estimator) overdue(at int64) {
	if e.train != nil && at > e.train.due {
		e.judgeTrain(e.train.due)
	}
}

// ride takes in a packet that left while a train did, and tells whether it is one.
func (t *train) ride(a *Ack) bool {
	if t == nil || int32(a.sent-t.from) < 0 || t.ended && int32(a.sent-t.to) > 0 {
		return false
	}
	if a.late {
		return true
	}
	if t.sent++; !a.arrived {
		t.lost++
		return true
	}
	if t.arrived++; t.arrived == 1 {
		t.first, t.last, t.left = a.received, a.received, a.sent
		return true
	}
	t.bytes += a.size
	if int32(a.received-t.last) > 0 {
		t.last = a.received
	}
	t.left = a.sent
	return true
}

// over tells whether what left later has been reported.
func (t *train) over(a *Ack) bool { return t != nil && t.ended && int32(a.sent-t.to) > 0 }

// judgeTrain finds out whether a train fitted. Where it did, as much is believed of the path.
// Where it did not, the rate at which it arrived is what the path carries.
func (e *Estimator) judgeTrain(at int64) {
	t := e.train
	e.train = nil
	if t.sent < trainFew || t.arrived < trainFew/2 {
		e.misses++
		e.trainAt = at + int64(e.hold)
		return
	}
	e.misses, e.judgedAt = 0, at
	took, leaving := float64(int32(t.last-t.first)), float64(int32(t.left-t.from))
	rate := float64(t.bytes) * 8e6 / max(took, 1)
	loss := float64(t.lost) / float64(t.sent)
	if loss < lossBad+e.inherent && leaving >= trainFits*took {
		if !e.fitted(triedFails, at) {
			e.before = e.rate
		}
		e.carried, e.carriedAt = max(e.carried, t.rate), at
		e.rate = min(max(e.rate, t.rate), rateMax)
		e.fittedAt, e.doubted = at, false
		return
	}
	to, more := max(rate, e.ackedRate), false
	if to > e.rate { // it carries more than was believed
		more = to > trainMore*e.rate
		to = min(max(e.rate, 0.95*to), rateMax)
		e.carried, e.carriedAt = max(e.carried, to), at
	}
	e.settle(to, loss >= lossBad+e.inherent, at)
	if more {
		e.hold = holdMin
		e.wait(at)
	}
	e.trainAt = e.holdUntil
}

// fitted tells whether a train has fitted lately.
func (e *Estimator) fitted(lately time.Duration, at int64) bool {
	return e.fittedAt != 0 && at-e.fittedAt < int64(lately)
}

// carry notes what arrives.
func (e *Estimator) carry(at int64) {
	if e.ackedRate >= e.carried || at-e.carriedAt > int64(carriedFor) {
		e.carried, e.carriedAt = e.ackedRate, at
	}
}
