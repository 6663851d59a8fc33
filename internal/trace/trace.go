// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package trace follows joins, from the first request with a token to the first
// media, and sends each as one trace to an OpenTelemetry collector
// (https://opentelemetry.io/docs/specs/otlp/). A nil [Traces] follows nothing, at
// no cost. Nobody waits for a collector: what it does not take in time is dropped
// and counted.
package trace

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/redial-rtc/redial/fault"
)

// Config is where traces go and what is in them.
type Config struct {
	Endpoint string            // URL of the collector; without a path it is /v1/traces there
	Headers  map[string]string // of each request
	Timeout  time.Duration     // of one request; 10 s
	Sampling float64           // part of all joins that are followed, up to 1
	Queue    int               // spans that wait to be sent; 2048
	UserIDs  bool              // tell the app's ids of users

	Version string // of this program
	Node    string // name of this process
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil: none
}

const (
	mostOpen = 10_000          // joins that are followed at once; more are not
	mostTime = time.Minute     // after which one ends without media
	flush    = 2 * time.Second // how long stopping waits for the collector
	scope    = "github.com/redial-rtc/redial"
)

// Traces follows joins.
type Traces struct {
	cfg      Config
	provider *sdk.TracerProvider
	tracer   trace.Tracer

	mu   sync.Mutex
	open map[key]*Join
}

type key struct{ room, peer string }

// New begins to follow joins. The collector is called when there is something to
// send. It fails when the endpoint is no URL.
func New(ctx context.Context, cfg Config) (*Traces, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err, "setting", "traces.otlp.endpoint")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	to, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithHeaders(cfg.Headers), otlptracehttp.WithTimeout(cfg.Timeout),
		// One attempt a batch: while it is tried again the queue would fill up.
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}),
	)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err, "setting", "traces.otlp")
	}
	about := resource.NewSchemaless(
		attribute.String("service.name", "redial"), attribute.String("service.version", cfg.Version), attribute.String("service.instance.id", cfg.Node),
	)
	t := &Traces{cfg: cfg, open: map[key]*Join{}}
	t.provider = sdk.NewTracerProvider(
		sdk.WithResource(about), sdk.WithSampler(sdk.TraceIDRatioBased(cfg.Sampling)), sdk.WithRawSpanLimits(limits()),
		sdk.WithBatcher(newCounted(to, cfg.Log, cfg.Metrics), sdk.WithMaxQueueSize(cfg.Queue), sdk.WithExportTimeout(cfg.Timeout), sdk.WithBatchTimeout(2*time.Second)),
	)
	t.tracer = t.provider.Tracer(scope)
	return t, nil
}

// limits bound what a span holds.
func limits() sdk.SpanLimits {
	l := sdk.NewSpanLimits()
	l.AttributeValueLengthLimit = 256
	return l
}

// Close sends what waits, within two seconds, and ends.
func (t *Traces) Close(ctx context.Context) error {
	t.mu.Lock()
	open := make([]*Join, 0, len(t.open))
	for _, j := range t.open {
		open = append(open, j)
	}
	t.mu.Unlock()
	for _, j := range open {
		j.End()
	}
	ctx, cancel := context.WithTimeout(ctx, flush)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // a collector that is away was told of already
	return nil
}

// Join is the join of a peer that is under way, which begins with this if there is
// none; nil where it is not followed. It may be called from anywhere.
func (t *Traces) Join(room, peer string) *Join {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := key{room, peer}
	if j := t.open[at]; j != nil {
		return j
	}
	if len(t.open) >= mostOpen {
		return nil
	}
	j := &Join{t: t, at: at, began: time.Now()}
	j.ctx, j.root = t.tracer.Start(context.Background(), "join", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("redial.room.id", room), attribute.String("redial.peer.id", peer),
	))
	t.open[at] = j
	j.over = time.AfterFunc(mostTime, j.End)
	return j
}

// Join is one join as it goes on. Its methods may be called from anywhere, and on
// nil, where they do nothing. What is told after its end is left out, but for steps
// that were under way, within the minute.
type Join struct {
	t     *Traces
	at    key
	began time.Time
	ctx   context.Context
	root  trace.Span
	over  *time.Timer
	once  sync.Once
}

// ID is the id of the trace, as logs have it; "" when it is not sent.
func (j *Join) ID() string {
	if j == nil || !j.root.IsRecording() {
		return ""
	}
	return j.root.SpanContext().TraceID().String()
}

// Admitted tells as whom the peer came in.
func (j *Join) Admitted(role, user string) {
	if j == nil {
		return
	}
	j.root.SetAttributes(attribute.String("redial.role", role))
	if j.t.cfg.UserIDs && user != "" {
		j.root.SetAttributes(attribute.String("user.id", user))
	}
}

// Session tells the id of the room's session.
func (j *Join) Session(id string) {
	if j != nil && id != "" {
		j.root.SetAttributes(attribute.String("redial.session.id", id))
	}
}

// Request tells the id under which the client asked for something: of a request of
// HTTP, or of a call of JSON-RPC.
func (j *Join) Request(of, id string) {
	if j != nil && id != "" {
		j.root.SetAttributes(attribute.String("redial.request."+of, id))
	}
}

// Step is a part of the join that began at a time and ends now.
func (j *Join) Step(name string, began time.Time, err error) {
	if j == nil || time.Since(j.began) > mostTime {
		return
	}
	_, s := j.t.tracer.Start(j.ctx, name, trace.WithTimestamp(began))
	failed(s, err)
	s.End()
}

// Media ends the join: the first media came from the client, or the first frame is
// on its way to it.
func (j *Join) Media(which string) {
	if j == nil {
		return
	}
	j.root.AddEvent(which)
	j.End()
}

// Failed ends the join with what it failed for.
func (j *Join) Failed(err error) {
	if j == nil {
		return
	}
	failed(j.root, err)
	j.End()
}

// End ends the join, if it has not ended.
func (j *Join) End() {
	if j == nil {
		return
	}
	j.once.Do(func() {
		j.over.Stop()
		j.root.End()
		j.t.mu.Lock()
		defer j.t.mu.Unlock()
		if j.t.open[j.at] == j {
			delete(j.t.open, j.at)
		}
	})
}

// failed marks a span with a fault. Its details may hold names and stay here.
func failed(s trace.Span, err error) {
	if f := fault.From(err, fault.OpConnect); f != nil {
		s.SetAttributes(attribute.String("error.type", f.Kind.ID))
		s.SetStatus(codes.Error, f.Kind.Title)
	}
}

// counted counts what a collector takes, and says once when it takes nothing.
type counted struct {
	*otlptrace.Exporter
	log   *slog.Logger
	spans *prometheus.CounterVec

	mu   sync.Mutex
	away bool
}

func newCounted(to *otlptrace.Exporter, log *slog.Logger, reg prometheus.Registerer) *counted {
	c := &counted{Exporter: to, log: log, spans: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "redial_trace_spans_total", Help: "Spans of traces of joins: sent to the collector, or failed and given up.",
	}, []string{"outcome"})}
	for _, outcome := range []string{"sent", "failed"} {
		c.spans.WithLabelValues(outcome)
	}
	if reg != nil {
		reg.MustRegister(c.spans)
	}
	return c
}

// ExportSpans implements sdk.SpanExporter. What fails is told here and not to the
// library, which would say so for every batch.
func (c *counted) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := c.Exporter.ExportSpans(ctx, spans)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.spans.WithLabelValues("failed").Add(float64(len(spans)))
		if !c.away {
			c.log.Warn("the collector takes no traces; they are given up until it does", "setting", "traces.otlp", "err", err)
		}
	} else {
		c.spans.WithLabelValues("sent").Add(float64(len(spans)))
		if c.away {
			c.log.Info("the collector takes traces again")
		}
	}
	c.away = err != nil
	return nil
}
