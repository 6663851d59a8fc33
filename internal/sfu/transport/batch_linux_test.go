// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"net"
	"net/netip"
	"sync"
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
	sock, err := NewSocket(from)
	if err != nil {
		t.Fatal(err)
	}
	if !sock.segments() {
		t.Skip("this kernel has no UDP_SEGMENT")
	}
	// It has no segments without checksums.
	var failed error
	if err := sock.members[0].raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1) }); err != nil || failed != nil {
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

// TestSocketsOfOneAddress: what comes to the address is spread among its sockets and nothing
// of it is lost, all of them send from it, and nobody else gets it while they are open.
func TestSocketsOfOneAddress(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			const sockets, senders = 4, 64
			at := &net.UDPAddr{IP: net.ParseIP(host)}
			conns, err := ListenUDP("udp", at, sockets)
			if err != nil {
				t.Fatal(err)
			}
			at.Port = conns[0].LocalAddr().(*net.UDPAddr).Port
			for _, n := range []int{1, sockets} {
				if _, err := ListenUDP("udp", at, n); !errors.Is(err, unix.EADDRINUSE) {
					t.Errorf("%d more sockets of a taken address: %v", n, err)
				}
			}
			sock, err := NewSocket(conns...)
			if err != nil {
				t.Fatal(err)
			}
			type packet struct {
				member int
				from   netip.AddrPort
			}
			came := make(chan packet, senders)
			var loops sync.WaitGroup
			for i, inbox := range sock.Inboxes() {
				loops.Go(func() {
					for {
						_, from, err := inbox.Next()
						if err != nil {
							return
						}
						came <- packet{i, from}
					}
				})
			}
			var ends []*net.UDPConn
			for range senders {
				c, err := net.DialUDP("udp", nil, at)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := c.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
				ends = append(ends, c)
			}
			from, by := map[netip.AddrPort]bool{}, map[int]bool{}
			for range senders {
				p := <-came
				from[p.from], by[p.member] = true, true
			}
			if len(from) != senders || len(by) < 2 {
				t.Errorf("%d senders were heard by %d sockets", len(from), len(by))
			}
			b := make([]byte, 10)
			for _, c := range ends { // a connected socket takes nothing from other addresses
				if _, err := sock.WriteToAddrPort([]byte("y"), c.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
					t.Fatal(err)
				}
				_ = c.SetReadDeadline(time.Now().Add(time.Minute))
				if _, err := c.Read(b); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range conns {
				_ = c.Close()
			}
			loops.Wait()
			again, err := ListenUDP("udp", at, 1)
			if err != nil {
				t.Fatalf("the address is not free again: %v", err)
			}
			_ = again[0].Close()
		})
	}
}
