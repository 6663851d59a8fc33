// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// TestAddressKeyIsOfTheStore: hashes stay comparable over restarts, differ between
// stores, and their key is for the server's own user. A damaged key is refused.
func TestAddressKeyIsOfTheStore(t *testing.T) {
	a, dir := netip.MustParseAddr("203.0.113.9"), t.TempDir()
	hash := func(dir string) string {
		t.Helper()
		h, err := addressHasher(dir)
		if err != nil {
			t.Fatal(err)
		}
		return h.Hash(a)
	}
	first := hash(dir)
	if again, elsewhere := hash(dir), hash(t.TempDir()); first == "" || again != first || elsewhere == first {
		t.Errorf("hashes %q, %q after a restart, %q of another store", first, again, elsewhere)
	}
	path := filepath.Join(dir, addressKey)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := addressHasher(dir); err == nil {
		t.Error("a damaged key is taken")
	}
	if _, err := addressHasher(filepath.Join(dir, "missing")); err == nil {
		t.Error("no directory, and no error")
	}
}
