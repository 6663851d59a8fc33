// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package copy

import "testing"

// FuzzImport: a line to import is an event that can be stored, or it says why not.
func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"version":"2.0","id":"0198c0de-0000-7000-8000-000000000000","timestamp":"2026-01-01T00:00:00Z","type":"client.join.failed","data":{},"redial":{"source":"client"}}`))
	f.Add([]byte(`{"id":7}`))
	files := &Files{Account: "redial"}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, why := files.read(line)
		if why == "" && (e.ID == "" || e.AccountID == "" || e.Source == "" || e.Seq < 0) {
			t.Errorf("%q is taken: %+v", line, e)
		}
	})
}
