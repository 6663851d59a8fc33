// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/redial-rtc/redial/fault"
)

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// guardedDialer connects to public addresses, and to those of the allowed
// networks. It looks at the address that is about to be connected to, after
// names were resolved, so that a name cannot point inside.
func guardedDialer(allowed []netip.Prefix) dialFunc {
	d := net.Dialer{
		Timeout: defaultTimeout, KeepAlive: 30 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !mayReach(ap.Addr(), allowed) {
				return fault.SinkAddressRefused.New("address", ap.Addr().String())
			}
			return nil
		},
	}
	return d.DialContext
}

func mayReach(a netip.Addr, allowed []netip.Prefix) bool {
	a = a.Unmap().WithZone("")
	for _, p := range allowed {
		if p.Contains(a) {
			return true
		}
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// notPublic are the networks that the standard library takes for public and
// that lead inside, nowhere, or through a translator to anywhere
// (https://www.iana.org/assignments/iana-ipv4-special-registry and
// iana-ipv6-special-registry).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carriers' own
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved
	netip.MustParsePrefix("::/96"),           // IPv4 in IPv6, obsolete
	netip.MustParsePrefix("64:ff9b::/96"),    // NAT64, reaches IPv4 of any kind
	netip.MustParsePrefix("64:ff9b:1::/48"),  // NAT64, local
	netip.MustParsePrefix("100::/64"),        // discarded
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4, reaches IPv4 of any kind
	netip.MustParsePrefix("fec0::/10"),       // site-local, obsolete
}
