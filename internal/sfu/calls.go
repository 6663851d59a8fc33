package sfu

import (
	"sync"
	"time"
)

// calls runs a connection's callbacks one at a time, in order, on a goroutine
// that lives only while there is something to run.
type calls struct {
	mu      sync.Mutex
	room    sync.Cond // signalled when the queue shrinks or closes
	queue   []func()
	running bool
	closed  bool
	idle    chan struct{} // closed when the goroutine ends
}

const (
	callsBound   = 4096            // news beyond this is dropped: its reader hangs
	callsPatient = 64              // messages wait for room below this
	callsGrace   = 2 * time.Second // how long close waits for a callback that hangs
)

func newCalls() *calls {
	c := &calls{}
	c.room.L = &c.mu
	return c
}

// post enqueues f and never waits.
func (c *calls) post(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(f)
}

// postWait enqueues f once few enough others wait, so that a flood is slowed
// down at its source.
func (c *calls) postWait(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) >= callsPatient && !c.closed {
		c.room.Wait()
	}
	c.add(f)
}

func (c *calls) add(f func()) {
	if c.closed || len(c.queue) >= callsBound {
		return
	}
	c.queue = append(c.queue, f)
	if !c.running {
		c.running = true
		c.idle = make(chan struct{})
		go c.run(c.idle)
	}
}

func (c *calls) run(idle chan struct{}) {
	defer close(idle)
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) > 0 && !c.closed {
		f := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.room.Broadcast()
		c.mu.Unlock()
		f()
		c.mu.Lock()
	}
	c.running = false
}

// close drops what is queued and waits for the callback that runs, if any. One
// that does not return is left behind: it may be waiting for its own connection
// to close.
func (c *calls) close() (clean bool) {
	c.mu.Lock()
	c.closed = true
	c.queue = nil
	c.room.Broadcast()
	idle := c.idle
	running := c.running
	c.mu.Unlock()
	if !running {
		return true
	}
	select {
	case <-idle:
		return true
	case <-time.After(callsGrace):
		return false
	}
}
