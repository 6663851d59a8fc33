// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// Decode reads a JSON object into a struct. No body at all is an empty object.
// It fails with fault.MediaTypeUnsupported, BodyTooLarge, BodyInvalid when the
// body is not JSON, and FieldInvalid with the field when a type is wrong.
// Unknown fields are ignored: clients send more than this server knows.
func (c *Call) Decode(into any) error {
	raw, err := c.Body()
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	if kind := c.Request.Header.Get("Content-Type"); !isJSON(kind) {
		return fault.MediaTypeUnsupported.New("got", kind, "want", "application/json")
	}
	return decode(raw, into, "")
}

// DecodeUntyped is Decode for calls of web SDKs, which send JSON under fetch's
// own media type for text.
func (c *Call) DecodeUntyped(into any) error {
	raw, err := c.Body()
	if err != nil || len(bytes.TrimSpace(raw)) == 0 {
		return err
	}
	return decode(raw, into, "")
}

// isJSON tells whether a media type is JSON in UTF-8 (RFC 8259, section 8.1).
func isJSON(kind string) bool {
	base, params, err := mime.ParseMediaType(kind)
	if err != nil || base != "application/json" {
		return false
	}
	charset, set := params["charset"]
	return !set || strings.EqualFold(charset, "utf-8")
}

// decode reads one JSON object. Fields are named below the path at.
func decode(raw []byte, into any, at string) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '{' {
		if !json.Valid(raw) {
			return fault.BodyInvalid.New("reason", "not JSON")
		}
		if at != "" {
			return fault.FieldInvalid.New("field", at, "want", "an object")
		}
		return fault.BodyInvalid.New("reason", "not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return fault.BodyInvalid.New("reason", "something follows the JSON object", "offset", d.InputOffset())
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fault.FieldInvalid.Wrap(err, "field", join(at, e.Field), "want", wanted(e.Type.Kind().String()), "got", e.Value)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.BodyInvalid.Wrap(err, "reason", e.Error(), "offset", e.Offset)
	}
	return fault.BodyInvalid.Wrap(err, "reason", "the JSON ends early")
}

// join names a field below another.
func join(at, field string) string {
	switch {
	case at == "":
		return field
	case field == "":
		return at
	}
	return at + "." + field
}

// wanted words a Go kind for people who write JSON.
func wanted(kind string) string {
	switch {
	case kind == "string":
		return "a string"
	case kind == "bool":
		return "true or false"
	case kind == "slice":
		return "a list"
	case kind == "struct", kind == "map":
		return "an object"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	}
	return kind
}
