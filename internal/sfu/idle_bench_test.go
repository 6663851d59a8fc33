// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"testing"

	"github.com/redial-rtc/redial/internal/inject"
)

// BenchmarkInjectIdle measures what the hooks of provoked faults cost while
// nothing is provoked: packets go from the read loop through SRTP to the sockets
// of real peers (see beside), some of which stand behind an impairment of an idle plan and some of
// which do not. "control" are more without, so that it shows how far two things
// that are the same differ. All three take turns, in each order, in one process:
// each round sends a picture of each, and what is compared are the medians.
func BenchmarkInjectIdle(b *testing.B) {
	plan := inject.New(inject.Config{})
	defer plan.Close()
	e := newEngine(b)
	beside(b, side{e, func() Impairment { return nil }}, side{e, func() Impairment {
		_, sub := plan.Attend(inject.Who{Room: "r", Peer: "p"}, func(inject.Action) {}).Wires()
		return sub
	}})
}

// BenchmarkInjectHook is the hook by itself: what an idle impairment adds to one
// packet.
func BenchmarkInjectHook(b *testing.B) {
	plan := inject.New(inject.Config{})
	defer plan.Close()
	pub, _ := plan.Attend(inject.Who{Room: "r", Peer: "p"}, func(inject.Action) {}).Wires()
	var gate Impairment = pub
	packet := make([]byte, 1200)
	for b.Loop() {
		if drop, _, _ := gate.Pass(true, packet); drop {
			b.Fatal("dropped")
		}
	}
}
