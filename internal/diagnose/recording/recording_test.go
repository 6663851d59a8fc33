// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"encoding/json"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
)

const dir = "../testdata"

// TestRecordingsAreSound: each names causes of the catalogue, and its cases are ones
// that the server would take.
func TestRecordingsAreSound(t *testing.T) {
	all, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		t.Run(r.Name, func(t *testing.T) {
			for _, id := range append(append([]string{r.Cause}, r.Also...), r.Wrong...) {
				if fault.Lookup(id) == nil && id != "" {
					t.Errorf("no fault %q", id)
				}
			}
			if r.How == "" || r.Client == "" || r.Recorded == "" || !r.Control() && len(r.Cases) == 0 {
				t.Errorf("incomplete: %+v", r)
			}
			for _, c := range r.Cases {
				raw, err := json.Marshal(c)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := diagnose.Read(raw); err != nil {
					t.Error(err)
				}
				if !c.Window {
					t.Error("recorded before the window was over")
				}
			}
		})
	}
}
