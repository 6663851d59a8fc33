// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// moduleProxy writes a version of this module as the proxy protocol has it
// (https://go.dev/ref/mod#goproxy-protocol), of the files that git knows.
func moduleProxy(t *testing.T, root, module, version string) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":%q}`, version, time.Now().UTC().Format(time.RFC3339))
	for name, text := range map[string]string{"list": version + "\n", version + ".info": info, version + ".mod": string(mod)} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	z := zip.NewWriter(out)
	files, err := exec.Command("git", "-C", root, "ls-files", "-co", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("this is no checkout, whose files could be listed: %v", err)
	}
	var nested []string // modules of their own, which are no part of this one
	for name := range strings.Lines(string(files)) {
		if dir, found := strings.CutSuffix(strings.TrimSpace(name), "/go.mod"); found {
			nested = append(nested, dir+"/")
		}
	}
	for name := range strings.Lines(string(files)) {
		name = strings.TrimSpace(name)
		if slices.ContainsFunc(nested, func(dir string) bool { return strings.HasPrefix(name, dir) }) {
			continue
		}
		f, err := os.Open(filepath.Join(root, name))
		if err != nil {
			continue // removed and not yet committed
		}
		w, err := z.Create(module + "@" + version + "/" + name)
		if err == nil {
			_, err = io.Copy(w, f)
		}
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestGoGet: the module is had by `go get` at a version, as by somebody who has no
// clone: nothing in go.mod is replaced, and the public packages are built and used.
func TestGoGet(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/redial-rtc/redial"
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if line := regexp.MustCompile(`(?m)^\s*(replace|exclude)\b.*`).Find(mod); line != nil {
		t.Errorf("go.mod has %q, with which `go install %s/cmd/redial@VERSION` is refused", line, module)
	}
	version := fmt.Sprintf("v0.2.0-test.%d", time.Now().UnixNano())
	proxy := moduleProxy(t, root, module, version)
	app := t.TempDir()
	const program = `package main

import (
	"fmt"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

func main() {
	_, err := client.Join(nil, client.Config{Endpoint: "nowhere"})
	_, wrong := admin.New(admin.Config{URL: "nowhere"})
	fmt.Println(err != nil, wrong != nil, fault.RoomLocked.ID, len(dialect.All()) > 0)
}
`
	const test = `package main

import (
	"testing"

	"github.com/redial-rtc/redial/redialtest"
)

func TestOfAnApp(t *testing.T) { _ = redialtest.Room{} }
`
	for name, text := range map[string]string{"main.go": program, "main_test.go": test} {
		if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := inShell(t, app)
	cache := strings.TrimSpace(run(app, "go env GOMODCACHE"))
	// Whatever the module's dependencies are has been downloaded for its own build.
	t.Cleanup(func() {
		for _, at := range []string{filepath.Join(cache, module+"@"+version), filepath.Join(cache, "cache", "download", module, "@v", version)} {
			found, _ := filepath.Glob(at + "*")
			for _, name := range found {
				_ = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
					if err == nil && d.IsDir() {
						_ = os.Chmod(path, 0o755) // of the cache, and read-only
					}
					return nil
				})
				_ = os.RemoveAll(name)
			}
		}
	})
	out := run(app, "export GOPROXY=file://"+proxy+",file://"+cache+"/cache/download GONOSUMDB='*' GOSUMDB=off GOTOOLCHAIN=local GOFLAGS=-mod=mod\n"+
		"go mod init example.org/app\ngo get "+module+"@"+version+"\ngo vet ./...\ngo run .\n")
	if want := "true true room.locked true\n"; !strings.HasSuffix(out, want) {
		t.Errorf("the program says %q, want %q", out, want)
	}
}

// TestTarballs: every npm package is packed, installed from its tarball in an empty
// project, found by Node, and its types hold for an app that uses it. The page of
// examples/page is checked by the types of the library that it loads.
func TestTarballs(t *testing.T) {
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
	app := filepath.Join(home, "app")
	if err := os.Mkdir(app, 0o755); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "examples", "page", "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(string(page), "<script>\n")
	script, _, closed := strings.Cut(script, "</script>")
	if !ok || !closed {
		t.Fatal("examples/page has no script")
	}
	for name, text := range map[string]string{
		"app.ts": `
import OT from "@redial-rtc/opentok";
import WT from "@redial-rtc/wtsdk";
import * as sync from "@redial-rtc/syncsdk";
import { CallError, FaultId, Session, capture } from "@redial-rtc/core";
import { startRedial, type Redial } from "@redial-rtc/testing";

export async function call(token: string): Promise<string> {
  const session = new Session({ url: "wss://calls.example.org/sceenic" });
  session.on("ended", (failure) => console.error(failure.entry.user.en));
  await session.join({ token, name: "Ann" });
  await session.publish(capture({ audio: true, video: true })).ready;
  await WT.Session.connect(token, "Ann", { audio: true, video: true });
  OT.initSession("key", "session").connect(token, (error) => { if (error) console.error(error.name); });
  const redial: Redial = await startRedial();
  await redial.stop();
  return String([CallError, sync] satisfies unknown[]) + (0 as unknown as FaultId);
}
// @ts-expect-error a session has an address
new Session({ nowhere: 1 });
`,
		"page.mjs": "import OT from \"@redial-rtc/opentok\";\n" + script,
		"run.mjs": `
for (const name of ["core", "wtsdk", "syncsdk", "opentok", "testing"]) {
  const module = await import("@redial-rtc/" + name);
  if (Object.keys(module).length === 0) throw new Error(name + " exports nothing");
}
console.log("all are found");
`,
	} {
		if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := inShell(t, home)
	const packages = "./core ./wtsdk ./syncsdk ./opentok ./testing"
	run(filepath.Join(root, "web"), "npm pack --ignore-scripts=false "+packages+" --pack-destination \"$HOME\" --silent")
	run(app, "npm init -y >/dev/null\nnpm install --offline --no-audit --no-fund --silent \"$HOME\"/*.tgz")
	tsc := "node '" + root + "/web/node_modules/typescript/bin/tsc' --noEmit --target es2022 --lib es2023,esnext.disposable,dom,dom.iterable --types '' "
	// A package is found as bundlers do and as Node does.
	for _, way := range []string{"--module esnext --moduleResolution bundler", "--module nodenext --moduleResolution nodenext"} {
		run(app, tsc+"--strict "+way+" app.ts")
	}
	run(app, tsc+"--strict false --allowJs --checkJs --module nodenext --moduleResolution nodenext page.mjs")
	if out := run(app, "node run.mjs"); !strings.Contains(out, "all are found") {
		t.Errorf("it says %q", out)
	}
}
