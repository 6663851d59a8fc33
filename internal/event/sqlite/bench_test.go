// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

var stored = flag.Int("stored", 100_000, "events that are there when a page is asked for")

// population makes events as a busy server has them: many rooms and users, each
// with a few events at a time.
func population(n int) event.Event {
	e := eventtest.Sample(n)
	e.Source, e.Key = event.FromClient, fmt.Sprint("key-", n)
	e.ID = event.KeyID(e.Key, e.ClientTime)
	e.RoomID, e.SessionID = fmt.Sprintf("%024x", n/50%2000), fmt.Sprintf("%024x", n/50)
	e.UserID, e.PeerID = fmt.Sprintf("user-%d", n/5%30_000), fmt.Sprintf("%036x", n/5)
	e.Type = event.Types[n%5]
	return e
}

// BenchmarkAppend reports the time of one event in a durable batch.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := open(b, b.TempDir())
			b.ReportAllocs()
			n := 0
			for left := b.N; left > 0; left -= size {
				batch := make([]event.Event, min(size, left))
				for i := range batch {
					batch[i] = population(n)
					n++
				}
				if _, err := s.Append(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTail reports how long single events take to be on disk, at most in 99 of 100
// cases: with indexes that take in the tail within an append, 200 events at once, as they
// did before, and beside it.
func BenchmarkTail(b *testing.B) {
	for _, c := range []struct {
		name string
		at   int
	}{{"within", 200}, {"beside", maxTail}} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, b.TempDir()).(*Store)
			indexAt(b, s, c.at)
			took := make([]time.Duration, 0, b.N)
			for n := range b.N {
				began := time.Now()
				if _, err := s.Append(b.Context(), []event.Event{population(n)}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
			b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-us")
		})
	}
}

// BenchmarkFirstPage reports a first page with its total.
func BenchmarkFirstPage(b *testing.B) {
	s := open(b, b.TempDir())
	for n := 0; n < *stored; {
		batch := make([]event.Event, 1000)
		for i := range batch {
			batch[i] = population(n)
			n++
		}
		if _, err := s.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		q    event.Query
	}{
		{"all", event.Query{}},
		{"room", event.Query{RoomID: fmt.Sprintf("%024x", 700)}},
		{"user", event.Query{UserID: "user-700"}},
		{"type", event.Query{Types: []event.Type{event.JoinFailed}}},
		{"happened", event.Query{HappenedSince: population(*stored / 2).Time}},
		{"peer", event.Query{PeerID: fmt.Sprintf("%036x", 700)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.q.AccountID = "acme"
			b.ReportAllocs()
			for b.Loop() {
				page, err := s.Query(b.Context(), c.q)
				if err != nil || page.Total == 0 {
					b.Fatal(page.Total, err)
				}
			}
		})
	}
}
