// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"bytes"
	"cmp"
	"encoding/json"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// callID is the id of a call as the client wrote it, a number or a string; nil
// for a notification.
type callID = json.RawMessage

// frame is one message of the client.
type frame struct {
	ID     callID          `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`

	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// maxID is how many bytes an id may have, as it is repeated in the answer;
// clients count from 0.
const maxID = 64

// noID is the id of an answer to nobody knows what (JSON-RPC 2.0, section 5).
var noID = callID("null")

// decodeFrame reads one text frame. What can be answered has an id also beside
// a fault. Fails with fault.FrameInvalid and fault.FieldMissing.
func decodeFrame(raw []byte) (frame, error) {
	var f frame
	if err := json.Unmarshal(raw, &f); err != nil {
		return frame{ID: noID}, jsonrpc.FrameFault(err)
	}
	switch id := bytes.TrimSpace(f.ID); {
	case len(id) == 0 || bytes.Equal(id, noID):
		f.ID = nil
	case len(id) > maxID:
		return frame{ID: noID}, fault.FrameInvalid.New("field", "id", "max_bytes", maxID)
	case id[0] != '"' && id[0] != '-' && (id[0] < '0' || id[0] > '9'):
		return frame{ID: noID}, fault.FrameInvalid.New("field", "id", "want", "a number or a string")
	}
	if at, field := text.NotUTF8(raw); at >= 0 {
		return f, fault.FrameInvalid.New("want", "UTF-8", "field", field, "offset", at)
	}
	switch {
	case f.Method != "":
		return f, nil
	case f.Result != nil || f.Error != nil:
		// The id is of a call of ours, of which there are none; told under it, the
		// refusal would settle a call of the client.
		return frame{ID: noID}, fault.FrameInvalid.New("want", "a call", "got", "the answer to a call that was never made")
	}
	return f, fault.FieldMissing.New("field", "method")
}

// The frames the server sends.
type (
	resultFrame struct {
		JSONRPC string `json:"jsonrpc"`
		ID      callID `json:"id"`
		Result  any    `json:"result"`
	}
	errorFrame struct {
		JSONRPC string    `json:"jsonrpc"`
		ID      callID    `json:"id"`
		Error   wireError `json:"error"`
	}
	notificationFrame struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}
	// wireError is how a fault is told: the vendor's number and our words. Clients
	// hand data on as it is.
	wireError struct {
		Code    int       `json:"code"`
		Name    string    `json:"name,omitempty"` // beside the code, for the clients that look there
		Message string    `json:"message"`
		Data    faultData `json:"data"`
	}
	faultData struct {
		Name        string `json:"name,omitempty"`
		Code        int    `json:"code,omitempty"` // for the clients that look here
		Description string `json:"description,omitempty"`
		Fault       string `json:"fault"`
	}
)

func result(id callID, v any) resultFrame {
	if v == nil {
		v = struct{}{} // clients drop a frame without a result
	}
	return resultFrame{"2.0", id, v}
}

func (h *Handler) refusal(id callID, f *fault.Error) errorFrame {
	return errorFrame{"2.0", id, h.style.word(f)}
}

// wordFault says a fault in a vendor's words.
func wordFault(d *dialect.Dialect, f *fault.Error) wireError {
	w := d.Speak(f)
	return wireError{Code: cmp.Or(inject.Code(f), w.Code), Message: f.Safe(), Data: faultData{Name: w.Name, Description: f.Kind.Do, Fault: f.Kind.ID}}
}

func missing(field string) error { return fault.FieldMissing.New("field", field) }

func clip(s string, n int) string { return jsonrpc.Clip(s, n) }
