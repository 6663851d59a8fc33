// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// log is what a recovery told, with the time since the test began.
type told struct {
	what string
	at   time.Duration
	err  *fault.Error
}

func newRecovery(window time.Duration) (*recovery, func() []told) {
	start := time.Now()
	var log []told
	say := func(what string, err *fault.Error) { log = append(log, told{what, time.Since(start), err}) }
	r := &recovery{
		window: window,
		began:  func(e *fault.Error) { say("began", e) },
		healed: func(time.Duration) { say("healed", nil) },
		over:   func(e *fault.Error) { say("over", e) },
	}
	return r, func() []told { r.mu.Lock(); defer r.mu.Unlock(); return log }
}

const window = 50 * time.Second

var cut = asFault(fault.SignalLost.New(), fault.OpReconnect)

func TestWindowBoundary(t *testing.T) {
	for _, c := range []struct {
		name string
		back time.Duration
		want string
	}{
		{"back just in time", window - time.Nanosecond, "healed"},
		{"back at the very end", window, "over"},
		{"back too late", window + time.Nanosecond, "over"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, log := newRecovery(window)
				r.lose(signalPath, cut, nil)
				time.Sleep(c.back)
				r.restore(signalPath)
				synctest.Wait()
				got := log()
				if len(got) != 2 || got[0].what != "began" || got[0].at != 0 || got[1].what != c.want {
					t.Fatalf("told %+v, want began and %s", got, c.want)
				}
				if c.want == "over" && got[1].at != window {
					t.Errorf("over after %v, want exactly %v", got[1].at, window)
				}
				if d := Describe(got[0].err); d.Terminal {
					t.Error("the cause of reconnecting is said to be terminal")
				}
				r.stop()
			})
		})
	}
}

func TestVerdictSaysWhatWasLost(t *testing.T) {
	refused := asFault(fault.EndpointUnreachable.New("stage", stageRefused), fault.OpInit)
	timeout := asFault(fault.EndpointUnreachable.New("stage", "timeout"), fault.OpInit)
	upgrade := asFault(fault.SignalUpgrade.New(), fault.OpConnect)
	for _, c := range []struct {
		name string
		lost map[path]error // how every attempt fails
		want *fault.Kind
		code int
	}{
		{"only publishing", map[path]error{publishPath: cut}, fault.ICEFailed, 4005},
		{"only subscribing", map[path]error{subscribePath: cut}, fault.ICEFailed, 4005},
		{"the socket, media flows, nothing answers", map[path]error{signalPath: timeout}, fault.EndpointUnreachable, 2003},
		{"the socket, media flows, the endpoint answers", map[path]error{signalPath: upgrade}, fault.SignalLost, 1003},
		{"everything, silence", map[path]error{signalPath: timeout, publishPath: cut, subscribePath: cut}, fault.SignalLost, 1003},
		{"everything, the host refuses", map[path]error{signalPath: refused, publishPath: cut, subscribePath: cut}, fault.EndpointUnreachable, 2003},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, log := newRecovery(window)
				for p, err := range c.lost {
					r.lose(p, cut, func(context.Context) error { return err })
				}
				time.Sleep(2 * window)
				got := log()
				if len(got) != 2 || got[1].what != "over" || !errors.Is(got[1].err, c.want) || got[1].at != window {
					t.Fatalf("told %+v, want over with %s at %v", got, c.want.ID, window)
				}
				if d := Describe(got[1].err); d.Code != c.code || !d.CanRetry || !d.Terminal {
					t.Errorf("worded %+v, want code %d, terminal, worth retrying", d, c.code)
				}
				r.stop()
			})
		})
	}
}

func TestPathsRecoverIndependently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := newRecovery(window)
		r.lose(publishPath, cut, nil)
		time.Sleep(20 * time.Second)
		r.lose(signalPath, cut, nil)
		r.restore(publishPath)
		time.Sleep(window - time.Second) // the socket has its own 50 s
		r.restore(signalPath)
		got := log()
		if len(got) != 2 || got[1].what != "healed" || got[1].at != 20*time.Second+window-time.Second {
			t.Fatalf("told %+v, want began and healed once", got)
		}
		r.stop()
	})
}

func TestAttemptsBackOffWithJitterAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := newRecovery(window)
		var at []time.Duration
		start := time.Now()
		r.lose(signalPath, cut, func(context.Context) error {
			at = append(at, time.Since(start))
			if len(at) == 8 {
				return nil
			}
			return fault.EndpointUnreachable.New()
		})
		time.Sleep(window)
		if got := log(); got[len(got)-1].what != "healed" {
			t.Fatalf("told %+v", got)
		}
		if len(at) != 8 {
			t.Fatalf("%d attempts, want 8", len(at))
		}
		var before time.Duration
		for n, when := range at {
			most := min(firstPause<<n, maxPause)
			if gap := when - before; gap < most/2 || gap > most {
				t.Errorf("attempt %d after a pause of %v, want between %v and %v", n, gap, most/2, most)
			}
			before = when
		}
		r.stop()
	})
}

func TestRefusalEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := newRecovery(window)
		r.lose(signalPath, cut, func(context.Context) error { return fault.TokenRevoked.New() })
		time.Sleep(time.Second)
		got := log()
		if len(got) != 2 || got[1].what != "over" || !errors.Is(got[1].err, fault.TokenRevoked) {
			t.Fatalf("told %+v, want over with token.revoked", got)
		}
		r.stop()
	})
}

func TestStopIsSilentAndLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := newRecovery(window)
		r.lose(signalPath, cut, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		time.Sleep(time.Second)
		r.stop() // synctest fails the test if a goroutine is left
		time.Sleep(2 * window)
		if got := log(); len(got) != 1 {
			t.Errorf("told %+v after stop", got)
		}
	})
}
