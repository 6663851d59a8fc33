// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// earlier makes a data directory that an earlier version wrote.
func earlier(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, from := range map[string]string{
		"registry.db":            "../../internal/registry/testdata/registry.db.gz",
		"events.db":              "../../internal/api/testdata/events-v1/events.db.gz",
		"events-spool/events.db": "../../internal/api/testdata/events-v1/events.db.gz",
	} {
		packed, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents is every file of a directory by its digest.
func contents(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// upgradeCheck runs the verb and reads what it prints with -json.
func upgradeCheck(t *testing.T, args ...string) (r upgradeResult, stderr string, code int) {
	t.Helper()
	out, stderr, code := (&stage{}).callAt(t.Context(), "", append([]string{"upgrade-check", "-json"}, args...)...)
	if out != "" {
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return r, stderr, code
}

// TestUpgradeCheck: what would be migrated is told, nothing is changed by telling, and
// when a server has started there is nothing to tell any more.
func TestUpgradeCheck(t *testing.T) {
	dir := earlier(t)
	before := contents(t, dir)
	r, errs, code := upgradeCheck(t, dir)
	if code != exitOK || !r.OK || !r.Migrates || len(r.Files) != 3 {
		t.Fatalf("exit code %d, %s%+v", code, errs, r)
	}
	for _, f := range r.Files {
		if !f.OK || len(f.Steps) == 0 || f.From >= f.To {
			t.Errorf("%+v", f)
		}
	}
	if after := contents(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("looking has changed the directory: %d files were %d", len(after), len(before))
	}
	if out, errs, code := (&stage{}).callAt(t.Context(), "", "upgrade-check", dir); code != exitOK || !strings.Contains(out, "redial backup") || !strings.Contains(out, "written anew") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}

	startStage(t, dir)
	r, errs, code = upgradeCheck(t, dir) // also while it runs
	if code != exitOK || !r.OK || len(r.Files) < 3 {
		t.Errorf("with a server: exit code %d, %s%+v", code, errs, r)
	}
	for _, f := range r.Files {
		if f.Name != "events-spool/events.db" && len(f.Steps) > 0 {
			t.Errorf("a server runs on it, and still: %+v", f)
		}
	}
}

// TestUpgradeCheckRefuses: what this version would not start with is told by its
// exit code, by name, and together.
func TestUpgradeCheckRefuses(t *testing.T) {
	dir := earlier(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	if err := os.WriteFile(filepath.Join(dir, "events.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "redial.yaml")
	if err := os.WriteFile(file, []byte("http: {address: '127.0.0.1:0'}\nmedia: {upd: ':7882'}\naccess: {keys: [{access: a, secret: 0123456789abcdefghijklmnopqrstuvwxyz}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _, code := upgradeCheck(t, "-config", file, dir)
	if code != exitFailure || r.OK {
		t.Errorf("exit code %d, %+v", code, r)
	}
	faults := map[string]string{}
	for _, f := range r.Files {
		faults[f.Name] = f.Fault
	}
	if faults["registry.db"] != "server.store" || faults["events.db"] != "server.store_damaged" || faults["events-spool/events.db"] != "" {
		t.Errorf("faults %v", faults)
	}
	if len(r.Settings) == 0 || r.Settings[0].Field != "media.upd" {
		t.Errorf("settings %+v", r.Settings)
	}
	_, errs, code := (&stage{}).callAt(t.Context(), "", "upgrade-check", "-config", file, dir)
	for _, want := range []string{"media.upd", "newer version", "events.db"} {
		if code != exitFailure || !strings.Contains(errs, want) {
			t.Errorf("exit code %d, without %q: %s", code, want, errs)
		}
	}
	for _, args := range [][]string{{t.TempDir()}, {filepath.Join(dir, "nowhere")}, {"-config", filepath.Join(dir, "no.yaml")}} {
		if _, errs, code := upgradeCheck(t, args...); code != exitFailure || errs == "" {
			t.Errorf("%v: exit code %d, %s", args, code, errs)
		}
	}
}
