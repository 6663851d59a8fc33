// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package check holds what is in packaging for containers against those who read it:
// Compose's own parser, and Helm with the types of Kubernetes. Neither is run, as that
// takes a daemon and a cluster. It is a module of its own, so that nobody else has
// their dependencies.
package check

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// valid has the server's own check judge settings; what files they name is written
// into the directory it runs in.
func valid(t *testing.T, settings string, replace ...string) {
	t.Helper()
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	if err := os.WriteFile(keys, []byte("test:0123456789abcdefghijklmnopqrstuvwxyz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "redial.yaml")
	text := strings.NewReplacer(append(replace, "/run/secrets/redial/keys", keys, "/run/secrets/keys", keys, "/run/secrets/clickhouse", keys)...).Replace(settings)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program := os.Getenv("REDIAL_BINARY") // the test command builds one for all tests
	if program == "" {
		program = filepath.Join(dir, "redial")
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/redial")
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, "config", "-check", file)
	cmd.Env = append(os.Environ(), "REDIAL_CLICKHOUSE_URL=clickhouse://clickhouse:9000", "REDIAL_METRICS_TOKEN=0123456789abcdefghijklmnopqrstuvwxyz")
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("second look")) {
		t.Errorf("%v: %s\n%s", err, out, text)
	}
}

// portOf is the port of host:port.
func portOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
