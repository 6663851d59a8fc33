package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestExplainStartsCold: an answer takes less than 50 ms from a cold start. What
// is measured is the processor's time, so that a busy machine does not count,
// and the best of several runs.
func TestExplainStartsCold(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes everything slow")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary is redial when it is called by that name.
	program := filepath.Join(t.TempDir(), "redial")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"room.full", "4005", "opentok:publish:1500", "NotReadableError"} {
		best := time.Hour
		for range 10 {
			run := exec.Command(program, "explain", query)
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", query, err, out)
			}
			best = min(best, run.ProcessState.UserTime()+run.ProcessState.SystemTime())
		}
		t.Logf("%s: %v", query, best)
		if best > 50*time.Millisecond {
			t.Errorf("explain %s took %v", query, best)
		}
	}
}
