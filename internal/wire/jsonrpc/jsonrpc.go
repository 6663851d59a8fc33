// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package jsonrpc is what wires that speak JSON-RPC 2.0
// (https://www.jsonrpc.org/specification) have in common: how the params of a
// call are decoded, and how what is wrong with them is said.
package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// Params decodes the params of a call into T; params that are left out count as
// an empty object. Unknown fields are passed over, as newer clients send more.
// Fails with fault.FieldInvalid and fault.FrameInvalid, which name the field.
func Params[T any](raw json.RawMessage) (T, error) {
	var p T
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = []byte("{}")
	}
	err := json.Unmarshal(raw, &p)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return p, nil
	case errors.As(err, &wrong):
		field := wrong.Field
		if field == "" {
			field = "params"
		}
		return p, fault.FieldInvalid.New("field", field, "want", Name(wrong.Type.Kind().String()), "got", wrong.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return p, fault.FrameInvalid.New("want", "a JSON object in params")
	}
	return p, fault.FieldInvalid.New("field", "params", "problem", err.Error())
}

// FrameFault says why a frame could not be decoded.
func FrameFault(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fault.FrameInvalid.New("field", wrong.Field, "want", wrong.Type.String(), "got", wrong.Value)
	}
	return fault.FrameInvalid.New("want", "one JSON object", "problem", err.Error())
}

// Name says a Go kind in the words of JSON.
func Name(kind string) string {
	switch kind {
	case "struct", "map":
		return "object"
	case "slice", "array":
		return "array"
	case "bool":
		return "boolean"
	case "string":
		return "string"
	}
	return "number"
}

// Clip shortens text that came from outside before it is repeated.
func Clip(s string, n int) string { return text.Clip(s, n) }
