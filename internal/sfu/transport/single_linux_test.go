// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openSocket opens a socket as a server has it.
func openSocket(t testing.TB, network, host string) (*Socket, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP(network, &net.UDPAddr{IP: net.ParseIP(host)})
	if err != nil {
		t.Skipf("this machine has no %s: %v", host, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := NewSocket(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// TestWriteToAddrPort: a packet arrives whole wherever the socket reaches, and what cannot be
// sent is told.
func TestWriteToAddrPort(t *testing.T) {
	four, at4 := openSocket(t, "udp4", "127.0.0.1")
	six, at6 := openSocket(t, "udp6", "::1")
	both, atBoth := openSocket(t, "udp", "::")
	mapped := netip.AddrPortFrom(netip.AddrFrom16(at4.Addr().As16()), at4.Port())
	long := bytes.Repeat([]byte{7}, 1400)
	for _, c := range []struct {
		name     string
		from, to *Socket
		at       netip.AddrPort
		packet   []byte
	}{
		{"IPv4", four, four, at4, long},
		{"IPv4 written as IPv6", four, four, mapped, long},
		{"IPv6", six, six, at6, long},
		{"IPv4 from a socket of both", both, four, mapped, long},
		{"IPv6 from a socket of both", both, six, at6, long},
		{"an empty one", four, four, at4, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if n, err := c.from.WriteToAddrPort(c.packet, c.at); n != len(c.packet) || err != nil {
				t.Fatalf("%d bytes, %v", n, err)
			}
			b := make([]byte, 2000)
			to := c.to.members[0]
			_ = to.SetReadDeadline(time.Now().Add(time.Minute))
			n, from, err := to.ReadFromUDPAddrPort(b)
			if err != nil || !bytes.Equal(b[:n], c.packet) {
				t.Errorf("%d bytes came, %v", n, err)
			}
			if port := c.from.members[0].LocalAddr().(*net.UDPAddr).Port; int(from.Port()) != port {
				t.Errorf("it came from %v, and was sent from port %d", from, port)
			}
		})
	}
	for name, at := range map[string]netip.AddrPort{"IPv6 from a socket of IPv4": at6, "no address": {}} {
		if _, err := four.WriteToAddrPort(long, at); !errors.As(err, new(*net.AddrError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := four.WriteToAddrPort(make([]byte, 70_000), at4); !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("more than a datagram holds: %v", err)
	}
	_ = both.members[0].Close()
	if _, err := both.WriteToAddrPort(long, atBoth); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed socket: %v", err)
	}
}

// TestAddressesKeepTheirLink: an address of a link (RFC 4007) is written as it was read, by
// us or by package net.
func TestAddressesKeepTheirLink(t *testing.T) {
	six, _ := openSocket(t, "udp6", "::1")
	at := netip.MustParseAddrPort("[fe80::1%3]:5")
	d := six.destination(at)
	if back := addressOf(&d.six); back != at {
		t.Errorf("%v became %v", at, back)
	}
	links, err := net.Interfaces()
	if err != nil || len(links) == 0 {
		t.Fatalf("%d links, %v", len(links), err)
	}
	for _, link := range links {
		named := netip.AddrPortFrom(at.Addr().WithZone(link.Name), at.Port())
		if d := six.destination(named); int(d.six.Scope_id) != link.Index {
			t.Errorf("%v goes to link %d, which is %d", named, d.six.Scope_id, link.Index)
		}
	}
}

// BenchmarkWriteToAddrPort sends to a socket that nobody reads, so that most packets are lost
// there.
func BenchmarkWriteToAddrPort(b *testing.B) {
	sock, at := openSocket(b, "udp4", "127.0.0.1")
	packet := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sock.WriteToAddrPort(packet, at); err != nil {
			b.Fatal(err)
		}
	}
}
