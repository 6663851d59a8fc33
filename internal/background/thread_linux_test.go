// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package background

import (
	"syscall"
	"testing"
)

// TestAThreadMakesWay: it has the lower priority, no other has, and it ends with its goroutine.
func TestAThreadMakesWay(t *testing.T) {
	priority := func() int { // the system call gives 20 less the priority
		p, err := syscall.Getpriority(syscall.PRIO_PROCESS, syscall.Gettid())
		if err != nil {
			t.Error(err)
		}
		return 20 - p
	}
	before := priority()
	in, over := make(chan int), make(chan struct{})
	go func() {
		defer close(over)
		Thread()
		in <- priority()
	}()
	if p := <-in; p != max(before, nice) {
		t.Errorf("the thread has priority %d, want %d", p, max(before, nice))
	}
	<-over
	for range 100 { // whatever threads these run on
		done := make(chan int)
		go func() { done <- priority() }()
		if p := <-done; p != before {
			t.Fatalf("another goroutine runs with priority %d, want %d", p, before)
		}
	}
}
