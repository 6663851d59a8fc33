// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package recording reads recordings of failures whose causes are known, since each
// was provoked, and counts how often the rules of package diagnose tell them right.
package recording

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redial-rtc/redial/internal/diagnose"
)

// Recording is what a server recorded of one cause, or of a call with nothing wrong.
type Recording struct {
	Name     string          `json:"name"`
	How      string          `json:"how"`                // it was provoked
	Client   string          `json:"client"`             // whose it is: "go", "chromium" and others
	Cause    string          `json:"cause,omitempty"`    // that a verdict has to name; "" for a control
	Also     []string        `json:"also,omitempty"`     // that are right as well
	Wrong    []string        `json:"wrong,omitempty"`    // that would be the worst answers
	HeldOut  bool            `json:"held_out,omitempty"` // kept from whoever writes rules
	Recorded string          `json:"recorded"`           // the day
	Cases    []diagnose.Case `json:"cases"`              // of a control: of every failure that was recorded
}

// Control tells whether nothing failed.
func (r *Recording) Control() bool { return r.Cause == "" }

// Read reads the recordings of a directory, sorted by name. It fails when one cannot
// be read.
func Read(dir string) ([]*Recording, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*Recording
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r := &Recording{}
		if err := json.Unmarshal(raw, r); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		all = append(all, r)
	}
	return all, nil
}
