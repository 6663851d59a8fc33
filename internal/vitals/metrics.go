// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package vitals

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what the process suffers.
type metrics struct {
	stalls, stalled, steps prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, lost func() float64) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		stalls:  counter("redial_process_stalls_total", "Times that the process stood still for more than 200 ms."),
		stalled: counter("redial_process_stalled_seconds_total", "How long the process stood still in all, stalls of more than 200 ms counted."),
		steps:   counter("redial_process_clock_steps_total", "Times that the clock of the system was set by more than 200 ms."),
	}
	if reg != nil {
		reg.MustRegister(m.stalls, m.stalled, m.steps, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "redial_process_udp_lost_packets_total", Help: "Datagrams that this system dropped because a socket had no room, of all its programs, since the server started.",
		}, lost))
	}
	return m
}
