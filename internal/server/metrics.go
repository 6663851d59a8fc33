package server

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

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

// metricsHandler serves /metrics, to whoever has the token if there is one.
func metricsHandler(r *prometheus.Registry, token string) http.Handler {
	numbers := promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r})
	if token == "" {
		return numbers
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		given, _ := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "The metrics need the bearer token of metrics.token.", http.StatusUnauthorized)
			return
		}
		numbers.ServeHTTP(w, q)
	})
}
