// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"errors"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
)

func FuzzDecodeFrame(f *testing.F) {
	for _, s := range []string{
		`{"id":"1","method":"join","params":{"name":"a","offer":{"type":"offer","sdp":"v=0"}}}`,
		`{"method":"trickle","params":{"target":0,"candidate":{"candidate":""}}}`,
		`{"id":7}`, `[]`, ``, `{"method":"offer","params":{"tracks":{"a":{"type":"audio"}}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fr, err := decodeFrame(raw)
		if err != nil {
			if fault.From(err, fault.OpConnect).Kind == fault.Internal {
				t.Fatalf("%q: not a typed refusal: %v", raw, err)
			}
			return
		}
		// Whatever the method, its params decode or are refused by name.
		for name, err := range map[string]error{
			"join":      second(params[joinParams](fr.Params)),
			"offer":     second(params[offerParams](fr.Params)),
			"trickle":   second(params[trickleParams](fr.Params)),
			"broadcast": second(params[broadcastParams](fr.Params)),
			"poll":      second(params[preferVideoParams](fr.Params)),
		} {
			if err != nil && fault.From(err, fault.OpConnect).Kind == fault.Internal {
				t.Fatalf("%s %q: not a typed refusal: %v", name, raw, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func FuzzIterator(f *testing.F) {
	f.Add(iterator{Role: "host", After: "p"}.encode())
	f.Add("not an iterator")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := decodeIterator(text); err != nil && !errors.Is(err, fault.FieldInvalid) {
			t.Fatal(err)
		}
	})
}

// Text in Latin-1 is refused where it stands, and the call can still be answered.
func TestAFrameThatIsNotUTF8IsRefused(t *testing.T) {
	raw := []byte("{\"id\":\"7\",\"method\":\"broadcast\",\"params\":{\"info\":{\"message\":\"caf\xe9\"}}}")
	f, err := decodeFrame(raw)
	bad := fault.From(err, fault.OpMessage)
	if f.ID != "7" || bad == nil || bad.Kind != fault.FrameInvalid || bad.Detail("field") != "params.info.message" || bad.Detail("offset") != 63 {
		t.Errorf("%v, id %q", err, f.ID)
	}
	for _, good := range []string{`{"method":"x","params":"é"}`, `{"method":"x","params":"\ud83d"}`} {
		if _, err := decodeFrame([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestParamsNameTheField(t *testing.T) {
	for _, c := range []struct{ name, raw, field string }{
		{"missing", `{}`, "requested_for"},
		{"mistyped", `{"requested_for":7}`, "requested_for"},
		{"not an object", `[]`, "params"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := params[removePeerParams]([]byte(c.raw))
			f := fault.From(err, fault.OpRemove)
			if f == nil || f.Detail("field") != c.field {
				t.Errorf("got %v, want a fault about %s", err, c.field)
			}
		})
	}
}

// TestAClientReadsPermissionsByTheirNamesInTheTemplate words a refusal that the
// room names in words of its own.
func TestAClientReadsPermissionsByTheirNamesInTheTemplate(t *testing.T) {
	f := fault.From(fault.NotPermitted.New("role", "guest", "permission", string(policy.ChangeRole)), fault.OpRoleChange)
	if got := wordFault(f).Message; !strings.Contains(got, "permission: changeRole") {
		t.Errorf("told: %s", got)
	}
}
