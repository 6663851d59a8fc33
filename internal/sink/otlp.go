// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// Collector is an OpenTelemetry collector that takes logs over OTLP/HTTP with
// JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
type Collector struct {
	Endpoint string            // such as http://127.0.0.1:4318, to which /v1/logs is added; with a path, as it is. Empty: none
	Headers  map[string]string // sent as they are
	Timeout  time.Duration     // of one request; 0 = 10 s
	UserIDs  bool              // also say whose events they are
	Version  string            // of this program, for service.version
}

// exporter sends events to a collector.
type exporter struct {
	Collector
	url     string
	client  *http.Client
	metrics *metrics
	log     *slog.Logger
	health  *breaker
	pause   time.Duration
}

func newExporter(s *Sinks) *exporter {
	c := s.cfg.Collector
	setDefault(&c.Timeout, defaultTimeout)
	x := &exporter{
		Collector: c, url: logsURL(c.Endpoint), metrics: s.metrics, log: s.cfg.Log.With("sink", "otlp"),
		health: newBreaker(), pause: s.cfg.PauseAfter,
		// A collector usually is on this machine or in this network.
		client: newClient((&net.Dialer{Timeout: c.Timeout}).DialContext, c.Timeout, 1),
	}
	return x
}

// logsURL adds the path of the protocol to an endpoint that has none.
func logsURL(endpoint string) string {
	_, rest, _ := strings.Cut(endpoint, "://")
	if strings.Trim(strings.TrimPrefix(rest, strings.SplitN(rest, "/", 2)[0]), "/") == "" {
		return strings.TrimRight(endpoint, "/") + "/v1/logs"
	}
	return endpoint
}

// page implements follower.page: one request for all of them, repeated until
// the collector has taken them or called them bad.
func (x *exporter) page(ctx context.Context, events []event.Event, done func(int64)) error {
	body, err := json.Marshal(x.request(events))
	if err != nil {
		// Only an event whose JSON we wrote ourselves could be at fault.
		x.log.Error("events could not be worded for the collector", "fault", fault.From(err, fault.OpReport))
		x.metrics.sent("rejected", len(events))
		done(events[len(events)-1].Seq)
		return nil
	}
	told := false
	for {
		leave, err := x.health.enter(ctx)
		if err != nil {
			return err
		}
		rejected, a := x.send(ctx, body)
		if a.err != nil && ctx.Err() != nil {
			leave()
			return ctx.Err()
		}
		if a.err == nil || a.refused() {
			if a.refused() { // bad data, which must be dropped (OTLP, "Bad Data")
				rejected = len(events)
				x.log.Error("the collector refuses events, which are left out", "events", rejected, "status", a.status)
			}
			if since := x.health.ok(); !since.IsZero() {
				x.log.Info("the collector takes events again", "after", time.Since(since))
			}
			leave()
			x.metrics.sent("rejected", rejected)
			x.metrics.sent("accepted", len(events)-rejected)
			done(events[len(events)-1].Seq)
			return nil
		}
		since := x.health.failed(a.err, a.retryAfter)
		leave()
		x.metrics.sent("failed", len(events))
		if !told && time.Since(since) >= x.pause {
			told = true
			x.log.Error("the collector takes no events", "fault", fault.From(fault.SinkFailing.Wrap(a.err, "sink", "otlp", "since", since.UTC().Format(time.RFC3339)), fault.OpReport))
		}
	}
}

// send posts one request and reads how many records of it the collector left
// out ("Partial Success"): these must not be sent again.
func (x *exporter) send(ctx context.Context, body []byte) (rejected int, a answer) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.url, bytes.NewReader(body))
	if err != nil {
		return 0, answer{err: withoutURL(err)}
	}
	for name, value := range x.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	res, err := x.client.Do(req)
	if err != nil {
		return 0, answer{err: withoutURL(err)}
	}
	defer func() { _ = res.Body.Close() }() // nothing is left to learn from it
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if a = judge(res); a.err != nil {
		return 0, a
	}
	var reply struct {
		PartialSuccess struct {
			Rejected json.Number `json:"rejectedLogRecords"` // int64 is text in the JSON of protobuf, or a number
			Message  string      `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if err = errors.Join(err, json.Unmarshal(raw, &reply)); err != nil {
		return 0, a // some collectors answer 200 and nothing
	}
	n, _ := reply.PartialSuccess.Rejected.Int64() // none when it is not there
	if n > 0 {
		x.log.Warn("the collector left events out", "events", n, "message", reply.PartialSuccess.Message)
	}
	return int(n), a
}
