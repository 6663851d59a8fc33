// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package figures puts what a benchmark has measured into a page.
package figures

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// Write replaces what stands between two marks of a page, the first of which it
// keeps as a line of its own. It fails where the page lacks one, and as the files do.
func Write(path, begin, end string, figures func(io.Writer)) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	from, to := bytes.Index(page, []byte(begin)), bytes.Index(page, []byte(end))
	if from < 0 || to < from {
		return fmt.Errorf("%s does not have the marks %s and %s", path, begin, end)
	}
	var b bytes.Buffer
	b.Write(page[:from])
	fmt.Fprintln(&b, begin)
	figures(&b)
	b.Write(page[to:])
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// Machine says what was measured on: its processors, its system and the compiler.
func Machine() string {
	cpu := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				cpu = strings.TrimSpace(strings.TrimLeft(name, " \t:"))
				break
			}
		}
	}
	return fmt.Sprintf("%d processors (%s), %s, %s", runtime.NumCPU(), cpu, runtime.GOOS, runtime.Version())
}
