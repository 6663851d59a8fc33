// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v4"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Whether an address that peers are told leads here, the server can often find out
// alone: it sends a packet there and looks whether it arrives. The packet is a STUN
// Binding indication, which nobody answers (RFC 8489, section 2), with a random
// transaction id that holds for one arrival. Nothing is sent because of what
// arrives, so a stranger who sends the same gains nothing. Behind a router that does
// not let its own network in by its outer address, no packet arrives: a fact, and no
// failure.

const (
	probeBytes = 20              // a STUN header without attributes
	probeWait  = 5 * time.Second // a packet that has not arrived by then is lost
	probeDial  = 2 * time.Second // a TCP connection may take this long
)

// told is an address that peers are told, and what is known of it.
type told struct {
	tcp    bool
	to     netip.AddrPort
	judged string // by the check of addresses at the start; "" when there was none

	// Guarded by prober.mu.
	id       [stun.TransactionIDSize]byte // of the packet under way
	awaited  bool                         // there is one
	before   time.Time                    // the packet before was sent
	sent     time.Time                    // the latest was
	answered time.Time                    // one last arrived
}

func (t *told) protocol() string {
	if t.tcp {
		return "tcp"
	}
	return "udp"
}

// prober sends packets to the addresses that peers are told.
type prober struct {
	send func(ctx context.Context, to *told, packet []byte) error

	mu   sync.Mutex
	told []*told // changed before run and seen are called only
}

// run sends a packet to every address now and then, until the context ends.
func (p *prober) run(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		p.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (p *prober) round(ctx context.Context) {
	var wg sync.WaitGroup
	for _, t := range p.told {
		wg.Go(func() {
			packet := p.next(t)
			if err := p.send(ctx, t, packet); err != nil {
				p.unsent(t)
			}
		})
	}
	wg.Wait()
}

// next makes the next packet to an address.
func (p *prober) next(t *told) []byte {
	packet := make([]byte, probeBytes)
	binary.BigEndian.PutUint16(packet, uint16(stun.NewType(stun.MethodBinding, stun.ClassIndication).Value()))
	binary.BigEndian.PutUint32(packet[4:], stunCookie)
	_, _ = rand.Read(packet[8:])
	p.mu.Lock()
	defer p.mu.Unlock()
	copy(t.id[:], packet[8:])
	t.awaited, t.before, t.sent = true, t.sent, time.Now()
	return packet
}

// unsent takes a packet back that never left.
func (p *prober) unsent(t *told) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.awaited, t.sent = false, t.before
}

// arrived tells whether a packet is one of ours, the first time.
func (p *prober) arrived(packet []byte) bool {
	if p == nil || len(packet) != probeBytes || packet[0] != 0 || packet[1] != 0x11 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.told {
		if t.awaited && string(t.id[:]) == string(packet[8:]) {
			t.awaited, t.answered = false, time.Now()
			return true
		}
	}
	return false
}

// seen is when a packet was last sent that arrived or had the time to, and when one
// last arrived.
func (p *prober) seen(t *told) (probed, answered time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.answered.Before(t.sent) && time.Since(t.sent) < probeWait {
		return t.before, t.answered
	}
	return t.sent, t.answered
}

// sendProbe sends a packet as a client would: from a port of its own, over UDP or as
// the first frame of a TCP connection (RFC 4571). It fails where nothing was sent.
func sendProbe(ctx context.Context, t *told, packet []byte) error {
	if !t.tcp {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(t.to))
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write(packet)
		return err
	}
	d := net.Dialer{Timeout: probeDial}
	c, err := d.DialContext(ctx, "tcp", t.to.String())
	switch timeout := net.Error(nil); {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return nil // it left, and that was the answer
	case err != nil:
		return err
	}
	defer c.Close()
	_, _ = c.Write(append([]byte{0, byte(len(packet))}, packet...))
	return nil
}

// probedListener looks for our own packets in what connections begin with.
type probedListener struct {
	net.Listener
	probes *prober
}

// Accept returns the next connection.
func (l probedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &probedConn{Conn: c, probes: l.probes}, nil
}

// probedConn is a connection of which the first frame is looked at as it is read.
type probedConn struct {
	net.Conn
	probes *prober
	first  [2 + probeBytes]byte
	n      int // of first that were read
}

// Read reads.
func (c *probedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.n < len(c.first) {
		c.n += copy(c.first[c.n:], b[:n])
		if c.n == len(c.first) && c.first[0] == 0 && c.first[1] == probeBytes {
			c.probes.arrived(c.first[2:])
		}
	}
	return n, err
}

// probe begins to send packets to the addresses that peers are told; stop waits for
// those under way.
func (e *Engine) probe() (stop func()) {
	if e.cfg.ProbeEvery <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.probes.run(ctx, e.cfg.ProbeEvery)
	}()
	return func() { cancel(); <-done }
}

// tell lists the addresses that peers are told.
func (e *Engine) tell() {
	e.probes.mu.Lock() // the sockets are read already
	defer e.probes.mu.Unlock()
	add := func(t told) {
		if e.cfg.Judge != nil {
			t.judged = e.cfg.Judge(t.to.Addr())
		}
		e.probes.told = append(e.probes.told, &t)
	}
	for _, a := range e.socks.addrs {
		add(told{to: a})
	}
	if e.socks.tcp == nil {
		return
	}
	all := e.cfg.Advertise
	if len(all) == 0 {
		for _, ip := range e.socks.tcpIPs {
			a, _ := netip.AddrFromSlice(ip)
			all = append(all, a)
		}
	}
	for _, a := range all {
		add(told{tcp: true, to: netip.AddrPortFrom(a.Unmap(), uint16(e.socks.tcpPort))})
	}
}

// Reach tells, of each address that peers are told, who got through to it within
// the last 10 minutes, our own packets among them.
func (e *Engine) Reach() []evidence.Reach { return e.reach(&e.census) }

// ReachOfTests is Reach with the connections of the server's own tests beside those of
// others.
func (e *Engine) ReachOfTests() []evidence.Reach { return e.reach(&e.census, &e.tests) }

func (e *Engine) reach(counts ...*census) (all []evidence.Reach) {
	for i, t := range e.probes.told[:min(len(e.probes.told), evidence.MaxReach)] {
		a := t.to.Addr()
		r := evidence.Reach{
			Protocol: t.protocol(), Address: evidence.Kind(a), Hash: e.cfg.Addresses.Hash(a),
			Advertised: len(e.cfg.Advertise) > 0, Judged: t.judged,
		}
		for _, c := range counts {
			through, networks, failed := c.count(t.tcp, a)
			r.Through, r.Networks, r.Failed = r.Through+through, r.Networks+networks, r.Failed+failed
		}
		if i > 0 {
			r.Failed = 0 // told once
		}
		if probed, answered := e.probes.seen(t); !probed.IsZero() {
			r.Probed = evidence.Millis(probed)
			if !answered.IsZero() {
				r.Answered = evidence.Millis(answered)
			}
		}
		all = append(all, r)
	}
	return all
}
