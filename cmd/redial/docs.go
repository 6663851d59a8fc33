// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/redial-rtc/redial/internal/docsite"
)

const docsHelp = `Writes the documentation of this version as a web site into a directory, which is
made if it is not there: every page, one for each fault, and a search. The files
need no server and load nothing from elsewhere. A server has the same at /docs/.`

func runDocs(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "docs DIR", docsHelp)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	n, err := docsite.Write(rest[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d files in %s; begin with index.html\n", n, rest[0])
	return nil
}
