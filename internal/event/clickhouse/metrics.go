// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what the forwarder does.
type metrics struct {
	reg      prometheus.Registerer
	waiting  prometheus.GaugeFunc
	sent     prometheus.Counter
	failures prometheus.Counter
}

// Describe registers the metrics of a store without one, for the page about them.
func Describe(reg prometheus.Registerer) { newMetrics(reg, func() float64 { return 0 }) }

func newMetrics(reg prometheus.Registerer, waiting func() float64) *metrics {
	m := &metrics{
		reg:      reg,
		waiting:  prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "redial_events_spool_events", Help: "Places given to events that ClickHouse does not have yet."}, waiting),
		sent:     prometheus.NewCounter(prometheus.CounterOpts{Name: "redial_events_shipped_total", Help: "Events inserted into ClickHouse."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "redial_events_ship_failures_total", Help: "Times that ClickHouse did not take events."}),
	}
	if reg != nil {
		reg.MustRegister(m.waiting, m.sent, m.failures)
	}
	return m
}

func (m *metrics) unregister() {
	if m.reg != nil {
		m.reg.Unregister(m.waiting)
		m.reg.Unregister(m.sent)
		m.reg.Unregister(m.failures)
	}
}

func (m *metrics) shipped(n int) { m.sent.Add(float64(n)) }
func (m *metrics) failed()       { m.failures.Inc() }
