// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/pion/ice/v4"

	"github.com/redial-rtc/redial/internal/evidence"
)

// traffic counts what passes between a connection and the network, below ICE, by
// transport and by what shares the port (RFC 7983). It takes no lock and allocates
// nothing.
type traffic struct{ udp, tcp byClass }

type byClass [len(classes)]flow

// classes of packets by their first byte (RFC 7983, section 7). Of media times are
// kept elsewhere.
var classes = [...]string{"stun", "dtls", "media", "other"}

const (
	classSTUN = iota
	classDTLS
	classMedia
	classOther
)

func classOf(first byte) int {
	switch {
	case first >= 128 && first <= 191:
		return classMedia
	case first <= 3:
		return classSTUN
	case first >= 20 && first <= 63:
		return classDTLS
	}
	return classOther
}

// flow is one class, both ways.
type flow struct{ in, out oneWay }

type oneWay struct {
	packets     atomic.Uint64
	first, last atomic.Int64  // of what is not media, by now()
	largest     atomic.Uint32 // bytes, of what is not media
	alert       atomic.Uint32 // 1 plus the description of the last alert that could be read
}

// count notes a packet.
func (t *byClass) count(out bool, b []byte) {
	if t == nil || len(b) == 0 {
		return
	}
	class := classOf(b[0])
	w := &t[class].in
	if out {
		w = &t[class].out
	}
	n := w.packets.Add(1)
	if class == classMedia {
		return
	}
	at := now()
	if n == 1 {
		w.first.Store(at)
	}
	w.last.Store(at)
	if size := uint32(len(b)); size > w.largest.Load() {
		w.largest.Store(size)
	}
	// An alert before encryption began: type 21, epoch 0 (RFC 6347, section 4.1; RFC
	// 5246, section 7.2).
	if class == classDTLS && b[0] == 21 && len(b) >= 15 && b[3] == 0 && b[4] == 0 {
		w.alert.Store(uint32(b[14]) + 1)
	}
}

// evidence is what has passed.
func (t *traffic) evidence() (all []evidence.Traffic) {
	for _, one := range []struct {
		name string
		*byClass
	}{{"udp", &t.udp}, {"tcp", &t.tcp}} {
		for class, name := range classes {
			f := &one.byClass[class]
			in, out := f.in.evidence(class), f.out.evidence(class)
			if in != nil || out != nil {
				all = append(all, evidence.Traffic{Protocol: one.name, Class: name, In: in, Out: out})
			}
		}
	}
	return all
}

func (w *oneWay) evidence(class int) *evidence.Way {
	n := w.packets.Load()
	if n == 0 {
		return nil
	}
	out := &evidence.Way{Packets: n, First: wallTime(w.first.Load()), Last: wallTime(w.last.Load())}
	if class == classDTLS {
		out.Largest = int(w.largest.Load())
		if a := w.alert.Load(); a != 0 {
			alert := int(a) - 1
			out.Alert = &alert
		}
	}
	return out
}

// countedTCP counts the packets of one connection's share of the listeners.
type countedTCP struct {
	ice.TCPMux
	traffic *byClass
}

// GetConnByUfrag gives the connections of one ICE user name.
func (m countedTCP) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	c, err := m.TCPMux.GetConnByUfrag(ufrag, isIPv6, local)
	if err != nil {
		return nil, err
	}
	counted := &countedConn{c, m.traffic}
	if fast, ok := c.(ice.AddrPortReaderWriter); ok {
		return &countedFastConn{counted, fast}, nil
	}
	return counted, nil
}

type countedConn struct {
	net.PacketConn
	traffic *byClass
}

// ReadFrom returns the next packet.
func (c *countedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(b)
	c.traffic.count(false, b[:n])
	return n, from, err
}

// WriteTo sends a packet.
func (c *countedConn) WriteTo(b []byte, to net.Addr) (int, error) {
	c.traffic.count(true, b)
	return c.PacketConn.WriteTo(b, to)
}

// countedFastConn is a countedConn whose connection takes plain addresses.
type countedFastConn struct {
	*countedConn
	fast ice.AddrPortReaderWriter
}

// ReadFromAddrPort returns the next packet.
func (c *countedFastConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.fast.ReadFromAddrPort(b)
	c.traffic.count(false, b[:n])
	return n, from, err
}

// WriteToAddrPort sends a packet.
func (c *countedFastConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.traffic.count(true, b)
	return c.fast.WriteToAddrPort(b, to)
}
