// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"flag"
	"fmt"
	"math/bits"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

var stored = flag.Int("stored", 100_000, "events that are there when a page is asked for")

// faults are what goes wrong in the benchmark, the first most often.
var faults = fault.All()[:40]

// population makes events as a busy server has them: 30 days, many rooms and
// users, each with a few events at a time.
func population(n int) event.Event {
	e := eventtest.Sample(n)
	e.Time = time.Now().Add(-30*event.Day + time.Duration(float64(n)/float64(*stored)*float64(30*event.Day-time.Hour)))
	e.Fault = faults[bits.TrailingZeros32(uint32(n)|1<<31)%len(faults)].ID
	e.RoomID, e.SessionID = fmt.Sprintf("%024x", n/50%2000), fmt.Sprintf("%024x", n/50)
	e.UserID, e.PeerID = fmt.Sprintf("user-%d", n/5%30_000), fmt.Sprintf("%036x", n/5)
	e.Type = event.Types[n%5]
	return e
}

// BenchmarkHistory reports what is asked of a history that is in ClickHouse:
// first pages with their totals, later pages, summaries, and shipping.
func BenchmarkHistory(b *testing.B) {
	dir := b.TempDir()
	s := openAt(b, shared(b), dir, nil)
	var batch []eventlog.Record
	for n := range *stored {
		r := eventlog.Record{Event: population(n)}
		r.Seq = int64(n + 1)
		if batch = append(batch, r); len(batch) == 20_000 || n == *stored-1 {
			if err := s.insert(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	for merging := uint64(1); merging > 0; time.Sleep(time.Second) { // what so many inserts have set off
		if err := s.conn.QueryRow(b.Context(), "SELECT count() FROM system.merges").Scan(&merging); err != nil {
			b.Fatal(err)
		}
	}
	var parts, keyParts uint64
	if err := s.conn.QueryRow(b.Context(), "SELECT countIf(table = 'events'), countIf(table = 'events_keys') FROM system.parts WHERE database = currentDatabase() AND active").Scan(&parts, &keyParts); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d events in %d parts, their keys in %d", *stored, parts, keyParts)
	s.ship.reached.Store(int64(*stored))
	if err := s.others.tell(b.Context(), s); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	name := database(dir)
	s = openAt(b, shared(b), b.TempDir(), func(c *Config) { c.Database, c.TakeOver = name, true }) // learns what is there
	if err := s.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	other := joining(b, shared(b), name)
	for _, c := range []struct {
		name string
		q    event.Query
	}{
		{"all", event.Query{}},
		{"newest", event.Query{Desc: true}},
		{"room", event.Query{RoomID: fmt.Sprintf("%024x", 700)}},
		{"user", event.Query{UserID: "user-700"}},
		{"type", event.Query{Types: []event.Type{event.JoinFailed}}},
		{"peer", event.Query{PeerID: fmt.Sprintf("%036x", 700)}},
		{"fault-in-room", event.Query{RoomID: fmt.Sprintf("%024x", 700), Faults: []string{faults[0].ID}}},
		{"fault", event.Query{Faults: []string{faults[5].ID}}},
	} {
		for at, s := range map[string]*Store{"": s, "-of-another": other} {
			b.Run("first"+at+"/"+c.name, func(b *testing.B) {
				c.q.AccountID = "acme"
				for b.Loop() {
					page, err := s.Query(b.Context(), c.q)
					if err != nil || page.Total == 0 {
						b.Fatal(page.Total, err)
					}
				}
			})
		}
	}
	b.Run("page1000", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Query(b.Context(), event.Query{AccountID: "acme", Tail: true, After: 999 * event.DefaultLimit}); err != nil {
				b.Fatal(err)
			}
		}
	})
	until := time.Now().Truncate(event.Day).Add(event.Day)
	for _, by := range []event.Dimension{event.ByFault, event.ByRoom} {
		for _, users := range []bool{false, true} {
			b.Run(fmt.Sprintf("summary/by=%s/users=%v", by, users), func(b *testing.B) {
				for b.Loop() {
					sum, err := s.Summarize(b.Context(), event.SummaryQuery{
						AccountID: "acme", By: by, Types: event.Types[:5], Since: until.Add(-31 * event.Day), Until: until, Top: 10, Users: users,
					})
					if err != nil || sum.Total.Counts.Events < int64(*stored) {
						b.Fatal(sum.Total, err)
					}
				}
			})
		}
	}
	b.Run("ship", func(b *testing.B) { // events of one forwarded batch
		var list []eventlog.Record
		for n := range shipBatch {
			r := eventlog.Record{Event: population(n)}
			r.Seq = int64(*stored*10 + n)
			list = append(list, r)
		}
		for b.Loop() {
			for i := range list {
				list[i].Seq += shipBatch
			}
			if err := s.ensure(b.Context(), list); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N*shipBatch)/b.Elapsed().Seconds(), "events/s")
	})
}
