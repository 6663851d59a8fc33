// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package background has the work that nobody waits for make way for the work that somebody
// waits for.
//
// Go has no priorities: a goroutine that computes keeps its processor for up to 10 ms, and
// with all of them busy a request that has come over the network waits until one looks for it.
// The kernel has them, by thread. So goroutines of the background have threads of their own,
// which it lets run after others, and the program has more threads than there are processors,
// so that those which wait for the kernel keep nobody from one.
package background

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// threads is how many more than processors may run: as many as there are goroutines of
	// the background at work at a time, most of the time.
	threads = 2

	// few is up to how many processors those are needed. Where there are more, one is free.
	few = 8
)

var (
	reserving sync.Mutex
	spare     atomic.Int64 // how many more threads than processors may run
)

// Reserve lets so many more threads of this process run than there are processors that the
// background does not take those of others. It does so where processors are few, the whole
// machine is the process's (a quota of a control group would be used up the sooner), and the
// environment's GOMAXPROCS does not say otherwise. It is for the start of a program, and does
// nothing the second time.
func Reserve() {
	reserving.Lock()
	defer reserving.Unlock()
	if spare.Load() > 0 {
		return
	}
	n := runtime.GOMAXPROCS(0)
	if extra := wanted(n, runtime.NumCPU(), os.Getenv("GOMAXPROCS")); extra > 0 {
		spare.Store(int64(extra))
		runtime.GOMAXPROCS(n + extra)
	}
}

// wanted is how many threads more than processors are to run.
func wanted(may, processors int, set string) int {
	if set != "" || may != processors || processors > few {
		return 0
	}
	return threads
}

// Processors is how many processors the program may use at a time.
func Processors() int { return runtime.GOMAXPROCS(0) - int(spare.Load()) }

// Thread gives the goroutine that calls it a thread of its own that makes way for others,
// until the goroutine ends. Where the system has no priorities of threads it does nothing.
func Thread() { makeWay() }
