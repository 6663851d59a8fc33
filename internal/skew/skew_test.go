// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package skew

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// heard has a client, whose clock is ahead by so much, send messages that take so
// long each.
func heard(c *Clocks, ahead time.Duration, took ...time.Duration) {
	for _, d := range took {
		sent := time.Now().Add(ahead)
		time.Sleep(d)
		c.Heard("ann", sent)
	}
}

func placed(c *Clocks, ahead, ago time.Duration, came time.Time) event.Event {
	e := event.Event{Type: event.JoinFailed, Source: event.FromClient, Time: time.Now(), ClientTime: time.Now().Add(ahead - ago)}
	c.Place(&e, "ann", came)
	return e
}

const ms = time.Millisecond

// TestPlacedWhenItHappened: a client whose clock is wrong by hours tells minutes late
// of a failure, which is placed to within its shortest delay.
func TestPlacedWhenItHappened(t *testing.T) {
	for _, ahead := range []time.Duration{0, 3 * time.Hour, -50 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			came := time.Now()
			c := New()
			heard(c, ahead, 900*ms, 40*ms, 2*time.Second, 60*ms)
			time.Sleep(10 * time.Minute)
			for _, ago := range []time.Duration{5 * time.Second, 8 * time.Minute} {
				e := placed(c, ahead, ago, came)
				if off := e.Happened.Sub(time.Now().Add(-ago)); off < 0 || off > 41*ms || e.HappenedError != 100*ms {
					t.Errorf("%v ahead, %v ago: off by %v, said to be %v", ahead, ago, off, e.HappenedError)
				}
			}
			e := placed(c, ahead, time.Second, came)
			if ago := e.Time.Sub(event.Happened(&e)); ago < 0 || ago >= event.Late {
				t.Errorf("%v ahead: what is told at once is taken to have happened %v ago", ahead, ago)
			}
		})
	}
}

// TestPlacedWithoutAClock: a clock that nobody has measured is believed as far as it
// can be right, and the error says how far that is.
func TestPlacedWithoutAClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var none *Clocks
		for _, c := range []*Clocks{none, New()} {
			now := time.Now()
			came := now.Add(-10 * time.Minute)
			for _, one := range []struct {
				name        string
				ago         time.Duration
				came        time.Time
				want, about time.Duration // ago, and the error; 0, 0: told as it happened
			}{
				{"in the call", 4 * time.Minute, came, 4 * time.Minute, 6 * time.Minute},
				{"before the call", time.Hour, came, 10 * time.Minute, 10 * time.Minute},
				{"in the future", -time.Hour, came, 0, 0},
				{"before any call", time.Hour, time.Time{}, time.Hour, 167 * time.Hour},
				{"in another year", 9000 * time.Hour, time.Time{}, 168 * time.Hour, 168 * time.Hour},
				{"for somebody who came a moment ago", time.Hour, now.Add(-time.Second), 0, 0},
			} {
				e := placed(c, 0, one.ago, one.came)
				if one.want == 0 {
					if ago := e.Time.Sub(event.Happened(&e)); ago < 0 || ago >= event.Late {
						t.Errorf("%s: taken to have happened %v ago", one.name, ago)
					}
					continue
				}
				if ago := now.Sub(e.Happened); ago != one.want || e.HappenedError != one.about {
					t.Errorf("%s: %v ago, to within %v", one.name, ago, e.HappenedError)
				}
				if believed := e.When() == e.Happened; believed != (one.about <= event.PairWindow) {
					t.Errorf("%s: believed %v", one.name, believed)
				}
			}
		}
		e := event.Event{}
		if New().Place(&e, "ann", time.Time{}); !e.Happened.IsZero() {
			t.Error("what has no time is placed")
		}
	})
}

// TestAClockThatIsSet: what was measured before is forgotten after a while, also
// where the clock was set back, which looks like messages that take long. What
// cannot be meanwhile has a large error.
func TestAClockThatIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		came := time.Now()
		heard(c, time.Hour, 10*ms, 10*ms, 10*ms)
		for range 30 {
			heard(c, 0, time.Minute+10*ms, 10*ms)
		}
		if behind, _, _ := c.offset("ann"); behind != 10*ms {
			t.Errorf("set back: behind by %v", behind)
		}
		heard(c, time.Hour, 10*ms, 10*ms)
		if behind, _, _ := c.offset("ann"); behind > 11*ms-time.Hour {
			t.Errorf("set forward: behind by %v", behind)
		}
		// A report of before the clock was set comes out an hour early.
		time.Sleep(time.Second)
		if e := placed(c, 0, 10*time.Second, came); e.When() != e.Time {
			t.Errorf("placed %v ago to within %v", time.Since(e.Happened), e.HappenedError)
		}
	})
}

// TestClocksAreBounded: those heard for longest are forgotten first, and a client
// that says anything hurts itself alone.
func TestClocksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		for i := range maxClocks + 10 {
			c.Heard(fmt.Sprint(i), time.Now())
			if i == 100 {
				c.Heard("0", time.UnixMilli(1<<47))
			}
		}
		c.Heard("", time.Now())
		c.Heard("none", time.Time{})
		if c.known.Len() != maxClocks {
			t.Errorf("%d clocks", c.known.Len())
		}
		for client, want := range map[string]bool{"0": true, "1": false, "10": false, "11": true, fmt.Sprint(maxClocks + 9): true, "none": false} {
			if _, _, ok := c.offset(client); ok != want {
				t.Errorf("%s is known: %v", client, ok)
			}
		}
		e := event.Event{ClientTime: time.Now().Add(-time.Minute)}
		if c.Place(&e, "0", time.Time{}); time.Since(e.Happened) < 0 || time.Since(e.Happened) > event.MaxLate || e.HappenedError < event.MaxLate/2 {
			t.Errorf("a liar's is placed %v ago to within %v", time.Since(e.Happened), e.HappenedError)
		}
	})
}

// BenchmarkHeard is what a ping costs.
func BenchmarkHeard(b *testing.B) {
	c := New()
	c.Heard("ann", time.Now())
	b.ReportAllocs()
	for b.Loop() {
		c.Heard("ann", time.Now())
	}
}
