// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"crypto/tls"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/logging"
)

// Mux is what the peers of our own transport share: the registry by which an incoming
// packet finds its peer, one clock, and what they offer. A packet is handled on the
// stack of whoever read it from the socket.
//
// It is on one port with pion/webrtc: a packet that is for none of its peers is left to
// whoever else reads that socket.
type Mux struct {
	cfg   MuxConfig
	print string // fingerprint of the certificate (RFC 8122)

	mu    sync.RWMutex // taken last
	peers map[*peer]struct{}
	names map[string]*peer // by our ICE user names
	flows map[flow]*peer

	senders   sync.Mutex
	receiving map[*peer]struct{} // those that are told how their packets arrive
	beat      *time.Timer        // runs while there are any

	done  chan struct{}
	ended chan struct{}
}

// MuxConfig is what all peers have in common.
type MuxConfig struct {
	Certificate tls.Certificate
	Log         logging.LoggerFactory
	// Disconnected is for how long nothing may come, Failed for how long after that,
	// Handshake how long one of DTLS may take.
	Disconnected, Failed, Handshake time.Duration
	// Send is offered to who receives, Receive what we take of who sends.
	Send, Receive Formats
	// ReceiveBuffer bounds what waits in the data channels of one peer, in bytes.
	ReceiveBuffer uint32
}

// Wire is a socket, or a share of one, that packets come from and go to.
type Wire interface {
	WriteToAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// Candidate is a wire and the address that peers are told of it.
type Candidate struct {
	Wire Wire
	Addr netip.AddrPort
	TCP  bool // passive ICE-TCP (RFC 6544)
}

// flow is where packets come from.
type flow struct {
	wire Wire
	from netip.AddrPort
}

// maxFlows is how many addresses of one peer are known at once.
const maxFlows = 16

// flowRest is how long an address that is not in use must have sent no check to be
// nobody's again: a NAT may give it to somebody else.
const flowRest = time.Minute

// NewMux begins the shared clock; Close ends it.
func NewMux(cfg MuxConfig) *Mux {
	m := &Mux{
		cfg: cfg, print: fingerprint(cfg.Certificate.Certificate[0]), peers: map[*peer]struct{}{}, names: map[string]*peer{}, flows: map[flow]*peer{}, receiving: map[*peer]struct{}{},
		done: make(chan struct{}), ended: make(chan struct{}),
	}
	go m.watch()
	return m
}

// Close ends the clock. Peers are closed by their owners.
func (m *Mux) Close() {
	close(m.done)
	<-m.ended
}

// watch looks for paths that have gone silent.
func (m *Mux) watch() {
	defer close(m.ended)
	every := time.NewTicker(min(500*time.Millisecond, max(m.cfg.Disconnected/8, 10*time.Millisecond)))
	defer every.Stop()
	var all []*peer
	for {
		select {
		case <-m.done:
			return
		case <-every.C:
			all = all[:0]
			m.mu.RLock()
			for p := range m.peers {
				all = append(all, p)
			}
			m.mu.RUnlock()
			at := time.Now()
			for _, p := range all {
				p.watch(at)
			}
			clear(all)
		}
	}
}

// tell begins to tell a peer how its packets arrive.
func (m *Mux) tell(p *peer) {
	m.senders.Lock()
	defer m.senders.Unlock()
	m.receiving[p] = struct{}{}
	if m.beat == nil {
		m.beat = time.AfterFunc(pulse, m.tellAll)
	} else if len(m.receiving) == 1 {
		m.beat.Reset(pulse)
	}
}

// told ends what tell began.
func (m *Mux) told(p *peer) {
	m.senders.Lock()
	defer m.senders.Unlock()
	delete(m.receiving, p)
}

func (m *Mux) tellAll() {
	m.senders.Lock()
	all := slices.Collect(maps.Keys(m.receiving))
	if len(all) > 0 {
		m.beat.Reset(pulse)
	}
	m.senders.Unlock()
	at := time.Now()
	for _, p := range all {
		p.safe.tell(at)
	}
}

// Handle takes a packet that came, and tells whether it was for one of the peers. The
// packet may be changed and is not kept.
func (m *Mux) Handle(wire Wire, b []byte, from netip.AddrPort) bool {
	if len(b) == 0 {
		return false
	}
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	var p *peer
	m.mu.RLock()
	switch name := userName(b); {
	case name != nil:
		p = m.names[string(name)]
	case len(b) >= 2 && b[0] == 0 && b[1] == 1: // no check: the port may be a STUN server
	default:
		p = m.flows[flow{wire, from}]
	}
	m.mu.RUnlock()
	if p == nil {
		return false
	}
	p.arrive(wire, b, from)
	return true
}

// userName is our half of the user name of a connectivity check (RFC 8445, section
// 7.2.2), nil for anything else.
func userName(b []byte) []byte {
	const header, attribute = 20, 4
	if len(b) < header || b[0] != 0 || b[1] != 1 || binary.BigEndian.Uint32(b[4:]) != 0x2112A442 ||
		int(binary.BigEndian.Uint16(b[2:])) != len(b)-header {
		return nil
	}
	for rest := b[header:]; len(rest) >= attribute; {
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if len(rest) < attribute+length {
			return nil
		}
		if binary.BigEndian.Uint16(rest) == 0x0006 {
			for i, c := range rest[attribute : attribute+length] {
				if c == ':' {
					return rest[attribute : attribute+i]
				}
			}
			return nil
		}
		rest = rest[min(attribute+(length+3)&^3, len(rest)):]
	}
	return nil
}

// claim makes a user name a peer's.
func (m *Mux) claim(name string, p *peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names[name], m.peers[p] = p, struct{}{}
}

// forget ends what claim began.
func (m *Mux) forget(p *peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.peers, p)
}

// release forgets user names and addresses of a peer.
func (m *Mux) release(p *peer, names []string, flows []flow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range names {
		delete(m.names, n)
	}
	for _, f := range flows {
		if m.flows[f] == p { // and not another's by now
			delete(m.flows, f)
		}
	}
}

// at makes an address a peer's: it has shown in a check that it knows the password. A
// flow that another peer had until now is that peer's no more.
func (m *Mux) at(f flow, p *peer) {
	m.mu.RLock()
	has := m.flows[f] == p
	m.mu.RUnlock()
	if has {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flows[f] = p
}
