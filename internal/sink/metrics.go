// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what is sent. A nil *metrics counts nothing. Labels are names
// of the configuration and outcomes, so there are few.
type metrics struct {
	attempts *prometheus.CounterVec
	took     *prometheus.HistogramVec
	states   *prometheus.GaugeVec
	records  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_webhook_attempts_total", Help: "Requests to webhooks, by what came of them.",
		}, []string{"hook", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "redial_webhook_attempt_seconds", Help: "Time of one request to a webhook.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 13),
		}, []string{"hook"}),
		states: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "redial_webhook_state_code", Help: "How a webhook is: 0 working, 1 failing, 2 paused.",
		}, []string{"hook"}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_otlp_records_total", Help: "Events sent to the OpenTelemetry collector: accepted, rejected by it, or failed (and sent again).",
		}, []string{"outcome"}),
	}
	reg.MustRegister(m.attempts, m.took, m.states, m.records)
	return m
}

func (m *metrics) attempt(hook string, o Outcome, took time.Duration) {
	if m != nil {
		m.attempts.WithLabelValues(hook, string(o)).Inc()
		m.took.WithLabelValues(hook).Observe(took.Seconds())
	}
}

func (m *metrics) state(hook string, code float64) {
	if m != nil {
		m.states.WithLabelValues(hook).Set(code)
	}
}

func (m *metrics) sent(outcome string, n int) {
	if m != nil && n > 0 {
		m.records.WithLabelValues(outcome).Add(float64(n))
	}
}
