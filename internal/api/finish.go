// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
)

// errorBody is how every refusal reads. The first three fields are those that
// clients of the v2 API know; the others are for whoever looks closer.
type errorBody struct {
	Code      int       `json:"code"` // the HTTP status
	Message   string    `json:"message"`
	Details   []string  `json:"details"` // "name: value"
	Fault     faultBody `json:"fault"`
	RequestID string    `json:"request_id"`
}

// faultBody is the refusal in the words of the catalogue.
type faultBody struct {
	ID       string         `json:"id"`
	Op       fault.Op       `json:"op"`
	Retry    fault.Retry    `json:"retry"`
	Do       string         `json:"do,omitempty"` // what the developer does about it
	Terminal bool           `json:"terminal"`
	Details  map[string]any `json:"details,omitempty"`
}

// statused is a fault that is answered with another status than its own,
// where the v2 API documents one.
type statused struct {
	error
	status int
}

func (s statused) Unwrap() error { return s.error }

// missing answers 404: what the path names does not exist.
func missing(err error) error { return statused{err, http.StatusNotFound} }

// finish is the one way out: reply or fault, one log line, one count.
func (c *Call) finish(out *written, reply any, err error) {
	if err != nil {
		c.refuse(out, err)
		return
	}
	switch v := reply.(type) {
	case Written:
	case nil:
		out.WriteHeader(http.StatusNoContent)
	case Reply:
		c.write(out, v.Status, v.Body)
	default:
		c.write(out, http.StatusOK, v)
	}
	c.Log.Debug("answered", "status", out.status)
}

// refuse turns an error into the reply, the log line and the count.
func (c *Call) refuse(out *written, err error) {
	op := c.route.Op
	if op == "" {
		op = fault.OpAPI
	}
	f := clipped(fault.From(err, op))
	status := f.Kind.Status
	if s, ok := errors.AsType[statused](err); ok {
		status = s.status
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if status >= http.StatusInternalServerError {
		c.Log.Error("failed", "fault", f)
	} else {
		c.Log.Info("refused", "fault", f)
	}
	out.injected = inject.Caused(f)
	c.api.met.refused(f.Kind.ID, out.injected)
	if out.status != 0 {
		return // the handler had begun to reply: there is no taking it back
	}

	h := out.Header()
	switch {
	case status == http.StatusUnauthorized && f.Kind == fault.TokenMissing:
		h.Set("WWW-Authenticate", "Bearer") // RFC 6750, section 3
	case status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	if wait, ok := f.Detail("retry_after_seconds").(int64); ok {
		h.Set("Retry-After", strconv.FormatInt(wait, 10))
	}
	body := errorBody{
		Code: status, Message: f.Safe(), Details: []string{}, RequestID: c.ID,
		Fault: faultBody{ID: f.Kind.ID, Op: f.Op, Retry: f.Kind.Retry, Do: f.Kind.Do, Terminal: f.Kind.Terminal},
	}
	if len(f.Details) > 0 {
		body.Fault.Details = make(map[string]any, len(f.Details))
	}
	for _, d := range f.Details {
		body.Details = append(body.Details, fmt.Sprintf("%s: %v", d.Name, d.Value))
		body.Fault.Details[d.Name] = d.Value
	}
	c.write(out, status, body)
}

// clipped keeps what strangers sent short in what is said and logged of it.
func clipped(f *fault.Error) *fault.Error {
	short := *f
	short.Details = slices.Clone(f.Details)
	for i, d := range short.Details {
		if s, ok := d.Value.(string); ok {
			short.Details[i].Value = clip(s)
		}
	}
	return &short
}

// write sends JSON. A caller that has gone is not our trouble.
func (c *Call) write(out *written, status int, body any) {
	if body == nil {
		out.WriteHeader(status)
		return
	}
	raw, err := json.Marshal(body)
	if err != nil {
		c.Log.Error("a reply could not be written as JSON", "err", err)
		status, raw = http.StatusInternalServerError, []byte(`{"code":500,"message":"Internal error","details":[]}`)
	}
	h := out.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(raw)+1))
	out.WriteHeader(status)
	if _, err := out.Write(append(raw, '\n')); err != nil {
		c.Log.Debug("the caller did not take the reply", "err", err)
	}
}

// rateLimited refuses until some time has passed.
func rateLimited(wait time.Duration) error {
	return fault.RateLimited.New("retry_after_seconds", int64(math.Ceil(wait.Seconds())))
}
