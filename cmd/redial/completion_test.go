// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBashCompletes asks bash itself for the completions.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash here")
	}
	dir := t.TempDir()
	var script bytes.Buffer
	if err := writeCompletion(&script, "bash", verbs()); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary is redial when it is called by that name.
	if err := os.Symlink(self, filepath.Join(dir, "redial")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "completion"), script.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"redial exp":             "explain",
		"redial co":              "config completion",
		"redial explain room.fu": "room.full",
		"redial explain OT_TIME": "OT_TIMEOUT",
		"redial explain Audio":   `Audio\ playback\ error`,
		"redial version x":       "",
	} {
		words := strings.Fields(line)
		ask := exec.Command(bash, "--norc", "-c", `source ./completion
COMP_WORDS=(`+line+`); COMP_CWORD=`+string(rune('0'+len(words)-1))+`; _redial; printf '%s\n' "${COMPREPLY[@]}"`)
		ask.Dir = dir
		ask.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := ask.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		if got := strings.Join(strings.Split(strings.TrimSpace(string(out)), "\n"), " "); got != want {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

// TestCompletionScriptsParse lets the shells that are here read their scripts.
func TestCompletionScriptsParse(t *testing.T) {
	for shell, flags := range map[string][]string{"bash": {"-n"}, "zsh": {"-n"}, "fish": {"--no-execute"}} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("there is no %s here", shell)
			continue
		}
		var script bytes.Buffer
		if err := writeCompletion(&script, shell, verbs()); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), shell)
		if err := os.WriteFile(file, script.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, append(flags, file)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}
