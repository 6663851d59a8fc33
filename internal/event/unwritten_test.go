// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// TestAFullDiskKeepsEventsInMemory: nobody waits for a recorded event, so nobody
// sends it again. It is stored once there is room, with the time it happened at, and
// meanwhile readiness says so. One who waits is told at once.
func TestAFullDiskKeepsEventsInMemory(t *testing.T) {
	m := &memory{fail: fault.StoreFull.Wrap(fault.StoreUnavailable.New())}
	reg := prometheus.NewRegistry()
	recording(t, RecorderConfig{Metrics: reg, Queue: 20}, m, func(t *testing.T, r *Recorder) {
		began := time.Now()
		if err := r.Append(t.Context(), named("told")); !errors.Is(err, fault.StoreFull) || time.Since(began) > 0 {
			t.Errorf("Append: %v after %s", err, time.Since(began))
		}
		for i := range 25 {
			r.Record(named(fmt.Sprint(i)))
			synctest.Wait()
		}
		if n := counted(t, reg, "redial_events_dropped_total", fault.QueueFull.ID); n != 5 {
			t.Errorf("%v dropped beyond the queue, want 5", n)
		}
		time.Sleep(time.Minute)
		if err := r.Healthy(t.Context()); !errors.Is(err, fault.StoreFull) {
			t.Errorf("healthy: %v", err)
		}
		m.mu.Lock()
		m.fail = nil
		m.mu.Unlock()
		time.Sleep(retryEvery + time.Millisecond)
		stored := m.stored()
		if len(stored) != 20 || stored[0].Subject.UserName != "0" || stored[19].Subject.UserName != "19" {
			t.Fatalf("%d stored", len(stored))
		}
		if at := stored[19].Time; !at.Equal(began.UTC()) {
			t.Errorf("stored as of %s, happened at %s", at, began)
		}
		if err := r.Healthy(t.Context()); err != nil {
			t.Errorf("healthy again: %v", err)
		}
		r.Record(named("next"))
		synctest.Wait()
		if n := len(m.stored()); n != 21 {
			t.Errorf("%d stored", n)
		}
	})
}

// TestWhatIsHeldAtTheEndIsCounted closes a recorder whose disk stays full.
func TestWhatIsHeldAtTheEndIsCounted(t *testing.T) {
	m := &memory{fail: fault.StoreFull.Wrap(fault.StoreUnavailable.New())}
	reg := prometheus.NewRegistry()
	recording(t, RecorderConfig{Metrics: reg}, m, func(t *testing.T, r *Recorder) {
		for range 7 {
			r.Record(named("x"))
		}
		synctest.Wait()
	})
	if n := counted(t, reg, "redial_events_dropped_total", fault.StoreFull.ID); n != 7 {
		t.Errorf("%v counted as lost, want 7", n)
	}
}
