package clickhouse

import (
	"flag"
	"fmt"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

var stored = flag.Int("stored", 100_000, "events that are there when a page is asked for")

// population makes events as a busy server has them: many rooms and users, each
// with a few events at a time.
func population(n int) event.Event {
	e := eventtest.Sample(n)
	e.RoomID, e.SessionID = fmt.Sprintf("%024x", n/50%2000), fmt.Sprintf("%024x", n/50)
	e.UserID, e.PeerID = fmt.Sprintf("user-%d", n/5%30_000), fmt.Sprintf("%036x", n/5)
	e.Type = event.Types[n%5]
	return e
}

// BenchmarkPages reports pages of a history that is in ClickHouse, first ones
// with their totals.
func BenchmarkPages(b *testing.B) {
	dir := b.TempDir()
	s := openAt(b, shared(b), dir, nil)
	var batch []sqlite.Record
	for n := range *stored {
		r := sqlite.Record{Event: population(n)}
		r.Seq = int64(n + 1)
		if batch = append(batch, r); len(batch) == 20_000 || n == *stored-1 {
			if err := s.insert(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	name := database(dir)
	s = openAt(b, shared(b), b.TempDir(), func(c *Config) { c.Database, c.TakeOver = name, true }) // learns what is there
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
	} {
		b.Run(c.name, func(b *testing.B) {
			c.q.AccountID = "acme"
			for b.Loop() {
				page, err := s.Query(b.Context(), c.q)
				if err != nil || page.Total == 0 {
					b.Fatal(page.Total, err)
				}
			}
		})
	}
	b.Run("middle", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Query(b.Context(), event.Query{Tail: true, After: int64(*stored / 2)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ship", func(b *testing.B) { // events of one forwarded batch
		var list []sqlite.Record
		for n := range shipBatch {
			r := sqlite.Record{Event: population(n)}
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
