// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package datafile

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// access fails when this process may not write a file that is there.
func access(path string) error { return unix.Access(path, unix.W_OK) }

func owner(info fs.FileInfo) (uid int, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}

// Space is how many bytes this process may still write to the filesystem of a
// directory, and how large that is; false where the system does not say.
func Space(dir string) (free, size uint64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), uint64(s.Blocks) * uint64(s.Bsize), true
}
