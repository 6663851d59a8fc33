// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the server counts.
type metrics struct {
	allocated, refused                         *prometheus.CounterVec
	in, out                                    prometheus.Counter
	dropped, astray, held, turnedAway          prometheus.Counter
	expired, forged, handshakes, neitherOfBoth prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "redial_turn_" + name + "_total", Help: help})
	}
	m := &metrics{
		allocated: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_turn_allocations_total", Help: "Relays that were made, by what the client came over: udp, tcp or tls."}, []string{"over"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_turn_refusals_total", Help: "Error responses, by their code (RFC 8656, section 19): 401 is the first answer to everybody, 486 a quota."}, []string{"code"}),
		in:            counter("received_bytes", "Bytes relayed from clients."),
		out:           counter("sent_bytes", "Bytes relayed to clients."),
		dropped:       counter("dropped_packets", "Packets dropped because a user, or all, relayed more than they may."),
		astray:        counter("astray_packets", "Packets dropped because they were for no address that relays may reach."),
		held:          counter("unanswered_requests", "Requests of those without a relay that were not answered because there were too many."),
		turnedAway:    counter("connections_refused", "Connections closed at once because there were too many."),
		expired:       counter("expired_credentials", "Requests with a credential that had expired."),
		forged:        counter("forged_credentials", "Requests with a wrong password."),
		handshakes:    counter("tls_failures", "Handshakes of TLS that failed."),
		neitherOfBoth: counter("undecided_connections", "Connections on the port of HTTPS that said nothing in time, or neither HTTP nor TURN."),
	}
	if r != nil {
		r.MustRegister(m.allocated, m.refused, m.in, m.out, m.dropped, m.astray, m.held, m.turnedAway, m.expired, m.forged, m.handshakes, m.neitherOfBoth)
	}
	return m
}

// register adds what the table has.
func (t *table) register(r prometheus.Registerer) {
	if r == nil {
		return
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redial_turn_relays", Help: "Relays that there are now.",
	}, func() float64 {
		t.mu.RLock()
		defer t.mu.RUnlock()
		return float64(t.taken)
	}), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redial_turn_relays_max", Help: "Relays that there may be at once: media.turn.allocations.",
	}, func() float64 { return float64(t.bounds.Allocations) }))
}

func (m *metrics) refuse(code int) { m.refused.WithLabelValues(strconv.Itoa(code)).Inc() }
