// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// frame is one message from the client: a call has an id, a notification none.
type frame struct {
	ID     string          `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// maxCallID is how long the id of a call may be, as it is repeated in the answer;
// clients send UUIDs.
const maxCallID = 128

// decodeFrame reads one text frame. A frame that can be answered is returned
// beside its fault. Fails with fault.FrameInvalid and fault.FieldMissing.
func decodeFrame(raw []byte) (frame, error) {
	var f frame
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, jsonrpc.FrameFault(err)
	}
	if len(f.ID) > maxCallID {
		f.ID = clip(f.ID, maxCallID)
		return f, fault.FieldInvalid.New("field", "id", "max_bytes", maxCallID)
	}
	if at, field := text.NotUTF8(raw); at >= 0 {
		return f, fault.FrameInvalid.New("want", "UTF-8", "field", field, "offset", at)
	}
	if f.Method == "" {
		return f, fault.FieldMissing.New("field", "method")
	}
	return f, nil
}

// checker is a params type with rules beyond its field types.
type checker interface{ check() error }

// params decodes the params of a call into T and checks them. Unknown fields
// are passed over, as newer clients send more. Fails with fault.FieldInvalid
// and fault.FieldMissing, which name the field.
func params[T any](raw json.RawMessage) (T, error) {
	p, err := jsonrpc.Params[T](raw)
	if err != nil {
		return p, err
	}
	if c, ok := any(p).(checker); ok {
		return p, c.check()
	}
	return p, nil
}

func missing(field string) error { return fault.FieldMissing.New("field", field) }

// The frames the server sends.
type (
	resultFrame struct {
		ID      string `json:"id"`
		JSONRPC string `json:"jsonrpc"`
		Result  any    `json:"result"`
	}
	errorFrame struct {
		ID      string    `json:"id"`
		JSONRPC string    `json:"jsonrpc"`
		Error   wireError `json:"error"`
	}
	notificationFrame struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}
	// wireError is how a fault is told: the vendor's number and our words, and
	// the canonical id for clients that know it.
	wireError struct {
		Code        int    `json:"code"`
		Message     string `json:"message"`
		Description string `json:"description,omitempty"`
		Fault       string `json:"fault"`
	}
)

func result(id string, v any) resultFrame {
	if v == nil {
		v = struct{}{} // clients take a falsy result for an error
	}
	return resultFrame{ID: id, JSONRPC: "2.0", Result: v}
}

func notification(method string, p any) notificationFrame {
	return notificationFrame{JSONRPC: "2.0", Method: method, Params: p}
}

func wordFault(f *fault.Error) wireError {
	f = policyjson.WordFault(f)
	return wireError{
		Code: cmp.Or(inject.Code(f), dialect.HMS.Speak(f).Code), Message: f.Safe(), Description: f.Kind.Do, Fault: f.Kind.ID,
	}
}

// fieldAt names an element of a list or map in a fault.
func fieldAt(list string, key any, field string) string {
	return fmt.Sprintf("%s[%v].%s", list, key, field)
}

// clip shortens text that came from outside before it is repeated.
func clip(s string, n int) string { return jsonrpc.Clip(s, n) }
