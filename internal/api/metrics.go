// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts calls by route and refusals by fault. Routes are patterns and
// faults are ids of the catalogue, so that no caller can add a series.
type metrics struct {
	requests *prometheus.CounterVec
	refusals *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_api_requests_total", Help: "REST calls answered, by route and HTTP status. Refusals that were provoked on purpose are apart, as injected.",
		}, []string{"route", "status", "injected"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_api_refusals_total", Help: "REST calls refused, by fault. Refusals that were provoked on purpose are apart, as injected.",
		}, []string{"fault", "injected"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "redial_api_request_seconds", Help: "How long REST calls took, by route.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10},
		}, []string{"route"}),
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.refusals, m.seconds)
	}
	return m
}

func (m *metrics) served(route string, status int, injected bool, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status), strconv.FormatBool(injected)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) refused(id string, injected bool) {
	m.refusals.WithLabelValues(id, strconv.FormatBool(injected)).Inc()
}
