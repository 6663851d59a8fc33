// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/limit"
)

// turnProtocol is what a TURN client may name in its handshake (RFC 7443). Browsers
// name nothing.
const turnProtocol = "stun.turn"

// Gate takes TLS connections in and tells TURN from HTTP: by the protocol that the
// client names in its handshake (RFC 7301) and where none is named, as by most TURN
// clients, by the first bytes after it. A connection that is not decided in time is
// closed, and there are only so many of them.
type Gate struct {
	inner  net.Listener
	config *tls.Config
	s      gateServer
	turn   *side
	web    *side // nil: every connection is for TURN

	mu        sync.Mutex
	undecided map[net.Conn]struct{}
	count     counts // of undecided
	closed    chan struct{}
	once      sync.Once
}

// gateServer is what a gate needs of a server, which may be made later.
type gateServer struct {
	bounds Bounds
	failed func(from net.Addr, alert int) // a handshake failed
	silent func()                         // a connection was not decided
}

// NewGate serves a listener that it owns from then on. With web, HTTP has a side of
// its own: [Gate.Web].
func NewGate(inner net.Listener, config *tls.Config, web bool, b Bounds) *Gate {
	b = b.withDefaults()
	config = config.Clone()
	config.NextProtos = append(slices.Clone(config.NextProtos), turnProtocol)
	g := &Gate{
		inner: inner, config: config, s: gateServer{bounds: b}, undecided: map[net.Conn]struct{}{}, count: newCounts(b), closed: make(chan struct{}),
	}
	g.turn = &side{gate: g, conns: make(chan net.Conn), done: make(chan struct{})}
	if web {
		g.web = &side{gate: g, conns: make(chan net.Conn), done: make(chan struct{})}
	}
	return g
}

// TURN is the listener of the TURN clients.
func (g *Gate) TURN() net.Listener { return g.turn }

// Web is the listener of whoever else comes. What it returns is a *tls.Conn, or
// [Sniffed] for a client that named no protocol.
func (g *Gate) Web() net.Listener { return g.web }

// Run takes connections in until the gate is closed, and tells a server of those
// that fail.
func (g *Gate) Run(s *Server) {
	g.s.failed = func(from net.Addr, alert int) { s.table.handshake(addrPort(from).Addr(), alert) }
	g.s.silent = s.met.neitherOfBoth.Inc
	for {
		c, err := g.inner.Accept()
		if err != nil {
			_ = g.Close()
			return
		}
		host := limit.Key(addrPort(c.RemoteAddr()).Addr())
		g.mu.Lock()
		ok := g.count.take(host)
		if ok {
			g.undecided[c] = struct{}{}
		}
		g.mu.Unlock()
		if !ok {
			s.met.turnedAway.Inc()
			_ = c.Close()
			continue
		}
		go g.decide(c, host)
	}
}

// Close closes the listener and what is not decided yet.
func (g *Gate) Close() error {
	g.once.Do(func() { close(g.closed) })
	err := g.inner.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.undecided {
		_ = c.Close()
	}
	return err
}

// decide takes one connection through its handshake and to its side.
func (g *Gate) decide(raw net.Conn, host string) {
	c, to := g.tell(raw)
	g.mu.Lock()
	delete(g.undecided, raw)
	g.count.give(host)
	g.mu.Unlock()
	if to == nil || !to.hand(c) {
		_ = raw.Close()
	}
}

// tell is a connection after its handshake and what it is for; nil for nothing.
func (g *Gate) tell(raw net.Conn) (net.Conn, *side) {
	until := time.Now().Add(g.s.bounds.Silence)
	if raw.SetDeadline(until) != nil {
		return nil, nil
	}
	secured := tls.Server(raw, g.config)
	if err := secured.HandshakeContext(context.Background()); err != nil {
		g.s.failed(raw.RemoteAddr(), alertOf(err))
		return nil, nil
	}
	protocol := secured.ConnectionState().NegotiatedProtocol
	if g.web == nil || protocol == turnProtocol {
		_ = raw.SetDeadline(time.Time{})
		return secured, g.turn
	}
	if protocol != "" {
		_ = raw.SetDeadline(time.Time{})
		return secured, g.web
	}
	one := &Sniffed{Conn: secured}
	for one.held < len(one.have) && (one.held == 0 || one.have[0]>>6 == 0) {
		n, err := secured.Read(one.have[one.held:])
		one.held += n
		if err != nil && n == 0 {
			g.s.silent()
			return nil, nil
		}
	}
	_ = raw.SetDeadline(time.Time{})
	if n, err := frameLength(one.have[:one.held]); err == nil && n > 0 {
		return one, g.turn
	}
	return one, g.web
}

// alertOf is the alert that a handshake ended with, 0 for none.
func alertOf(err error) int {
	if alert := tls.AlertError(0); errors.As(err, &alert) {
		return int(alert)
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "remote error" {
		for code := range 256 { // the type of alerts that came is not exported, its words are
			if op.Err.Error() == tls.AlertError(code).Error() {
				return code
			}
		}
	}
	return 0
}

// Sniffed is a connection over TLS of which the first bytes were looked at.
type Sniffed struct {
	*tls.Conn
	have [8]byte
	held int
	read int
}

// Read returns what was looked at first.
func (c *Sniffed) Read(p []byte) (int, error) {
	if c.read < c.held {
		n := copy(p, c.have[c.read:c.held])
		c.read += n
		return n, nil
	}
	return c.Conn.Read(p)
}

// side is a listener of the connections of one kind.
type side struct {
	gate  *Gate
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// hand gives a connection to whoever accepts; false when nobody will.
func (s *side) hand(c net.Conn) bool {
	select {
	case s.conns <- c:
		return true
	case <-s.done:
	case <-s.gate.closed:
	}
	return false
}

// Accept returns the next connection.
func (s *side) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.done:
	case <-s.gate.closed:
	}
	return nil, net.ErrClosed
}

// Close closes this side, and with it the whole if it is the one of HTTP.
func (s *side) Close() error {
	s.once.Do(func() { close(s.done) })
	if s == s.gate.web || s.gate.web == nil {
		return s.gate.Close()
	}
	return nil
}

// Addr is the listener's.
func (s *side) Addr() net.Addr { return s.gate.inner.Addr() }
