// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"crypto/tls"
	"os"
	"strings"
	"testing"
)

// TestSelfSigned: the same certificate for the same hosts, so that who has let it
// pass once is not asked again, and another one for others.
func TestSelfSigned(t *testing.T) {
	dir := t.TempDir()
	sign := func(hosts ...string) string {
		t.Helper()
		certFile, keyFile, print, err := SelfSigned(dir, hosts)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hosts {
			if err := pair.Leaf.VerifyHostname(h); err != nil {
				t.Error(err)
			}
		}
		if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key's mode is %v, %v", info.Mode(), err)
		}
		if len(print) != 32*3-1 || strings.ToUpper(print) != print {
			t.Errorf("fingerprint %q", print)
		}
		return print
	}
	first := sign("localhost", "127.0.0.1", "::1")
	if again := sign("127.0.0.1", "localhost"); again != first {
		t.Error("made anew for hosts that it is good for")
	}
	if other := sign("localhost", "192.0.2.7"); other == first {
		t.Error("not made anew for another host")
	}
}
