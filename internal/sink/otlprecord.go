// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"strconv"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// The JSON of OTLP (https://github.com/open-telemetry/opentelemetry-proto,
// logs/v1/logs.proto, in the JSON mapping of the specification: camel case,
// 64-bit integers as text).
type (
	logsRequest struct {
		ResourceLogs []resourceLogs `json:"resourceLogs"`
	}
	resourceLogs struct {
		Resource  attributed  `json:"resource"`
		ScopeLogs []scopeLogs `json:"scopeLogs"`
	}
	attributed struct {
		Attributes []attribute `json:"attributes"`
	}
	scopeLogs struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		LogRecords []logRecord `json:"logRecords"`
	}
	logRecord struct {
		Time         string      `json:"timeUnixNano"`
		Observed     string      `json:"observedTimeUnixNano"`
		Severity     int         `json:"severityNumber"`
		SeverityText string      `json:"severityText"`
		EventName    string      `json:"eventName"`
		Body         value       `json:"body"`
		Attributes   []attribute `json:"attributes"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		String *string `json:"stringValue,omitempty"`
		Bool   *bool   `json:"boolValue,omitempty"`
		Int    *string `json:"intValue,omitempty"`
	}
)

// scopeName is the instrumentation scope of the records.
const scopeName = "github.com/redial-rtc/redial"

// Severities of the log data model.
const (
	severityInfo  = 9
	severityWarn  = 13
	severityError = 17
)

func (x *exporter) request(events []event.Event) logsRequest {
	var resource attributes
	resource.text("service.name", "redial")
	resource.text("service.version", x.Version)
	var scope scopeLogs
	scope.Scope.Name = scopeName
	for i := range events {
		scope.LogRecords = append(scope.LogRecords, x.record(&events[i]))
	}
	return logsRequest{[]resourceLogs{{Resource: attributed{resource}, ScopeLogs: []scopeLogs{scope}}}}
}

// record words an event by the semantic conventions where they have a name for
// a thing (https://opentelemetry.io/docs/specs/semconv/), and under "redial."
// where they have none.
func (x *exporter) record(e *event.Event) logRecord {
	r := logRecord{
		Time: nanos(e.Time), Observed: nanos(e.Time), EventName: string(e.Type),
		Severity: severityInfo, SeverityText: "INFO",
	}
	switch {
	case !e.Happened.IsZero():
		r.Time = nanos(e.Happened)
	case !e.ClientTime.IsZero():
		r.Time = nanos(e.ClientTime) // by the clock of its origin
	}
	body := string(e.Type)
	a := attributes{}
	a.text("event.name", string(e.Type))
	a.text("session.id", e.SessionID)
	if x.UserIDs {
		a.text("user.id", e.UserID)
		a.text("redial.user_id_proof", e.UserProof)
		a.text("user.name", e.UserName)
	}
	a.text("user_agent.original", e.Agent.String)
	if e.Type.IsError() {
		r.Severity, r.SeverityText = severityWarn, "WARN"
		if e.Failure.Terminal {
			r.Severity, r.SeverityText = severityError, "ERROR"
		}
		if e.Failure.Message != "" {
			body = e.Failure.Message
		}
		kind := e.Fault
		if kind == "" {
			kind = "_OTHER" // what the conventions want for an error without a name of few
		}
		a.text("error.type", kind)
		a.text("error.message", e.Failure.Message)
		a.text("redial.error.name", e.Failure.Name)
		a.int("redial.error.code", int64(e.Failure.Code))
		a.bool("redial.error.terminal", e.Failure.Terminal)
		a.text("redial.action", e.Action)
	}
	if t := e.Track; t != nil {
		a.text("redial.track.id", t.ID)
		a.text("redial.track.kind", t.Kind)
		a.text("redial.track.source", t.Source)
	}
	a.text("redial.event.id", e.ID)
	a.text("redial.fault", e.Fault)
	a.text("redial.op", string(e.Op))
	a.text("redial.source", string(e.Source))
	a.bool("redial.injected", e.Injected)
	a.text("redial.account.id", e.AccountID)
	a.text("redial.room.id", e.RoomID)
	a.text("redial.peer.id", e.PeerID)
	a.text("redial.template.id", e.TemplateID)
	a.text("redial.role", e.Role)
	a.text("redial.client.sdk", e.Agent.SDK)
	a.text("redial.client.sdk_version", e.Agent.SDKVersion)
	r.Body, r.Attributes = value{String: &body}, a
	return r
}

// attributes collects those that have a value.
type attributes []attribute

func (a *attributes) text(key, s string) {
	if s != "" {
		*a = append(*a, attribute{key, value{String: &s}})
	}
}

func (a *attributes) bool(key string, b bool) { *a = append(*a, attribute{key, value{Bool: &b}}) }

func (a *attributes) int(key string, n int64) {
	s := strconv.FormatInt(n, 10)
	*a = append(*a, attribute{key, value{Int: &s}})
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
