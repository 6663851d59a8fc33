// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package background

import (
	"runtime"
	"syscall"
)

// nice is the priority of these threads (setpriority(2), which on Linux is of a thread): a
// third of what others get where all want to run. It is not the least there is, since the
// garbage collector waits for each thread, and others for what it has locked.
const nice = 5

func makeWay() {
	runtime.LockOSThread()
	// Nobody is refused a lower priority, other than by a filter of system calls; then all are alike.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), nice)
}
