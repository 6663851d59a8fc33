// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"crypto/tls"
	"net"

	"golang.org/x/sys/unix"
)

// stream tells how far what was written to a connection has come: the bytes put
// into it so far, and how many of them the other end's system has acknowledged.
// Both are 0 for a connection that cannot tell, or is closed.
func stream(c net.Conn) (put, arrived uint64) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	t, ok := c.(*net.TCPConn)
	if !ok {
		return 0, 0
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return 0, 0
	}
	_ = raw.Control(func(fd uintptr) {
		// In this order: an acknowledgement in between makes put too large, and a
		// frame is sent twice rather than never.
		waiting, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		if err != nil {
			return
		}
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		put, arrived = info.Bytes_acked+uint64(waiting), info.Bytes_acked
	})
	return put, arrived
}
