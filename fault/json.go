// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"bytes"
	"encoding/json"
	"errors"
)

// safe is an occurrence as a peer may see it.
type safe struct {
	ID      string   `json:"id"`
	Op      Op       `json:"op,omitempty"`
	Title   string   `json:"title,omitempty"`
	Details []Detail `json:"details,omitempty"`
}

// MarshalJSON writes the safe part: id, operation, title and details. The cause
// never leaves by this door; see [Error.Record] for the operator's part.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(safe{ID: e.Kind.ID, Op: e.Op, Title: e.Kind.Title, Details: e.Details})
}

// UnmarshalJSON reads what MarshalJSON wrote. An id that is not in the catalogue
// of this program becomes a kind of [Unlisted]; none at all is an error.
func (e *Error) UnmarshalJSON(data []byte) error {
	var s safe
	if err := decode(data, &s); err != nil {
		return err
	}
	if s.ID == "" {
		return errNoID
	}
	*e = Error{Kind: Unlisted(s.ID, s.Title), Op: s.Op, Details: s.Details}
	return nil
}

// Record is an occurrence as the operator keeps it: the safe part and the cause.
type Record struct {
	ID      string   `json:"id"`
	Title   string   `json:"title,omitempty"` // of a kind that the catalogue does not have
	Op      Op       `json:"op,omitempty"`
	Details []Detail `json:"details,omitempty"`
	Cause   string   `json:"cause,omitempty"` // the text of the chain of causes; not for peers
}

// Record returns the whole occurrence in a form that survives JSON. Of the
// cause only the text survives.
func (e *Error) Record() Record {
	r := Record{ID: e.Kind.ID, Op: e.Op, Details: e.Details}
	if e.Err != nil {
		r.Cause = e.Err.Error()
	}
	if !e.Kind.Listed() {
		r.Title = e.Kind.Title
	}
	return r
}

var errNoID = errors.New("fault: an occurrence without an id")

// Error makes the occurrence anew, with a kind of [Unlisted] where the catalogue
// of this program does not have the id. It fails without an id.
func (r Record) Error() (*Error, error) {
	if r.ID == "" {
		return nil, errNoID
	}
	e := &Error{Kind: Unlisted(r.ID, r.Title), Op: r.Op, Details: r.Details}
	if r.Cause != "" {
		e.Err = errors.New(r.Cause)
	}
	return e, nil
}

// UnmarshalJSON keeps whole numbers whole, so that a detail compares equal to
// the one that was written.
func (d *Detail) UnmarshalJSON(data []byte) error {
	var raw struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
	if err := decode(data, &raw); err != nil {
		return err
	}
	*d = Detail{Name: raw.Name, Value: number(raw.Value)}
	return nil
}

// number turns the numbers of a decoded value into int where they are whole.
func number(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := n.Int64(); err == nil {
		return int(i)
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String()
}

func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into)
}
