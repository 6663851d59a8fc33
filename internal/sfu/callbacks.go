// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync"
	"time"
)

// callbackQueue runs a connection's callbacks one at a time, in order, on a goroutine
// that lives only while there is something to run.
type callbackQueue struct {
	mu      sync.Mutex
	notFull sync.Cond // signalled when the queue shrinks or closes
	queue   []func()
	running bool
	closed  bool
	idle    chan struct{} // closed when the goroutine ends
}

const (
	maxCallbacks    = 4096            // a callback beyond this is dropped: its reader hangs
	callbackBacklog = 64              // messages wait until fewer are queued
	callbackTimeout = 2 * time.Second // how long close waits for a callback that hangs
)

func newCallbackQueue() *callbackQueue {
	c := &callbackQueue{}
	c.notFull.L = &c.mu
	return c
}

// post enqueues f and never waits.
func (c *callbackQueue) post(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(f)
}

// postWait enqueues f once few enough others wait, so that a flood is slowed
// down at its source.
func (c *callbackQueue) postWait(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) >= callbackBacklog && !c.closed {
		c.notFull.Wait()
	}
	c.add(f)
}

func (c *callbackQueue) add(f func()) {
	if c.closed || len(c.queue) >= maxCallbacks {
		return
	}
	c.queue = append(c.queue, f)
	if !c.running {
		c.running = true
		c.idle = make(chan struct{})
		go c.run(c.idle)
	}
}

func (c *callbackQueue) run(idle chan struct{}) {
	defer close(idle)
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) > 0 && !c.closed {
		f := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.notFull.Broadcast()
		c.mu.Unlock()
		f()
		c.mu.Lock()
	}
	c.running = false
}

// close drops what is queued and waits for the callback that runs, if any. One
// that does not return is left behind: it may be waiting for its own connection
// to close.
func (c *callbackQueue) close() (clean bool) {
	c.mu.Lock()
	c.closed = true
	c.queue = nil
	c.notFull.Broadcast()
	idle := c.idle
	running := c.running
	c.mu.Unlock()
	if !running {
		return true
	}
	select {
	case <-idle:
		return true
	case <-time.After(callbackTimeout):
		return false
	}
}
