// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Accounts with a time of their own are left out of what goes for all others and
// lose their events after their own time; a choice counts at once; and while it
// is not known who has chosen what, nothing goes.
func TestRetentionOfAccounts(t *testing.T) {
	m := &memory{}
	type answer struct {
		own map[string]time.Duration
		err error
	}
	var registry atomic.Pointer[answer] // asked by the sweeper's goroutine
	registry.Store(&answer{own: map[string]time.Duration{"short": Day, "ever": 0}})
	cfg := RecorderConfig{Retention: 30 * Day, Retentions: func(context.Context) (map[string]time.Duration, error) {
		a := registry.Load()
		return a.own, a.err
	}}
	recording(t, cfg, m, func(t *testing.T, r *Recorder) {
		took := func() []Removal {
			synctest.Wait()
			m.mu.Lock()
			defer m.mu.Unlock()
			list := m.removed
			m.removed = nil
			return list
		}
		want := func(what string, got, want []Removal) {
			t.Helper()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: removed %+v, want %+v", what, got, want)
			}
		}
		ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
		want("at the start", took(), []Removal{{Except: []string{"ever", "short"}, Before: ago(30 * Day)}, {AccountID: "short", Before: ago(Day)}})
		registry.Store(&answer{err: fault.StoreUnavailable.New()})
		r.Sweep()
		want("while nobody knows", took(), nil)
		registry.Store(&answer{own: map[string]time.Duration{"long": 90 * Day}})
		time.Sleep(time.Second)
		r.Sweep()
		want("after a choice", took(), []Removal{{Except: []string{"long"}, Before: ago(30 * Day)}, {AccountID: "long", Before: ago(90 * Day)}})
		registry.Store(&answer{})
		time.Sleep(sweepEvery - time.Second) // by its clock, which a choice does not move
		want("in time", took(), []Removal{{Before: ago(30 * Day)}})
	})
}
