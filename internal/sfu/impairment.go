// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
)

// Impairment stands between one connection and the network, below ICE, so that
// whatever a network does to packets can be done here. It is asked about every
// packet of the connection, on whichever goroutine carries it, and must not
// change or keep the packet. The types are plain so that an impairment need not know
// this package.
type Impairment interface {
	// Pass says what becomes of a packet: dropped, damaged, late, or nothing of
	// it. out is from us to the peer.
	Pass(out bool, packet []byte) (drop, damage bool, late time.Duration)
}

// Tampered is what an impairment may also tell: whether what happens to the connection
// may be its doing, so that it is counted apart.
type Tampered interface{ Tampered() bool }

// tampered asks the impairments of a connection.
func tampered(gates ...Impairment) bool {
	for _, g := range gates {
		if t, ok := g.(Tampered); ok && t.Tampered() {
			return true
		}
	}
	return false
}

// impairedUDP and impairedTCP put an impairment before one connection's share of the sockets.
type impairedUDP struct {
	ice.UDPMux
	impairment Impairment
}

// GetConn gives the packets of one ICE user name, as the impairment lets them pass.
func (m impairedUDP) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	c, err := m.UDPMux.GetConn(ufrag, addr)
	return impaired(c, m.impairment), err
}

type impairedTCP struct {
	ice.TCPMux
	impairment Impairment
}

// GetConnByUfrag gives the connections of one ICE user name, as the impairment lets
// their packets pass.
func (m impairedTCP) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	c, err := m.TCPMux.GetConnByUfrag(ufrag, isIPv6, local)
	return impaired(c, m.impairment), err
}

// impaired wraps a connection, keeping the faster way to name addresses where it
// has one.
func impaired(c net.PacketConn, g Impairment) net.PacketConn {
	if c == nil {
		return nil
	}
	base := &impairedConn{PacketConn: c, impairment: g, done: make(chan struct{})}
	if fast, ok := c.(ice.AddrPortReaderWriter); ok {
		return &impairedFastConn{base, fast}
	}
	return base
}

// impairedConn is a packet conn behind an impairment.
type impairedConn struct {
	net.PacketConn
	impairment Impairment

	pump  atomic.Pointer[chan arrival] // while packets are late, all go through here
	done  chan struct{}
	close sync.Once
}

// arrival is a packet that has come in, and when it is let in.
type arrival struct {
	b    []byte
	from net.Addr
	due  time.Time
	last bool // none is late any more: the next comes the direct way again
	err  error
}

const (
	gateQueue  = 4096 // late packets; more are dropped, as a full queue would
	gatePacket = 1 << 14
)

// ReadFrom returns the next packet that passes.
func (c *impairedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		if pump := c.pump.Load(); pump != nil {
			return c.next(*pump, b)
		}
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		drop, damage, late := c.impairment.Pass(false, b[:n])
		switch {
		case drop:
			continue
		case late > 0:
			c.startPump(arrival{b: append([]byte(nil), b[:n]...), from: from, due: time.Now().Add(late)})
			continue
		case damage:
			spoil(b[:n])
		}
		return n, from, nil
	}
}

// Close closes the connection. Packets that wait are lost.
func (c *impairedConn) Close() error {
	c.close.Do(func() { close(c.done) })
	return c.PacketConn.Close()
}

// next waits for the next packet's turn.
func (c *impairedConn) next(pump chan arrival, b []byte) (int, net.Addr, error) {
	var a arrival
	select {
	case a = <-pump:
	case <-c.done:
		return 0, nil, net.ErrClosed
	}
	if a.err != nil {
		return 0, nil, a.err
	}
	if wait := time.Until(a.due); wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.done:
			return 0, nil, net.ErrClosed
		}
	}
	if a.last {
		c.pump.Store(nil)
	}
	return copy(b, a.b), a.from, nil
}

// startPump begins to take packets in at one end while they wait at the other,
// until one comes that is not late. Order is kept.
func (c *impairedConn) startPump(first arrival) {
	pump := make(chan arrival, gateQueue)
	pump <- first
	c.pump.Store(&pump)
	go func() {
		b := make([]byte, gatePacket)
		for {
			n, from, err := c.PacketConn.ReadFrom(b)
			if err != nil {
				select {
				case pump <- arrival{err: err}:
				case <-c.done:
				}
				return
			}
			drop, damage, late := c.impairment.Pass(false, b[:n])
			if drop {
				continue
			}
			a := arrival{b: append([]byte(nil), b[:n]...), from: from, due: time.Now().Add(late)}
			if damage {
				spoil(a.b)
			}
			if a.last = late == 0; a.last {
				select {
				case pump <- a:
				case <-c.done:
				}
				return
			}
			select {
			case pump <- a:
			default:
			}
		}
	}()
}

// WriteTo sends a packet if it passes. One that does not is lost on the way: the
// sender never knows.
func (c *impairedConn) WriteTo(b []byte, to net.Addr) (int, error) {
	return pass(c.impairment, b, func(b []byte) (int, error) { return c.PacketConn.WriteTo(b, to) })
}

func pass(g Impairment, b []byte, send func([]byte) (int, error)) (int, error) {
	drop, damage, late := g.Pass(true, b)
	switch {
	case drop:
		return len(b), nil
	case !damage && late == 0:
		return send(b)
	}
	kept := append([]byte(nil), b...)
	if damage {
		spoil(kept)
	}
	if late == 0 {
		return send(kept)
	}
	time.AfterFunc(late, func() { _, _ = send(kept) })
	return len(b), nil
}

// spoil damages a packet past its header, as a broken network card would.
func spoil(b []byte) {
	for i := len(b) / 2; i < len(b); i += 97 {
		b[i] ^= 0x55
	}
}

// impairedFastConn is an impairedConn whose connection takes plain addresses.
type impairedFastConn struct {
	*impairedConn
	fast ice.AddrPortReaderWriter
}

// WriteToAddrPort is WriteTo without an address to allocate.
func (c *impairedFastConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	drop, damage, late := c.impairment.Pass(true, b)
	if !drop && !damage && late == 0 {
		return c.fast.WriteToAddrPort(b, to)
	}
	if drop {
		return len(b), nil
	}
	return pass(fixed{damage, late}, b, func(b []byte) (int, error) { return c.fast.WriteToAddrPort(b, to) })
}

// fixed is an impairment that has decided.
type fixed struct {
	damage bool
	late   time.Duration
}

// Pass gives the decision.
func (f fixed) Pass(bool, []byte) (bool, bool, time.Duration) { return false, f.damage, f.late }

// ReadFromAddrPort is ReadFrom without an address to allocate.
func (c *impairedFastConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		if pump := c.pump.Load(); pump != nil {
			n, from, err := c.next(*pump, b)
			return n, plainAddr(from), err
		}
		n, from, err := c.fast.ReadFromAddrPort(b)
		if err != nil {
			return n, from, err
		}
		drop, damage, late := c.impairment.Pass(false, b[:n])
		switch {
		case drop:
			continue
		case late > 0:
			c.startPump(arrival{
				b: append([]byte(nil), b[:n]...), from: net.UDPAddrFromAddrPort(from), due: time.Now().Add(late),
			})
			continue
		case damage:
			spoil(b[:n])
		}
		return n, from, nil
	}
}

func plainAddr(a net.Addr) netip.AddrPort {
	if u, ok := a.(*net.UDPAddr); ok {
		return u.AddrPort()
	}
	return netip.AddrPort{}
}
