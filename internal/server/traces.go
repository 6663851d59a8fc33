// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/trace"
)

// startTraces begins to follow joins; nil where nobody wants to know.
func (s *Server) startTraces(ctx context.Context, metrics prometheus.Registerer) (*trace.Traces, error) {
	cfg := s.cfg.Traces.OTLP
	if cfg.Endpoint == "" {
		return nil, nil
	}
	t, err := trace.New(ctx, trace.Config{
		Endpoint: cfg.Endpoint, Headers: headers(cfg.Headers), Timeout: cfg.Timeout, Sampling: cfg.Sampling, Queue: cfg.Queue, UserIDs: cfg.UserIDs,
		Version: version(), Node: uuid.NewString(), Log: s.log.With("part", "traces"), Metrics: metrics,
	})
	if err != nil {
		return nil, err
	}
	s.onClose("traces", t.Close)
	return t, nil
}
