// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"log/slog"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// follow does what a join does to its trace.
func follow(t *Traces, err error) {
	began := time.Time{}
	j := t.Join("room", "peer")
	j.Admitted("host", "user")
	j.Request("init", "1")
	j.Step("init", began, nil)
	j.Step("call", began, err)
	j.Session("session")
	_ = j.ID()
	j.Media("first media from the client")
	j.Failed(err)
	j.End()
}

func TestOffCostsNothing(t *testing.T) {
	err := error(fault.RoomFull.New())
	if n := testing.AllocsPerRun(100, func() { follow(nil, err) }); n != 0 {
		t.Errorf("a join that nobody follows makes %v allocations for its trace", n)
	}
}

func BenchmarkOff(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		follow(nil, nil)
	}
}

// TestOpenJoinsAreBounded: peers that never come after their first request end by
// themselves, and are no more than a bound.
func TestOpenJoinsAreBounded(t *testing.T) {
	traces, err := New(t.Context(), Config{Endpoint: "http://127.0.0.1:1", Timeout: time.Second, Sampling: 1, Queue: 512, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer traces.Close(t.Context())
	for i := range mostOpen {
		if traces.Join("room", string(rune(i+256))) == nil {
			t.Fatalf("only %d joins are followed", i)
		}
	}
	if traces.Join("room", "one more") != nil {
		t.Error("one more is followed")
	}
	first := traces.Join("room", string(rune(256)))
	first.End()
	if traces.Join("room", "one more") == nil {
		t.Error("after one has ended none is followed")
	}
}
