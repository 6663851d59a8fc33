// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// metrics counts what the recorder does. A nil *metrics counts nothing.
type metrics struct {
	stored    *prometheus.CounterVec // by type, source and fault
	known     *prometheus.CounterVec // by what they were: duplicate, merged
	dropped   *prometheus.CounterVec // by fault
	refused   *prometheus.CounterVec // by limit
	witnessed *prometheus.CounterVec // by what became of it
	removed   prometheus.Counter
	evicted   prometheus.Counter
	bytes     prometheus.Gauge
	appendSec prometheus.Histogram
	batch     prometheus.Histogram
	intakeSec prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, waiting func() float64) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		stored: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_events_stored_total", Help: "Events stored. A fault outside the catalogue is counted as other, so that the number of series is bounded.",
		}, []string{"type", "source", "fault", "injected"}),
		known: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_events_known_total", Help: "Reports of what was stored already: duplicate (the same report again) or merged (the client's or the server's second account of one failure).",
		}, []string{"what"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_events_dropped_total", Help: "Events that could not be recorded, by the fault that was in the way.",
		}, []string{"fault"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_events_refused_total", Help: "Events beyond a quota, by the setting of the limit.",
		}, []string{"limit"}),
		witnessed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_events_witness_total", Help: "What clients' own devices told of their failures: reports taken, and failures to which one was added after they were stored, or was not because of the store (lost).",
		}, []string{"what"}),
		removed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_events_removed_total", Help: "Events removed by retention or erased on request.",
		}),
		evicted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_events_evicted_total", Help: "Events removed because the store was larger than events.max_bytes.",
		}),
		bytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "redial_events_store_bytes", Help: "Size of the store when it was last looked at; 0 when it is held to none.",
		}),
		appendSec: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "redial_events_append_seconds", Help: "Time of one transaction of events, flush to disk included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "redial_events_batch_events", Help: "Events in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
	}
	m.intakeSec = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "redial_events_intake_seconds", Help: "Time until events that arrived were on disk in the intake, flush included.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14),
	})
	queue := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redial_events_queue_events", Help: "Events that are not in the store yet: those that wait, and those that are in the intake.",
	}, waiting)
	reg.MustRegister(m.stored, m.known, m.dropped, m.refused, m.witnessed, m.removed, m.evicted, m.bytes, m.appendSec, m.batch, m.intakeSec, queue)
	return m
}

func (m *metrics) appended(batch []Event, outcomes []Outcome, took time.Duration, err error) {
	if m == nil || err != nil {
		return
	}
	m.appendSec.Observe(took.Seconds())
	m.batch.Observe(float64(len(batch)))
	for i, o := range outcomes {
		switch o.State {
		case Stored:
			e := &batch[i]
			m.stored.WithLabelValues(string(e.Type), string(e.Source), faultLabel(e.Fault), strconv.FormatBool(e.Injected)).Inc()
		case Duplicate:
			m.known.WithLabelValues("duplicate").Inc()
		case Merged:
			m.known.WithLabelValues("merged").Inc()
		}
	}
}

func (m *metrics) received(took time.Duration, err error) {
	if m != nil && err == nil {
		m.intakeSec.Observe(took.Seconds())
	}
}

func (m *metrics) drop(n int, err error) {
	if m == nil {
		return
	}
	id := fault.Internal.ID
	var f *fault.Error
	if errors.As(err, &f) {
		id = f.Kind.ID
	}
	m.dropped.WithLabelValues(id).Add(float64(n))
}

func (m *metrics) refuse(err error) {
	if m != nil {
		m.refused.WithLabelValues(limitOf(err)).Inc()
	}
}

func (m *metrics) witness(what string, n int) {
	if m != nil {
		m.witnessed.WithLabelValues(what).Add(float64(n))
	}
}

func (m *metrics) size(n int64) {
	if m != nil {
		m.bytes.Set(float64(n))
	}
}

func (m *metrics) evict(n int) {
	if m != nil {
		m.evicted.Add(float64(n))
	}
}

func (m *metrics) remove(n int) {
	if m != nil {
		m.removed.Add(float64(n))
	}
}

// faultLabel is a fault as the value of a label: an id of the catalogue, "" or
// "other".
func faultLabel(id string) string {
	if id == "" || fault.Lookup(id) != nil {
		return id
	}
	return "other"
}
