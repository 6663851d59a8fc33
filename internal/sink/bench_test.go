// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// BenchmarkDeliver is one event from the store to a hook on this machine, log
// of deliveries included.
func BenchmarkDeliver(b *testing.B) {
	for _, concurrency := range []int{1, 8} {
		b.Run(fmt.Sprint("concurrency=", concurrency), func(b *testing.B) {
			dir := b.TempDir()
			store, err := sqlite.Open(b.Context(), dir, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			r := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
			defer func() { _ = r.Close(context.Background()) }()
			var got atomic.Int64
			done := make(chan struct{})
			hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				if got.Add(1) == int64(b.N) {
					close(done)
				}
			}))
			defer hook.Close()
			cfg := Config{Dir: dir, Events: r, AllowNetworks: loopback, Concurrency: concurrency, Hooks: []Hook{{Name: "app", URL: hook.URL}}}
			s, err := Start(b.Context(), cfg) // notes where it begins
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
			for n := 0; n < b.N; n += 1000 {
				batch := make([]event.Event, min(1000, b.N-n))
				for i := range batch {
					batch[i] = refused(n + i)
				}
				if err := r.Append(b.Context(), batch...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			if s, err = Start(b.Context(), cfg); err != nil {
				b.Fatal(err)
			}
			<-done
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			_ = s.Close(context.Background())
		})
	}
}

// BenchmarkIngest is what durable events cost with nobody to send them to, and
// with two hooks and a collector on this machine that get each: sinks read the
// store, so they share its disk and the processors and hold nobody up.
func BenchmarkIngest(b *testing.B) {
	const size = 100 // events of one call, as a busy recorder gathers them
	for _, sinks := range []string{"off", "on"} {
		b.Run("sinks="+sinks, func(b *testing.B) {
			dir := b.TempDir()
			store, err := sqlite.Open(b.Context(), dir, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			r := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
			defer func() { _ = r.Close(context.Background()) }()
			cfg := Config{Dir: dir, Events: r, AllowNetworks: loopback}
			if sinks == "on" {
				receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
				defer receiver.Close()
				cfg.Hooks = []Hook{{Name: "one", URL: receiver.URL}, {Name: "two", URL: receiver.URL}}
				cfg.Collector = Collector{Endpoint: receiver.URL}
			}
			s, err := Start(b.Context(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += size {
				batch := make([]event.Event, min(size, b.N-n))
				for i := range batch {
					batch[i] = refused(n + i)
				}
				if err := r.Append(b.Context(), batch...); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			_ = s.Close(context.Background())
		})
	}
}
