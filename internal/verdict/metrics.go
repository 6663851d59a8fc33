// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/event"
)

// metrics counts verdicts. A nil *metrics counts nothing.
type metrics struct {
	given   *prometheus.CounterVec
	waiting prometheus.Gauge
	behind  prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		given: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_diagnoses_total", Help: "Verdicts on failures, by cause, empty where it is not known, and by how sure they are.",
		}, []string{"cause", "confidence", "injected"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redial_diagnoses_waiting", Help: "Failures that have no verdict yet, those of the last two minutes included.",
		}),
		behind: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redial_diagnoses_behind_seconds", Help: "How long the oldest failure without a verdict has been due for one.",
		}),
	}
	reg.MustRegister(m.given, m.waiting, m.behind)
	return m
}

func (m *metrics) gave(d *event.Diagnosis, injected bool) {
	if m != nil {
		m.given.WithLabelValues(d.Cause, d.Confidence, strconv.FormatBool(injected)).Inc()
	}
}
