// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batches is how a socket sends many messages with one system call: sendmmsg(2), and
// UDP_SEGMENT (udp(7)) for messages of several packets.
type batches struct {
	six   bool
	plain atomic.Bool // the kernel or the card refuses segments
}

// system is what a socket has of its own for that.
type system struct {
	raw  syscall.RawConn
	full atomic.Bool // it was waited for room, and there was none
}

// ListenUDP opens as many sockets of one address; what comes is spread among them by where
// it comes from (SO_REUSEPORT, socket(7)). An address that somebody has already is refused
// as it is to one socket alone, whoever that is: the first is opened without sharing. Port
// 0 is a free one.
func ListenUDP(network string, at *net.UDPAddr, n int) ([]*net.UDPConn, error) {
	first, err := net.ListenUDP(network, at)
	if err != nil {
		return nil, err
	}
	all := []*net.UDPConn{first}
	if n <= 1 {
		return all, nil
	}
	raw, err := first.SyscallConn()
	if err == nil {
		err = share(raw)
	}
	listen := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return share(raw) }}
	for err == nil && len(all) < n {
		var c net.PacketConn
		if c, err = listen.ListenPacket(context.Background(), network, first.LocalAddr().String()); err == nil {
			all = append(all, c.(*net.UDPConn))
		}
	}
	if err != nil {
		for _, c := range all {
			_ = c.Close()
		}
		return nil, err
	}
	return all, nil
}

// share lets others of ours have the same address.
func share(raw syscall.RawConn) error {
	var refused error
	err := raw.Control(func(fd uintptr) { refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	return errors.Join(err, refused)
}

// prepare makes the sockets ready for batches.
func (s *Socket) prepare() error {
	for _, m := range s.members {
		raw, err := m.SyscallConn()
		if err != nil {
			return err
		}
		m.raw = raw
	}
	return s.members[0].raw.Control(func(fd uintptr) {
		name, err := unix.Getsockname(int(fd))
		_, s.six = name.(*unix.SockaddrInet6)
		if err == nil {
			_, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		}
		s.plain.Store(err != nil)
	})
}

func (b *batches) segments() bool { return !b.plain.Load() }

// destination is an address as the kernel has it.
type destination struct {
	six  unix.RawSockaddrInet6
	four unix.RawSockaddrInet4
	is4  bool
}

func (b *batches) destination(to netip.AddrPort) (d destination) {
	var port [2]byte
	binary.BigEndian.PutUint16(port[:], to.Port())
	if !b.six {
		d.is4 = true
		d.four = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: binary.NativeEndian.Uint16(port[:]), Addr: to.Addr().As4()}
		return d
	}
	d.six = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: binary.NativeEndian.Uint16(port[:]), Addr: to.Addr().As16()}
	if zone := to.Addr().Zone(); zone != "" {
		d.six.Scope_id = linkOf(zone)
	}
	return d
}

// linkOf is the number of a link (RFC 4007, section 11): addressOf writes that, package net
// the name. 0 is none that there is.
func linkOf(zone string) uint32 {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	link, err := net.InterfaceByName(zone)
	if err != nil {
		return 0
	}
	return uint32(link.Index)
}

// name is that address and its length.
func (d *destination) name() (*byte, uint32) {
	if d.is4 {
		return (*byte)(unsafe.Pointer(&d.four)), unix.SizeofSockaddrInet4
	}
	return (*byte)(unsafe.Pointer(&d.six)), unix.SizeofSockaddrInet6
}

// header is struct mmsghdr of sendmmsg(2).
type header struct {
	unix.Msghdr
	sent uint32
}

// control is the ancillary message that says how long a segment is.
type control struct {
	unix.Cmsghdr
	size uint16
	_    [6]byte
}

// systemSpace is memory for the kernel's view of messages.
type systemSpace struct {
	headers  []header
	vectors  []unix.Iovec
	controls []control
}

func (s *systemSpace) fill(all []message) {
	if cap(s.headers) < len(all) {
		s.headers, s.controls = make([]header, len(all), 2*len(all)), make([]control, len(all), 2*len(all))
	}
	s.headers, s.controls = s.headers[:len(all)], s.controls[:len(all)]
	parts := 0
	for i := range all {
		parts += all[i].count
	}
	if cap(s.vectors) < parts {
		s.vectors = make([]unix.Iovec, parts, 2*parts)
	}
	s.vectors = s.vectors[:parts]
	at := 0
	for i := range all {
		m := &all[i]
		for k, part := range m.parts[:m.count] {
			v := &s.vectors[at+k]
			v.Base = &part[0]
			v.SetLen(len(part))
		}
		h := &s.headers[i]
		*h = header{}
		h.Name, h.Namelen = m.to.dest.name()
		h.Iov = &s.vectors[at]
		h.SetIovlen(m.count)
		at += m.count
		if m.count > 1 {
			c := &s.controls[i]
			*c = control{size: uint16(m.size)}
			c.Level, c.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
			c.SetLen(unix.CmsgLen(2))
			h.Control = (*byte)(unsafe.Pointer(c))
			h.SetControllen(unix.CmsgSpace(2))
		}
	}
}

// The sockets never block, so their system calls are made without telling the scheduler,
// which would wake a thread to watch over each: at the load of 60 viewers that was a fifth of
// all processor time. While such a call lasts its processor does nothing else, so one takes
// maxAtOnce messages at most, which is about a millisecond.
const maxAtOnce = 64

// maxBlocked is how long a batch waits for room in the socket. The loop that read the
// packets waits as well, so they are lost after that, as in the full queue of a router.
const maxBlocked = 50 * time.Millisecond

// transmit sends messages. One that the kernel will not have is as good as lost, but
// for segments: those are sent one by one.
func (s *Socket) transmit(space *systemSpace, all []message) {
	space.fill(all)
	m := s.next()
	var at struct {
		done             int
		refused, blocked bool
	}
	for at.done < len(all) {
		at.refused = false
		err := m.raw.Write(func(fd uintptr) bool {
			for at.done < len(all) {
				n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&space.headers[at.done])), uintptr(min(len(all)-at.done, maxAtOnce)), unix.MSG_DONTWAIT, 0, 0)
				s.Sent.Calls.Add(1)
				switch {
				case errno == unix.EAGAIN && m.full.Load(): // it was just waited for
					s.lose(all[at.done:])
					at.done = len(all)
					return true
				case errno == unix.EAGAIN:
					if !at.blocked {
						at.blocked = true
						_ = m.SetWriteDeadline(time.Now().Add(maxBlocked))
					}
					return false
				case errno == unix.EINTR:
					continue
				case errno == 0 && n > 0:
					if m.full.Load() {
						m.full.Store(false)
					}
					for i := range int(n) {
						s.Sent.Packets.Add(uint64(all[at.done+i].count))
					}
					at.done += int(n)
					continue
				case all[at.done].count > 1 && s.refuses(errno, all[at.done].to):
					at.refused = true
					return true // until then nobody else can write to the socket, nor can we
				}
				s.lose(all[at.done : at.done+1])
				at.done++
			}
			return true
		})
		if err != nil { // there is no room still, or the socket is closed
			m.full.Store(true)
			s.lose(all[at.done:])
			break
		}
		if at.refused {
			one := &all[at.done]
			s.Sent.Calls.Add(uint64(one.count))
			s.Sent.Packets.Add(uint64(one.count))
			one.one()
			at.done++
		}
	}
	if at.blocked {
		_ = m.SetWriteDeadline(time.Time{})
	}
	clear(space.headers)
	clear(space.vectors)
}

// refuses tells whether an error is about segments, and remembers for whom: no card or
// kernel of ours has them, or packets of this size have to be cut on this path.
func (b *batches) refuses(errno syscall.Errno, to *path) bool {
	switch errno {
	case unix.EIO, unix.EOPNOTSUPP:
		b.plain.Store(true)
		return true
	case unix.EINVAL, unix.EMSGSIZE:
		to.plain.Store(true)
		return true
	}
	return false
}

// Inbox reads packets from a socket, many with one system call: recvmmsg(2). It belongs
// to one goroutine.
type Inbox struct {
	raw     syscall.RawConn
	count   *Tally
	packets [inboxPackets][MaxPacket]byte
	names   [inboxPackets]unix.RawSockaddrInet6 // large enough for either family
	vectors [inboxPackets]unix.Iovec
	headers [inboxPackets]header
	next, n int
}

const inboxPackets = 32

func newInbox(m *member, count *Tally) *Inbox {
	i := &Inbox{raw: m.raw, count: count}
	for k := range i.headers {
		i.vectors[k].Base = &i.packets[k][0]
		i.vectors[k].SetLen(MaxPacket)
		h := &i.headers[k]
		h.Name = (*byte)(unsafe.Pointer(&i.names[k]))
		h.Iov = &i.vectors[k]
		h.SetIovlen(1)
	}
	return i
}

// Next is the next packet, which is good until the one after it. Those that are too
// long are left out.
func (i *Inbox) Next() ([]byte, netip.AddrPort, error) {
	for {
		for i.next < i.n {
			k := i.next
			i.next++
			h := &i.headers[k]
			if from := addressOf(&i.names[k]); h.Flags&unix.MSG_TRUNC == 0 && from.IsValid() {
				return i.packets[k][:h.sent], from, nil
			}
		}
		if err := i.fill(); err != nil {
			return nil, netip.AddrPort{}, err
		}
	}
}

func (i *Inbox) fill() error {
	i.next, i.n = 0, 0
	for k := range i.headers {
		i.headers[k].Namelen, i.headers[k].Flags = unix.SizeofSockaddrInet6, 0
	}
	var failed error
	err := i.raw.Read(func(fd uintptr) bool {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&i.headers)), inboxPackets, unix.MSG_DONTWAIT, 0, 0)
		i.count.Calls.Add(1)
		switch errno {
		case 0:
			i.n = int(n)
			i.count.Packets.Add(uint64(n))
		case unix.EAGAIN:
			return false
		case unix.EINTR: // nothing is read, and it is tried again
		default:
			failed = errno
		}
		return true
	})
	if err != nil {
		return err
	}
	return failed
}

func addressOf(name *unix.RawSockaddrInet6) netip.AddrPort {
	switch name.Family {
	case unix.AF_INET:
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), port(four.Port))
	case unix.AF_INET6:
		a := netip.AddrFrom16(name.Addr)
		if a.IsLinkLocalUnicast() && name.Scope_id != 0 {
			a = a.WithZone(strconv.Itoa(int(name.Scope_id)))
		}
		return netip.AddrPortFrom(a, port(name.Port))
	}
	return netip.AddrPort{}
}

// port is one as the kernel has it, in network order.
func port(p uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], p)
	return binary.BigEndian.Uint16(b[:])
}
