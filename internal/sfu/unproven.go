// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"
	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/internal/limit"
)

// A client may name any address as its own, in a candidate or as the forged
// source of a packet, and connectivity checks go to whatever it names (the voice
// hammer of RFC 8445, section 19.5.1). So an address has to prove that it hears
// us, by answering a check under the transaction id that only it was sent;
// until then at most three times the bytes it cost are sent to it, as in QUIC
// (RFC 9000, section 8.1). What it cost is what came from it and what named it.
const amplification = 3

const (
	// maxPaths is how many addresses a connection keeps; packets of further ones
	// are dropped. A client has a handful, and a new one with each network.
	maxPaths = 256
	// pathRest is how long an address must have been silent to make room.
	pathRest = 30 * time.Second
	// maxChecks is how many checks an address may owe an answer to.
	maxChecks = 32
	// candidateFrame is what a trickled candidate costs beyond its own text: the
	// frame of the call, the section and the user name.
	candidateFrame = 64
)

// hammer bounds what is sent to addresses that were named and have never sent
// anything themselves, over all connections.
type hammer struct {
	all     *rate.Limiter  // bytes
	targets *limit.Callers // bytes, by host

	dropped atomic.Uint64 // packets that were not sent
}

// Defaults of [Config].
const (
	unprovenPerSecond = 64 << 10
	unprovenTarget    = 8 << 10 // a minute
)

func newHammer(cfg Config) *hammer {
	perSecond, target := cfg.UnprovenBytesPerSecond, cfg.UnprovenTargetBytes
	if perSecond == 0 {
		perSecond = unprovenPerSecond
	}
	if target == 0 {
		target = unprovenTarget
	}
	return &hammer{
		all:     rate.NewLimiter(rate.Limit(perSecond), max(perSecond, receiveMTU)),
		targets: limit.New(limit.Rate{PerSecond: float64(target) / 60, Burst: max(target, receiveMTU)}),
	}
}

// strike takes n bytes for a host from what may be sent unasked.
func (h *hammer) strike(to netip.Addr, n int) bool {
	return h.targets.TakeN(limit.Key(to), n) == 0 && h.all.AllowN(time.Now(), n)
}

// paths are the addresses of one connection and what each has proved. Packets to
// and from the address that was used last take no lock.
type paths struct {
	hammer *hammer

	last atomic.Pointer[netip.AddrPort] // proven

	lite       bool   // nobody else sends checks
	tieBreaker uint64 // as every agent has one (RFC 8445, section 7.3.1.1)

	mu         sync.Mutex
	at         map[netip.AddrPort]*path
	ufrag, pwd string // of the peer
}

// path is one address.
type path struct {
	addr     netip.AddrPort
	proven   bool
	first    bool // it sent before anything was sent to it
	heard    int  // bytes that came from it
	named    int  // bytes that named it
	sent     int  // bytes that went to it
	touched  time.Time
	asked    time.Time  // when it was last sent a check for proof
	checks   [][12]byte // transaction ids (RFC 8489, section 5) it owes an answer to
	oldestAt int        // of checks, to be replaced next
}

func newPaths(h *hammer, lite bool) *paths {
	return &paths{hammer: h, lite: lite, tieBreaker: rand.Uint64(), at: map[netip.AddrPort]*path{}}
}

// name credits the address of a candidate (RFC 8839, section 5.1) with what it
// cost the peer to name it.
func (p *paths) name(candidate string, cost int) {
	fields := strings.Fields(candidate)
	if len(fields) < 6 {
		return
	}
	host, err := netip.ParseAddr(fields[4])
	if err != nil {
		return
	}
	port, err := strconv.ParseUint(fields[5], 10, 16)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.get(netip.AddrPortFrom(host.Unmap(), uint16(port))); e != nil && !e.proven {
		e.named += cost
	}
}

// described takes the credentials of a peer's description and credits its candidates.
func (p *paths) described(d *sdp.SessionDescription) {
	p.mu.Lock()
	p.ufrag, p.pwd = credentialsOf(d)
	p.mu.Unlock()
	for _, m := range d.MediaDescriptions {
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				p.name(a.Value, len("a=candidate:\r\n")+len(a.Value))
			}
		}
	}
}

// get finds or makes the entry of an address; nil is that there are too many.
func (p *paths) get(a netip.AddrPort) *path {
	if e := p.at[a]; e != nil {
		return e
	}
	now := time.Now()
	if len(p.at) >= maxPaths {
		last := p.last.Load()
		for key, e := range p.at {
			if now.Sub(e.touched) > pathRest && &e.addr != last {
				delete(p.at, key)
			}
		}
		if len(p.at) >= maxPaths {
			return nil
		}
	}
	e := &path{addr: a, touched: now}
	p.at[a] = e
	return e
}

// in notes a packet that came and tells whether it may pass.
func (p *paths) in(b []byte, from netip.AddrPort) bool {
	if last := p.last.Load(); last != nil && *last == from {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.get(plain(from))
	if e == nil {
		p.hammer.dropped.Add(1)
		return false
	}
	e.touched = time.Now()
	if e.proven {
		p.last.Store(&e.addr)
		return true
	}
	if e.heard == 0 && e.sent == 0 {
		e.first = true
	}
	e.heard += len(b)
	if id, ok := transaction(b, false); ok {
		for _, sent := range e.checks {
			if sent == id {
				e.proven, e.checks = true, nil
				p.last.Store(&e.addr)
				break
			}
		}
	}
	return true
}

// cameFirst tells whether an address sent before anything was sent to it.
func (p *paths) cameFirst(a netip.AddrPort) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.at[a]
	return e != nil && e.first
}

// out notes a packet that is to be sent and tells whether it may be.
func (p *paths) out(b []byte, to netip.AddrPort) bool {
	if last := p.last.Load(); last != nil && *last == to {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.at[plain(to)]
	switch {
	case e == nil:
		p.hammer.dropped.Add(1)
		return false
	case e.proven:
		p.last.Store(&e.addr)
		return true
	}
	total := e.sent + len(b)
	if total > amplification*e.heard && // nobody but the peer says that it exists
		(total > amplification*(e.heard+e.named) || !p.hammer.strike(e.addr.Addr(), len(b))) {
		p.hammer.dropped.Add(1)
		return false
	}
	e.sent = total
	if id, ok := transaction(b, true); ok {
		if len(e.checks) < maxChecks {
			e.checks = append(e.checks, id)
		} else {
			e.checks[e.oldestAt] = id
			e.oldestAt = (e.oldestAt + 1) % maxChecks
		}
	}
	return true
}

// transaction is the id of a STUN binding request, or of a response to one
// (RFC 8489, section 5).
func transaction(b []byte, request bool) (id [12]byte, ok bool) {
	if len(b) < 20 || binary.BigEndian.Uint32(b[4:]) != 0x2112a442 {
		return id, false
	}
	switch kind := binary.BigEndian.Uint16(b); {
	case request && kind == 0x0001, !request && (kind == 0x0101 || kind == 0x0111):
		return [12]byte(b[8:20]), true
	}
	return id, false
}

// plain is an address in the one form that addresses are compared in.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// provingUDP bounds what one connection's share of the sockets sends to
// addresses that have proved nothing.
type provingUDP struct {
	ice.UDPMux
	paths   *paths
	traffic *byClass
}

// GetConn gives the packets of one ICE user name.
func (m provingUDP) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	c, err := m.UDPMux.GetConn(ufrag, addr)
	if err != nil {
		return nil, err
	}
	// The sockets are ours and have the faster way; see accept.UDP.
	return &provingConn{c, c.(ice.AddrPortReaderWriter), ufrag, m.paths, m.traffic}, nil
}

type provingConn struct {
	net.PacketConn
	fast    ice.AddrPortReaderWriter
	ufrag   string
	paths   *paths
	traffic *byClass
}

// ReadFromAddrPort returns the next packet.
func (c *provingConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := c.fast.ReadFromAddrPort(b)
		c.traffic.count(false, b[:n])
		if err != nil {
			return n, from, err
		}
		if c.paths.in(b[:n], from) {
			if c.paths.lite {
				if check := c.paths.proof(from, c.ufrag); check != nil {
					_, _ = c.WriteToAddrPort(check, from) // the next packet gets another
				}
			}
			return n, from, nil
		}
	}
}

// ReadFrom is ReadFromAddrPort with an address of the older kind.
func (c *provingConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteToAddrPort sends a packet, or loses it on the way.
func (c *provingConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if !c.paths.out(b, to) {
		return len(b), nil
	}
	c.traffic.count(true, b)
	return c.fast.WriteToAddrPort(b, to)
}

// WriteTo is WriteToAddrPort with an address of the older kind.
func (c *provingConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if u, ok := to.(*net.UDPAddr); ok {
		return c.WriteToAddrPort(b, u.AddrPort())
	}
	return c.PacketConn.WriteTo(b, to) // which says what is wrong with it
}
