// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
)

// publishInterceptors are what receiving needs and nothing else: transport-wide
// feedback for the sender's bandwidth estimate and receiver reports (RFC 3550).
// Lost packets are asked for in losses.go. Sending needs none: a DownTrack numbers,
// reports and retransmits by itself.
func publishInterceptors(r *interceptor.Registry, log logging.LoggerFactory) error {
	feedback, err := twcc.NewSenderInterceptor(twcc.SendInterval(100*time.Millisecond), twcc.WithLoggerFactory(log))
	if err != nil {
		return err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(log))
	if err != nil {
		return err
	}
	r.Add(feedback)
	r.Add(reports)
	return nil
}
