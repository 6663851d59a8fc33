// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net/netip"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	censusWindow = 10 * time.Minute
	censusSize   = 1024 // the oldest are forgotten
)

// census remembers which connections came up lately, and by which of the addresses
// that peers are told. Only one whose own packet came first is a witness for an
// address: our checks reach whoever has no firewall, also from a wrong address.
type census struct {
	mu   sync.Mutex
	ring [censusSize]passage
	next int
}

// passage is a connection that came up, or did not.
type passage struct {
	at     time.Time
	failed bool
	tcp    bool
	to     netip.Addr   // ours
	from   netip.Prefix // the network it came from
}

func (c *census) add(p passage) {
	p.at = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring[c.next] = p
	c.next = (c.next + 1) % censusSize
}

// count tells how many came up at an address, from how many networks, and how many
// did not come up at all.
func (c *census) count(tcp bool, to netip.Addr) (through, networks, failed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := map[netip.Prefix]bool{}
	for i := range c.ring {
		p := &c.ring[i]
		switch {
		case p.at.IsZero() || time.Since(p.at) > censusWindow:
		case p.failed:
			failed++
		case p.tcp == tcp && p.to == to:
			through++
			from[p.from] = true
		}
	}
	return through, len(from), failed
}

// network is what one customer is given, at most.
func network(a netip.Addr) netip.Prefix {
	bits := 48
	if a = a.Unmap(); a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p
}

// counted keeps a passage where it belongs: tests of the server's own say nothing of how
// others fare.
func (c *conn) counted(p passage) {
	switch {
	case c.aside:
	case c.test:
		c.engine.tests.add(p)
	default:
		c.engine.census.add(p)
	}
}

// cameUp counts a connection that is up for the first time.
func (c *conn) cameUp() {
	pair := c.selectedPair.Load()
	if pair == nil {
		return
	}
	to, err := netip.ParseAddr(pair.Local.Address)
	from, err2 := netip.ParseAddr(pair.Remote.Address)
	if err != nil || err2 != nil {
		return
	}
	tcp := pair.Local.Protocol == webrtc.ICEProtocolTCP
	if tcp || c.paths.cameFirst(netip.AddrPortFrom(from.Unmap(), pair.Remote.Port)) {
		c.counted(passage{tcp: tcp, to: to.Unmap(), from: network(from)})
	}
}
