// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// opened gives the store of a directory and a recorder that writes to it.
func opened(t testing.TB, dir string, wrap func(event.Store) event.Store) *event.Recorder {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var store event.Store = s
	if wrap != nil {
		store = wrap(s)
	}
	r := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
	t.Cleanup(func() {
		_ = r.Close(context.WithoutCancel(t.Context()))
		_ = s.Close()
	})
	return r
}

// failed is a failure of a peer that was taken so long ago.
func failed(peer string, ago time.Duration) event.Event {
	return event.Event{Type: event.PublishFailed, Time: time.Now().UTC().Add(-ago), Source: event.FromServer, Fault: fault.ICEFailed.ID, Op: fault.OpPublish,
		Subject: event.Subject{RoomID: "room", PeerID: peer, UserID: "user of " + peer}}
}

func keep(t testing.TB, r *event.Recorder, events ...event.Event) {
	t.Helper()
	if err := r.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// given waits until failures have verdicts, and gives their peers in order.
func given(t testing.TB, r *event.Recorder, n int) (peers []string) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		page, err := r.Store().Query(t.Context(), event.Query{Diagnosed: true, Limit: event.MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Events) >= n || time.Now().After(deadline) {
			for _, e := range page.Events {
				peers = append(peers, e.PeerID)
			}
			return peers
		}
	}
}

// byPeer finds the peer of the failure to be the cause.
func byPeer(c *diagnose.Case) diagnose.Verdict {
	if strings.HasPrefix(c.Failure.Peer, "panic") {
		panic("a rule with a mistake in it")
	}
	return diagnose.Verdict{Event: c.Failure.ID, Cause: fault.ICEFailed.ID, Confidence: diagnose.Likely, Rules: fmt.Sprint("near ", len(c.Near), " window ", c.Window)}
}

// TestFailuresGetVerdicts: each gets one when its time has come and not before, with
// what is near it, whatever process stored it.
func TestFailuresGetVerdicts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := opened(t, dir, nil)
	keep(t, r, failed("one", time.Hour), failed("two", 4*time.Minute), failed("two", 3*time.Minute), failed("young", 0)) // nobody gives verdicts yet
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r = opened(t, dir, nil)
	metrics := prometheus.NewRegistry()
	g := start(Config{Events: r, Metrics: metrics}, byPeer)
	defer g.Close(context.WithoutCancel(t.Context()))
	if peers := given(t, r, 3); !slices.Equal(peers, []string{"one", "two", "two"}) {
		t.Fatalf("verdicts on %v", peers)
	}
	page, err := r.Store().Query(t.Context(), event.Query{PeerID: "two"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Events {
		if want := (event.Diagnosis{Cause: fault.ICEFailed.ID, Confidence: "likely", Rules: "near 1 window true"}); e.Diagnosis == nil || *e.Diagnosis != want {
			t.Errorf("%+v, want %+v", e.Diagnosis, want)
		}
	}
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "redial_diagnoses_total" && f.GetMetric()[0].GetCounter().GetValue() != 3 {
			t.Errorf("they are counted as %v", f)
		}
	}
	if n, oldest, err := g.store.CountUndiagnosed(t.Context()); n != 1 || time.Since(oldest) > time.Minute || err != nil {
		t.Errorf("%d wait since %v, %v", n, oldest, err)
	}
}

// TestConfidences: what the rules say is what the store can keep.
func TestConfidences(t *testing.T) {
	var words []string
	for _, c := range diagnose.Confidences() {
		words = append(words, string(c))
	}
	if !slices.Equal(words, event.Confidences) {
		t.Errorf("%q, the store knows %q", words, event.Confidences)
	}
}

// TestARuleThatPanics leaves its failure unexplained and the others as they were.
func TestARuleThatPanics(t *testing.T) {
	t.Parallel()
	r := opened(t, t.TempDir(), nil)
	var log bytes.Buffer
	keep(t, r, failed("one", time.Hour), failed("panic", time.Hour), failed("two", time.Hour))
	g := start(Config{Events: r, Log: slog.New(slog.NewTextHandler(&log, nil))}, byPeer)
	given(t, r, 3)
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := r.Store().Query(t.Context(), event.Query{Confidences: []string{"not known"}})
	if err != nil || len(page.Events) != 1 || page.Events[0].PeerID != "panic" || !strings.Contains(log.String(), "a rule with a mistake in it") {
		t.Errorf("%+v, %v, %s", page.Events, err, log.String())
	}
}

// shut is a store whose events cannot be asked for: until it is opened, or those of
// one room never.
type shut struct {
	*sqlite.Store
	open   chan struct{}
	failed atomic.Int64
}

func (s *shut) Query(ctx context.Context, q event.Query) (event.Page, error) {
	if s.open == nil && q.PeerID == "bad" {
		s.failed.Add(1)
		return event.Page{}, fault.StoreUnavailable.New()
	}
	if s.open != nil && !q.Diagnosed {
		select {
		case <-s.open:
		case <-ctx.Done():
			return event.Page{}, ctx.Err()
		}
	}
	return s.Store.Query(ctx, q)
}

// TestVerdictsHoldUpNobody: while none can be given, everything else goes on; then all
// of them are given.
func TestVerdictsHoldUpNobody(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	r := opened(t, t.TempDir(), func(s event.Store) event.Store { return &shut{Store: s.(*sqlite.Store), open: open} })
	g := start(Config{Events: r, After: time.Nanosecond}, byPeer)
	defer g.Close(context.WithoutCancel(t.Context()))
	const n = 100
	for i := range n {
		keep(t, r, failed(fmt.Sprint("peer-", i), 4*time.Hour-time.Duration(i)*time.Minute)) // returns when it is on disk
	}
	if peers := given(t, r, 0); len(peers) > 0 {
		t.Fatalf("verdicts on %v", peers)
	}
	close(open)
	if peers := given(t, r, n); len(peers) != n {
		t.Errorf("%d verdicts on %d failures", len(peers), n)
	}
}

// TestWhatIsNearCannotBeRead: a failure is then explained by itself, and holds up no
// other.
func TestWhatIsNearCannotBeRead(t *testing.T) {
	t.Parallel()
	var store *shut
	r := opened(t, t.TempDir(), func(s event.Store) event.Store { store = &shut{Store: s.(*sqlite.Store)}; return store })
	keep(t, r, failed("bad", time.Hour), failed("good", time.Hour), failed("good", time.Hour))
	g := &Giver{cfg: Config{Events: r, After: After, Log: slog.New(slog.DiscardHandler)}, store: store, judge: byPeer}
	for range maxTries - 1 {
		if _, err := g.some(t.Context(), time.Now()); err == nil {
			t.Fatal("it was read")
		}
	}
	if _, err := g.some(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if peers := given(t, r, 3); len(peers) != 3 || store.failed.Load() != maxTries {
		t.Errorf("verdicts on %v after %d tries", peers, store.failed.Load())
	}
}

// BenchmarkVerdict is one verdict among many failures, all included.
func BenchmarkVerdict(b *testing.B) {
	r := opened(b, b.TempDir(), nil)
	for i := range 50 {
		var some []event.Event
		for j := range 200 {
			e := failed(fmt.Sprint("peer-", i*200+j), time.Hour)
			e.Time = e.Time.Add(time.Duration(i*200+j) * 50 * time.Millisecond)
			some = append(some, e)
		}
		keep(b, r, some...)
	}
	g := &Giver{cfg: Config{Events: r, After: After, Log: slog.New(slog.DiscardHandler)}, store: r.Store().(event.Diagnoser), judge: diagnose.Explain}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n++; n%batch == 1 {
			if _, err := g.some(b.Context(), time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// gated holds what is appended until it is opened.
type gated struct {
	event.Store
	open chan struct{}
}

func (g gated) Append(_ context.Context, events []event.Event) ([]event.Outcome, error) {
	<-g.open
	return make([]event.Outcome, len(events)), nil
}

// TestVerdictsLeaveTheProcessorToReports: after a verdict is as long a pause as it took, a
// longer one the more events wait to be stored, and never a very long one.
func TestVerdictsLeaveTheProcessorToReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := gated{open: make(chan struct{})}
		r := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
		g := &Giver{cfg: Config{Events: r}}
		rests := func(took, want time.Duration) {
			t.Helper()
			began := time.Now()
			if g.rest(t.Context(), took); time.Since(began) != want {
				t.Errorf("after %v it rests for %v, want %v", took, time.Since(began), want)
			}
		}
		rests(10*time.Millisecond, 10*time.Millisecond)
		report := func(n int) {
			events := make([]event.Event, n)
			for i := range events {
				events[i] = failed("p", time.Duration(i))
			}
			go r.Append(t.Context(), events...)
			synctest.Wait()
		}
		report(1)
		rests(10*time.Millisecond, 10*time.Millisecond)
		report(11)
		rests(10*time.Millisecond, 40*time.Millisecond)
		report(100)
		rests(time.Millisecond, 20*time.Millisecond)
		rests(time.Minute, longestRest)
		close(store.open)
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Just now none waits. That may be so because they were stored a moment ago.
		rests(time.Millisecond, 20*time.Millisecond) // as if 89 waited, and 71, and 56
		rests(time.Millisecond, 18*time.Millisecond)
		rests(time.Millisecond, 15*time.Millisecond)
		for range 20 {
			g.rest(t.Context(), time.Millisecond)
		}
		rests(10*time.Millisecond, 10*time.Millisecond)
		ended, end := context.WithCancel(t.Context())
		end()
		began := time.Now()
		if g.rest(ended, time.Minute); time.Since(began) != 0 {
			t.Error("it rests when it is to end")
		}
	})
}
