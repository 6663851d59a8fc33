// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// memory is a store that remembers what it was asked, and waits or fails when
// told to.
type memory struct {
	Store

	mu      sync.Mutex
	batches [][]Event
	removed []Removal
	left    int           // events that Remove will find
	gate    chan struct{} // when not nil, each Append takes one from it first
	fail    error
}

func (m *memory) Append(_ context.Context, events []Event) ([]Outcome, error) {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		<-gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, m.fail
	}
	m.batches = append(m.batches, append([]Event(nil), events...))
	return make([]Outcome, len(events)), nil
}

func (m *memory) Remove(_ context.Context, r Removal) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.removed = append(m.removed, r)
	n := min(m.left, 500)
	m.left -= n
	return n, nil
}

func (m *memory) stored() (events []Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.batches {
		events = append(events, b...)
	}
	return events
}

func named(name string) Event {
	return Event{Type: JoinFailed, Subject: Subject{UserName: name}, Failure: Failure{Message: "from 192.0.2.1"}}
}

// counted reads the counter that has this label.
func counted(t *testing.T, reg *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetValue() == label {
					return m.GetCounter().GetValue()
				}
			}
		}
	}
	return 0
}

// recording runs a test with a recorder over a memory.
func recording(t *testing.T, cfg RecorderConfig, m *memory, test func(t *testing.T, r *Recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := NewRecorder(m, cfg)
		test(t, r)
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAppendReturnsWhenStored(t *testing.T) {
	m := &memory{}
	recording(t, RecorderConfig{Account: "acme"}, m, func(t *testing.T, r *Recorder) {
		m.gate = make(chan struct{})
		done := make(chan error, 1)
		go func() { done <- r.Append(t.Context(), named("a"), named("b")) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("Append returned %v before the store had the event", err)
		default:
		}
		close(m.gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
		got := m.stored()
		if len(got) != 2 || got[0].UserName != "a" || got[0].ID == "" || got[0].ID == got[1].ID || got[0].AccountID != "acme" ||
			got[0].Failure.Message != "from redacted-ip.invalid" || !got[0].Time.Equal(time.Now()) || got[0].Time.Location() != time.UTC {
			t.Errorf("stored %+v", got)
		}
	})
}

// TestBatches shows that whatever arrives during one write is one more write.
func TestBatches(t *testing.T) {
	m := &memory{}
	recording(t, RecorderConfig{}, m, func(t *testing.T, r *Recorder) {
		m.gate = make(chan struct{}) // within the test's time
		r.Record(named("first"))
		synctest.Wait() // the store has it and waits
		var wait sync.WaitGroup
		for range 300 {
			wait.Go(func() {
				if err := r.Append(t.Context(), named("x")); err != nil {
					t.Error(err)
				}
			})
		}
		for range 300 {
			r.Record(named("y"))
		}
		synctest.Wait()
		close(m.gate)
		wait.Wait()
		synctest.Wait()
		if got := len(m.stored()); got != 601 || len(m.batches) != 2 {
			t.Errorf("%d events in %d batches, want 601 in 2", got, len(m.batches))
		}
	})
}

func TestFullQueue(t *testing.T) {
	m := &memory{}
	reg := prometheus.NewRegistry()
	var log bytes.Buffer
	cfg := RecorderConfig{Queue: 10, Metrics: reg, Log: slog.New(slog.NewTextHandler(&log, nil))}
	recording(t, cfg, m, func(t *testing.T, r *Recorder) {
		m.gate = make(chan struct{}) // within the test's time
		for range 10 {
			r.Record(named("kept"))
		}
		began := time.Now()
		for range 25 {
			r.Record(named("dropped"))
		}
		if err := r.Append(t.Context(), named("refused")); !errors.Is(err, fault.QueueFull) {
			t.Errorf("Append to a full queue: %v", err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("a full queue made its callers wait %v", took)
		}
		if n := strings.Count(log.String(), fault.EventsDropped.ID); n != 1 {
			t.Errorf("%d lines about the dropped events within a second: %s", n, &log)
		}
		time.Sleep(2 * time.Second)
		r.Record(named("dropped"))
		if !strings.Contains(log.String(), "fault.events=25") {
			t.Errorf("the second line does not count what the first could not: %s", &log)
		}
		close(m.gate)
		synctest.Wait()
		if err := r.Append(t.Context(), named("kept")); err != nil {
			t.Errorf("after the queue has drained: %v", err)
		}
		if got := m.stored(); len(got) != 11 {
			t.Errorf("%d events stored, want 11", len(got))
		}
		if n := counted(t, reg, "redial_events_dropped_total", fault.QueueFull.ID); n != 26 {
			t.Errorf("%v counted as dropped, want 26", n)
		}
	})
}

func TestQueueBytes(t *testing.T) {
	m := &memory{}
	recording(t, RecorderConfig{QueueBytes: 20_000}, m, func(t *testing.T, r *Recorder) {
		m.gate = make(chan struct{}) // within the test's time
		big := named("x")
		big.Failure.Description = strings.Repeat("d", 4000)
		done := make(chan error, 10)
		for range 10 {
			go func() { done <- r.Append(t.Context(), big) }()
		}
		synctest.Wait()
		close(m.gate)
		full := 0
		for range 10 {
			if err := <-done; errors.Is(err, fault.QueueFull) {
				full++
			} else if err != nil {
				t.Error(err)
			}
		}
		if full != 6 {
			t.Errorf("%d of 10 were refused, want 6", full)
		}
	})
}

func TestStoreFails(t *testing.T) {
	m := &memory{fail: fault.StoreUnavailable.New()}
	reg := prometheus.NewRegistry()
	recording(t, RecorderConfig{Metrics: reg}, m, func(t *testing.T, r *Recorder) {
		if err := r.Append(t.Context(), named("x")); !errors.Is(err, fault.StoreUnavailable) {
			t.Errorf("Append: %v", err)
		}
		r.Record(named("y"))
		synctest.Wait()
		if n := counted(t, reg, "redial_events_dropped_total", fault.StoreUnavailable.ID); n != 1 {
			t.Errorf("%v dropped, want 1: an appended event is its caller's to send again", n)
		}
		m.fail = nil
		if err := r.Append(t.Context(), named("x")); err != nil {
			t.Errorf("when the store is back: %v", err)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{gate: make(chan struct{})}
		r := NewRecorder(m, RecorderConfig{})
		for range 5 {
			r.Record(named("x"))
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closing over a store that hangs: %v", err)
		}
		if err := r.Append(t.Context(), named("late")); !errors.Is(err, fault.Draining) {
			t.Errorf("after Close: %v", err)
		}
		r.Record(named("late"))
		news := r.News()
		close(m.gate)
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
		<-news
		if got := m.stored(); len(got) != 5 {
			t.Errorf("%d events stored, want 5", len(got))
		}
	})
}

func TestAppendThatGivesUp(t *testing.T) {
	m := &memory{}
	recording(t, RecorderConfig{}, m, func(t *testing.T, r *Recorder) {
		m.gate = make(chan struct{}) // within the test's time
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Append(ctx, named("x")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		close(m.gate)
	})
}

func TestUnfitEvents(t *testing.T) {
	m := &memory{}
	recording(t, RecorderConfig{}, m, func(t *testing.T, r *Recorder) {
		if err := r.Append(t.Context(), named("x"), Event{Type: "bad"}); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("%v", err)
		}
		if err := r.Append(t.Context()); err != nil {
			t.Errorf("nothing: %v", err)
		}
		if got := m.stored(); len(got) != 0 {
			t.Errorf("half of it was stored: %v", got)
		}
	})
}

func TestRetention(t *testing.T) {
	m := &memory{left: 1200}
	recording(t, RecorderConfig{Retention: 30 * 24 * time.Hour}, m, func(t *testing.T, r *Recorder) {
		began := time.Now()
		time.Sleep(time.Minute)
		m.mu.Lock()
		if len(m.removed) != 4 || m.left != 0 || !m.removed[0].Before.Equal(began.Add(-30*24*time.Hour)) {
			t.Errorf("at the start: %d left after %+v", m.left, m.removed)
		}
		m.mu.Unlock()
		time.Sleep(sweepEvery)
		m.mu.Lock()
		if last := m.removed[len(m.removed)-1]; len(m.removed) != 5 || !last.Before.After(m.removed[0].Before) {
			t.Errorf("later: %+v", m.removed)
		}
		m.left = 700
		m.mu.Unlock()
		if n, err := r.Erase(t.Context(), "acme", "ann", ProofToken); n != 700 || err != nil {
			t.Errorf("erased %d, %v", n, err)
		}
	})
}
