// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"testing"
	"time"
)

// TestPolicyOfWhatWasAskedFor: a page's policy explains that a device was not got
// only where it forbids one of the kinds that were asked for, whichever of its two
// errors the browser had for it.
func TestPolicyOfWhatWasAskedFor(t *testing.T) {
	const near, long = `"at":"2026-11-26T12:00:01Z"`, `"at":"2026-11-26T11:00:00Z"`
	both := `"policy":{"camera":true,"microphone":false,"display-capture":true}`
	for name, c := range map[string]struct{ fault, witness, cause string }{
		"one of two is forbidden":           {"device.not_found", both + `,"captures":[{"kind":"audio,video","error":"NotFoundError",` + near + `}]`, "capture.policy_blocked"},
		"the same, refused":                 {"capture.denied", both + `,"captures":[{"kind":"audio,video","error":"NotAllowedError","after_ms":900,` + near + `}]`, "capture.policy_blocked"},
		"one of two was left out":           {"device.not_found", both + `,"captures":[{"kind":"audio","error":"MissingTrack",` + near + `}]`, "capture.policy_blocked"},
		"no refusal was heard of":           {"device.not_found", both, "capture.policy_blocked"},
		"only an old one":                   {"device.not_found", both + `,"captures":[{"kind":"video","error":"NotReadableError",` + long + `}]`, "capture.policy_blocked"},
		"the other was asked for":           {"device.not_found", both + `,"captures":[{"kind":"video","error":"NotFoundError",` + near + `}]`, "device.not_found"},
		"the other was refused by somebody": {"capture.denied", both + `,"captures":[{"kind":"video","error":"NotAllowedError","after_ms":900,` + near + `}]`, "capture.denied"},
		"the screen is forbidden":           {"device.not_found", `"policy":{"camera":true,"microphone":true,"display-capture":false}`, "device.not_found"},
		"nothing is forbidden":              {"device.not_found", `"policy":{"camera":true,"microphone":true}`, "device.not_found"},
		"the browser does not tell":         {"device.not_found", `"online":true`, "device.not_found"},
	} {
		at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
		facts := map[string]json.RawMessage{
			"witness": json.RawMessage("{" + c.witness + "}"),
			"devices": json.RawMessage(`{"audioInput":[{"kind":"audioinput","label":"one"}]}`),
		}
		if c.fault == "capture.denied" {
			delete(facts, "devices")
		}
		v := Explain(&Case{Failure: Failure{Fault: c.fault, Op: "capture", At: at, Client: &Half{Fault: c.fault, At: at, Facts: facts}}, Window: true})
		if v.Cause != c.cause || v.Confidence != Likely {
			t.Errorf("%s: %s at %q, want %s: %s", name, v.Cause, v.Confidence, c.cause, v.Says)
		}
	}
}
