// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"sync/atomic"
)

// Socket is a UDP address as a Wire that takes batches. The kernel may have several
// sockets of it, so that each processor reads and writes one of its own; by which of
// them a packet leaves makes no difference to who gets it.
type Socket struct {
	members []*member
	turn    atomic.Uint32
	batches

	Sent, Read Tally
	Lost       atomic.Uint64 // packets of batches that the kernel did not take
}

// Tally counts system calls, and the packets they carried.
type Tally struct{ Calls, Packets atomic.Uint64 }

// member is one of the kernel's sockets.
type member struct {
	*net.UDPConn
	system
}

// NewSocket joins sockets of one address, at least one, as ListenUDP opens them.
func NewSocket(conns ...*net.UDPConn) (*Socket, error) {
	s := &Socket{}
	for _, c := range conns {
		s.members = append(s.members, &member{UDPConn: c})
	}
	return s, s.prepare()
}

// next is whose turn it is to send.
func (s *Socket) next() *member {
	if len(s.members) == 1 {
		return s.members[0]
	}
	return s.members[s.turn.Add(1)%uint32(len(s.members))]
}

// lose counts messages that were not sent.
func (s *Socket) lose(all []message) {
	for i := range all {
		s.Lost.Add(uint64(all[i].count))
	}
}

// Inboxes are what reads it, one for each socket of the kernel.
func (s *Socket) Inboxes() (all []*Inbox) {
	for _, m := range s.members {
		all = append(all, newInbox(m, &s.Read))
	}
	return all
}
