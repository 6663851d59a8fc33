// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"
	"time"
)

// TestCallsSurviveARestart: in three calls everybody receives sound and a picture again
// after the service was restarted, and after it was killed with -9, and nobody is told
// that their call is over. How long it takes is for the benchmark.
func TestCallsSurviveARestart(t *testing.T) {
	const patience = 3 * time.Minute // of a busy machine
	s, err := newService(t.Context(), t.TempDir(), os.Getenv("REDIAL_BINARY"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	calls, err := newCalls(t.Context(), s, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer calls.leave()
	if err := calls.flowing(t.Context(), time.Now(), patience); err != nil {
		t.Fatal(err)
	}
	for _, way := range []way{stopped, killed} {
		r, err := restart(t.Context(), s, calls, way, patience)
		if err != nil {
			t.Fatal(err)
		}
		for _, spell := range r.took {
			if spell.both() <= 0 {
				t.Errorf("%s: somebody's media is said never to have stopped", way)
			}
		}
	}
}
