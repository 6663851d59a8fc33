// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"math"
	"testing"
)

// ride sends a train over a link that so far has carried 500 kbit/s, and reports on it.
func ride(e *Estimator, l *pipe, rate, at float64) (began bool) {
	s := stream{e: e}
	rate, long := e.Ask(rate/trainHead, nano(at))
	if rate == 0 {
		return false
	}
	s.trains = departures(rate, long.Seconds(), at)
	s.pad(l, at+0.2)
	s.packet(l, at+0.25, Ack{size: 1000}, true) // what tells that the train is over
	s.feed(at + 0.5)
	return true
}

func limited() *Estimator {
	e := NewEstimator()
	e.fed = true
	e.cut(600e3, nano(1))
	return e
}

// A train that arrives as fast as it left says that so much is carried; one that arrives
// more slowly, or of which much is lost, says how much is.
func TestTrain(t *testing.T) {
	const rate = 1500e3
	for name, c := range map[string]struct {
		l       pipe
		carried bool
		least   float64
		most    float64 // of the estimate, where it is not carried
	}{
		"wide":      {l: pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.02}}, carried: true},
		"wide, far": {l: pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.15, jitter: 0.01}}, carried: true},
		"enough":    {l: pipe{link: link{rate: 1600e3, queue: 0.2, delay: 0.02}}, carried: true},
		"thin":      {l: pipe{link: link{rate: 700e3, queue: 0.2, delay: 0.02}}, least: 600e3, most: 720e3},
		"no queue":  {l: pipe{link: link{rate: 700e3, queue: 0.02, delay: 0.02}}, least: 600e3, most: 720e3},
		"polices":   {l: pipe{link: link{rate: 700e3, delay: 0.02}, burst: 4000}, least: 600e3, most: 1100e3},
	} {
		t.Run(name, func(t *testing.T) {
			e := limited()
			e.rate = 1800e3
			e.carried, e.carriedAt = 750e3, nano(19)
			if !ride(e, &c.l, rate, 20) {
				t.Fatal("no train may leave")
			}
			carried := e.Carried(nano(20.6))
			if c.carried && (carried < rate || e.Estimate() < 1800e3) {
				t.Errorf("carries %.0f, estimate %.0f", carried, e.Estimate())
			}
			if !c.carried && (carried >= rate || e.Estimate() < c.least || e.Estimate() > c.most) {
				t.Errorf("carries %.0f, estimate %.0f", carried, e.Estimate())
			}
			if again, _ := e.Ask(2*rate, nano(20.7)); again > 0 != c.carried {
				t.Errorf("another may leave at once: %.0f", again)
			}
		})
	}
}

// Nothing is asked of a path whose limit was never met.
func TestNoTrainIsNeeded(t *testing.T) {
	e := NewEstimator()
	if c := e.Carried(nano(1)); !math.IsInf(c, 1) {
		t.Errorf("carries %.0f before anything is known", c)
	}
	if c := limited().Carried(nano(2)); c > 600e3 {
		t.Errorf("carries %.0f after a cut to 600 kbit/s", c)
	}
}

// A path on which much is wanted is asked for twice as much each time, until it carries that, or
// has shown what it carries. Then it is asked less often, every eight seconds where only time is lost.
func TestAPathIsAskedForWhatIsWanted(t *testing.T) {
	const wanted = 13.5e6
	begin := func() *Estimator {
		e := NewEstimator()
		e.Feed(nil, nano(1))
		return e
	}
	e, wide := begin(), pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.02}}
	trains := 0
	for at := 1.0; ride(e, &wide, wanted*trainHead, at); at++ {
		trains++
	}
	if trains > 3 || e.Estimate() < wanted {
		t.Errorf("a wide path: %d trains, %.0f", trains, e.Estimate())
	}

	e, thin := begin(), pipe{link: link{rate: 5e6, queue: 0.2, delay: 0.02}}
	var left []float64
	for at := 1.0; at < 60; at++ {
		if ride(e, &thin, wanted*trainHead, at) {
			left = append(left, at)
		}
		if got := e.Estimate(); got < rateBegin || got > 5e6 {
			t.Fatalf("a path of 5 Mbit/s is believed to carry %.0f after %.0f s", got, at)
		}
	}
	if len(left) > 60/8 {
		t.Errorf("trains that did not fit left at %v s", left)
	}
	if e.Estimate() < 4.3e6 {
		t.Errorf("a path of 5 Mbit/s is believed to carry %.0f", e.Estimate())
	}
}

// Where a train fitted and pictures are lost soon after, a bucket let it through. The next one
// waits longer.
func TestABucketIsAskedLessOften(t *testing.T) {
	e, wide := limited(), pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.02}}
	e.carried, e.carriedAt = 500e3, nano(19)
	if !ride(e, &wide, 1e6, 20) || e.Estimate() < 1e6 {
		t.Fatalf("a train that fits leaves %.0f", e.Estimate())
	}
	lost := make([]Ack, 50)
	for i := range lost {
		lost[i] = Ack{sent: uint32(21e6), size: 1000, arrived: i%2 == 0, received: uint32(21e6)}
	}
	e.Feed(lost, nano(21))
	e.Feed(lost, nano(21.3))
	if e.Estimate() >= 1e6 {
		t.Fatalf("with half of it lost, %.0f", e.Estimate())
	}
	e.lossRate = 0 // nothing is lost any more
	if rate, _ := e.Ask(1e6, nano(36)); rate > 0 {
		t.Error("another train leaves within 16 s")
	}
	if rate, long := e.Ask(1e6, nano(42)); rate == 0 || long > trainFor {
		t.Errorf("then one leaves at %.0f for %s", rate, long)
	}
}

// Who never reports on trains is asked by no more of them, and holds nothing back.
func TestTrainNobodyReports(t *testing.T) {
	e := limited()
	at := 20.0
	for range trainMisses {
		if rate, _ := e.Ask(1e6, nano(at)); rate == 0 {
			t.Fatalf("no train may leave at %.0f s", at)
		}
		if rate, _ := e.Ask(1e6, nano(at+0.5)); rate > 0 {
			t.Error("another leaves while one is awaited")
		}
		e.EndTrain(nano(at + 0.1))
		at += holdMax.Seconds()
	}
	if c := e.Carried(nano(at)); !math.IsInf(c, 1) {
		t.Errorf("carries %.0f", c)
	}
}

// A train after which nothing is sent for long, as of a slide, is judged as well.
func TestTrainNothingFollows(t *testing.T) {
	e := limited()
	e.rate = 1800e3
	l := pipe{link: link{rate: 20e6, queue: 0.2, delay: 0.02}}
	s := stream{e: e}
	e.carried, e.carriedAt = 600e3, nano(19)
	rate, long := e.Ask(1e6, nano(20))
	s.trains = departures(rate, long.Seconds(), 20)
	s.pad(&l, 20.2)
	s.feed(20.5)
	if c := e.Carried(nano(22)); c < 1e6 || math.IsInf(c, 1) {
		t.Errorf("carries %.0f", c)
	}
}

// What a train loses or delays is not held against what is sent beside it.
func TestTrainIsJudgedApart(t *testing.T) {
	e := limited()
	e.rate = 1800e3
	l := pipe{link: link{rate: 700e3, queue: 0.03, delay: 0.02}}
	e.carried, e.carriedAt = 1.5e6, nano(19)
	ride(e, &l, 3e6, 20)
	if e.Losing() || e.lost > 0 {
		t.Errorf("%d packets of a train count as lost", e.lost)
	}
}
