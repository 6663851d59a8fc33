// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// How often is measured, and when it ends.
const (
	Every   = time.Second
	patient = 3 * time.Second // for one measurement
	linger  = 5               // measurements beyond the last watcher, for those who ask again and again
)

// Config is what a Board needs.
type Config struct {
	// Measure measures the session that runs in a room; fault.SessionNotActive ends the
	// watching of it.
	Measure  func(ctx context.Context, roomID string) (*Room, error)
	Watchers int                   // of one room at once; 0: 10
	Limited  func(setting string)  // counts who was refused; nil: nobody does
	Metrics  prometheus.Registerer // nil counts nothing
}

// Board hands out what is measured: each room once a second for all who watch it, and
// not at all when nobody does.
type Board struct {
	cfg      Config
	ctx      context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup
	watching prometheus.Gauge
	measured prometheus.Histogram

	mu    sync.Mutex
	rooms map[string]*watch
}

// watch is a room that is measured. Its fields are guarded by the board's lock.
type watch struct {
	watchers map[*Watcher]struct{}
	askers   int // that wait for the first measurement, and are counted against nobody
	news     chan struct{}
	latest   []byte // JSON of the latest measurement
	err      error  // why there is none, or the end
	over     bool
}

// NewBoard returns a board on which nothing is watched; Close ends it.
func NewBoard(cfg Config) *Board {
	cfg.Watchers = cmp.Or(cfg.Watchers, 10)
	if cfg.Limited == nil {
		cfg.Limited = func(string) {}
	}
	b := &Board{cfg: cfg, rooms: map[string]*watch{},
		watching: prometheus.NewGauge(prometheus.GaugeOpts{Name: "redial_live_watchers", Help: "Streams of live measurements that are open."}),
		measured: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "redial_live_measure_seconds", Help: "How long it took to measure a room that is watched.",
			Buckets: []float64{0.0001, 0.001, 0.01, 0.1, 1},
		}),
	}
	b.ctx, b.stop = context.WithCancel(context.Background())
	if cfg.Metrics != nil {
		cfg.Metrics.MustRegister(b.watching, b.measured)
	}
	return b
}

// Close ends all watching.
func (b *Board) Close() {
	b.stop()
	b.wg.Wait()
}

// Watcher sees a room's measurements.
type Watcher struct {
	b    *Board
	w    *watch
	room string
	seen []byte
}

// Watch begins to watch a room; Close the watcher. It fails with fault.QueueFull when as
// many watch it as may.
func (b *Board) Watch(roomID string) (*Watcher, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.open(roomID)
	if len(w.watchers) >= b.cfg.Watchers {
		b.cfg.Limited("limits.live_watchers")
		return nil, fault.QueueFull.New("limit", "limits.live_watchers", "max", b.cfg.Watchers)
	}
	one := &Watcher{b: b, w: w, room: roomID}
	w.watchers[one] = struct{}{}
	b.watching.Inc()
	return one, nil
}

// Next waits for a measurement that the watcher has not seen, and gives it as JSON that
// is not to be changed; those in between are left out. It fails with
// fault.SessionNotActive when the session has ended, and with the context's error.
func (w *Watcher) Next(ctx context.Context) ([]byte, error) {
	for {
		w.b.mu.Lock()
		latest, err, over, news := w.w.latest, w.w.err, w.w.over, w.w.news
		w.b.mu.Unlock()
		switch {
		case over, err != nil && latest == nil:
			return nil, err
		case latest != nil && (len(w.seen) == 0 || &latest[0] != &w.seen[0]):
			w.seen = latest
			return latest, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-w.b.ctx.Done():
			return nil, fault.Draining.New()
		}
	}
}

// Close ends the watching.
func (w *Watcher) Close() {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	if _, ok := w.w.watchers[w]; ok {
		delete(w.w.watchers, w)
		w.b.watching.Dec()
	}
}

// Now gives the latest measurement of a room as JSON, of the last second. It fails with
// fault.SessionNotActive and the context's error.
func (b *Board) Now(ctx context.Context, roomID string) ([]byte, error) {
	b.mu.Lock()
	w := b.open(roomID)
	w.askers++
	b.mu.Unlock()
	asker := Watcher{b: b, w: w, room: roomID}
	defer func() {
		b.mu.Lock()
		w.askers--
		b.mu.Unlock()
	}()
	return asker.Next(ctx)
}

// open finds the room that is measured, or begins to measure it; b.mu is held.
func (b *Board) open(roomID string) *watch {
	if w := b.rooms[roomID]; w != nil {
		return w
	}
	w := &watch{watchers: map[*Watcher]struct{}{}, news: make(chan struct{})}
	if b.ctx.Err() != nil {
		w.over, w.err = true, fault.Draining.New()
		return w
	}
	b.rooms[roomID] = w
	b.wg.Go(func() { b.run(roomID, w) })
	return w
}

// run measures a room until its session ends or nobody has watched for a while.
func (b *Board) run(roomID string, w *watch) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	var before *Room
	for idle := 0; ; {
		now, sent, err := b.measure(roomID, before)
		b.mu.Lock()
		if len(w.watchers) > 0 || w.askers > 0 {
			idle = 0
		} else {
			idle++
		}
		w.err, w.over = err, b.ctx.Err() != nil || errors.Is(err, fault.SessionNotActive) || idle > linger
		if w.over {
			if err == nil {
				w.err = fault.Draining.New() // or nobody is there to hear of it
			}
			delete(b.rooms, roomID)
		}
		if err == nil {
			before, w.latest = now, sent
		}
		close(w.news)
		w.news = make(chan struct{})
		ended := w.over
		b.mu.Unlock()
		if ended {
			return
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
		}
	}
}

func (b *Board) measure(roomID string, before *Room) (*Room, []byte, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(b.ctx, patient)
	defer cancel()
	now, err := b.cfg.Measure(ctx, roomID)
	if err != nil {
		return nil, nil, err
	}
	now.compare(before)
	sent, err := json.Marshal(now)
	b.measured.Observe(time.Since(began).Seconds())
	return now, sent, err
}
