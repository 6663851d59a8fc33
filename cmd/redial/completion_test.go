// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
)

// shellOf is bash with the completion script, in a directory where this test binary
// is redial, since it is when it is called by that name.
func shellOf(t *testing.T) func(line string) string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash here")
	}
	dir := t.TempDir()
	programIn(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "completion"), []byte(shellScripts["bash"]), 0o644); err != nil {
		t.Fatal(err)
	}
	return func(line string) string {
		t.Helper()
		last := "${#COMP_WORDS[@]}-1"
		if strings.HasSuffix(line, " ") { // a new word begins
			line += "''"
		}
		ask := exec.Command(bash, "--norc", "-c", `source ./completion
COMP_WORDS=(`+line+`); COMP_CWORD=$((`+last+`)); _redial; printf '%s\n' "${COMPREPLY[@]}"`)
		ask.Dir = dir
		ask.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := ask.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		return strings.Join(strings.Split(strings.TrimSpace(string(out)), "\n"), " ")
	}
}

// TestBashCompletes asks bash itself for the completions.
func TestBashCompletes(t *testing.T) {
	complete := shellOf(t)
	for line, want := range map[string]string{
		"redial exp":                      "explain",
		"redial co":                       "config console completion",
		"redial help ser":                 "serve",
		"redial explain room.fu":          "room.full",
		"redial explain OT_TIME":          "OT_TIMEOUT",
		"redial explain Audio":            `Audio\ playback\ error`,
		"redial version x":                "",
		"redial events s":                 "summary",
		"redial events -er":               "-errors",
		"redial events --er":              "-errors",
		"redial events summary -co":       "-compare",
		"redial events summary -compare ": "previous day week",
		"redial events -fault room.fu":    "room.full",
		"redial events -fault=room.fu":    "-fault=room.full",
		"redial events -type room.full -errors -since 1h -ty": "-type",
		"redial events -errors s":                             "",
		"redial token ro":                                     "room",
		"redial scenario run dep":                             "deploy",
		"redial scenario run deploy -sp":                      "-speed",
		"redial join -layer h":                                "high",
		"redial completion f":                                 "fish",
		"redial explain -lang d":                              "de",
		"redial inject room.lock":                             "room.locked",
		"redial banana -x":                                    "",
		"redial events -room demo -nosuch a ":                 "",
	} {
		if got := complete(line); got != want {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

// TestCompletionAsksTheServer completes what only a server knows.
func TestCompletionAsksTheServer(t *testing.T) {
	s := newStage(t)
	id := s.enter(t, "completed", "alice").room.PeerID()
	ctl := s.admin(t)
	rule, err := ctl.Injections.Create(t.Context(), admin.Injection{Fault: "room.locked", Room: "completed", For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	e := &env{getenv: func(name string) string {
		return map[string]string{"REDIAL_SERVER": s.server.URL(), "REDIAL_TOKEN": s.token}[name]
	}}
	for line, want := range map[string]string{
		"inject room.locked -room comp":      "completed",
		"events -room=comp":                  "-room=completed",
		"inject -end " + rule.ID[:4]:         rule.ID,
		"inject cut -room completed -peer ":  id,
		"inject cut -room completed -role g": "guest",
		"inject blackh":                      "blackhole",
	} {
		var words []string
		for _, w := range complete(t.Context(), e, strings.Split(line, " ")) {
			words = append(words, w[0])
		}
		if !slices.Contains(words, want) {
			t.Errorf("%q completes to %q, want %s", line, words, want)
		}
	}
	// Who gives the server and the token in the line needs no environment.
	plain := &env{getenv: func(string) string { return "" }}
	if got := complete(t.Context(), plain, []string{"events", "-server", s.server.URL(), "-token", s.token, "-room", "comp"}); len(got) != 1 {
		t.Errorf("with flags: %q", got)
	}
	if got := complete(t.Context(), plain, []string{"events", "-server", "http://127.0.0.1:1", "-token", "x", "-room", ""}); len(got) != 0 {
		t.Errorf("nobody answers, and it says %q", got)
	}
}

// TestCompletionRunsNothing gives the shell words that would do something if it
// expanded them: names are strangers'.
func TestCompletionRunsNothing(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash here")
	}
	dir := t.TempDir()
	const hostile = "$(touch owned)`touch owned`;touch owned"
	for name, text := range map[string]string{
		"redial":     "#!/bin/sh\nprintf '%s\\tabout\\n' '" + hostile + "'\n",
		"completion": shellScripts["bash"],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ask := exec.Command(bash, "--norc", "-c", `source ./completion
COMP_WORDS=(redial events -room ''); COMP_CWORD=3; _redial; eval "true ${COMPREPLY[0]}"; eval "printf %s ${COMPREPLY[0]}"`)
	ask.Dir, ask.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := ask.CombinedOutput()
	if err != nil || string(out) != hostile {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "owned")); err == nil {
		t.Error("the shell ran what a name says")
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
		file := filepath.Join(t.TempDir(), shell)
		if err := os.WriteFile(file, []byte(shellScripts[shell]), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, append(flags, file)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}
