// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// systemCalls counts those of a process for a while, with perf(1).
func systemCalls(pid int, within time.Duration) (float64, error) {
	seconds := strconv.FormatFloat(within.Seconds(), 'f', 1, 64)
	out, err := exec.Command("perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", strconv.Itoa(pid), "--", "sleep", seconds).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("perf: %w: %s", err, strings.TrimSpace(string(out)))
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Split(line, ","); len(fields) > 2 && fields[2] == "raw_syscalls:sys_enter" {
			return strconv.ParseFloat(fields[0], 64)
		}
	}
	return 0, fmt.Errorf("perf counts no system calls here: %s", strings.TrimSpace(string(out)))
}
