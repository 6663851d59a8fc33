// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
)

// BenchmarkJoinByWire joins a room in which somebody sends sound and a picture, by one
// wire and the other in turn, and times from the call of Join until it returns and
// until the first packets of both have come. An operation is one join by each wire.
// Medians are metrics; -v prints the ranges as well.
func BenchmarkJoinByWire(b *testing.B) {
	o := newOffice(b)
	pub := o.join(o.config("host", "publisher"))
	for _, t := range []*client.Player{client.Tone(), client.Pattern()} {
		if _, err := pub.Publish(b.Context(), t); err != nil {
			b.Fatal(err)
		}
	}
	took := map[string]map[string][]time.Duration{}
	round := func(dialect string) {
		cfg := o.config("guest", "newcomer")
		if dialect == client.DialectOpenVidu {
			cfg = o.seat("SUBSCRIBER", "newcomer")
		}
		cfg.AutoSubscribe = client.LayerHigh
		began := time.Now()
		r := o.join(cfg)
		defer r.Leave()
		seen := map[string]time.Duration{"joined": time.Since(began)}
		for deadline := began.Add(time.Minute); len(seen) < 3; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatalf("%s: only %v within a minute", dialect, seen)
			}
			for _, t := range r.Tracks() {
				if first := t.Stats().FirstAt; !first.IsZero() {
					seen[t.Info().Kind] = first.Sub(began)
				}
			}
		}
		for what, d := range seen {
			if took[dialect] == nil {
				took[dialect] = map[string][]time.Duration{}
			}
			took[dialect][what] = append(took[dialect][what], d)
		}
	}
	wires := []string{client.DialectHMS, client.DialectOpenVidu}
	for _, w := range wires { // what is done once by each is not measured
		round(w)
	}
	clear(took)
	for b.Loop() {
		for _, w := range wires {
			round(w)
		}
		slices.Reverse(wires)
	}
	b.ReportMetric(0, "ns/op")
	for w, whats := range took {
		for what, all := range whats {
			slices.Sort(all)
			ms := func(i int) float64 { return float64(all[i].Microseconds()) / 1000 }
			b.ReportMetric(ms(len(all)/2), fmt.Sprintf("ms-%s-%s", w, what))
			b.Logf("%-8s %-6s median %6.1f ms, %6.1f to %6.1f, half within %6.1f to %6.1f, of %d", w, what,
				ms(len(all)/2), ms(0), ms(len(all)-1), ms(len(all)/4), ms(len(all)*3/4), len(all))
		}
	}
}
