// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// Config is what the sinks are built from. Dir and Events are required; without
// hooks, a collector and callbacks there is nothing to do.
type Config struct {
	Dir     string // where the places reached and the log of deliveries are kept
	Events  Source
	Account string // whose events are sent; empty: everybody's

	Hooks         []Hook
	Concurrency   int            // requests under way at once to one hook; 0 = 1
	Timeout       time.Duration  // of one request; 0 = 10 s
	PauseAfter    time.Duration  // a hook that fails for so long is paused; 0 = 15 min
	LogRetention  time.Duration  // how long deliveries stay in the log; 0 = 7 days
	AllowNetworks []netip.Prefix // networks that hooks may be in although they are not public

	Collector Collector
	Callbacks Callbacks

	Log     *slog.Logger          // nil: silent
	Metrics prometheus.Registerer // nil: none
}

// Hook is one receiver of events.
type Hook struct {
	Name    string            // its identity: the place it has reached is kept under this name
	URL     string            // http or https
	Secrets []string          // sign each request, one signature for each; none: not signed
	Headers map[string]string // sent as they are
	Types   []event.Type      // which events; empty: all, or none for a hook that wants verdicts

	// Verdicts has the verdict on each failure sent when there is one.
	Verdicts bool
}

// Verdicts is what verdicts are called among the types of events.
const Verdicts = "diagnosis"

// none are the types of a hook that wants no events: one that is never stored.
var none = []event.Type{event.Recorded}

// wanted are the types of the events that are sent.
func (h *Hook) wanted() []event.Type {
	if h.Verdicts && len(h.Types) == 0 {
		return none
	}
	return h.Types
}

// Source is where events are read: an *event.Recorder.
type Source interface {
	Store() event.Store
	News() <-chan struct{} // closed when more has been stored
}

const (
	defaultTimeout      = 10 * time.Second
	defaultPauseAfter   = 15 * time.Minute
	defaultLogRetention = 7 * 24 * time.Hour
)

// Sinks are those that run.
type Sinks struct {
	cfg        Config
	deliveries *deliveries
	metrics    *metrics
	hooks      []*hook
	callbacks  *callbacks // nil: none are taken
	stop       context.CancelFunc
	running    sync.WaitGroup
}

// Start begins to send. Hooks that were never seen begin with the next event
// that is stored. It fails with fault.StoreUnavailable.
func Start(ctx context.Context, cfg Config) (*Sinks, error) {
	return start(ctx, cfg, guardedDialer(cfg.AllowNetworks))
}

func start(ctx context.Context, cfg Config, dial dialFunc) (_ *Sinks, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Concurrency = max(cfg.Concurrency, 1)
	setDefault(&cfg.Timeout, defaultTimeout)
	setDefault(&cfg.PauseAfter, defaultPauseAfter)
	setDefault(&cfg.LogRetention, defaultLogRetention)
	s := &Sinks{cfg: cfg, stop: func() {}}
	if len(cfg.Hooks) == 0 && cfg.Collector.Endpoint == "" && cfg.Callbacks.Receiver == nil {
		return s, nil
	}
	s.metrics = newMetrics(cfg.Metrics)
	if s.deliveries, err = openDeliveries(ctx, cfg.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}()
	var followers []*follower
	for _, h := range cfg.Hooks {
		one := newHook(h, s, dial)
		one.state(0)
		f, err := s.follower(ctx, "webhook:"+h.Name, h.wanted(), one.page)
		if err != nil {
			return nil, err
		}
		one.follower = f
		s.hooks = append(s.hooks, one)
		followers = append(followers, f)
		if h.Verdicts {
			if f, err = s.verdictFollower(ctx, one); err != nil {
				return nil, err
			}
			followers = append(followers, f)
		}
	}
	if cfg.Collector.Endpoint != "" {
		f, err := s.follower(ctx, "otlp", nil, newExporter(s).page)
		if err != nil {
			return nil, err
		}
		followers = append(followers, f)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	if cfg.Callbacks.Receiver != nil {
		if s.callbacks, err = openCallbacks(ctx, s, dial); err != nil {
			return nil, err
		}
		s.running.Go(func() { s.callbacks.run(run) })
	}
	for _, f := range followers {
		s.running.Go(func() { f.run(run) })
	}
	for _, h := range s.hooks {
		s.running.Go(func() { h.replays(run) })
	}
	s.running.Go(func() { s.trim(run) })
	return s, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Of gives the sinks as an account may see them: none, when they are another's.
func (s *Sinks) Of(account string) *Sinks {
	if s.cfg.Account == "" || s.cfg.Account == account {
		return s
	}
	return &Sinks{}
}

// Close stops sending and waits until nothing is under way or the context
// ends. What was not sent is sent by the next Start.
func (s *Sinks) Close(ctx context.Context) error {
	s.stop()
	if s.deliveries == nil {
		return nil
	}
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return errors.Join(ctx.Err(), s.deliveries.close())
}

// trimEvery is how often old deliveries are removed from the log.
const trimEvery = 10 * time.Minute

func (s *Sinks) trim(ctx context.Context) {
	for {
		if err := s.deliveries.trim(ctx, time.Now().Add(-s.cfg.LogRetention)); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("old deliveries could not be removed", "fault", fault.From(err, fault.OpReport))
		}
		if sleep(ctx, trimEvery) != nil {
			return
		}
	}
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
