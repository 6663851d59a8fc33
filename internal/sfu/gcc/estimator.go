// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Estimator judges what a subscriber's downlink can carry. It follows Google
// Congestion Control (draft-ietf-rmcat-gcc-02): packets that are delayed more and
// more mean a queue is building up, and many lost packets mean it has run over.
//
// It differs where a forwarder differs from an encoder. We cannot send a little
// more to find out whether it fits; we can only send the next layer, or padding, see
// Ask. So the estimate begins high and grows while nothing is wrong, whether or not it
// is used up, and every time that turns out wrong it waits twice as long before it
// grows again.
type Estimator struct {
	mu sync.Mutex

	rate       float64 // bits per second
	acked      RateMeter
	ackedRate  float64
	pace       pace
	lossAt     int64
	lost, seen int
	bytes      int     // sent since lossAt
	lossRate   float64 // beyond what is inherent, smoothed
	inherent   float64 // share of packets the path loses whatever is sent
	mark       lossMark
	lostAt     int64 // when packets were lost lately, of a second that lost some

	// the trend of the delay
	group, last burst
	delay       float64 // accumulated, ms
	smooth      float64
	samples     []point
	count       int
	threshold   float64 // ms
	thresholdAt int64
	over        int
	trend       float64

	grownAt   int64
	cutAt     int64
	holdUntil int64
	hold      time.Duration
	judgedAt  int64 // when a train was judged

	fittedAt int64   // when one fitted, so that more was tried
	before   float64 // what was believed before that
	doubted  bool    // packets have been lost since: a bucket may have let it through

	fed bool // feedback has arrived

	train     *train // under way, or not judged yet
	trainAt   int64  // when the next may leave
	misses    int    // trains in a row of which nothing was reported
	carried   float64
	carriedAt int64
}

// burst is what was sent at once, such as a picture. Its first packet tells how long the
// queue was that it met; the last would tell as well how large the picture is, of which a
// key frame would look like a path that fills up.
type burst struct {
	begun          bool
	sent, received uint32 // of the first packet, in µs
}

// pace is how fast packets come, by the subscriber's clock. While a queue builds up they come
// as fast as the path carries them.
type pace struct {
	since uint32 // µs
	bytes int
	begun bool
	rate  float64 // bits per second
}

const paceSpan = 200_000 // µs

func (p *pace) add(a *Ack) {
	span := int32(a.received - p.since)
	switch {
	case !p.begun, span < 0, span > 10*paceSpan:
		*p = pace{since: a.received, begun: true, rate: p.rate}
	case span >= paceSpan:
		p.rate = float64(p.bytes+a.size) * 8e6 / float64(span)
		p.since, p.bytes = a.received, 0
	default:
		p.bytes += a.size
	}
}

// lossMark is what was sent and lost since packets began to be lost: at a rate,
// and later at a much lower one.
type lossMark struct {
	rate           float64
	lost, seen     float64
	lessLost, less float64
	settled        bool // what was on its way when less was sent has been reported
}

type point struct{ at, delay float64 }

const (
	rateBegin = 4e6
	rateMin   = 60e3
	rateMax   = 30e6

	trendSpan    = 20
	trendGain    = 4.0
	burstMicros  = 5000
	pacedMicros  = 100_000 // of packets that had to wait belong to one burst
	thresholdMin = 6.0
	thresholdMax = 600.0

	lossBad     = 0.08 // more is lost than by chance on a path that is sound
	floodLoss   = 0.3  // far more is sent than fits
	inherentMax = 0.6  // more than this cannot be lived with, whatever the reason

	// How long nothing more is tried after a cut doubles with each that follows soon after more was
	// tried. Where packets are late and none is lost, a processor may have been busy, which ends.
	holdMin    = 4 * time.Second
	holdLate   = 16 * time.Second
	holdAsked  = 8 * time.Second // where padding asks as well, which costs no picture
	holdMax    = 64 * time.Second
	holdSpread = 0.25 // longer at most, so that those who share a path do not ask at once

	// After a train fitted and more is sent.
	triedKey   = 1500 * time.Millisecond // the key frame it begins with makes a queue, which says nothing
	triedFails = 3 * time.Second         // a cut leaves what was believed before
)

// NewEstimator returns an estimator that believes in a good path.
func NewEstimator() *Estimator {
	return &Estimator{rate: rateBegin, threshold: 12.5, hold: holdMin}
}

// Estimate is the current judgement, in bits per second.
func (e *Estimator) Estimate() float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rate
}

// Losing tells whether more is being lost than a sound path loses.
func (e *Estimator) Losing() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lossRate > lossBad
}

// Feed learns from transport-wide feedback. It tells whether a train has been judged.
func (e *Estimator) Feed(acks []Ack, at int64) (judged bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fed = true
	congested := false
	e.overdue(at)
	for i := range acks {
		a := &acks[i]
		if judged = judged || e.train.over(a); judged && e.train != nil {
			e.judgeTrain(at)
		}
		if e.train.ride(a) { // it is judged as a whole
			if a.arrived {
				e.arrive(a, at)
			}
			continue
		}
		if !a.late {
			e.seen++
			e.bytes += a.size
		} else if e.lost > 0 { // counted already, and not lost after all
			e.lost--
		}
		if !a.arrived {
			e.lost++
			continue
		}
		e.arrive(a, at)
		e.pace.add(a)
		if !a.late && e.delayed(a, at) {
			congested = true
		}
	}
	if congested && e.train == nil && !e.fitted(triedKey, at) {
		// Congestion goes on until enough has been cut; a false alarm, on a path
		// of which little is used, should not cost all that is believed of it.
		e.cut(max(0.85*max(e.arriving(), e.pace.rate), 0.7*e.rate), at)
	}
	e.carry(at)
	e.judgeLoss(at)
	e.grow(at)
	return judged
}

// arrive counts a packet that has arrived.
func (e *Estimator) arrive(a *Ack, at int64) {
	if rate, ok := e.acked.Add(at, a.size); ok {
		e.ackedRate = float64(rate)
	}
}

// FeedLoss learns from receiver reports, for subscribers without feedback of
// the better kind.
func (e *Estimator) FeedLoss(loss float64, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fed {
		return
	}
	e.lossRate = loss
	if loss > 0.1 {
		e.cut(e.rate*(1-loss/2), at)
	}
	e.grow(at)
}

// FeedREMB learns from the receiver's own estimate (draft-alvestrand-rmcat-remb).
// It never exceeds by much what is being sent, so only one below that is news.
func (e *Estimator) FeedREMB(limit, sending float64, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fed {
		return
	}
	if limit < sending {
		e.cut(limit, at)
	}
	e.grow(at)
}

// judgeLoss looks at the share of lost packets once in a while.
func (e *Estimator) judgeLoss(at int64) {
	const span = int64(time.Second)
	if e.lossAt == 0 {
		e.lossAt = at
	}
	if at-e.lossAt < span {
		e.judgeFlood(at)
		return
	}
	if e.seen < 10 {
		return
	}
	lost, seen := float64(e.lost), float64(e.seen)
	loss := lost / seen
	rate := float64(e.bytes) * 8e9 / float64(at-e.lossAt)
	e.lossAt, e.lost, e.seen, e.bytes = at, 0, 0, 0
	e.learnLoss(rate, lost, seen, at)
	if lost >= paceLost && loss >= paceLoss {
		e.lostAt = at
	}
	// Of few packets more may be lost by chance.
	chance := 2 * math.Sqrt(e.inherent*(1-e.inherent)/seen)
	excess := max(loss-e.inherent-chance, 0) / (1 - e.inherent)
	e.lossRate += (excess - e.lossRate) / 2
	if excess > 0.1 {
		// The estimate may lie far above what is being sent; the path has shown
		// that it does not carry much more than what arrives.
		arriving := e.arriving()
		e.cut(max(min(e.rate, 1.5*arriving)*(1-excess/2), 0.85*arriving), at)
	}
}

// judgeFlood does not wait for the second to be over where very much is lost: as at the
// beginning, when nothing is known of the path and too much may be sent at once.
func (e *Estimator) judgeFlood(at int64) {
	const enough, soon = 40, int64(time.Second / 4)
	lost := float64(e.lost) / float64(e.seen)
	if e.seen < enough || at-e.lossAt < soon || lost < floodLoss+e.inherent {
		return
	}
	e.cut((1-lost)*float64(e.bytes)*8e9/float64(at-e.lossAt), at)
}

// learnLoss tells packets that are lost because there are too many from those a
// bad radio loses of any number: when much less is sent and as much of it is
// lost, sending less does not help, and what was cut for it is given back.
func (e *Estimator) learnLoss(rate, lost, seen float64, at int64) {
	loss := lost / seen
	if loss < e.inherent { // it may have become better, but one second is not much to go by
		e.inherent += (loss - e.inherent) / 8
	}
	m := &e.mark
	switch {
	case rate > 0.8*m.rate && loss < 0.02:
		*m = lossMark{}
		return
	case rate > 0.8*m.rate:
		*m = lossMark{rate: max(m.rate, rate), lost: m.lost + lost, seen: m.seen + seen}
		return
	}
	if !m.settled { // the queue that has built up loses what comes next, however little it is
		m.settled = true
		return
	}
	m.lessLost += lost
	m.less += seen
	before, now := m.lost/m.seen, m.lessLost/m.less
	switch {
	case m.less < 40:
	case now < 0.6*before:
		if m.less > 200 { // it does help; what is left is not for sending too much
			e.inherent = max(e.inherent, min(now, inherentMax))
			*m = lossMark{}
		}
	default:
		e.inherent = max(e.inherent, min((m.lost+m.lessLost)/(m.seen+m.less), inherentMax))
		e.rate = max(e.rate, min(1.2*m.rate, rateMax))
		e.lossRate, e.holdUntil, e.hold = 0, at, holdMin
		*m = lossMark{}
	}
}

// arriving is the rate at which packets are known to arrive.
func (e *Estimator) arriving() float64 {
	if e.ackedRate == 0 {
		return e.rate
	}
	return e.ackedRate
}

// delayed adds a packet to the delay's trend and tells whether it has become too
// steep.
func (e *Estimator) delayed(a *Ack, at int64) bool {
	if e.group.begun && int32(a.sent-e.group.sent) <= burstMicros {
		return false
	}
	if a.paced && e.group.begun && int32(a.sent-e.group.sent) <= pacedMicros {
		return false // it met what left before it
	}
	full := e.group
	e.group = burst{begun: true, sent: a.sent, received: a.received}
	if !full.begun {
		return false
	}
	last := e.last
	e.last = full
	if !last.begun {
		return false
	}
	sent := float64(int32(full.sent-last.sent)) / 1000
	received := float64(int32(full.received-last.received)) / 1000
	if sent < 0 || sent > 3000 || math.Abs(received) > 3000 {
		// A pause, or a subscriber whose clock was set: begin again.
		e.samples, e.delay, e.smooth, e.count = e.samples[:0], 0, 0, 0
		return false
	}
	return e.steep(received-sent, float64(full.received)/1000, at)
}

func (e *Estimator) steep(delta, when float64, at int64) bool {
	e.count++
	e.delay += delta
	e.smooth = 0.9*e.smooth + 0.1*e.delay
	if len(e.samples) == trendSpan {
		copy(e.samples, e.samples[1:])
		e.samples = e.samples[:trendSpan-1]
	}
	e.samples = append(e.samples, point{when, e.smooth})
	if len(e.samples) < trendSpan {
		return false
	}
	old := e.trend
	e.trend = slope(e.samples) * math.Min(float64(e.count), 60) * trendGain
	e.adapt(at)
	// A queue that builds up holds up the latest packet more than those before it. One that
	// came at once after some were late was not held up: who received them was busy.
	if e.trend > e.threshold && e.delay > e.smooth {
		e.over++
	} else {
		e.over = 0
	}
	return e.over >= 3 && e.trend >= old
}

// adapt lets the threshold follow the trend, slowly up and more slowly down, so
// that we are not starved by streams that fill queues.
func (e *Estimator) adapt(at int64) {
	size := math.Abs(e.trend)
	if e.thresholdAt == 0 {
		e.thresholdAt = at
	}
	passed := math.Min(float64(at-e.thresholdAt)/1e6, 100)
	e.thresholdAt = at
	if size > e.threshold+15 {
		return // a spike, such as a change of the path
	}
	k := 0.0087
	if size < e.threshold {
		k = 0.039
	}
	e.threshold += k * (size - e.threshold) * passed
	e.threshold = min(max(e.threshold, thresholdMin), thresholdMax)
}

// slope is the least-squares slope of the delay over time.
func slope(ps []point) float64 {
	var sx, sy float64
	for _, p := range ps {
		sx += p.at
		sy += p.delay
	}
	n := float64(len(ps))
	mx, my := sx/n, sy/n
	var num, den float64
	for _, p := range ps {
		num += (p.at - mx) * (p.delay - my)
		den += (p.at - mx) * (p.at - mx)
	}
	if den == 0 {
		return 0
	}
	return num / den
}

// cut lowers the estimate, at most every 300 ms.
func (e *Estimator) cut(to float64, at int64) {
	if e.cutAt != 0 && at-e.cutAt < int64(300*time.Millisecond) {
		return
	}
	if e.fitted(triedFails, at) { // it did not fit, and what was there before did
		to, e.before = max(to, e.before), 0
	}
	if to = max(to, rateMin); to < e.rate {
		e.settle(to, e.lossRate >= 0.01 || 100*e.lost >= max(e.seen, 1), at)
	}
}

// settle takes a rate for what the path carries, and waits before more is tried: longer, where
// what was tried since the last time did not fit.
func (e *Estimator) settle(rate float64, lossy bool, at int64) {
	if e.cutAt != 0 && at > e.holdUntil {
		soon, late := time.Minute, holdLate
		if e.judgedAt != 0 && at-e.judgedAt < int64(time.Minute) {
			soon, late = holdAsked, holdAsked
		}
		switch {
		case at-max(e.holdUntil, e.fittedAt) >= int64(soon): // what was tried has fitted: the path has changed
			e.hold = holdMin
		case lossy:
			e.hold = min(2*e.hold, holdMax)
		default:
			e.hold = min(2*e.hold, max(late, e.hold))
		}
	}
	if lossy && !e.doubted && e.fitted(carriedFor, at) { // a policer, which lets short trains through
		e.hold, e.doubted = min(max(2*e.hold, holdLate), holdMax), true
	}
	e.rate = rate
	e.carried = min(e.carried, rate)
	e.wait(at)
}

// wait has nothing more tried for a time, as a limit of the path has been met.
func (e *Estimator) wait(at int64) {
	e.cutAt = at
	e.holdUntil = at + int64(float64(e.hold)*(1+holdSpread*rand.Float64()))
}

// grow raises the estimate by 8 % a second while nothing is wrong, and at once to
// what arrives: a cut may go below that, and a path that carries more than is believed
// of it has shown what it can.
func (e *Estimator) grow(at int64) {
	passed := float64(at-e.grownAt) / 1e9
	if e.grownAt == 0 || passed > 1 {
		passed = 0.1
	}
	e.grownAt = at
	if e.cutAt != 0 && at-e.cutAt > int64(2*holdMax) {
		e.hold = holdMin
	}
	if at < e.holdUntil || e.lossRate > lossBad {
		return
	}
	e.rate = min(max(e.rate*math.Pow(1.08, passed), e.ackedRate), rateMax)
}
