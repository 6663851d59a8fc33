// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/body"
	"github.com/redial-rtc/redial/internal/text"
)

// maxBody is how many bytes the body of a call may have.
const maxBody = 256 << 10

// fields are those of a body: JSON, or a form, whose values are texts.
type fields map[string]json.RawMessage

// readBody reads the body of a call; an empty one has no fields. Fails with
// fault.BodyInvalid, and as body.ReadText does.
func readBody(w http.ResponseWriter, r *http.Request) (fields, error) {
	raw, err := body.ReadText(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return readFields(kind, raw)
}

func readFields(kind string, raw []byte) (fields, error) {
	if len(raw) == 0 {
		return fields{}, nil
	}
	if kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil, fault.BodyInvalid.New("want", "a form", "problem", err.Error())
		}
		f := fields{}
		for name, values := range form {
			var v any = values[0]
			if len(values) > 1 {
				v = values
			}
			f[name], _ = json.Marshal(v)
		}
		return f, nil
	}
	f := fields{}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fault.BodyInvalid.New("want", "a JSON object, or a form", "problem", err.Error())
	}
	return f, nil
}

// has tells whether a field is there and not null.
func (f fields) has(name string) bool {
	raw, there := f[name]
	return there && string(raw) != "null"
}

// text is a field that is text, "" where there is none. Fails with
// fault.FieldInvalid.
func (f fields) text(name string) (s string, err error) {
	if f.has(name) && json.Unmarshal(f[name], &s) != nil {
		err = fault.FieldInvalid.New("field", name, "want", "text", "got", text.Clip(string(f[name]), 64))
	}
	return s, err
}

// flag is a field that is true or false, or the text of it; false where there is
// none. Fails with fault.FieldInvalid.
func (f fields) flag(name string) (on bool, err error) {
	if !f.has(name) || json.Unmarshal(f[name], &on) == nil {
		return on, nil
	}
	var s string
	if json.Unmarshal(f[name], &s) == nil {
		if on, err = strconv.ParseBool(s); err == nil {
			return on, nil
		}
	}
	return false, fault.FieldInvalid.New("field", name, "want", "true or false", "got", text.Clip(string(f[name]), 64))
}

// list is a field of texts. Fails with fault.FieldInvalid.
func (f fields) list(name string, most int) (all []string, err error) {
	if !f.has(name) {
		return nil, nil
	}
	var one string
	if json.Unmarshal(f[name], &one) == nil { // of a form
		return []string{one}, nil
	}
	if json.Unmarshal(f[name], &all) != nil {
		return nil, fault.FieldInvalid.New("field", name, "want", "a list of texts", "got", text.Clip(string(f[name]), 64))
	}
	if len(all) > most {
		return nil, fault.FieldInvalid.New("field", name, "max", most, "got", len(all))
	}
	return all, nil
}
