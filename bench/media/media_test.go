// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestOurTransportsAreMeasured: media reaches two subscribers by one of them, and one who
// joins later by the other. What it costs is for the benchmark.
func TestOurTransportsAreMeasured(t *testing.T) {
	binary := os.Getenv("REDIAL_BINARY")
	if binary == "" {
		binary = filepath.Join(t.TempDir(), "redial")
		if err := build(t.Context(), "../..", "./cmd/redial", binary); err != nil {
			t.Fatal(err)
		}
	}
	api, err := newAPI()
	if err != nil {
		t.Fatal(err)
	}
	if c, err := measure(t.Context(), redial(binary, "pion"), api, t.TempDir(), load{true, 1, 2}, time.Second); err != nil || c.rate == 0 {
		t.Errorf("%+v, %v", c, err)
	}
	if ratio, err := repairs(t.Context(), redial(binary, "own"), t.TempDir(), load{true, 1, 2}, 0.05, time.Second); err != nil || ratio < 0.9 {
		t.Errorf("%v packets for one, %v", ratio, err)
	}
	few := crowd{publishers: 3, speakers: 1, viewers: 4, looks: 2}
	if f, err := fill(t.Context(), redial(binary, "own"), api, t.TempDir(), few, 3*time.Second); err != nil || f.rate == 0 || f.unlooked > 0 || f.silent > 0 || len(f.joins) == 0 || f.size == 0 {
		t.Errorf("%+v, %v", f, err)
	}
	narrow := troubles(3 * time.Second)[0]
	if a, err := endure(t.Context(), redial(binary, "own"), api, t.TempDir(), narrow, 3*time.Second); err != nil || a.use == 0 || a.delay == 0 {
		t.Errorf("%+v, %v", a, err)
	}
	if took, err := joining(t.Context(), redial(binary, "own"), api, t.TempDir(), false, 1, 0); err != nil || len(took) != 1 {
		t.Errorf("%v, %v", took, err)
	}
}

// TestMessages: what is written is read, and what is cut off is refused.
func TestMessages(t *testing.T) {
	m := message(nil).text(1, "offer").number(3, 300).inner(9, message(nil).number(1, 2))
	texts, numbers, err := fields(m)
	if err != nil || string(texts[1]) != "offer" || numbers[3] != 300 {
		t.Errorf("%q, %v, %v", texts, numbers, err)
	}
	if _, inner, err := fields(texts[protowire.Number(9)]); err != nil || inner[1] != 2 {
		t.Errorf("%v, %v", inner, err)
	}
	if _, _, err := fields(m[:len(m)-1]); err == nil {
		t.Error("a message that is cut off is read")
	}
}
