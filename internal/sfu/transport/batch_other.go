// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import (
	"net/netip"
	"sync/atomic"
)

// batches sends packets one by one where there is no sendmmsg.
type batches struct{ Calls, Packets atomic.Uint64 }

// Prepare has nothing to do.
func (s *Socket) Prepare() error { return nil }

func (b *batches) segments() bool { return false }

type destination struct{}

func (b *batches) destination(netip.AddrPort) destination { return destination{} }

type systemSpace struct{}

func (b *batches) transmit(_ *systemSpace, all []message) {
	for i := range all {
		b.Calls.Add(1)
		b.Packets.Add(1)
		all[i].one()
	}
}

// Inbox reads packets from a socket, one by one.
type Inbox struct {
	sock   *Socket
	packet [MaxPacket]byte
}

// NewInbox is what reads a socket.
func NewInbox(s *Socket) *Inbox { return &Inbox{sock: s} }

// Next is the next packet, which is good until the one after it.
func (i *Inbox) Next() ([]byte, netip.AddrPort, error) {
	n, from, err := i.sock.ReadFromUDPAddrPort(i.packet[:])
	return i.packet[:n], from, err
}
