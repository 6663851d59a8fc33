// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import (
	"net"
	"net/netip"
)

// batches sends packets one by one where there is no sendmmsg.
type batches struct{}

// system is what a socket has of its own for that: nothing.
type system struct{}

func (s *Socket) prepare() error { return nil }

// ListenUDP opens one socket, whatever is asked for: elsewhere than on Linux, several of
// one address do not share what comes.
func ListenUDP(network string, at *net.UDPAddr, _ int) ([]*net.UDPConn, error) {
	c, err := net.ListenUDP(network, at)
	if err != nil {
		return nil, err
	}
	return []*net.UDPConn{c}, nil
}

func (b *batches) segments() bool { return false }

type destination struct{}

func (b *batches) destination(netip.AddrPort) destination { return destination{} }

// WriteToAddrPort sends one packet.
func (s *Socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return s.next().WriteToUDPAddrPort(b, to)
}

type systemSpace struct{}

func (s *Socket) transmit(_ *systemSpace, all []message) {
	for i := range all {
		s.Sent.Calls.Add(1)
		s.Sent.Packets.Add(1)
		all[i].one()
	}
}

// Inbox reads packets from a socket, one by one.
type Inbox struct {
	sock   *member
	count  *Tally
	packet [MaxPacket]byte
}

func newInbox(m *member, count *Tally) *Inbox { return &Inbox{sock: m, count: count} }

// Next is the next packet, which is good until the one after it.
func (i *Inbox) Next() ([]byte, netip.AddrPort, error) {
	n, from, err := i.sock.ReadFromUDPAddrPort(i.packet[:])
	i.count.Calls.Add(1)
	if err == nil {
		i.count.Packets.Add(1)
	}
	return i.packet[:n], from, err
}
