// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// The documented samples, with the addresses they must have had.
		{
			"local candidate - candidate:1267094175 1 udp 41886207 198.51.100.7 52563 typ relay raddr 203.0.113.9 rport 53039 generation 0 ufrag IC9l network-id 1 network-cost 10; remote candidate - candidate:2560537185 1 udp 2130706431 redacted-ip.invalid 26058 typ prflx generation 0 ufrag QuAbLBRCmuICEpDc",
			"local candidate - candidate:1267094175 1 udp 41886207 52563 typ relay raddr rport 53039 generation 0 ufrag IC9l network-id 1 network-cost 10; remote candidate - candidate:2560537185 1 udp 2130706431 redacted-ip.invalid 26058 typ prflx generation 0 ufrag QuAbLBRCmuICEpDc",
		},
		{
			"candidate:3724683490 1 udp 1694498815 203.0.113.80 35939 typ srflx generation 0 ufrag nZynmpgObuRNyUXX",
			"candidate:3724683490 1 udp 1694498815 35939 typ srflx generation 0 ufrag nZynmpgObuRNyUXX",
		},
		{
			"candidate:1 1 tcp 1518280447 2001:db8:12::7f 9 typ host tcptype active",
			"candidate:1 1 tcp 1518280447 9 typ host tcptype active",
		},
		{
			"candidate:1 1 udp 1 9fa2b7d3-64a0-4c1e-b5b0-3f4e8c6d2a11.local 52563 typ host",
			"candidate:1 1 udp 1 9fa2b7d3-64a0-4c1e-b5b0-3f4e8c6d2a11.local 52563 typ host",
		},
		{"raddr 10.0.0.3", "raddr "},

		{"dial tcp 10.1.2.3:443: connection refused", "dial tcp redacted-ip.invalid:443: connection refused"},
		{"ws://192.168.1.4:8090/ws", "ws://redacted-ip.invalid:8090/ws"},
		{"https://[2001:db8::1]:8443/x", "https://[redacted-ip.invalid]:8443/x"},
		{"from 10.0.0.1.", "from redacted-ip.invalid."},
		{"from 10.0.0.1, 10.0.0.2: no", "from redacted-ip.invalid, redacted-ip.invalid: no"},
		{"addr:10.0.0.1", "addr:redacted-ip.invalid"},
		{"ip=::1;", "ip=redacted-ip.invalid;"},
		{"ip:2001:db8::1 went", "ip:redacted-ip.invalid went"},
		{"fe80::1%eth0 is local", "redacted-ip.invalid is local"},
		{"::ffff:192.0.2.4", "redacted-ip.invalid"},
		{"1:2:3:4:5:6:7:8", "redacted-ip.invalid"},
		{"at 12:30:10.0.0.1", "at 12:30:redacted-ip.invalid"},
		{`{"address":"192.0.2.1","port":5}`, `{"address":"redacted-ip.invalid","port":5}`},
		{"http://example.org/192.0.2.1", "http://example.org/redacted-ip.invalid"},

		// What only looks like an address.
		{"device_model:Chrome_125.0.0.0,os", "device_model:Chrome_125.0.0.0,os"},
		{"Mozilla/5.0 Chrome/125.0.0.0 Safari", "Mozilla/5.0 Chrome/125.0.0.0 Safari"},
		{"os_version:10.15.7", "os_version:10.15.7"},
		{"v1.2.3.4 and 1.2.3.4.5 and 1.2.3.4rc1", "v1.2.3.4 and 1.2.3.4.5 and 1.2.3.4rc1"},
		{"300.1.1.1", "300.1.1.1"},
		{"at 11:05:59, std::move, a :: b, aa:bb:cc:dd:ee:ff", "at 11:05:59, std::move, a :: b, aa:bb:cc:dd:ee:ff"},
		{"sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB", "sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"},
		{"2024-07-17T11:05:59.736511342Z", "2024-07-17T11:05:59.736511342Z"},
		{"", ""}, {":", ":"}, {"::", "::"}, {"1.1.1.", "1.1.1."},
	} {
		if got := Mask(c.in); got != c.want {
			t.Errorf("Mask(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("candidate:1 1 udp 1 10.0.0.1 9 typ host raddr ::1 rport 1")
	f.Add("1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Mask("see 203.0.113.77 " + s); strings.Contains(got, "203.0.113.77 ") && !strings.Contains(s, "203.0.113.77") {
			t.Errorf("an address before %q was not masked: %q", s, got)
		}
	})
}
