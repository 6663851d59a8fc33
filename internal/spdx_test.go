// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSourcesSayTheirLicence wants every hand-written source file to begin with
// who holds its copyright and the licence of LICENSE, as https://reuse.software
// and https://spdx.dev/learn/handling-license-info/ have it, and a blank line
// after them.
func TestSourcesSayTheirLicence(t *testing.T) {
	licence, err := os.ReadFile(filepath.Join("..", "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	id := identify(string(licence))
	if id != "Apache-2.0" {
		t.Fatalf("LICENSE is %q", id)
	}
	tracked := exec.Command("git", "ls-files", "-z")
	tracked.Dir = ".."
	out, err := tracked.Output()
	if err != nil {
		t.Skipf("this is no checkout, whose files could be listed: %v", err)
	}
	n := 0
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		src, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			continue // removed and not yet committed
		}
		mark := commentOf(path, src)
		if mark == "" {
			continue
		}
		n++
		head := mark + " SPDX-FileCopyrightText: 2026 The Redial authors\n" + mark + " SPDX-License-Identifier: " + id + "\n\n"
		if bytes.HasPrefix(src, []byte("#!")) {
			_, src, _ = bytes.Cut(src, []byte("\n"))
		}
		if !bytes.HasPrefix(src, []byte(head)) {
			t.Errorf("%s does not begin with\n%s", path, head)
		}
	}
	if n < 500 {
		t.Errorf("only %d files were looked at", n)
	}
}

var (
	generated   = regexp.MustCompile(`(?m)^(//|/\*|#)\s*(Code generated|Generated) (by|from) `)
	shellScript = regexp.MustCompile(`^#!.*\b(ba)?sh\b`)
)

// commentOf is how a line of comment begins in a hand-written source file, ""
// for what is none.
func commentOf(path string, src []byte) string {
	lines := bytes.SplitN(src, []byte("\n"), 6)
	if strings.HasPrefix(path, "internal/pages/dist/") || strings.HasPrefix(path, "internal/console/dist/") || generated.Match(bytes.Join(lines[:min(5, len(lines))], []byte("\n"))) {
		return ""
	}
	switch filepath.Ext(path) {
	case ".go", ".ts", ".tsx", ".js", ".mjs":
		return "//"
	case ".sh":
		return "#"
	case "":
		if shellScript.Match(lines[0]) {
			return "#"
		}
	}
	return ""
}
