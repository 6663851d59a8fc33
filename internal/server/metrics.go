// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
)

// fromHere tells whether a request comes from this machine itself and not through a
// proxy on it.
func fromHere(q *http.Request) bool {
	return !socket.Proxied(q) && addressOf(q.RemoteAddr).IsLoopback()
}

// newMetrics makes the registry that every part registers with.
func newMetrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	return r
}

// metricsHandler serves /metrics, to whoever has the token if one is wanted. On
// the address that the public is served on, nobody but this machine gets it
// without one: the numbers tell of rooms, refusals and memory. Pages of other
// origins, which a browser on this machine may show, do not read them.
func metricsHandler(r *prometheus.Registry, want string, public bool) http.Handler {
	all := promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r})
	numbers := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Del("Access-Control-Allow-Origin")
		all.ServeHTTP(w, q)
	})
	if want == "" && !public {
		return numbers
	}
	if want == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if !fromHere(q) {
				writeFault(w, fault.From(fault.TokenMissing.New("setting", "metrics.token", "reason", "while it is not set, the metrics are for this machine only"), fault.OpAPI))
				return
			}
			numbers.ServeHTTP(w, q)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !token.Same(token.Bearer(q.Header), want) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			writeFault(w, fault.From(fault.TokenMissing.New("want", "the bearer token of metrics.token"), fault.OpAPI))
			return
		}
		numbers.ServeHTTP(w, q)
	})
}
