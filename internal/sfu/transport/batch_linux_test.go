// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRefusedSegmentsGoOneByOne: what the kernel will not cut into packets, as where they
// are too long for a path, arrives all the same, and nobody else goes without because of it.
func TestRefusedSegmentsGoOneByOne(t *testing.T) {
	listen := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	from, to := listen(), listen()
	sock := &Socket{UDPConn: from}
	if err := sock.Prepare(); err != nil {
		t.Fatal(err)
	}
	if !sock.segments() {
		t.Skip("this kernel has no UDP_SEGMENT")
	}
	// It has no segments without checksums.
	var failed error
	if err := sock.raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	at := to.LocalAddr().(*net.UDPAddr).AddrPort()
	w := &path{wire: sock, sock: sock, to: at, dest: sock.destination(at)}
	var batch Batch
	const packets = 3
	for i := range packets {
		err := batch.add(w, func(room []byte) ([]byte, error) {
			clear(room[:500])
			room[0] = byte(i)
			return room[:500], nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sent := make(chan struct{})
	go func() {
		batch.Flush()
		close(sent)
	}()
	select {
	case <-sent:
	case <-time.After(time.Minute):
		t.Fatal("nothing can be written to the socket any more")
	}
	b := make([]byte, 1000)
	_ = to.SetReadDeadline(time.Now().Add(time.Minute))
	for i := range packets {
		if n, err := to.Read(b); err != nil || n != 500 || b[0] != byte(i) {
			t.Fatalf("packet %d: %d bytes, %d, %v", i, n, b[0], err)
		}
	}
	if !w.plain.Load() || !sock.segments() {
		t.Errorf("the path is without segments: %v; the socket has them: %v", w.plain.Load(), sock.segments())
	}
}
