// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	pion "github.com/pion/turn/v5"
)

var (
	errNoRelay  = errors.New("turn: relays of this kind are not made")
	errNoRoom   = errors.New("turn: as many relays as there may be")
	errNoFamily = errors.New("turn: no media address is of this family")
)

// relays make the sockets that allocations send from. A socket is bound where media
// is received and sends to the media addresses only, by the port as well: what else
// listens on this machine is nobody's business.
type relays struct {
	table *table
	met   *metrics
	to    map[netip.AddrPort]*way // by the address that clients are told
	back  map[netip.AddrPort]*way // by the address that answers come from
	also  []netip.Prefix
	bind  [2]netip.Addr // local address, of IPv4 and IPv6
	told  [2]netip.Addr // what clients are told instead

	mu     sync.Mutex
	open   map[*relay]struct{}
	closed bool
}

// way is one media address.
type way struct {
	local netip.AddrPort
	told  *net.UDPAddr // as Pion wants it; never changed
}

func newRelays(cfg Config, t *table, met *metrics) *relays {
	r := &relays{table: t, met: met, also: cfg.Also, to: map[netip.AddrPort]*way{}, back: map[netip.AddrPort]*way{}, open: map[*relay]struct{}{}}
	for _, one := range cfg.Routes {
		w := &way{local: one.Local, told: net.UDPAddrFromAddrPort(one.Told)}
		r.to[one.Told] = w
		// Of several addresses that are one socket here, answers are said to come
		// from the first unless the client sends to another: see relay.last.
		if r.back[one.Local] == nil {
			r.back[one.Local] = w
		}
		f := family(one.Local.Addr())
		if !r.bind[f].IsValid() {
			r.bind[f], r.told[f] = one.Local.Addr(), one.Local.Addr()
		}
	}
	for _, ip := range cfg.RelayIPs {
		r.told[family(ip)] = ip
	}
	return r
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// has tells whether media is received over the family of an address.
func (r *relays) has(a netip.Addr) bool { return r.bind[family(a)].IsValid() }

// allowsIP tells whether relays may send to an address. Those of this machine and of
// private networks are reached only if they are media addresses, whatever the
// settings allow beside.
func (r *relays) allowsIP(a netip.Addr) bool {
	for told := range r.to {
		if told.Addr() == a {
			return true
		}
	}
	return r.alsoAllows(a)
}

func (r *relays) alsoAllows(a netip.Addr) bool {
	if a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" || a == broadcast {
		return false
	}
	return slices.ContainsFunc(r.also, func(p netip.Prefix) bool { return p.Contains(a) })
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Validate is Pion's.
func (r *relays) Validate() error { return nil }

// AllocatePacketConn opens the socket of one allocation. Nobody in particular asks
// for one when a client wants two ports in a row, which is not done here.
func (r *relays) AllocatePacketConn(c pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if c.UserID == "" || c.RequestedPort != 0 {
		return nil, nil, errNoRelay
	}
	f := 0
	if c.Network == "udp6" {
		f = 1
	}
	if !r.bind[f].IsValid() {
		return nil, nil, errNoFamily
	}
	u := r.table.take(c.UserID)
	if u == nil {
		return nil, nil, errNoRoom
	}
	socket, err := net.ListenUDP(c.Network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.bind[f], 0)))
	if err != nil {
		r.table.give(u)
		return nil, nil, err
	}
	one := &relay{UDPConn: socket, r: r, user: u}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, nil, errors.Join(errNoRelay, one.Close())
	}
	r.open[one] = struct{}{}
	r.mu.Unlock()
	port := socket.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return one, net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.told[f], port)), nil
}

// AllocateListener refuses relays to TCP peers (RFC 6062): media needs none.
func (r *relays) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoRelay
}

// AllocateConn refuses the same.
func (r *relays) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errNoRelay }

// close closes what is open and lets nobody open more.
func (r *relays) close() {
	r.mu.Lock()
	r.closed = true
	all := make([]*relay, 0, len(r.open))
	for one := range r.open {
		all = append(all, one)
	}
	r.mu.Unlock()
	for _, one := range all {
		_ = one.Close()
	}
}

// relay is the socket of one allocation.
type relay struct {
	*net.UDPConn
	r    *relays
	user *user
	once sync.Once
	last atomic.Pointer[way] // that the client sent to
}

// WriteTo sends a packet of the client's. What it may not send is dropped and
// counted: there is nobody to tell.
func (c *relay) WriteTo(p []byte, to net.Addr) (int, error) {
	at := addrPort(to)
	if !c.user.spend(c.r.table, len(p)) {
		return len(p), nil
	}
	if w := c.r.to[at]; w != nil {
		if c.last.Load() != w {
			c.last.Store(w)
		}
		at = w.local
	} else if !c.r.alsoAllows(at.Addr()) {
		c.r.met.astray.Inc()
		return len(p), nil
	}
	c.user.in.Add(uint64(len(p)))
	c.r.met.in.Add(float64(len(p)))
	if _, err := c.WriteToUDPAddrPort(p, at); errors.Is(err, net.ErrClosed) {
		return 0, err
	}
	return len(p), nil // a packet that the system will not send is a lost one
}

// ReadFrom returns the next packet for the client.
func (c *relay) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.ReadFromUDPAddrPort(p)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return 0, nil, err
			}
			continue // of an earlier packet that was refused
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		told := c.told(from)
		if told == nil || !c.user.spend(c.r.table, n) {
			continue
		}
		c.user.out.Add(uint64(n))
		c.r.met.out.Add(float64(n))
		return n, told, nil
	}
}

// told is the address that the client knows a sender by; nil for one it may not
// hear.
func (c *relay) told(from netip.AddrPort) *net.UDPAddr {
	if w := c.last.Load(); w != nil && w.local == from {
		return w.told
	}
	if w := c.r.back[from]; w != nil {
		return w.told
	}
	if c.r.alsoAllows(from.Addr()) {
		return net.UDPAddrFromAddrPort(from)
	}
	return nil
}

// Close gives back what the allocation took.
func (c *relay) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		c.r.mu.Lock()
		delete(c.r.open, c)
		c.r.mu.Unlock()
		c.r.table.give(c.user)
		err = c.UDPConn.Close()
	})
	return err
}
