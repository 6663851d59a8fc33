// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"net/netip"
	"strings"
	"testing"
)

// FuzzOrigin: of whatever stands in the header Origin, what is kept is short and
// names no user and no address.
func FuzzOrigin(f *testing.F) {
	for _, origin := range []string{
		"https://app.example", "http://localhost:3000", "null", "https://u:p@app.example", "http://[fd00::1]:1", "http://203.0.113.9", "chrome-extension://abc", "https://app.example/?a#b", "://", "%",
	} {
		f.Add(origin)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		kept := pageOf(origin)
		if len(kept) > maxOrigin+len(" ipv6 link-local") || strings.ContainsAny(kept, "@?#") {
			t.Errorf("%q is kept as %q", origin, kept)
		}
		_, host, _ := strings.Cut(kept, "://")
		if _, err := netip.ParseAddrPort(host); err == nil {
			t.Errorf("%q is kept as %q, which has an address", origin, kept)
		}
	})
}
