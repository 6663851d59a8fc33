// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

const versionHelp = `Prints the version, the commit it was built from and the Go version.`

// What a release says of itself, set when it is linked; see the module release.
var released, commit, date string

// build is what the toolchain recorded in the binary.
type build struct {
	Version  string `json:"version"`            // the module's version, or "(devel)"
	Commit   string `json:"commit,omitempty"`   // the commit, when built in a checkout
	Time     string `json:"time,omitempty"`     // the commit's time, RFC 3339
	Modified bool   `json:"modified,omitempty"` // the checkout had uncommitted changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func runVersion(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "version [-json]", versionHelp)
	asJSON := f.Bool("json", false, "print one JSON object")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	b := readBuild()
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(b)
	}
	fmt.Fprintf(e.stdout, "redial %s", b.Version)
	if b.Commit != "" {
		fmt.Fprintf(e.stdout, ", commit %.12s of %s", b.Commit, b.Time)
	}
	if b.Modified {
		fmt.Fprint(e.stdout, ", with uncommitted changes")
	}
	fmt.Fprintf(e.stdout, ", %s, %s\n", b.Go, b.Platform)
	return nil
}

func readBuild() build {
	b := build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if released != "" {
		b.Version, b.Commit, b.Time = released, commit, date
		return b
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
