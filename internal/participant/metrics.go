// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
)

// metrics count what passes; labels are closed sets, so their number is bounded.
type metrics struct {
	peers, held       prometheus.Gauge
	unrecorded, told  prometheus.Counter
	resumed, migrated *prometheus.CounterVec
	joined            prometheus.Counter
	refusals, warned  *prometheus.CounterVec
	calls             *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	// What follows from a fault that is provoked on purpose is apart.
	apart := func(name, help string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"injected"})
		for _, label := range []string{"false", "true"} { // there from the start, so that the first is a rise
			v.WithLabelValues(label)
		}
		return v
	}
	m := &metrics{
		peers: gauge("redial_signal_peers", "Participants of this process: connected, previewing or held."),
		held:  gauge("redial_signal_peers_held", "Peers without a socket, kept for reconnection."),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_signal_refusals_unrecorded_total", Help: "Refused requests that were not recorded, as one address had too many.",
		}),
		told: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_signal_fanout_bytes_total", Help: "Bytes that calls of peers made the server send to others, about.",
		}),
		joined: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_signal_joins_total", Help: "Joins that succeeded, by whatever wire.",
		}),
		resumed:  apart("redial_signal_resumed_total", "Peers that came back on a new socket."),
		migrated: apart("redial_signal_recovered_total", "Peers whose media was rebuilt after a restart of the server."),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_signal_refused_total", Help: "Calls and connections refused, by operation and fault.",
		}, []string{"op", "fault"}),
		warned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_signal_warned_total", Help: "What goes on with something amiss, which was told, by operation and fault.",
		}, []string{"op", "fault"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "redial_signal_call_seconds", Help: "Time to answer a call, by method.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2},
		}, []string{"method"}),
	}
	if reg != nil {
		reg.MustRegister(m.unrecorded, m.told, m.peers, m.held, m.joined, m.resumed, m.migrated, m.refusals, m.warned, m.calls)
	}
	return m
}

// refusedFault counts a refusal, unless it was provoked: the plan counts those.
func (m *metrics) refusedFault(f *fault.Error) {
	if !inject.Caused(f) {
		m.refused(f.Op, f.Kind)
	}
}

func (m *metrics) warn(f *fault.Error) {
	m.warned.WithLabelValues(string(f.Op), f.Kind.ID).Inc()
}

func (m *metrics) refused(op fault.Op, k *fault.Kind) {
	m.refusals.WithLabelValues(string(op), k.ID).Inc()
}
