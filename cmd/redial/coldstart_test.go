// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"testing"
	"time"
)

// BenchmarkExplainColdStart starts the program anew for every question, as a
// person at a shell does. The budget is 50 ms; cpu-ms is the processor's time,
// which a busy machine does not change.
func BenchmarkExplainColdStart(b *testing.B) {
	program := programIn(b, b.TempDir())
	for _, query := range []string{"room.full", "4005", "opentok:publish:1500", "NotReadableError"} {
		b.Run(query, func(b *testing.B) {
			var cpu time.Duration
			for b.Loop() {
				run := exec.Command(program, "explain", query)
				if out, err := run.CombinedOutput(); err != nil {
					b.Fatalf("%s: %v: %s", query, err, out)
				}
				cpu += run.ProcessState.UserTime() + run.ProcessState.SystemTime()
			}
			b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
