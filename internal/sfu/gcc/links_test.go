// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A stream is one viewer of a video of three layers, in a time of the test's own: pictures
// leave at once, or as Pace says, a key frame at every change of layer and for newcomers, what
// is lost is repeated once, and the layer is the best that the estimate has room for.
type stream struct {
	e       *Estimator
	layer   int
	key     bool
	fed     float64
	waiting []Ack     // sent, and not reported
	repeats []float64 // when packets are sent again
	trains  []float64 // when packets of a train leave
	queue   []queued  // for their turn
	free    float64   // when the path is done with what has left
	keyed   float64   // when the last key frame for a newcomer was

	changes          int
	seconds          [3]float64 // with each layer
	delays, carried  float64    // of packets that arrived: seconds, bits
	arrived, dropped int
	late             int // dropped after the first ten seconds, of pictures
}

// queued is a packet that waits, and since when.
type queued struct {
	size int
	in   float64
}

// leave sends what is due, as the pacer of a subscriber does.
func (s *stream) leave(l *pipe, until float64) {
	for len(s.queue) > 0 {
		next, waiting := s.queue[0], 0
		for _, q := range s.queue[1:] {
			waiting += q.size
		}
		when := next.in
		if pace := s.e.Pace(layerRates[s.layer], nano(until)); !math.IsInf(pace, 1) {
			if when = max(when, s.free-0.02); when > until {
				return
			}
			s.free = max(s.free, when) + float64(next.size)*8/max(pace, float64(waiting)*8/0.2)
		}
		s.packet(l, when, Ack{size: next.size, paced: when > next.in}, false)
		s.queue = s.queue[1:]
	}
}

var sizes = [3]struct{ size, burst, key int }{{625, 1, 4}, {1042, 2, 8}, {1250, 5, 20}}
var layerRates = [3]float64{150e3, 500e3, 1500e3}

func nano(at float64) int64 { return int64(at * 1e9) }

// departures are when the packets of a train leave, in bursts of 10 ms.
func departures(rate, long, at float64) (times []float64) {
	for sent := 0.0; sent < rate*long/8; sent += trainPacket {
		times = append(times, at+math.Floor(sent*8/rate/0.01)*0.01)
	}
	return times
}

const trainPacket = 255

// pad sends what is due of a train.
func (s *stream) pad(l *pipe, until float64) {
	for len(s.trains) > 0 && s.trains[0] <= until {
		s.packet(l, s.trains[0], Ack{size: trainPacket}, true)
		if s.trains = s.trains[1:]; len(s.trains) == 0 {
			s.e.EndTrain(nano(until))
		}
	}
}

// choose follows the allocation: what flows may stay while it costs little more than fits,
// what is new needs a little more, and a train where the path has not carried so much.
func (s *stream) choose(at float64) {
	budget := 0.95 * s.e.Estimate()
	best := 0
	for i := 1; i < len(layerRates); i++ {
		need := layerRates[i-1] + (layerRates[i]-layerRates[i-1])/1.15
		if i > s.layer {
			need = layerRates[i-1] + 1.15*(layerRates[i]-layerRates[i-1])
		}
		if need <= budget {
			best = i
		}
	}
	for carried := s.e.Carried(nano(at)); best > s.layer && layerRates[best] > carried; {
		best--
	}
	if top := len(layerRates) - 1; best < top && len(s.trains) == 0 {
		if rate, long := s.e.Ask(layerRates[top], nano(at)); rate > 0 {
			s.trains = departures(rate-layerRates[s.layer], long.Seconds(), at)
		}
	}
	if best != s.layer {
		s.layer, s.key = best, true
		s.changes++
	}
}

// pipe is a link whose rate may change, of which the jitter may let packets overtake.
type pipe struct {
	link
	rateAt  func(at float64) float64
	tokens  float64 // of a policer, bytes
	burst   float64 // not 0: it polices
	filled  float64
	reorder bool
	last    float64
}

func (l *pipe) send(at float64, size int) (arrives float64, ok bool) {
	rate := l.rate
	if l.rateAt != nil {
		rate = l.rateAt(at)
	}
	out := at
	if l.burst > 0 {
		l.tokens = min(l.tokens+(at-l.filled)*rate/8, l.burst)
		l.filled = at
		if l.tokens < float64(size) {
			return 0, false
		}
		l.tokens -= float64(size)
	} else {
		if l.free-at > l.queue {
			return 0, false
		}
		l.free = max(l.free, at) + float64(size)*8/rate
		out = l.free
	}
	if rand.Float64() < l.loss {
		return 0, false
	}
	out += l.delay + l.jitter*rand.Float64()
	if !l.reorder {
		out = max(out, l.last)
	}
	l.last = out
	return out, true
}

func (s *stream) packet(l *pipe, at float64, a Ack, again bool) {
	a.sent = uint32(at * 1e6)
	out, ok := l.send(at, a.size)
	if ok {
		a.arrived, a.received = true, uint32(out*1e6)
		s.arrived++
		s.delays += out - at
		s.carried += float64(a.size) * 8
	} else {
		s.dropped++
		if at > 11 && !again {
			s.late++
		}
		if !again {
			s.repeats = append(s.repeats, at+0.1)
		}
	}
	s.waiting = append(s.waiting, a)
}

// play runs streams over one link for a time. newcomers is how often one comes that needs a
// key frame, in seconds, 0 for never.
func play(l *pipe, streams []*stream, seconds, newcomers float64) {
	const picture = 1.0 / 30
	for n := 0; float64(n)*picture < seconds; n++ {
		for i, s := range streams {
			at := 1 + float64(n)*picture + float64(i)*picture/float64(len(streams))
			s.pad(l, at)
			s.leave(l, at)
			s.choose(at)
			if newcomers > 0 && at >= s.keyed+newcomers {
				s.key, s.keyed = true, at
			}
			s.seconds[s.layer] += picture
			of := sizes[s.layer]
			burst := of.burst
			if s.key {
				burst, s.key = of.key, false
			}
			for range burst {
				s.queue = append(s.queue, queued{of.size, at})
			}
			s.leave(l, at)
			rest := s.repeats[:0]
			for _, when := range s.repeats {
				if when <= at {
					s.packet(l, at, Ack{size: of.size}, true)
				} else {
					rest = append(rest, when)
				}
			}
			s.repeats = rest
			if at >= s.fed+0.1 {
				s.fed = at
				s.feed(at)
			}
		}
	}
}

// feed reports what has arrived until now, as a receiver does: up to the highest number
// that has come.
func (s *stream) feed(at float64) {
	highest := -1
	for i, a := range s.waiting {
		if a.arrived && float64(a.received)/1e6 <= at-0.02 {
			highest = i
		}
	}
	s.e.Feed(s.waiting[:highest+1], int64(at*1e9))
	s.waiting = s.waiting[highest+1:]
}

// TestLinks: on each kind of link the layer that fits is found and kept, what is lost on
// the way there is bounded, and who shares a link shares it fairly.
func TestLinks(t *testing.T) {
	const seconds = 60
	for name, c := range map[string]struct {
		l       pipe
		viewers int
		layer   int     // that fits
		least   float64 // seconds with it, or with more
		changes int     // of layers at most
		lost    float64 // of all that is sent, at most
		keys    float64 // seconds between newcomers
		late    int     // packets lost after ten seconds, at most, where there are any
	}{
		"narrow":             {l: pipe{link: link{rate: 700e3, queue: 0.2, delay: 0.02}}, layer: 1, least: 57, changes: 3, lost: 0.05},
		"narrow, deep queue": {l: pipe{link: link{rate: 700e3, queue: 1, delay: 0.02}}, layer: 1, least: 55, changes: 4, lost: 0.10},
		"wide again": {l: pipe{link: link{queue: 0.3, delay: 0.02}, rateAt: func(at float64) float64 {
			if at > 20 && at < 40 {
				return 700e3
			}
			return 3e6
		}}, layer: 2, least: 27, changes: 5, lost: 0.06},
		"varies": {l: pipe{link: link{queue: 0.3, delay: 0.02}, rateAt: func(at float64) float64 {
			return 1.4e6 + 1e6*math.Cos(2*math.Pi*at/20)
		}}, layer: 2, least: 6, changes: 14, lost: 0.04},
		"loses":               {l: pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.02, loss: 0.05}}, layer: 2, least: 55, changes: 5, lost: 0.08},
		"delays":              {l: pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.03, jitter: 0.06}}, layer: 2, least: 59, changes: 1},
		"reorders":            {l: pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.03, jitter: 0.03}, reorder: true}, layer: 2, least: 59, changes: 1},
		"polices":             {l: pipe{link: link{rate: 900e3, delay: 0.02}, burst: 30e3}, layer: 1, least: 55, changes: 6, lost: 0.06},
		"short queue":         {l: pipe{link: link{rate: 2e6, queue: 0.06, delay: 0.02}}, layer: 2, least: 59, changes: 1, lost: 0.01, keys: 2, late: 5},
		"narrow, short queue": {l: pipe{link: link{rate: 800e3, queue: 0.06, delay: 0.02}}, layer: 1, least: 57, changes: 3, lost: 0.04, keys: 2, late: 20},
		"shared":              {l: pipe{link: link{rate: 3e6, queue: 0.3, delay: 0.02}}, viewers: 3, layer: 1, least: 40, changes: 10, lost: 0.07},
	} {
		t.Run(name, func(t *testing.T) {
			all := make([]*stream, max(c.viewers, 1))
			for i := range all {
				all[i] = &stream{e: NewEstimator(), key: true}
			}
			play(&c.l, all, seconds, c.keys)
			var sum, squares float64
			for _, s := range all {
				sum += s.carried
				squares += s.carried * s.carried
				lost := float64(s.dropped) / float64(s.arrived+s.dropped)
				t.Logf("%.0f s with each layer, %d changes, %.1f %% lost, %.0f ms on the way",
					s.seconds, s.changes, 100*lost, 1000*s.delays/float64(s.arrived))
				if c.keys > 0 && s.late > c.late {
					t.Errorf("%d packets were lost after the path was known, want at most %d", s.late, c.late)
				}
				with := 0.0
				for _, seconds := range s.seconds[c.layer:] {
					with += seconds
				}
				if with < c.least || s.changes > c.changes || lost > c.lost {
					t.Errorf("want %.0f s with layer %d, at most %d changes and %.0f %% lost", c.least, c.layer, c.changes, 100*c.lost)
				}
			}
			// Where there is room for one large layer more, somebody has it: 1.5, 0.5 and 0.5 Mbit/s are shared by 0.76.
			if fair := sum * sum / (float64(len(all)) * squares); fair < 0.75 {
				t.Errorf("shared by %.2f (Jain's index)", fair)
			}
		})
	}
}
