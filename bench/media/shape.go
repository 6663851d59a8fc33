// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"container/heap"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// way is how a line treats what comes down it to the clients behind it. What they send is
// not held up.
type way struct {
	rate    func(at time.Duration) float64 // bits per second, at a time since the line was opened
	queue   time.Duration                  // of packets that wait; what comes on top is lost
	burst   int                            // bytes; not 0: nothing waits, and what comes faster is lost once this is used up
	delay   time.Duration
	jitter  time.Duration // up to this is added to the delay of each packet, by chance
	reorder bool          // a packet may overtake another by it
	loss    float64       // share that is lost by chance
}

func steady(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

// line is a way that some clients share: a network for each of them.
type line struct {
	way
	opened time.Time

	mu     sync.Mutex // of what follows
	free   time.Time  // when it has sent all that waits
	tokens float64    // bytes that may pass at once, where nothing waits
	filled time.Time
	last   time.Time // when the latest packet comes out
}

func newLine(w way) *line {
	now := time.Now()
	return &line{way: w, opened: now, tokens: float64(w.burst), filled: now}
}

// take is when a packet comes out that goes in now; ok is false where it is lost.
func (l *line) take(size int, now time.Time) (out time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rate := l.rate(now.Sub(l.opened))
	if l.burst > 0 {
		l.tokens = min(l.tokens+rate/8*now.Sub(l.filled).Seconds(), float64(l.burst))
		l.filled = now
		if l.tokens < float64(size) {
			return out, false
		}
		l.tokens -= float64(size)
		out = now
	} else {
		if l.free.Before(now) {
			l.free = now
		}
		if l.free.Sub(now) > l.queue {
			return out, false
		}
		l.free = l.free.Add(time.Duration(float64(size) * 8 / rate * float64(time.Second)))
		out = l.free
	}
	if rand.Float64() < l.loss {
		return out, false
	}
	out = out.Add(l.delay)
	if l.jitter > 0 {
		out = out.Add(rand.N(l.jitter))
	}
	if !l.reorder && out.Before(l.last) {
		out = l.last
	}
	l.last = out
	return out, true
}

// behind is the network of a client behind a line.
type behind struct {
	*stdnet.Net
	line *line
}

func newBehind(l *line) (*behind, error) {
	n, err := stdnet.NewNet()
	return &behind{n, l}, err
}

// ListenUDP opens a socket whose packets have come down the line.
func (b *behind) ListenUDP(network string, at *net.UDPAddr) (transport.UDPConn, error) {
	c, err := b.Net.ListenUDP(network, at)
	if err != nil {
		return nil, err
	}
	s := &shaped{UDPConn: c, line: b.line, come: make(chan struct{}, 1)}
	go s.read()
	return s, nil
}

// shaped is a socket behind a line.
type shaped struct {
	transport.UDPConn
	line *line
	come chan struct{} // holds one: there is something new in what follows

	mu       sync.Mutex
	waiting  underway
	deadline time.Time
	err      error
}

// read takes what arrives at the line, until the socket is closed.
func (s *shaped) read() {
	b := make([]byte, 1600)
	for n := 0; ; n++ {
		size, from, err := s.UDPConn.ReadFrom(b)
		s.mu.Lock()
		if err != nil {
			s.err = err
		} else if out, ok := s.line.take(size, time.Now()); ok && len(s.waiting) < 10_000 {
			heap.Push(&s.waiting, packet{out: out, order: n, from: from, b: append([]byte(nil), b[:size]...)})
		}
		s.mu.Unlock()
		s.wake()
		if err != nil {
			return
		}
	}
}

func (s *shaped) wake() {
	select {
	case s.come <- struct{}{}:
	default:
	}
}

// SetDeadline sets that of reading and of writing.
func (s *shaped) SetDeadline(t time.Time) error {
	_ = s.SetReadDeadline(t)
	return s.UDPConn.SetWriteDeadline(t)
}

// SetReadDeadline is for those who read what has come out.
func (s *shaped) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	s.deadline = t
	s.mu.Unlock()
	s.wake()
	return nil
}

// ReadFrom returns the next packet that has come out.
func (s *shaped) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		s.mu.Lock()
		now := time.Now()
		wait := time.Hour
		switch {
		case len(s.waiting) > 0 && !s.waiting[0].out.After(now):
			p := heap.Pop(&s.waiting).(packet)
			s.mu.Unlock()
			return copy(b, p.b), p.from, nil
		case s.err != nil:
			err := s.err
			s.mu.Unlock()
			return 0, nil, err
		case !s.deadline.IsZero() && !s.deadline.After(now):
			s.mu.Unlock()
			return 0, nil, os.ErrDeadlineExceeded
		}
		if len(s.waiting) > 0 {
			wait = s.waiting[0].out.Sub(now)
		}
		if !s.deadline.IsZero() {
			wait = min(wait, s.deadline.Sub(now))
		}
		s.mu.Unlock()
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-s.come:
			t.Stop()
		}
	}
}

// packet is one on its way.
type packet struct {
	out   time.Time
	order int // among those that come out at once
	from  net.Addr
	b     []byte
}

// underway is a heap of packets, the next to come out first.
type underway []packet

func (u underway) Len() int      { return len(u) }
func (u underway) Swap(i, k int) { u[i], u[k] = u[k], u[i] }
func (u underway) Less(i, k int) bool {
	if u[i].out.Equal(u[k].out) {
		return u[i].order < u[k].order
	}
	return u[i].out.Before(u[k].out)
}

// Push adds a packet; see [heap.Interface].
func (u *underway) Push(p any) { *u = append(*u, p.(packet)) }

// Pop takes the last; see [heap.Interface].
func (u *underway) Pop() any {
	last := (*u)[len(*u)-1]
	*u = (*u)[:len(*u)-1]
	return last
}
