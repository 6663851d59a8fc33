// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package vitals

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// readSystem asks the system; what it does not tell is 0.
func readSystem() (s system) {
	if d, err := os.Open("/proc/self/fd"); err == nil {
		names, _ := d.Readdirnames(-1)
		_ = d.Close()
		s.files = len(names)
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		s.maxFiles = int(min(limit.Cur, 1<<30))
	}
	for _, file := range []string{"/proc/net/snmp", "/proc/net/snmp6"} {
		if raw, err := os.ReadFile(file); err == nil {
			s.lost += receiveErrors(raw)
		}
	}
	return s
}

// receiveErrors is RcvbufErrors of the network namespace: a table of a line of
// names and one of numbers for IPv4, a name and a number a line for IPv6.
func receiveErrors(raw []byte) (n uint64) {
	var names []string
	for line := range bytes.Lines(raw) {
		f := strings.Fields(string(line))
		switch {
		case len(f) == 2 && f[0] == "Udp6RcvbufErrors":
			n, _ = strconv.ParseUint(f[1], 10, 64)
		case len(f) == 0 || f[0] != "Udp:":
		case names == nil:
			names = f
		default:
			for i, name := range names[:min(len(names), len(f))] {
				if name == "RcvbufErrors" {
					n, _ = strconv.ParseUint(f[i], 10, 64)
				}
			}
		}
	}
	return n
}
