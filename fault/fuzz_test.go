// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"encoding/json"
	"testing"
)

// FuzzJSON: an occurrence that can be read is the same when it is written and
// read again.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"id":"room.full","op":"join","details":[{"name":"max","value":7},{"name":"x","value":1e400},{"name":"y","value":{"a":[1.5]}}]}`))
	f.Add([]byte(`{"id":"nothing"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var one, again Error
		if json.Unmarshal(raw, &one) != nil {
			return
		}
		b, err := json.Marshal(&one)
		if err != nil {
			t.Fatalf("%q cannot be written: %v", raw, err)
		}
		if err := json.Unmarshal(b, &again); err != nil || again.Kind.ID != one.Kind.ID || again.Kind.Title != one.Kind.Title && one.Kind.Title != "" || len(again.Details) != len(one.Details) {
			t.Fatalf("%q became %s: %v", raw, b, err)
		}
		if _, err := one.Record().Error(); err != nil {
			t.Error(err)
		}
	})
}
