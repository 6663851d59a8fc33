// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// single is one packet on its way out: sendto(2).
type single struct {
	packet []byte
	to     destination
	failed syscall.Errno
	send   func(fd uintptr) bool // try
}

var singles = sync.Pool{New: func() any {
	s := &single{}
	s.send = s.try
	return s
}}

// WriteToAddrPort sends one packet, and waits for room for it. It fails with a net.AddrError
// for an address of another family, with net.ErrClosed, and with what sendto(2) says.
func (s *Socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if !to.IsValid() || !s.six && !to.Addr().Unmap().Is4() {
		return 0, &net.AddrError{Err: "no address of this socket's family", Addr: to.String()}
	}
	one := singles.Get().(*single)
	defer singles.Put(one)
	one.packet, one.to = b, s.destination(to)
	err := s.next().raw.Write(one.send)
	one.packet = nil
	if err == nil && one.failed != 0 {
		err = os.NewSyscallError("sendto", one.failed)
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// try sends the packet, unless there is no room for it.
func (s *single) try(fd uintptr) bool {
	name, length := s.to.name()
	for {
		_, _, s.failed = unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(s.packet))), uintptr(len(s.packet)), unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(name)), uintptr(length))
		if s.failed != unix.EINTR {
			return s.failed != unix.EAGAIN
		}
	}
}
