// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"flag"
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/cert"
	"github.com/redial-rtc/redial/internal/event/clickhouse"
	"github.com/redial-rtc/redial/internal/metricdoc"
)

var update = flag.Bool("update", false, "write the generated docs")

// registered are the metrics of a server with everything turned on.
func registered(t *testing.T) []metricdoc.Registered {
	t.Helper()
	cfg := local(t)
	cfg.Inject.Enabled = true
	cfg.Media.TURN.Enabled, cfg.Media.TURN.UDP, cfg.Media.TURN.TCP = true, "127.0.0.1:0", ""
	cfg.Traces.OTLP.Endpoint = "http://127.0.0.1:1"
	cfg.OTLP.Endpoint = "http://127.0.0.1:1"
	cfg.OpenTok.Enabled = true
	s := startWith(t, cfg, Options{Log: NewLogWriter(t.Output(), cfg.Log)})
	all := prometheus.NewRegistry()
	clickhouse.Describe(all)
	acme, err := cert.NewACME(cert.ACMEConfig{Domains: []string{"video.example.org"}, Dir: t.TempDir(), TLS: s.address, Log: s.log, Metrics: all})
	if err != nil {
		t.Fatal(err)
	}
	defer acme.Close()
	there, err := metricdoc.Describe(s.metrics)
	if err != nil {
		t.Fatal(err)
	}
	more, err := metricdoc.Describe(all)
	if err != nil {
		t.Fatal(err)
	}
	if len(there) < 80 || len(more) != 5 {
		t.Fatalf("%d metrics of the server, %d of ClickHouse and ACME", len(there), len(more))
	}
	return append(there, more...)
}

// TestMetricsPage holds docs/metrics.md to what a server registers: each metric is
// in it, and nothing else is.
func TestMetricsPage(t *testing.T) {
	page, err := metricdoc.Page(registered(t))
	if err != nil {
		t.Fatal(err)
	}
	const path = "../../docs/metrics.md"
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if there, err := os.ReadFile(path); err != nil || string(there) != page {
		t.Errorf("docs/metrics.md is out of date (%v); run make docs", err)
	}
}
