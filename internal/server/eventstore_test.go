// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestServesFromClickHouse: the store is chosen by its setting, and a server is
// ready with it.
func TestServesFromClickHouse(t *testing.T) {
	cfg := local(t)
	cfg.Events.Store, cfg.Events.ClickHouse.URL = "clickhouse", startClickHouse(t)
	s := startLocal(t, cfg)
	for path, want := range map[string]string{"/readyz": "events", "/metrics": "redial_events_spool_events 0"} {
		res, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v, %s", path, res.Status, err, body)
		}
	}
}
