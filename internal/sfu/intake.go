// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/redial-rtc/redial/internal/accept"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// intake is what takes packets before pion/webrtc does: connections of our own transport,
// who asks for its address where the port is a STUN server, and our own probes.
type intake struct {
	stun   *stunServer // nil: the port is none
	probes *prober
	own    *transport.Mux // nil: all connections are of pion/webrtc
}

// take tells whether a packet was for one of them.
func (in intake) take(sock *transport.Socket, b []byte, from netip.AddrPort) bool {
	switch {
	case in.own != nil && in.own.Handle(sock, b, from):
	case in.stun != nil && plainBinding(b):
		if answer := in.stun.answer(b, from); answer != nil {
			_, _ = sock.WriteToAddrPort(answer, from)
		}
	default:
		return in.probes.arrived(b)
	}
	return true
}

// mediaUDP is a socket of which pion/webrtc reads what nobody else takes.
type mediaUDP struct {
	*accept.UDP
	intake
	sock *transport.Socket
}

// ReadFromAddrPort returns the next packet for ICE.
func (u mediaUDP) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := u.UDP.ReadFromAddrPort(b)
		if err != nil || !u.take(u.sock, b[:n], from) {
			return n, from, err
		}
	}
}

// ReadFrom is ReadFromAddrPort with an address of the older kind.
func (u mediaUDP) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := u.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// loopedUDP is a socket with loops of ours that read it, one for each socket that the
// kernel has of it. A packet for our own transport is handled on the stack of the loop that
// read it; what is left for pion/webrtc waits.
type loopedUDP struct {
	*accept.UDP // the first, for what is asked of all
	intake
	sock  *transport.Socket
	all   []*accept.UDP
	left  chan *leftover
	done  chan struct{}
	loops sync.WaitGroup
	close sync.Once
}

// leftover is a packet that nobody of ours took.
type leftover struct {
	room [transport.MaxPacket]byte
	n    int
	from netip.AddrPort
}

// maxLeft is how many packets wait for pion/webrtc. More are lost, as when the buffer of a
// socket is full.
const maxLeft = 256

var leftovers = sync.Pool{New: func() any { return new(leftover) }}

// loop begins to read.
func loop(in intake, sock *transport.Socket, conns []*accept.UDP) *loopedUDP {
	u := &loopedUDP{UDP: conns[0], intake: in, sock: sock, all: conns, left: make(chan *leftover, maxLeft), done: make(chan struct{})}
	for i, inbox := range sock.Inboxes() {
		u.loops.Go(func() { u.read(inbox, conns[i]) })
	}
	return u
}

// read reads until the socket is closed.
func (u *loopedUDP) read(inbox *transport.Inbox, conn *accept.UDP) {
	for {
		b, from, err := inbox.Next()
		switch {
		case err == nil && !u.take(u.sock, b, from):
			u.leave(b, from)
		case err != nil && !conn.Again(err):
			return
		}
	}
}

func (u *loopedUDP) leave(b []byte, from netip.AddrPort) {
	one := leftovers.Get().(*leftover)
	one.n, one.from = copy(one.room[:], b), from
	select {
	case u.left <- one:
	default:
		leftovers.Put(one)
	}
}

// ReadFromAddrPort returns the next packet for ICE; an error is that the socket is closed.
func (u *loopedUDP) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case one := <-u.left:
		defer leftovers.Put(one)
		return copy(b, one.room[:one.n]), one.from, nil
	case <-u.done:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// ReadFrom is ReadFromAddrPort with an address of the older kind.
func (u *loopedUDP) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := u.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// Close closes the sockets and waits for the loops.
func (u *loopedUDP) Close() (err error) {
	u.close.Do(func() {
		for _, one := range u.all {
			err = errors.Join(err, one.Close())
		}
		u.loops.Wait()
		close(u.done)
	})
	return err
}
