// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"

	"github.com/redial-rtc/redial/internal/limit"
)

const methodAllocate = stun.MethodAllocate

// packets is a UDP socket from which strangers' requests come no faster than they
// may: their source may be forged, and answers are longer than requests.
type packets struct {
	net.PacketConn
	s *Server
}

// ReadFrom returns the next packet of a client, or request of a stranger.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := p.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		if p.s.listens(b[:n], addrPort(from)) {
			return n, from, nil
		}
	}
}

// WriteTo sends a packet and notes a refusal.
func (p *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	p.s.table.answered(addrPort(to), b)
	return p.PacketConn.WriteTo(b, to)
}

// listens tells whether a message is looked at: any of a client's but too many
// requests, and requests of others as often as they may ask.
func (s *Server) listens(message []byte, from netip.AddrPort) bool {
	known := s.table.find(from) != nil
	if !isRequest(message) {
		return known
	}
	return s.table.mayAsk(from.Addr())
}

// streams take in connections, as many as there may be.
type streams struct {
	net.Listener
	s *Server
}

// Accept returns the next connection that there is room for.
func (l *streams) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if one := l.s.admit(c); one != nil {
			return one, nil
		}
		l.s.met.turnedAway.Inc()
		_ = c.Close()
	}
}

// admit makes a connection one of the server's; nil when there are too many.
func (s *Server) admit(c net.Conn) *stream {
	one := &stream{Conn: c, s: s, from: addrPort(c.RemoteAddr()), over: "tcp", born: time.Now()}
	if _, secured := c.(interface{ ConnectionState() tls.ConnectionState }); secured {
		one.over = "tls"
	}
	one.host = limit.Key(one.from.Addr())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.count.take(one.host) {
		return nil
	}
	s.conns[one] = struct{}{}
	return one
}

// stream is the connection of one client. Each Read returns one whole message, so
// that what reads it never has to keep parts of any.
type stream struct {
	net.Conn
	s    *Server
	from netip.AddrPort
	host string
	over string // "tcp" or "tls"
	born time.Time

	proven atomic.Bool // it has, or had, an allocation
	once   sync.Once

	have [maxFrame + 1]byte // what was read and is not returned yet
	held int
}

// Read returns the next message. It fails when the stream is no TURN, when nothing
// comes for too long, and when there is no allocation in time.
func (c *stream) Read(p []byte) (int, error) {
	for {
		n, err := frameLength(c.have[:c.held])
		if err != nil {
			return 0, err
		}
		if n == 0 || n > c.held {
			if err := c.fill(); err != nil {
				return 0, err
			}
			continue
		}
		if n > len(p) {
			return 0, errTooLong
		}
		copy(p, c.have[:n])
		c.held = copy(c.have[:], c.have[n:c.held])
		if c.s.listens(p[:n], c.from) {
			return n, nil
		}
	}
}

func (c *stream) fill() error {
	until := c.born.Add(c.s.cfg.Bounds.Silence)
	if c.proven.Load() {
		until = time.Now().Add(idleLife)
	}
	if err := c.Conn.SetReadDeadline(until); err != nil {
		return err
	}
	n, err := c.Conn.Read(c.have[c.held:])
	c.held += n
	if n > 0 {
		return nil
	}
	return err
}

// Write sends a message, and gives up on a client that does not read.
func (c *stream) Write(p []byte) (int, error) {
	c.s.table.answered(c.from, p)
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}

// Close makes room for another.
func (c *stream) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		c.s.mu.Lock()
		delete(c.s.conns, c)
		c.s.count.give(c.host)
		c.s.mu.Unlock()
		err = c.Conn.Close()
	})
	return err
}

// counts is how many connections there are, of each host and altogether.
type counts struct {
	bounds Bounds
	hosts  map[string]int
	all    int
}

func newCounts(b Bounds) counts { return counts{bounds: b, hosts: map[string]int{}} }

// take counts one more of a host; false when there may be none.
func (c *counts) take(host string) bool {
	if c.all >= c.bounds.Connections || c.hosts[host] >= c.bounds.HostConnections {
		return false
	}
	c.all++
	c.hosts[host]++
	return true
}

func (c *counts) give(host string) {
	c.all--
	if c.hosts[host]--; c.hosts[host] == 0 {
		delete(c.hosts, host)
	}
}
