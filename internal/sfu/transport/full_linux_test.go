// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAFullSocketHoldsNobodyUp: packets that find no room in the socket are lost, since
// whoever sends them also reads what comes. The network is one of its own, in which nobody
// has the address, so that what is sent waits for it in the socket.
func TestAFullSocketHoldsNobodyUp(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may make a network namespace")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with its network
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Errorf("a network namespace: %v", err)
			return
		}
		for _, line := range [][]string{
			{"link", "add", "here", "type", "veth", "peer", "name", "there"},
			{"addr", "add", "192.0.2.1/24", "dev", "here"}, {"link", "set", "here", "up"}, {"link", "set", "there", "up"},
		} {
			if out, err := exec.Command("ip", line...).CombinedOutput(); err != nil {
				t.Errorf("ip %v: %v, %s", line, err, out)
				return
			}
		}
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1)})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_ = c.SetWriteBuffer(1) // the kernel has a least
		sock, err := NewSocket(c)
		if err != nil {
			t.Error(err)
			return
		}
		to := netip.MustParseAddrPort("192.0.2.99:9")
		w := &path{wire: sock, sock: sock, to: to, dest: sock.destination(to)}
		w.plain.Store(true)
		const packets = 200
		var batch Batch
		for range packets {
			if err := batch.add(w, func(room []byte) ([]byte, error) { return room[:1000], nil }); err != nil {
				t.Error(err)
			}
			batch.End(true)
		}
		if lost, sent := sock.Lost.Load(), sock.Sent.Packets.Load(); lost == 0 || lost+sent != packets {
			t.Errorf("%d of %d packets were lost, %d sent", lost, packets, sent)
		}
	}()
	<-done
}
