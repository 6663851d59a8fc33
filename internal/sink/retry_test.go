// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// pipes is a network within the process, whose connections stand still when
// time does.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inBubble runs a test in time of its own, with a receiver and a hook to it.
func inBubble(t *testing.T, cfg Config, test func(t *testing.T, r *receiver, events *event.Recorder, s *Sinks)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		r := newReceiver()
		server := &http.Server{Handler: r}
		go func() { _ = server.Serve(network) }()
		events := record(t, dir)
		cfg.Dir, cfg.Events = dir, events
		cfg.Hooks = []Hook{{Name: "app", URL: "http://hook.example/"}}
		s := runOver(t, cfg, network.dial)
		test(t, r, events, s)
		closeSinks(t, s)
		s.hooks[0].client.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
}

func onlyHook(t *testing.T, s *Sinks) HookState {
	t.Helper()
	hooks, err := s.Hooks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return hooks[0]
}

func TestRetriesGrowUntilTheHookIsPausedAndThenGoesOn(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, r *receiver, events *event.Recorder, s *Sinks) {
		r.status(http.StatusInternalServerError)
		put(t, events, refused(1), refused(2))
		began := time.Now()
		last := (<-r.requests).at
		for n := 1; n <= 12 || time.Since(began) < defaultPauseAfter; n++ { // pauses are of random lengths
			g := <-r.requests
			d := min(time.Second<<(n-1), maxPause)
			if gap := g.at.Sub(last); gap < d/2 || gap > d+time.Millisecond {
				t.Errorf("pause %d was %s, want between half of %s and all of it", n, gap, d)
			}
			if g.peer(t) != "peer-1" {
				t.Errorf("got %s before the one before it", g.peer(t))
			}
			last = g.at
			synctest.Wait()
			want := Failing
			if time.Since(began) >= defaultPauseAfter {
				want = Paused
			}
			if st := onlyHook(t, s); st.State != want || st.FailingSince == nil || st.Error != "answered 500" || (st.Fault != "") != (want == Paused) {
				t.Errorf("after %s: %+v", time.Since(began), st)
			}
		}
		if st := onlyHook(t, s); st.State != Paused {
			t.Errorf("not paused after %s: %+v", time.Since(began), st)
		}
		r.status(http.StatusOK)
		for _, want := range []string{"peer-1", "peer-2"} {
			if p := (<-r.requests).peer(t); p != want {
				t.Errorf("got %s, want %s", p, want)
			}
		}
		synctest.Wait()
		if st := onlyHook(t, s); st.State != Working || st.Behind != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, r *receiver, events *event.Recorder, _ *Sinks) {
		r.does(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		put(t, events, refused(1))
		first, second := <-r.requests, <-r.requests
		if gap := second.at.Sub(first.at); gap < 2*time.Minute || gap > 2*time.Minute+time.Second {
			t.Errorf("came back after %s", gap)
		}
	})
}

func TestATimeoutIsAFailure(t *testing.T) {
	inBubble(t, Config{Timeout: 3 * time.Second}, func(t *testing.T, r *receiver, events *event.Recorder, s *Sinks) {
		r.does(func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
		put(t, events, refused(1))
		<-r.requests
		time.Sleep(3*time.Second + time.Millisecond)
		synctest.Wait()
		page, err := s.Deliveries(t.Context(), LogQuery{})
		if err != nil || len(page.Deliveries) != 1 || page.Deliveries[0].Outcome != Failed || page.Deliveries[0].Took != 3000 {
			t.Errorf("%+v, %v", page, err)
		}
		r.status(http.StatusOK)
		<-r.requests
	})
}

// An event that the receiver refuses for what it is does not hold up the
// others for long, and does not count as a failure of the receiver.
func TestARefusedEventIsSetAside(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, r *receiver, events *event.Recorder, s *Sinks) {
		r.does(func(w http.ResponseWriter, q *http.Request) {
			if q.Header.Get(HeaderEventType) == string(event.PublishFailed) {
				w.WriteHeader(http.StatusUnprocessableEntity)
			}
		})
		odd := refused(1)
		odd.Type = event.PublishFailed
		put(t, events, odd, refused(2))
		began := time.Now()
		for range maxRefusals {
			if p := (<-r.requests).peer(t); p != "peer-1" {
				t.Errorf("got %s", p)
			}
		}
		if p := (<-r.requests).peer(t); p != "peer-2" || time.Since(began) > time.Minute {
			t.Errorf("got %s after %s", p, time.Since(began))
		}
		synctest.Wait()
		page, err := s.Deliveries(t.Context(), LogQuery{Outcome: Refused})
		if err != nil || len(page.Deliveries) != 1 || page.Deliveries[0].Attempt != maxRefusals {
			t.Errorf("%+v, %v", page, err)
		}
		if st := onlyHook(t, s); st.State != Working {
			t.Errorf("%+v", st)
		}
	})
}

func TestResumeTriesAtOnceAndMaySkip(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, r *receiver, events *event.Recorder, s *Sinks) {
		r.status(http.StatusInternalServerError)
		put(t, events, refused(1), refused(2))
		var id string
		for range 10 {
			id = (<-r.requests).header.Get(HeaderEventID)
		}
		synctest.Wait()
		before := time.Now()
		if err := s.Resume("app", ""); err != nil {
			t.Fatal(err)
		}
		if g := <-r.requests; time.Since(before) > 0 || g.header.Get(HeaderEventID) != id {
			t.Errorf("tried after %s", time.Since(before))
		}
		synctest.Wait()
		if err := s.Resume("app", id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		page, err := s.Deliveries(t.Context(), LogQuery{Outcome: Skipped})
		if err != nil || len(page.Deliveries) != 1 || page.Deliveries[0].EventID != id {
			t.Errorf("%+v, %v", page, err)
		}
		if g := <-r.requests; g.peer(t) != "peer-2" {
			t.Errorf("got %s", g.peer(t))
		}
	})
}
