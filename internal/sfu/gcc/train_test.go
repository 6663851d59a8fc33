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
	if !e.BeginTrain(rate, nano(at)) {
		return false
	}
	s.trains = append(s.trains, departures(rate, at)...)
	s.pad(l, at+0.2)
	s.packet(l, at+0.25, 1000, true) // what tells that the train is over
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
			if again := e.BeginTrain(rate, nano(20.7)); again != c.carried {
				t.Errorf("another may leave at once: %v", again)
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

// Who never reports on trains is asked by no more of them, and holds nothing back.
func TestTrainNobodyReports(t *testing.T) {
	e := limited()
	at := 20.0
	for range trainMisses {
		if !e.BeginTrain(1e6, nano(at)) {
			t.Fatalf("no train may leave at %.0f s", at)
		}
		if e.BeginTrain(1e6, nano(at+0.5)) {
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
	e.BeginTrain(1e6, nano(20))
	s.trains = departures(1e6, 20)
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
	ride(e, &l, 3e6, 20)
	if e.Losing() || e.lost > 0 {
		t.Errorf("%d packets of a train count as lost", e.lost)
	}
}
