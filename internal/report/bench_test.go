// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// BenchmarkInjectWitness is what a report of a device's own costs, of documented size,
// from the body to what is kept with the failure. "%/participant" is the share of one
// processor that somebody takes who hands in as many as are let through
// (limits.witness_per_minute, 30).
func BenchmarkInjectWitness(b *testing.B) {
	body, now := []byte(witnessed), time.UnixMilli(1795295255000)
	var kept []byte
	b.ReportAllocs()
	for b.Loop() {
		_, w, err := Witness(body, now)
		if err != nil {
			b.Fatal(err)
		}
		kept = w.AppendJSON(kept[:0])
	}
	const perSecond = 30. / 60
	b.ReportMetric(100*perSecond*b.Elapsed().Seconds()/float64(b.N), "%/participant")
}

// BenchmarkRead reports what it takes to read one report.
func BenchmarkRead(b *testing.B) {
	b.Run("socket", func(b *testing.B) {
		b.ReportAllocs()
		raw := []byte(socketReport)
		for b.Loop() {
			if _, keep, err := Socket(raw, ann); err != nil || !keep {
				b.Fatal(err)
			}
		}
	})
	b.Run("http", func(b *testing.B) {
		b.ReportAllocs()
		raw := []byte(httpReport)
		for b.Loop() {
			if _, err := HTTP(raw, agent, token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkIngest reports one report's whole way, from the body to the disk:
// read, masked, stored in whatever batches 64 senders at once make.
func BenchmarkIngest(b *testing.B) {
	store, err := sqlite.Open(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	r := event.NewRecorder(store, event.RecorderConfig{})
	defer r.Close(b.Context())
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			list, err := HTTP([]byte(httpReport), agent, token)
			if err != nil {
				b.Error(err)
				return
			}
			list[0].Key = "" // every one counts
			if err := r.Append(b.Context(), list...); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
