// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// wantedBuffer is what the server asks for a UDP socket.
const wantedBuffer = 4 << 20

// kernel looks at what the system gives sockets, and what it can do with datagrams.
func (h *here) kernel() {
	for _, name := range []string{"rmem_max", "wmem_max"} {
		raw, err := os.ReadFile("/proc/sys/net/core/" + name)
		if err != nil {
			continue // a container may not see it
		}
		n, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
		if n < wantedBuffer {
			h.warn("kernel", "sysctl -w net.core."+name+"=4194304, and keep it in /etc/sysctl.d/redial.conf; restart the server", "net.core.%s is %d: in a burst datagrams are lost on this machine", name, n)
		} else {
			h.ok("kernel", "net.core.%s is %d", name, n)
		}
	}
	if n := h.numbers["redial_process_udp_lost_packets_total"]; n > 0 {
		h.warn("kernel", "raise net.core.rmem_max, or take load off this machine", "%.0f datagrams were lost here since the server started, because a socket had no room", n)
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	defer unix.Close(s)
	if err := unix.SetsockoptInt(s, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 1200); err != nil {
		h.warn("kernel", "use Linux 4.18 or newer; packets are sent one by one without", "it cannot segment datagrams (UDP GSO): %v", err)
		return
	}
	h.ok("kernel", "it segments datagrams (UDP GSO) and takes several at once (recvmmsg)")
}

// maxFiles is how many files a program may open that is started like this one. A Go
// program raises its own limit to the hard one.
func maxFiles() uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	return l.Max
}

// synchronised tells whether the kernel believes its clock (adjtimex(2)); false, false
// where it does not say.
func synchronised() (yes, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}
