// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"cmp"
	"sync"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/limit"
)

// SetConfig bounds a Set. Fields left at 0 take the defaults named here.
type SetConfig struct {
	Max        int // sockets at once; 20,000
	PerAddress int // sockets at once from one address; 1,000
	Bounds     Bounds
	Metrics    prometheus.Registerer // nil: none
	Addresses  *evidence.Hasher      // of the store that doors are recorded in; nil: addresses are not told apart
}

// Set is every open socket of a server, whatever its wire. It bounds how many
// there are and what all of them hold together.
type Set struct {
	cfg    SetConfig
	queued *limit.Bytes // what waits to be written to all sockets
	kept   *kept        // what must not be missed of all clients

	open                prometheus.Gauge
	framesIn, framesOut prometheus.Counter
	limited             *prometheus.CounterVec

	mu    sync.Mutex
	conns map[*Conn]struct{}
	from  map[string]int
}

// NewSet returns an empty set.
func NewSet(cfg SetConfig) *Set {
	cfg.Max = cmp.Or(cfg.Max, 20_000)
	cfg.PerAddress = cmp.Or(cfg.PerAddress, 1000)
	cfg.Bounds = cfg.Bounds.withDefaults()
	s := &Set{
		cfg: cfg, queued: limit.NewBytes(cfg.Bounds.Queues), kept: newKept(cfg.Bounds.Kept), conns: map[*Conn]struct{}{}, from: map[string]int{},
		open:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "redial_signal_sockets", Help: "WebSockets open now."}),
		framesIn:  prometheus.NewCounter(prometheus.CounterOpts{Name: "redial_signal_frames_in_total", Help: "Frames read."}),
		framesOut: prometheus.NewCounter(prometheus.CounterOpts{Name: "redial_signal_frames_out_total", Help: "Frames written."}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_signal_limited_total",
			Help: "Sockets cut, calls refused or held up and messages dropped because of a limit, by its setting.",
		}, []string{"limit"}),
	}
	if cfg.Metrics != nil {
		cfg.Metrics.MustRegister(s.open, s.framesIn, s.framesOut, s.limited, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_signal_queued_bytes", Help: "Bytes that wait to be written to all WebSockets.",
		}, func() float64 { return float64(s.queued.Used()) }), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_signal_kept_bytes", Help: "Bytes kept for clients that have not shown that they got them, or are away.",
		}, func() float64 { return float64(s.kept.used()) }))
	}
	return s
}

// Limited counts what a limit has held back, by its setting.
func (s *Set) Limited(setting string) { s.limited.WithLabelValues(setting).Inc() }

// Add counts a socket in. It fails with fault.QueueFull when there are too many
// and with fault.RateLimited when there are too many from its address.
func (s *Set) Add(c *Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= s.cfg.Max {
		return fault.QueueFull.New("limit", "sockets", "max", s.cfg.Max)
	}
	if s.from[c.addr] >= s.cfg.PerAddress {
		return fault.RateLimited.New("limit", s.cfg.PerAddress, "per", "address")
	}
	s.conns[c] = struct{}{}
	s.from[c.addr]++
	s.open.Inc()
	return nil
}

// Remove counts a socket out.
func (s *Set) Remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, in := s.conns[c]; !in {
		return
	}
	delete(s.conns, c)
	s.open.Dec()
	if s.from[c.addr]--; s.from[c.addr] <= 0 {
		delete(s.from, c.addr)
	}
}

// Close ends every socket and does not wait.
func (s *Set) Close(code websocket.StatusCode, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close(code, why)
	}
}

// dropSlowest ends the socket with the most waiting for it, as often as it takes for
// all of them to hold no more than they may.
func (s *Set) dropSlowest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.queued.Over() {
		var slowest *Conn
		most := 0
		for c := range s.conns {
			if n := c.out.waiting(); n > most {
				slowest, most = c, n
			}
		}
		if slowest == nil {
			return
		}
		slowest.Slow("limits.queue_bytes")
		slowest.out.close()
	}
}
