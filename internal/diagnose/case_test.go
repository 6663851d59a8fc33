// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

const small = `{"v":1,"at":"2026-11-26T12:02:10Z","failure":{"id":"e1","fault":"ice.failed","op":"publish","type":"publish","at":"2026-11-26T12:00:00Z",
 "server":{"fault":"ice.failed","details":[{"name":"stun_seen","value":false}]},"client":{"fault":"ice.failed","facts":{"document_hidden":false}},
 "evidence":{"v":1,"path":{"side":"publish","state":"failed","candidates":{"host":2,"srflx":0,"relay":0,"tcp":0,"mdns":0},"stun":false}}},"window":true}`

// TestCasesAreRead: a case survives JSON, and one that is not sound is refused with
// the member that is wrong.
func TestCasesAreRead(t *testing.T) {
	c, err := Read([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read(raw)
	if err != nil || !reflect.DeepEqual(c, again) {
		t.Errorf("%v: %s", err, raw)
	}
	if c.Failure.Evidence.Path.Candidates.Host != 2 || c.Failure.Server.Details[0].Value != false || !c.Window {
		t.Errorf("read %s", raw)
	}
	failure := `{"id":"e","type":"join","at":"2026-11-26T12:00:00Z"}`
	many := strings.TrimSuffix(strings.Repeat(failure+",", MaxNear+1), ",")
	for body, want := range map[string]struct {
		kind  *fault.Kind
		field any
	}{
		`{`:       {fault.BodyInvalid, nil},
		`[]`:      {fault.BodyInvalid, nil},
		`null`:    {fault.FieldInvalid, "v"},
		`{}`:      {fault.FieldInvalid, "v"},
		`{"v":2}`: {fault.FieldInvalid, "v"},
		`{"v":1}`: {fault.FieldInvalid, "failure.id"},
		`{"v":1,"failure":{"id":"e","type":"track.add","at":"2026-11-26T12:00:00Z"}}`:       {fault.FieldInvalid, "failure.type"},
		`{"v":1,"failure":{"id":"e","type":"join"}}`:                                        {fault.FieldInvalid, "failure.at"},
		`{"v":1,"failure":` + failure + `,"near":[` + many + `]}`:                           {fault.FieldInvalid, "near"},
		`{"v":1,"failure":` + failure + `,"around":[` + many + `]}`:                         {fault.FieldInvalid, "around"},
		`{"v":1,"failure":` + failure + `,"near":[{"id":"n","type":"join"}]}`:               {fault.FieldInvalid, "near.at"},
		`{"v":1,"failure":` + failure + `,"x":"` + strings.Repeat("x", MaxCaseBytes) + `"}`: {fault.BodyTooLarge, nil},
	} {
		_, err := Read([]byte(body))
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != want.kind || want.field != nil && e.Detail("field") != want.field {
			t.Errorf("%.80s: %v", body, err)
		}
	}
}

// FuzzCase: whatever comes in, it is refused with a typed fault, or explained
// without harm, twice the same.
func FuzzCase(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"v":1,"failure":{"id":"e","type":"join","at":"2026-11-26T12:00:00Z"}}`))
	f.Add([]byte(`{"v":1,"failure":{"id":"e","fault":"capture.denied","type":"publish","at":"2026-11-26T12:00:00Z","client":{"fault":"capture.denied","facts":{"devices":{"audioInput":[{"kind":"audioinput","label":"x"}]},"witness":{"policy":{"camera":false},"at":"2026-11-26T12:01:00Z"}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(data)
		if err != nil {
			var e *fault.Error
			if !errors.As(err, &e) {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		v := Explain(c)
		if v.Says == "" || v.Rules != Version || v.Event != c.Failure.ID {
			t.Fatalf("%+v", v)
		}
		one, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("the verdict cannot be written: %v", err)
		}
		if two, _ := json.Marshal(Explain(c)); string(one) != string(two) {
			t.Fatalf("two verdicts: %s\n%s", one, two)
		}
		for _, m := range c.Moments() {
			if then := c.AsKnownAt(m.At); then != nil {
				Explain(then)
			}
		}
	})
}
