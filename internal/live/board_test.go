// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// calls counts what is measured.
type calls struct {
	times atomic.Int64
	over  atomic.Bool
}

func (c *calls) measure(context.Context, string) (*Room, error) {
	if c.over.Load() {
		return nil, fault.SessionNotActive.New()
	}
	n, up := uint64(c.times.Add(1)), &Path{}
	up.Count(n*10, n, n*1000)
	return &Room{At: time.Now(), ID: "r", SessionID: "s", Peers: []Peer{{ID: "a", Up: up}}}, nil
}

func (c *calls) n() int { return int(c.times.Load()) }

func read(t *testing.T, w *Watcher) (r Room) {
	t.Helper()
	raw, err := w.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMeasuredOnceForAllAndOnlyWhileWatched.
func TestMeasuredOnceForAllAndOnlyWhileWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &calls{}
		b := NewBoard(Config{Measure: c.measure})
		defer b.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		if c.n() != 0 {
			t.Errorf("measured %d times while nobody watched", c.n())
		}
		var all []*Watcher
		for range 5 {
			w, err := b.Watch("r")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, w)
		}
		for range 3 {
			for _, w := range all {
				read(t, w)
			}
		}
		if c.n() != 3 {
			t.Errorf("measured %d times for 3 rounds of 5 watchers", c.n())
		}
		one := read(t, all[0])
		if up := one.Peers[0].Up; up.Bitrate == nil || *up.Bitrate != 8000 || up.Loss == nil || *up.Loss != 0.0909 {
			t.Errorf("rates: %+v", up)
		}
		// One that is slow is given the latest.
		time.Sleep(10 * time.Second)
		synctest.Wait()
		n := c.n()
		if got := read(t, all[1]); got.At.Before(time.Now().Add(-time.Second)) {
			t.Errorf("a slow watcher was given what was measured at %v, at %v", got.At, time.Now())
		}
		// Whoever asks without watching shares it, too.
		if _, err := b.Now(t.Context(), "r"); err != nil || c.n() != n {
			t.Errorf("measured again: %d after %d, %v", c.n(), n, err)
		}
		for _, w := range all {
			w.Close()
			w.Close()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if over := c.n() - n; over > linger+2 {
			t.Errorf("measured %d times more after the last watcher", over)
		}
	})
}

// TestNoMoreWatchersThanMay: the limit is a fault that names its setting, and is counted;
// a place is free again when somebody goes.
func TestNoMoreWatchersThanMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := ""
		b := NewBoard(Config{Measure: (&calls{}).measure, Watchers: 2, Limited: func(s string) { limited = s }})
		defer b.Close()
		first, _ := b.Watch("r")
		if _, err := b.Watch("r"); err != nil {
			t.Fatal(err)
		}
		_, err := b.Watch("r")
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.QueueFull || f.Detail("limit") != "limits.live_watchers" || limited != "limits.live_watchers" {
			t.Errorf("the third: %v, counted %q", err, limited)
		}
		if _, err := b.Watch("other"); err != nil {
			t.Errorf("of another room: %v", err)
		}
		first.Close()
		if _, err := b.Watch("r"); err != nil {
			t.Errorf("after one has gone: %v", err)
		}
	})
}

// TestTheEndReachesEverybody: of the session, of the server and of who watches.
func TestTheEndReachesEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &calls{}
		b := NewBoard(Config{Measure: c.measure})
		w, _ := b.Watch("r")
		read(t, w)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("who gives up: %v", err)
		}
		c.over.Store(true)
		if _, err := w.Next(t.Context()); !errors.Is(err, fault.SessionNotActive) {
			t.Errorf("the session ended: %v", err)
		}
		c.over.Store(false)
		w, _ = b.Watch("r") // a new session
		read(t, w)
		b.Close()
		if _, err := w.Next(t.Context()); err == nil {
			t.Error("the server ended, and nothing was told")
		}
		if _, err := b.Now(t.Context(), "r"); err == nil {
			t.Error("measured after the end")
		}
	})
}
