package server

import (
	"crypto/subtle"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/redial-rtc/redial/internal/token"
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

// metricsHandler serves /metrics, to whoever has the token if one is wanted.
func metricsHandler(r *prometheus.Registry, want string) http.Handler {
	numbers := promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r})
	if want == "" {
		return numbers
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if subtle.ConstantTimeCompare([]byte(token.Bearer(q.Header)), []byte(want)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "The metrics need the bearer token of metrics.token.", http.StatusUnauthorized)
			return
		}
		numbers.ServeHTTP(w, q)
	})
}
