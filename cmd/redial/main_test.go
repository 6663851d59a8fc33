// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs the program with the arguments and returns what came of it.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &err, getenv: func(string) string { return "" }}
	code = run(t.Context(), e, args)
	return code, out.String(), err.String()
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string // on stdout when the code is 0, on stderr otherwise
	}{
		{"", exitUsage, "Usage: redial VERB"},
		{"help", exitOK, "Usage: redial VERB"},
		{"help version", exitOK, "Usage: redial version"},
		{"version -h", exitOK, "-json"},
		{"version", exitOK, "redial "},
		{"--version", exitOK, "redial "},
		{"verson", exitUsage, `did you mean "version"?`},
		{"banana", exitUsage, `there is no verb "banana"`},
		{"version -jsom", exitUsage, "did you mean -json?"},
		{"version extra", exitUsage, `one argument too many: "extra"`},
	} {
		code, stdout, stderr := call(t, strings.Fields(c.args)...)
		said := stderr
		if c.code == exitOK {
			said = stdout
		}
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("redial %s: exit %d, stdout %q, stderr %q; want exit %d saying %q", c.args, code, stdout, stderr, c.code, c.says)
		}
	}
}

// TestEveryVerbHelps demands help of each verb, so that none is added without.
func TestEveryVerbHelps(t *testing.T) {
	for _, v := range verbs() {
		code, stdout, stderr := call(t, v.name, "-h")
		if code != exitOK || !strings.HasPrefix(stdout, "Usage: redial "+v.name) {
			t.Errorf("redial %s -h: exit %d, stdout %q, stderr %q", v.name, code, stdout, stderr)
		}
	}
}

func TestFlagsMayFollowArguments(t *testing.T) {
	for _, line := range []string{"-n 3 a b", "a -n 3 b", "a b -n=3", "a -n 3 -- b"} {
		f := newFlags(&env{}, "x", "")
		n := f.Int("n", 0, "")
		rest, err := f.parse(strings.Fields(line), 2, 2)
		if err != nil || *n != 3 || strings.Join(rest, " ") != "a b" {
			t.Errorf("%q: arguments %q, n %d, error %v", line, rest, *n, err)
		}
	}
	f := newFlags(&env{}, "x", "")
	if rest, err := f.parse([]string{"--", "-n"}, 1, 1); err != nil || rest[0] != "-n" {
		t.Errorf("after --: %q, %v", rest, err)
	}
	if _, err := newFlags(&env{}, "x A", "").parse(nil, 1, 1); err == nil {
		t.Error("a missing argument was not noticed")
	}
}

// programIn puts the program into a directory: the test binary is redial when it is called
// by that name.
func programIn(t testing.TB, dir string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "redial")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	return program
}
