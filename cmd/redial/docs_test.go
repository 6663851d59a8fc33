// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/config"
)

// blocks are the fenced blocks of a language in a page.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllSubmatch(text, -1) {
		all = append(all, string(m[1]))
	}
	return all
}

// TestBackupAndRestoreAsDocumented runs what docs/operation.md says, in its order: a
// backup of a server that runs, a check of both, and a server on what was restored,
// which has the rooms of the first.
func TestBackupAndRestoreAsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/operation.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := blocks(t, "operation.md", "sh")
	dir := t.TempDir()
	t.Chdir(dir)
	// The page's own paths, led into this directory.
	local := func(command string) string {
		return strings.NewReplacer("/backup/", filepath.Join(dir, "backup")+"/", "chown -R redial data", "true").Replace(command)
	}
	if err := os.Mkdir("backup", 0o700); err != nil {
		t.Fatal(err)
	}
	settings := strings.Replace(killConfig, "dir: d,", "dir: data,", 1)
	if err := os.WriteFile("redial.yaml", []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, "redial"); err != nil { // the test binary is redial when it is called by that name
		t.Fatal(err)
	}
	shell := func(command string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", local(command))
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	serve := func() (*killed, func()) {
		cmd := exec.Command(filepath.Join(dir, "redial"), "serve", "-config", "redial.yaml")
		b, k := ready(t, cmd, 0, io.Discard)
		return k, func() {
			_ = cmd.Process.Signal(os.Interrupt)
			<-b.ended
		}
	}
	first, stop := serve()
	id, err := first.room("kept")
	if err != nil {
		t.Fatal(err)
	}
	if len(commands) < 2 || !strings.Contains(commands[0], "redial backup") || !strings.Contains(commands[1], "redial check") {
		t.Fatalf("the page's commands are %q", commands)
	}
	shell(commands[0])
	shell(commands[1])
	stop()
	_, restore, ok := strings.Cut(string(page), "## Restore\n")
	restore, _, _ = strings.Cut(restore, "\n## ")
	steps := regexp.MustCompile("`((?:mv|cp|redial) [^`]*)`").FindAllStringSubmatch(restore, -1)
	if !ok || len(steps) != 3 {
		t.Fatalf("the steps to restore are %q", steps)
	}
	for _, step := range steps {
		shell(step[1])
	}
	second, stop := serve()
	defer stop()
	if err := finds("/v2/rooms/"+id, `"kept-0"`)(second); err != nil {
		t.Error(err)
	}
}

// TestSettingsInPages: what the pages for operators have for a file of settings is
// accepted, and the ports they name are the defaults.
func TestSettingsInPages(t *testing.T) {
	const must = "access: {keys: [{access: AK, secret: 0123456789abcdefghijklmnopqrstuvwxyz}]}\nhttp: {address: \"127.0.0.1:8080\"}\n"
	for _, page := range []string{"firewall.md", "sizing.md"} {
		for _, block := range blocks(t, page, "yaml") {
			file := filepath.Join(t.TempDir(), "redial.yaml")
			if err := os.WriteFile(file, []byte(must+block), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(file, func(string) string { return "" }); err != nil {
				t.Errorf("%s: %v in\n%s", page, err, block)
			}
		}
	}
	text, err := os.ReadFile("../../docs/firewall.md")
	if err != nil {
		t.Fatal(err)
	}
	d := config.Default()
	for setting, address := range map[string]string{"media.udp": d.Media.UDP, "media.tcp": d.Media.TCP, "media.turn.udp": d.Media.TURN.UDP} {
		row := regexp.MustCompile(`(?m)^\|.*` + regexp.QuoteMeta("`"+setting+"`") + `.*$`).FindString(string(text))
		if port := strings.TrimPrefix(address, ":"); !strings.HasPrefix(row, "| "+port+"/") {
			t.Errorf("%s is %s, and the page says %q", setting, address, row)
		}
	}
}

// TestFirewallRulesAreRules: nft takes the page's table.
func TestFirewallRulesAreRules(t *testing.T) {
	nft, err := exec.LookPath("nft")
	if err != nil {
		nft = "/usr/sbin/nft"
	}
	for _, block := range blocks(t, "firewall.md", "") {
		if !strings.HasPrefix(block, "table ") {
			continue
		}
		cmd := exec.CommandContext(t.Context(), nft, "-c", "-f", "-")
		cmd.Stdin = strings.NewReader(block)
		if out, err := cmd.CombinedOutput(); strings.Contains(string(out), "Operation not permitted") {
			t.Skipf("only root may ask nft: %s", out)
		} else if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	t.Error("the page has no table for nft")
}

// TestDocs: the site is written, and what is in the way is left alone.
func TestDocs(t *testing.T) {
	dir := t.TempDir()
	s := newStage(t)
	out, errs, code := s.call(t.Context(), t, "docs", filepath.Join(dir, "site"))
	if code != exitOK || !strings.Contains(out, "begin with index.html") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "site", "faults", "index.html")); err != nil {
		t.Error(err)
	}
	if _, _, code := s.call(t.Context(), t, "docs", dir); code == exitOK {
		t.Error("it wrote into a directory with other things in it")
	}
}
