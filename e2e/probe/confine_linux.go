// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"
)

// Of prctl(2) and seccomp(2).
const (
	prSetSeccomp    = 22
	prSetNoNewPrivs = 38
	modeFilter      = 2
	retAllow        = 0x7fff0000
	retErrno        = 0x00050000
)

// confine runs a command in this process that may not open sockets of the
// family AF_NETLINK, which is what RestrictAddressFamilies=AF_INET AF_UNIX in a
// unit of systemd.exec(5) comes to: the network works, and its interfaces
// cannot be listed.
func confine(command []string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	const (
		loadWord = syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS
		ifEqual  = syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K
		ret      = syscall.BPF_RET | syscall.BPF_K
		number   = 0  // of the call, in struct seccomp_data
		first    = 16 // the low half of its first argument
	)
	filter := []syscall.SockFilter{
		{Code: loadWord, K: number},
		{Code: ifEqual, K: syscall.SYS_SOCKET, Jf: 3},
		{Code: loadWord, K: first},
		{Code: ifEqual, K: syscall.AF_NETLINK, Jf: 1},
		{Code: ret, K: retErrno | uint32(syscall.EAFNOSUPPORT)},
		{Code: ret, K: retAllow},
	}
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread() // the filter is this thread's, and what it turns into
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return e
	}
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, modeFilter, uintptr(unsafe.Pointer(&program))); e != 0 {
		return e
	}
	return syscall.Exec(path, command, os.Environ())
}
