// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/redial-rtc/redial/fault"
)

// required and optional say whether a member may be missing.
const (
	required = true
	optional = false
)

// object reads the members of a JSON object one by one and takes them out. The
// first member that is missing or has a wrong type stays in err, under its path.
// A member that is null counts as missing: that is how an SDK sends what it does
// not know.
type object struct {
	path    string // of this object in the body, "" for the body itself
	members map[string]json.RawMessage
	err     error
}

func parseObject(raw []byte, path string) (*object, error) {
	o := &object{path: path}
	err := json.Unmarshal(raw, &o.members)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) || err == nil && o.members == nil:
		if path == "" {
			return nil, fault.BodyInvalid.New("reason", "it is not a JSON object")
		}
		return nil, fault.FieldInvalid.New("field", path, "reason", "is not an object")
	case err != nil:
		return nil, fault.BodyInvalid.Wrap(err, "reason", "it is not JSON")
	}
	return o, nil
}

func (o *object) name(member string) string {
	if o.path == "" {
		return member
	}
	return o.path + "." + member
}

func (o *object) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// take gives a member, or nil, and takes it out.
func (o *object) take(member string) json.RawMessage {
	raw, ok := o.members[member]
	if !ok {
		return nil
	}
	delete(o.members, member)
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return raw
}

// read decodes a member and reports whether there was one.
func (o *object) read(member string, into any, must bool, kind string) bool {
	raw := o.take(member)
	if raw == nil {
		if must {
			o.fail(fault.FieldMissing.New("field", o.name(member)))
		}
		return false
	}
	if err := decode(raw, into); err != nil {
		o.fail(fault.FieldInvalid.New("field", o.name(member), "reason", "is not "+kind))
		return false
	}
	return true
}

// decode reads the JSON of one member, which is known to be JSON. A text without escapes, as
// nearly all are, is taken as it is: to decode it takes as long as all else there is to do about it.
func decode(raw json.RawMessage, into any) error {
	if s, ok := into.(*string); ok && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		*s = string(raw[1 : len(raw)-1])
		return nil
	}
	return json.Unmarshal(raw, into)
}

func (o *object) text(member string, must bool) string {
	var s string
	if o.read(member, &s, must, "a text") && s == "" && must {
		o.fail(fault.FieldInvalid.New("field", o.name(member), "reason", "is empty"))
	}
	return s
}

func (o *object) truth(member string) bool {
	var b bool
	o.read(member, &b, optional, "true or false")
	return b
}

func (o *object) number(member string) int {
	var f float64
	if o.read(member, &f, optional, "a number") && !whole(f) {
		o.fail(fault.FieldInvalid.New("field", o.name(member), "reason", "is not a whole number"))
		return 0
	}
	return int(f)
}

// millis reads a time in milliseconds since 1970, whose fraction is cut off.
func (o *object) millis(member string) int64 {
	var f float64
	if !o.read(member, &f, optional, "a number") {
		return 0
	}
	ms := int64(f)
	if !inRange(ms) {
		o.fail(fault.FieldInvalid.New("field", o.name(member), "reason", "is not a time in milliseconds"))
		return 0
	}
	return ms
}

// ident reads an id, which is a text or a whole number.
func (o *object) ident(member string) string {
	raw := o.take(member)
	if raw == nil {
		return ""
	}
	var s string
	if decode(raw, &s) == nil {
		if len(s) > 128 {
			o.fail(fault.FieldInvalid.New("field", o.name(member), "reason", "is too long"))
		}
		return s
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		o.fail(fault.FieldInvalid.New("field", o.name(member), "reason", "is neither a text nor a whole number"))
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// loose reads a text, or whatever else an SDK put there as its JSON text: the
// description of an error that is not the SDK's own is its cause, of any type.
func (o *object) loose(member string) string {
	raw := o.take(member)
	if raw == nil {
		return ""
	}
	var s string
	if decode(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// object reads an object inside this one, or gives nil.
func (o *object) object(member string, must bool) *object {
	raw := o.take(member)
	if raw == nil {
		if must {
			o.fail(fault.FieldMissing.New("field", o.name(member)))
		}
		return nil
	}
	inner, err := parseObject(raw, o.name(member))
	if err != nil {
		o.fail(err)
		return nil
	}
	return inner
}

// at says in which report of a batch a fault lies.
func at(err error, index int) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	numbered := *f
	numbered.Details = append(append([]fault.Detail(nil), f.Details...), fault.Detail{Name: "report", Value: index})
	return &numbered
}
