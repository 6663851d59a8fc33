// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"sync"

	"github.com/redial-rtc/redial/fault"
)

// Listener is told what happens. Every field may be nil.
//
// Guarantees: the functions are called one at a time, on one goroutine of the
// session, in the order in which things happened. None is called while joining
// can still fail, and none begins after [Room.Leave] has returned. The first may
// begin while [Join] is about to return: a function that uses the room has to wait
// until the app has it, as by a channel that is closed then. What a function is told
// is already visible in the room's methods, which it may call, Leave included. A
// function that blocks delays the others, never the session itself; what waits is
// not bounded, so do not block for long.
type Listener struct {
	// OnReconnecting is called when the first path is lost, with the cause,
	// which is not terminal. OnReconnected follows when all are back, or else
	// OnError with a terminal error.
	OnReconnecting func(cause *fault.Error)
	OnReconnected  func()
	// OnError is called for what no call can return. When Describe(err).Terminal
	// is true the session has ended and only OnEnd follows.
	OnError func(err *fault.Error)
	// OnEnd is called once, as the last of all, unless the app itself ends the
	// session by Leave or its context. The reason is what [Room.Err] returns.
	OnEnd func(reason *fault.Error)

	// OnPeerJoin is called once for everybody who is there, at the beginning too,
	// and OnPeerLeave once when they have gone for good: not while they reconnect
	// within the time that the server gives them. Between the two,
	// OnPeerUpdate is called when the name, metadata, role or groups have changed,
	// also for this peer itself.
	OnPeerJoin   func(Peer)
	OnPeerLeave  func(Peer)
	OnPeerUpdate func(Peer)

	// OnTrack is called once when a remote track is announced, after OnPeerJoin of
	// whose it is; its media may flow already or begin later. OnTrackUpdate is
	// called for mute and unmute, OnTrackEnd once when the track is withdrawn,
	// before OnPeerLeave. The same *RemoteTrack is passed each time.
	OnTrack       func(*RemoteTrack)
	OnTrackUpdate func(*RemoteTrack)
	OnTrackEnd    func(*RemoteTrack)

	OnMessage           func(Message)           // what others say to everybody, to this peer's role, or to this peer
	OnSessionMetadata   func(MetadataEntry)     // a key of [Room.ObserveSessionMetadata]
	OnRoleRequest       func(RoleRequest)       // to be answered by [Room.AcceptRole], or not at all
	OnRoleChange        func(Role)              // this peer has another role now; what it may no longer publish has ended
	OnMuteRequest       func(MuteRequest)       // muting is done already, unmuting is for the app
	OnSpeakers          func([]Speaker)         // who speaks now, loudest first; empty for silence
	OnConnectionQuality func(ConnectionQuality) // told from time to time for each peer
}

// callbacks runs the listener's functions in order. Its queue has no bound: the
// session must never wait for the app.
type callbacks struct {
	mu      sync.Mutex
	queue   []func()
	wake    chan struct{}
	held    bool // nothing begins yet
	closed  bool // nothing more begins
	last    bool // end once the queue is empty
	running bool
	done    chan struct{}
}

func newCallbacks() *callbacks {
	return &callbacks{held: true, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

func (c *callbacks) post(f func()) {
	c.mu.Lock()
	if !c.closed && !c.last {
		c.queue = append(c.queue, f)
	}
	c.mu.Unlock()
	c.poke()
}

func (c *callbacks) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run is the goroutine of the callbacks.
func (c *callbacks) run() {
	defer close(c.done)
	for range c.wake {
		for {
			c.mu.Lock()
			if c.closed || len(c.queue) == 0 || c.held && !c.last {
				over := c.closed || c.last && len(c.queue) == 0
				c.mu.Unlock()
				if over {
					return
				}
				break
			}
			f := c.queue[0]
			c.queue = c.queue[1:]
			c.running = true
			c.mu.Unlock()
			f()
			c.mu.Lock()
			c.running = false
			c.mu.Unlock()
		}
	}
}

// begin lets what is queued be told.
func (c *callbacks) begin() {
	c.mu.Lock()
	c.held = false
	c.mu.Unlock()
	c.poke()
}

// finish lets what is queued be told and then ends.
func (c *callbacks) finish() {
	c.mu.Lock()
	c.last = true
	c.mu.Unlock()
	c.poke()
}

// close ends without telling the rest and waits for the goroutine, unless a
// callback is running: that may be the very one that asked.
func (c *callbacks) close() {
	c.mu.Lock()
	c.closed = true
	c.queue = nil
	running := c.running
	c.mu.Unlock()
	c.poke()
	if !running {
		<-c.done
	}
}
