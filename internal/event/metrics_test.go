// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// The number of series is bounded whatever events say of themselves.
func TestStoredEventsAreCountedByFault(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := newMetrics(reg, func() float64 { return 0 })
	batch := []Event{
		{Type: JoinFailed, Source: FromServer, Fault: fault.RoomFull.ID, Injected: true},
		{Type: JoinFailed, Source: FromClient, Fault: "no.such.fault"},
		{Type: TrackAdded, Source: FromServer},
	}
	m.appended(batch, make([]Outcome, len(batch)), time.Second, nil)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "redial_events_stored_total" {
			continue
		}
		for _, s := range f.GetMetric() {
			key := ""
			for _, l := range s.GetLabel() { // in the order of their names
				key += l.GetName() + "=" + l.GetValue() + " "
			}
			got[key] = s.GetCounter().GetValue()
		}
	}
	for _, want := range []string{
		"fault=room.full injected=true source=server type=client.join.failed ",
		"fault=other injected=false source=client type=client.join.failed ",
		"fault= injected=false source=server type=track.add.success ",
	} {
		if got[want] != 1 {
			t.Errorf("%s is not counted: %v", want, got)
		}
	}
}
