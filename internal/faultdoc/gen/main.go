// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command gen writes what the repository keeps that is derived from the catalogue
// of faults: the index and the vocabularies under docs/faults, the English
// messages, and the data of the TypeScript module. It is run by
// "go generate ./fault". The page of each fault is written by
// "redial faults -write".
package main

import (
	"fmt"
	"os"

	"github.com/redial-rtc/redial/internal/faultdoc"
)

func main() {
	root, err := faultdoc.Root(".")
	if err == nil {
		err = faultdoc.Write(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
