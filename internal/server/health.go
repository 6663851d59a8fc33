// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// health answers the two questions of an orchestrator: is the process alive
// (restart it if not), and should it get new clients (send them elsewhere if
// not).
type health struct {
	draining atomic.Bool
	checks   []check
	left     func() int64 // events that are still to be written anew after an update; nil for none
	log      *slog.Logger
}

// check is one thing the server cannot do its work without.
type check struct {
	name string
	ask  func(context.Context) error
	told bool // its errors hold nothing that strangers may not read
}

// checkTimeout is how long a check may take before it counts as failed.
const checkTimeout = 2 * time.Second

// alive answers as long as the process can answer at all.
func (h *health) alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ready answers 200 or 503 and says of each check how it is, and how far an update is
// that goes on beside everything else. What exactly is
// wrong is for the log, unless it may be told.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	said := map[string]string{}
	ok := true
	for _, c := range h.checks {
		said[c.name] = "ok"
		if err := c.ask(ctx); err != nil {
			said[c.name], ok = "failing", false
			if c.told {
				said[c.name] += ": " + err.Error()
			}
			h.log.Error("not ready", "check", c.name, "err", err)
		}
	}
	if h.draining.Load() {
		said["draining"], ok = "yes", false
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	answer := map[string]any{"ready": ok, "checks": said}
	if h.left != nil {
		if n := h.left(); n > 0 {
			answer["events_upgrade_left"] = n
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}
