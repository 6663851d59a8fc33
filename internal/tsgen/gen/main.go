// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command gen writes the TypeScript types of the npm package for tests. It is run
// by "go generate ./admin".
package main

import (
	"fmt"
	"os"

	"github.com/redial-rtc/redial/internal/tsgen"
)

func main() {
	if err := tsgen.Write(".."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
