// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var writeNotice = flag.Bool("write-notice", false, "write NOTICE instead of comparing it")

// permissive are the licences under which a binary under Apache-2.0 may contain
// the work of others.
var permissive = []string{"Apache-2.0", "MIT", "BSD-3-Clause", "BSD-2-Clause", "ISC", "0BSD", "OFL-1.1", "CC0-1.0", "Unlicense"}

// TestNoticeNamesWhatTheBinaryContains compares NOTICE with the modules that are
// linked into the binary and with the packages in the embedded pages, and refuses
// a licence that is not permissive.
func TestNoticeNamesWhatTheBinaryContains(t *testing.T) {
	var b strings.Builder
	b.WriteString("Redial\n\nThe binary contains the following works of others. A server gives the texts of\nthe web packages' licences at /licences.txt; those of the Go modules are in their\nsources.\n\nGo modules:\n\n")
	var notices strings.Builder
	for _, m := range linked(t) {
		licence, text := licenceOf(t, m.Dir)
		if !slices.Contains(permissive, licence) {
			t.Errorf("%s %s is under %q, which is not on the list of permissive licences: %s", m.Path, m.Version, licence, text)
		}
		fmt.Fprintf(&b, "  %s %s (%s)\n", m.Path, m.Version, licence)
		// Section 4(d) of Apache-2.0: notices are passed on.
		if notice, err := os.ReadFile(filepath.Join(m.Dir, "NOTICE")); err == nil {
			fmt.Fprintf(&notices, "\n%s\n%s\n\n%s\n", m.Path, strings.Repeat("-", len(m.Path)), bytes.TrimSpace(notice))
		}
	}
	b.WriteString("\nWeb packages:\n\n")
	for _, line := range bundled(t) {
		if licence := line[strings.LastIndex(line, "(")+1 : len(line)-1]; !slices.Contains(permissive, licence) {
			t.Errorf("%s: not on the list of permissive licences", line)
		}
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("\nNotices of these works:\n" + notices.String())

	path := filepath.Join("..", "NOTICE")
	if *writeNotice {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Error("NOTICE is not what the binary contains: run go test ./internal -run Notice -write-notice")
	}
}

type linkedModule struct {
	Path, Version, Dir string
	Main               bool
}

// linked are the modules of the binary as it is released, by path.
func linked(t *testing.T) []linkedModule {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=Module", module+"/cmd/redial")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]linkedModule{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *linkedModule }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = *p.Module
		}
	}
	if len(found) < 10 {
		t.Fatalf("only %d modules are linked", len(found))
	}
	var list []linkedModule
	for _, m := range found {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b linkedModule) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// licenceOf reads the licence of a module in the module cache.
func licenceOf(t *testing.T, dir string) (id, text string) {
	t.Helper()
	for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			return identify(string(b)), filepath.Join(dir, name)
		}
	}
	return "none", dir
}

// identify gives the SPDX id of a licence's text, "unknown" when it is none that
// is expected.
func identify(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	has := func(s string) bool { return strings.Contains(text, s) }
	switch {
	case has("GNU ") || has("Mozilla Public License") || has("Eclipse Public License") || has("Business Source License"):
		return "unknown"
	case has("CC0 1.0 Universal") && has("released into the public domain"):
		return "CC0-1.0"
	case has("Apache License") && has("Version 2.0"):
		return "Apache-2.0"
	case has("Permission is hereby granted, free of charge, to any person obtaining a copy"):
		return "MIT"
	case has("Permission to use, copy, modify, and distribute this software") && has("provided that the above copyright notice"),
		has("Permission to use, copy, modify, and/or distribute this software") && has("provided that the above copyright notice"):
		return "ISC"
	case has("Redistribution and use in source and binary forms") && has("endorse or promote products"):
		return "BSD-3-Clause"
	case has("Redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	}
	return "unknown"
}

// bundled are the packages whose licences the build of the pages wrote down: that
// build stops at a licence which is not permissive.
func bundled(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("pages", "dist", "licences.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^-{72}\n(.+ \(.+\))\n-{72}$`).FindAllStringSubmatch(string(b), -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Fatal("licences.txt names no package")
	}
	return list
}

func TestCopyleftIsNotPermissive(t *testing.T) {
	for _, text := range []string{
		"GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007",
		"Mozilla Public License Version 2.0",
		"All rights reserved.",
	} {
		if id := identify(text); slices.Contains(permissive, id) {
			t.Errorf("%q counts as %s", text, id)
		}
	}
}
