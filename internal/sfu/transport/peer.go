// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// PeerConfig is what one peer of a Mux has of its own.
type PeerConfig struct {
	Events Events
	// RTCP takes a compound of the peer once for each stream it is about. It must not keep it.
	RTCP func(ssrc uint32, compound []byte)
	// Refused is told of a packet of media that belongs to no stream; nil for none.
	Refused func()
	// Checked tells that a connectivity check of the peer came.
	Checked func()
	// Candidates are told the peer in its first description and after each restart.
	Candidates func(ufrag string, handle func(wire Wire, b []byte, from netip.AddrPort)) []Candidate
	// Forget ends what Candidates began for a user name.
	Forget func(ufrag string)
	// Addresses bounds what goes to addresses that have proved nothing.
	Addresses Addresses
	// Gate is asked about each packet, by protocol; nil for none.
	Gate func(tcp bool) Gate
	// Count is told of each packet.
	Count func(out, tcp bool, b []byte)
}

// Addresses knows which addresses hear us, of UDP alone.
type Addresses interface {
	In(b []byte, from netip.AddrPort) bool
	Out(b []byte, to netip.AddrPort) bool
	// Proof is a check that an address has to answer now; nil for none.
	Proof(from netip.AddrPort, ufrag string) []byte
}

// Gate says what becomes of a packet on its way.
type Gate interface {
	Pass(out bool, packet []byte) (drop, damage bool, late time.Duration)
}

// peer is a connection of our own. It is an ICE-lite agent (RFC 8445, section 2.5).
type peer struct {
	mux  *Mux
	cfg  PeerConfig
	ssrc uint32 // we report under

	path atomic.Pointer[path] // in use
	safe secure
	chn  *channel

	mu        sync.Mutex
	id        uint64 // of the session (RFC 8829, section 5.2.1)
	version   uint64
	local     webrtc.SessionDescription
	offered   bool       // it waits for the peer's answer
	asked     bool       // the peer's offer waits for ours
	restarts  bool       // and that restarts ICE
	sections  []*section // as they stand in descriptions, then those that are new
	data      *section   // of these, the data channel's; nil: there is none
	learned   learned
	own, was  credential // was: of before a restart, until a check has the new one
	reaches   []Candidate
	flows     []heard
	remote    string // the peer's user name
	print     print  // the peer's
	passive   bool   // the peer waits for our ClientHello
	begun     bool
	closed    bool
	ice       webrtc.ICEConnectionState
	dtls      webrtc.DTLSTransportState
	state     webrtc.PeerConnectionState
	eventLock sync.Mutex // orders what Events are told

	last   atomic.Int64 // when a packet came that proves the peer's consent, Unix ns
	silent atomic.Bool  // nothing came for too long
}

type credential struct{ ufrag, pwd string }

// path is where packets go.
type path struct {
	wire  Wire
	sock  *Socket // the same, if it takes batches
	to    netip.AddrPort
	tcp   bool
	dest  destination
	local netip.AddrPort
	plain atomic.Bool // the kernel refuses segments to there
}

// heard is an address of the peer.
type heard struct {
	path     *path
	user     string // of the peer, in the latest check
	chosen   bool   // by a nomination
	asked    time.Time
	answered time.Time
	idle     bool // what comes from there is not taken for the peer's any more
}

// NewPeer makes a peer. It is closed by its owner before the Mux.
func (m *Mux) NewPeer(cfg PeerConfig) Peer {
	p := &peer{
		mux: m, cfg: cfg, ssrc: number(), id: randomNumber() >> 2, ice: webrtc.ICEConnectionStateNew,
		dtls: webrtc.DTLSTransportStateNew, state: webrtc.PeerConnectionStateNew,
	}
	p.safe.peer = p
	if cfg.Events.Stream != nil {
		p.safe.routes = map[uint32]*route{}
		m.tell(p)
	}
	return p
}

var errClosed = errors.New("the connection is closed")

func (p *peer) Stable() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.offered && !p.asked
}

// AddCandidate has nothing to do: a lite agent sends to where checks come from.
func (p *peer) AddCandidate(webrtc.ICECandidateInit) error { return nil }

func (p *peer) Receivers() (list []Receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sections {
		if s.in != nil {
			list = append(list, s)
		}
	}
	return list
}

func (p *peer) State() webrtc.PeerConnectionState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *peer) WriteRTCP(list []rtcp.Packet) error {
	b, err := rtcp.Marshal(list)
	if err != nil {
		return err
	}
	return p.safe.writeRTCP(b)
}

// Pairs are the addresses that checks came from.
func (p *peer) Pairs() (list []Pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	in := time.Time{}
	if at := p.last.Load(); at != 0 {
		in = time.Unix(0, at)
	}
	for _, h := range p.flows {
		one := Pair{State: webrtc.StatsICECandidatePairStateInProgress, Asked: h.asked, Answered: h.answered}
		one.Local, one.Remote = h.path.pair()
		if h.path == p.path.Load() {
			one.State, one.In = webrtc.StatsICECandidatePairStateSucceeded, in
		}
		list = append(list, one)
	}
	return list
}

// pair is the path as candidates.
func (w *path) pair() (local, remote webrtc.ICECandidate) {
	protocol := webrtc.ICEProtocolUDP
	if w.tcp {
		protocol = webrtc.ICEProtocolTCP
	}
	local = webrtc.ICECandidate{Protocol: protocol, Typ: webrtc.ICECandidateTypeHost, Address: w.local.Addr().String(), Port: w.local.Port()}
	remote = webrtc.ICECandidate{Protocol: protocol, Typ: webrtc.ICECandidateTypePrflx, Address: w.to.Addr().String(), Port: w.to.Port()}
	return local, remote
}

// Close ends the connection and tells the peer.
func (p *peer) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	names := []string{p.own.ufrag, p.was.ufrag}
	var flows []flow
	for _, h := range p.flows {
		flows = append(flows, flow{h.path.wire, h.path.to})
	}
	sections := slices.Clone(p.sections)
	p.mu.Unlock()
	for _, s := range sections {
		s.unbind()
	}
	p.safe.close()
	p.mux.told(p)
	p.mux.release(p, names, flows)
	p.mux.forget(p)
	if p.cfg.Forget != nil {
		for _, n := range names {
			if n != "" {
				p.cfg.Forget(n)
			}
		}
	}
	p.path.Store(nil)
	p.change(func() { p.ice, p.dtls = webrtc.ICEConnectionStateClosed, webrtc.DTLSTransportStateClosed })
	return nil
}

// change changes the states and tells of what became another. p.mu is not held.
func (p *peer) change(f func()) {
	p.eventLock.Lock()
	defer p.eventLock.Unlock()
	p.mu.Lock()
	if p.ice == webrtc.ICEConnectionStateClosed { // nothing comes after that
		p.mu.Unlock()
		return
	}
	ice, dtls, state := p.ice, p.dtls, p.state
	f()
	p.silent.Store(p.ice == webrtc.ICEConnectionStateDisconnected || p.ice == webrtc.ICEConnectionStateFailed)
	p.state = p.derive()
	newICE, newDTLS, newState := p.ice, p.dtls, p.state
	p.mu.Unlock()
	if ice != newICE {
		p.cfg.Events.ICE(newICE)
	}
	if dtls != newDTLS {
		p.cfg.Events.DTLS(newDTLS)
	}
	if state != newState {
		p.cfg.Events.Connection(newState)
	}
}

// derive is the state of the connection (W3C webrtc, section 4.3.3). p.mu is held.
func (p *peer) derive() webrtc.PeerConnectionState {
	switch {
	case p.closed:
		return webrtc.PeerConnectionStateClosed
	case p.ice == webrtc.ICEConnectionStateFailed, p.dtls == webrtc.DTLSTransportStateFailed:
		return webrtc.PeerConnectionStateFailed
	case p.ice == webrtc.ICEConnectionStateDisconnected:
		return webrtc.PeerConnectionStateDisconnected
	case p.ice == webrtc.ICEConnectionStateConnected && p.dtls == webrtc.DTLSTransportStateConnected:
		return webrtc.PeerConnectionStateConnected
	case p.ice == webrtc.ICEConnectionStateNew && p.dtls == webrtc.DTLSTransportStateNew:
		return webrtc.PeerConnectionStateNew
	}
	return webrtc.PeerConnectionStateConnecting
}

// watch notices that nothing comes any more, and for how long.
func (p *peer) watch(at time.Time) {
	last := p.last.Load()
	if last == 0 {
		return
	}
	quiet := at.Sub(time.Unix(0, last))
	var idle []flow
	p.mu.Lock()
	ice, used := p.ice, p.path.Load()
	for i := range p.flows {
		if h := &p.flows[i]; !h.idle && h.path != used && at.Sub(h.asked) >= flowRest {
			h.idle = true
			idle = append(idle, flow{h.path.wire, h.path.to})
		}
	}
	if idle != nil {
		p.mux.release(p, nil, idle)
	}
	p.mu.Unlock()
	cfg := &p.mux.cfg
	switch {
	case quiet >= cfg.Disconnected+cfg.Failed && ice == webrtc.ICEConnectionStateDisconnected:
		p.change(func() { p.ice = webrtc.ICEConnectionStateFailed })
	case quiet >= cfg.Disconnected && ice == webrtc.ICEConnectionStateConnected:
		p.change(func() { p.ice = webrtc.ICEConnectionStateDisconnected })
	}
}

// arrive takes a packet that came, past what stands between us and the network.
func (p *peer) arrive(wire Wire, b []byte, from netip.AddrPort) {
	tcp := p.overTCP(wire)
	if g := p.gate(tcp); g != nil {
		drop, damage, late := g.Pass(false, b)
		switch {
		case drop:
			return
		case late > 0:
			kept := slices.Clone(b)
			if damage {
				spoil(kept)
			}
			time.AfterFunc(late, func() { p.receive(wire, tcp, kept, from) })
			return
		case damage:
			spoil(b)
		}
	}
	p.receive(wire, tcp, b, from)
}

func (p *peer) gate(tcp bool) Gate {
	if p.cfg.Gate == nil {
		return nil
	}
	return p.cfg.Gate(tcp)
}

func (p *peer) overTCP(wire Wire) bool {
	_, udp := wire.(*Socket)
	return !udp
}

// spoil damages a packet past its header, as a broken network card would.
func spoil(b []byte) {
	for i := len(b) / 2; i < len(b); i += 97 {
		b[i] ^= 0x55
	}
}

// receive tells apart what shares the port (RFC 7983, section 7).
func (p *peer) receive(wire Wire, tcp bool, b []byte, from netip.AddrPort) {
	if p.cfg.Count != nil {
		p.cfg.Count(false, tcp, b)
	}
	if !tcp && !p.cfg.Addresses.In(b, from) {
		return
	}
	switch first := b[0]; {
	case first <= 3:
		p.checked(wire, tcp, b, from)
	case first >= 20 && first <= 63:
		p.safe.handshake(b)
	case first >= 128 && first <= 191 && len(b) >= 2 && b[1] >= 192 && b[1] <= 223: // RFC 5761, section 4
		p.safe.receiveRTCP(b)
	case first >= 128 && first <= 191:
		p.safe.receiveRTP(b)
	}
}

// write sends a packet to where the path leads, or loses it on the way.
func (p *peer) write(b []byte) error {
	w := p.path.Load()
	if w == nil {
		return errClosed
	}
	return p.writeTo(w, b)
}

// writeTo counts a packet before the gate has it: nobody here knows what becomes of one
// on the network.
func (p *peer) writeTo(w *path, b []byte) error {
	if !w.tcp && !p.cfg.Addresses.Out(b, w.to) {
		return nil
	}
	if p.cfg.Count != nil {
		p.cfg.Count(true, w.tcp, b)
	}
	if g := p.gate(w.tcp); g != nil {
		drop, damage, late := g.Pass(true, b)
		switch {
		case drop:
			return nil
		case damage || late > 0:
			b = slices.Clone(b)
			if damage {
				spoil(b)
			}
			if late > 0 {
				time.AfterFunc(late, func() { _, _ = w.wire.WriteToAddrPort(b, w.to) })
				return nil
			}
		}
	}
	_, err := w.wire.WriteToAddrPort(b, w.to)
	return err
}
