// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unpublished are commands that ask a registry for what none has yet.
var unpublished = regexp.MustCompile(`go (install|get|run)( -\w+)* github\.com/redial-rtc/redial\S*|npm (install|i|add)( -\S+)* @redial-rtc/|npx @redial-rtc/`)

// TestInstallCommandsWork reads everything that people read or are told for
// commands that cannot work before there is a release.
func TestInstallCommandsWork(t *testing.T) {
	files, err := exec.Command("git", "-C", "..", "ls-files", "*.md", "*.go", "*.js", "*.ts", "*.tsx", "*.yml", "*.yaml").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(files)) {
		if name == "internal/install_test.go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			continue // removed, and not yet committed
		}
		for i, line := range strings.Split(string(text), "\n") {
			if command := unpublished.FindString(line); command != "" {
				t.Errorf("%s:%d: %q: nothing is published", name, i+1, command)
			}
		}
	}
}

// block is the first block of shell commands in a page behind a text.
func block(t *testing.T, page, behind string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", page))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), behind)
	_, rest, there := strings.Cut(rest, "```sh\n")
	commands, _, closed := strings.Cut(rest, "```")
	if !ok || !there || !closed {
		t.Fatalf("%s has no commands behind %q", page, behind)
	}
	return commands
}

// TestInstallFromAClone runs the commands of docs/testing.md: the program and the
// package are made in the clone and installed in a project elsewhere, whose test
// starts a server. What belongs to others (Playwright, browsers) is left out.
func TestInstallFromAClone(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"npm", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs: " + program)
		}
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	project := filepath.Join(home, "app")
	if err := os.Mkdir(project, 0o755); err != nil {
		t.Fatal(err)
	}
	run := inShell(t, home)
	run(root, block(t, "docs/testing.md", "## In Node"))
	install := block(t, "docs/testing.md", "Install them in your project.")
	install, _, _ = strings.Cut(strings.Replace(install, " @playwright/test", " --offline --no-audit", 1), "npx ")
	run(project, "npm init -y >/dev/null\n"+install)
	const story = `
import { startRedial } from '@redial-rtc/testing';
const redial = await startRedial();
const room = await redial.createRoom();
console.log('a room:', room.id);
await redial.stop();
`
	if err := os.WriteFile(filepath.Join(project, "story.mjs"), []byte(story), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := run(project, `PATH="$HOME/bin:$PATH" node story.mjs`); !strings.Contains(out, "a room: ") {
		t.Errorf("it says %q", out)
	}
}

// TestInstallInAGoModule runs the commands of docs/testing.md in a module that has
// the test shown there.
func TestInstallInAGoModule(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	module := t.TempDir()
	page, err := os.ReadFile(filepath.Join(root, "docs", "testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## In Go")
	_, rest, _ = strings.Cut(rest, "```go\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/testing.md has no test in Go")
	}
	const head = `package app

import (
	"errors"
	"testing"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

`
	if err := os.WriteFile(filepath.Join(module, "app_test.go"), []byte(head+example), 0o644); err != nil {
		t.Fatal(err)
	}
	run := inShell(t, module)
	run(module, "go mod init example.org/app\nDIR='"+root+"'\n"+block(t, "docs/testing.md", "With `DIR` being a clone")+"go test ./...\n")
}

// inShell returns what runs commands, with a home directory of their own and the
// caches of Go that are there.
func inShell(t *testing.T, home string) func(dir, commands string) string {
	t.Helper()
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := strings.Fields(string(caches))
	return func(dir, commands string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", commands)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+home, "GOCACHE="+dirs[0], "GOMODCACHE="+dirs[1], "GOFLAGS=-buildvcs=false", "REDIAL_BINARY=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", commands, err, out)
		}
		return string(out)
	}
}
