// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

// Problem is an error in words, for apps that react and for people. As JSON it
// is a line for a log.
type Problem struct {
	Fault       string         `json:"fault"`       // stable id, such as "room.locked"
	Op          fault.Op       `json:"op"`          // what was being done
	Code        int            `json:"code"`        // the 100ms code
	Name        string         `json:"name"`        // the 100ms name; "" for the few that have none
	IOS         dialect.Word   `json:"ios"`         // the same in the vocabulary of the 100ms iOS SDK
	Terminal    bool           `json:"terminal"`    // the session has ended and the app must join again
	CanRetry    bool           `json:"can_retry"`   // joining again with the same configuration can work
	Category    fault.Category `json:"category"`    // connection, capture device, permission, ...
	Title       string         `json:"title"`       // what happened, in a few words
	Message     string         `json:"message"`     // the title with the facts of this occurrence
	Description string         `json:"description"` // what happened, why, and what to do about it
	User        string         `json:"user"`        // what to tell the user
}

// sessionEnded marks, as a detail, whether an occurrence ended the session.
// Without it an occurrence is as terminal as its kind.
const sessionEnded = "session_ended"

// Describe words an error of this package. It takes any error: one that is not
// in the catalogue is described as [fault.ClientInternal]. For nil it returns
// the zero Problem.
func Describe(err error) Problem {
	if err == nil {
		return Problem{}
	}
	f := asFault(err, "")
	w, ios := dialect.HMS.Speak(f), dialect.HMSIOS.Speak(f)
	if f.Op == fault.OpJoin {
		// The token was found wanting here, before any server was asked.
		if local, ok := spokenHere(dialect.HMS, f.Kind); ok {
			w = local
		}
		if local, ok := spokenHere(dialect.HMSIOS, f.Kind); ok {
			ios = local
		}
	}
	if w.Name == "" {
		w.Name = ios.Name
	}
	p := Problem{
		Fault: f.Kind.ID, Op: f.Op, Code: w.Code, Name: w.Name, IOS: ios,
		Terminal: f.Kind.Terminal, CanRetry: f.Kind.CanRetry(), Category: f.Kind.Category,
		Title: f.Kind.Title, Message: f.Safe(), User: f.Kind.User,
		Description: f.Kind.What + " " + f.Kind.Why + " " + f.Kind.Do,
	}
	if ended, ok := f.Detail(sessionEnded).(bool); ok {
		p.Terminal = ended
		p.IOS.Terminal = ended
	}
	return p
}

// invalidTokenFormat is the code an SDK gives to a token that it cannot read;
// the server words the same kinds with its own numbers.
const invalidTokenFormat = 2004

func spokenHere(d *dialect.Dialect, k *fault.Kind) (dialect.Word, bool) {
	for _, c := range d.Lookup("", strconv.Itoa(invalidTokenFormat)) {
		if c.Kind == k && c.Word.Code == invalidTokenFormat {
			return c.Word, true
		}
	}
	return dialect.Word{}, false
}

// asFault is [fault.From] for the client's side: what is not in the catalogue
// is our own failure, not the server's.
func asFault(err error, op fault.Op) *fault.Error {
	f := fault.From(err, op)
	if f != nil && f.Kind == fault.Internal && !errors.Is(err, fault.Internal) {
		f = fault.From(fault.ClientInternal.Wrap(err), op)
	}
	return f
}

// ending marks an occurrence as the one that ended the session, or as one that
// did not.
func ending(err error, op fault.Op, ended bool) *fault.Error {
	f := *asFault(err, op)
	details := make([]fault.Detail, 0, len(f.Details)+1)
	for _, d := range f.Details {
		if d.Name != sessionEnded {
			details = append(details, d)
		}
	}
	if f.Details = details; ended != f.Kind.Terminal {
		f.Details = append(details, fault.Detail{Name: sessionEnded, Value: ended})
	}
	return &f
}

// refusal is an error as the server writes it. Fault is the canonical id, which
// servers other than Redial do not send.
type refusal struct {
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
	Fault   string `json:"fault"`
}

// UnmarshalJSON also reads the errors of the REST API, whose fault is an object.
func (r *refusal) UnmarshalJSON(b []byte) error {
	var w struct {
		Code    int             `json:"code"`
		Name    string          `json:"name"`
		Message string          `json:"message"`
		Fault   json.RawMessage `json:"fault"`
		Data    json.RawMessage `json:"data"` // where JSON-RPC has it
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*r = refusal{Code: w.Code, Name: w.Name, Message: w.Message}
	var data struct{ Name, Fault string }
	if len(w.Fault) == 0 && json.Unmarshal(w.Data, &data) == nil && data.Fault != "" {
		r.Name, r.Fault = data.Name, data.Fault
		return nil
	}
	if json.Unmarshal(w.Fault, &r.Fault) != nil {
		var o struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(w.Fault, &o)
		r.Fault = o.ID
	}
	return nil
}

// fault turns a refusal into the occurrence it tells of.
func (r refusal) fault(op fault.Op) *fault.Error {
	k := fault.Lookup(r.Fault)
	if k == nil && r.Code != 0 {
		if c, ok := dialect.HMS.Identify(op, r.Code, r.Name, r.Message); ok || c.Kind != nil {
			k = c.Kind
		}
	}
	if k == nil && r.Fault != "" { // of a newer server, and its number says nothing either
		k = fault.Unlisted(r.Fault, r.Message)
	}
	if k == nil {
		return asFault(fault.ResponseUnexpected.New("code", r.Code, "message", r.Message), op)
	}
	if said := strings.TrimPrefix(r.Message, k.Title); said != "" && said != r.Message || r.Message != k.Title {
		return asFault(k.New("server", clip(strings.Trim(said, " ()"), 512)), op)
	}
	return asFault(k.New(), op)
}

// refusedHTTP reads why an HTTP request was refused. Without a body that says
// so the status has to do: 404 is nobody of ours, so the endpoint is not there.
func refusedHTTP(status int, body []byte, op fault.Op) *fault.Error {
	var r refusal
	if json.Unmarshal(body, &r) == nil && (r.Code != 0 || r.Fault != "") {
		return r.fault(op)
	}
	switch {
	case status == http.StatusNotFound:
		return asFault(fault.EndpointUnreachable.New("status", status), op)
	case status == http.StatusTooManyRequests:
		return asFault(fault.RateLimited.New("status", status), op)
	}
	return asFault(fault.ResponseStatus.New("status", status), op)
}

// unreachable words a request that got no answer, and says how far it came.
func unreachable(err error, op fault.Op) *fault.Error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	did := "" // what was done with the connection when it failed, if that is known
	if e, ok := errors.AsType[*net.OpError](err); ok {
		did = e.Op
	}
	switch {
	case errors.As(err, &cert), errors.As(err, &record), did == "remote error", // an alert of TLS
		strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return asFault(fault.TLSFailed.Wrap(err), op)
	case errors.As(err, &dns):
		return asFault(fault.EndpointUnreachable.Wrap(err, "stage", "dns", "host", dns.Name), op)
	case errors.Is(err, syscall.ECONNREFUSED):
		return asFault(fault.EndpointUnreachable.Wrap(err, "stage", stageRefused), op)
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return asFault(fault.EndpointUnreachable.Wrap(err, "stage", "timeout"), op)
	case errors.Is(err, context.Canceled):
		return asFault(err, op)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		did == "read", did == "write": // a connection that was there, and was closed or reset
		return asFault(fault.EndpointUnreachable.Wrap(err, "stage", "answer"), op)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return asFault(fault.ResponseMalformed.Wrap(err), op)
	}
	return asFault(fault.EndpointUnreachable.Wrap(err, "stage", "connect"), op)
}

// stageRefused is where an endpoint is met whose host is there and refuses.
const stageRefused = "refused"

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// clip shortens text that came from outside to so many bytes, and never within a
// character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
