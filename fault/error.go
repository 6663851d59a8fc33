// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Detail is one structured fact about an occurrence. It may be shown to the
// peer.
type Detail struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Error is one occurrence of a Kind.
type Error struct {
	Kind    *Kind
	Op      Op       // filled in by From when deep code left it empty
	Details []Detail // safe to show
	Err     error    // the cause, for the operator only
}

// Error gives the whole story, cause included: for logs, not for peers.
func (e *Error) Error() string {
	s := e.Safe()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Safe is the part that may be shown to the peer: the title and the details.
func (e *Error) Safe() string {
	if len(e.Details) == 0 {
		return e.Kind.Title
	}
	var b strings.Builder
	b.WriteString(e.Kind.Title)
	b.WriteString(" (")
	for i, d := range e.Details {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %s", d.Name, clip(fmt.Sprint(d.Value), maxShown))
	}
	b.WriteString(")")
	return b.String()
}

// How many bytes of a detail and of a cause are said and logged: both may hold
// what a stranger sent, however long.
const (
	maxShown = 256
	maxCause = 2048
)

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the kind of this occurrence.
func (e *Error) Is(target error) bool {
	return e.Kind.Is(target)
}

// Detail returns the named detail, or nil.
func (e *Error) Detail(name string) any {
	for _, d := range e.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return nil
}

// LogValue groups what an operator wants to read, cause included.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("id", e.Kind.ID)}
	if e.Op != "" {
		attrs = append(attrs, slog.String("op", string(e.Op)))
	}
	for _, d := range e.Details {
		value := slog.AnyValue(d.Value)
		if text := fmt.Sprint(d.Value); len(text) > maxShown {
			value = slog.StringValue(clip(text, maxShown))
		}
		attrs = append(attrs, slog.Attr{Key: d.Name, Value: value})
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", clip(e.Err.Error(), maxCause)))
	}
	return slog.GroupValue(attrs...)
}

// From turns any error into an occurrence that names its operation: the last
// step before a reply, a log line and a stored event. It returns nil for nil,
// a cancelled context becomes RequestCancelled, and anything else that is not
// in the catalogue becomes Internal.
func From(err error, op Op) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		if e.Op != "" {
			return e
		}
		named := *e
		named.Op = op
		return &named
	}
	var k *Kind
	if errors.As(err, &k) {
		return &Error{Kind: k, Op: op}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: RequestCancelled, Op: op, Err: err}
	}
	return &Error{Kind: Internal, Op: op, Err: err}
}
