// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// checked takes a packet of STUN: a check is answered, and one that nominates its path
// (RFC 8445, section 7.3.1.5) has media go there. The latest wins: clients repeat it on
// the path they use.
func (p *peer) checked(wire Wire, tcp bool, b []byte, from netip.AddrPort) {
	m := stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil {
		return
	}
	if m.Type != stun.BindingRequest {
		if m.Type == stun.BindingSuccess || m.Type == stun.BindingError {
			p.answered(wire, from)
		}
		return
	}
	name, err := m.Get(stun.AttrUsername)
	if err != nil {
		return
	}
	ours, theirs, _ := strings.Cut(string(name), ":")
	p.mu.Lock()
	var with credential
	switch ours {
	case p.own.ufrag:
		with = p.own
	case p.was.ufrag:
		with = p.was
	}
	known, current := p.remote, with == p.own
	closed, strange := p.closed, current && p.stranger(theirs)
	p.mu.Unlock()
	if with.ufrag == "" || closed || strange || stun.NewShortTermIntegrity(with.pwd).Check(&m) != nil {
		return
	}
	if p.cfg.Checked != nil {
		p.cfg.Checked()
	}
	chosen := m.Contains(stun.AttrUseCandidate)
	way := p.hear(wire, tcp, from, theirs, chosen, current)
	if way == nil {
		return
	}
	if m.Contains(stun.AttrICEControlled) { // both cannot be (RFC 8445, section 7.3.1.1)
		p.reply(way, &m, with, stun.NewType(stun.MethodBinding, stun.ClassErrorResponse), stun.CodeRoleConflict)
		return
	}
	p.reply(way, &m, with, stun.BindingSuccess, &stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())})
	p.prove(way, with.ufrag)
	if chosen || p.path.Load() == nil && current && known != "" {
		p.use(way, current)
	} else if p.path.Load() == way {
		p.alive(time.Now())
	}
}

// prove sends an address the check that it owes an answer to, if any. A peer that waits
// for one of ours before it nominates need not wait for its own next.
func (p *peer) prove(way *path, ufrag string) {
	if way.tcp {
		return
	}
	if check := p.cfg.Addresses.Proof(way.to, ufrag); check != nil {
		_ = p.writeTo(way, check)
	}
}

func (p *peer) reply(way *path, to *stun.Message, with credential, setters ...stun.Setter) {
	all := append([]stun.Setter{stun.NewTransactionIDSetter(to.TransactionID)}, setters...)
	all = append(all, stun.NewShortTermIntegrity(with.pwd), stun.Fingerprint)
	if m, err := stun.Build(all...); err == nil {
		_ = p.writeTo(way, m.Raw)
	}
}

// stranger tells that a user name is not the peer's: somebody else has seen our
// description. p.mu is held.
func (p *peer) stranger(user string) bool {
	restarting := p.was.ufrag != "" && p.offered // its new one is not known yet
	return p.remote != "" && user != p.remote && !restarting
}

// hear finds or makes the path to an address that has shown that it knows our password;
// nil when the peer has been closed meanwhile, or has answered and is another.
func (p *peer) hear(wire Wire, tcp bool, from netip.AddrPort, user string, chosen, current bool) *path {
	at := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || current && p.stranger(user) {
		return nil
	}
	for i := range p.flows {
		if h := &p.flows[i]; h.path.wire == wire && h.path.to == from {
			h.asked, h.user, h.idle = at, user, false
			h.chosen = h.chosen || chosen
			p.mux.at(flow{wire, from}, p) // again, if somebody else had it meanwhile
			return h.path
		}
	}
	if len(p.flows) == maxFlows { // the one that was silent for longest makes room
		oldest := -1
		for i, h := range p.flows {
			if h.path != p.path.Load() && (oldest < 0 || h.asked.Before(p.flows[oldest].asked)) {
				oldest = i
			}
		}
		gone := p.flows[oldest].path
		p.flows = append(p.flows[:oldest], p.flows[oldest+1:]...)
		p.mux.release(p, nil, []flow{{gone.wire, gone.to}})
	}
	w := &path{wire: wire, to: from, tcp: tcp}
	if sock, ok := wire.(*Socket); ok {
		w.sock = sock
		w.dest = sock.destination(from)
	}
	for _, c := range p.reaches {
		if c.Wire == wire && (!w.local.IsValid() || c.Addr.Addr().Is4() == from.Addr().Is4()) {
			w.local = c.Addr
		}
	}
	p.flows = append(p.flows, heard{path: w, asked: at, user: user, chosen: chosen})
	p.mux.at(flow{wire, from}, p)
	return w
}

// settle is the path to use now that the peer has answered: that in use, if the peer's
// checks came from there, or else one from which they came before its answer, preferably
// one that it has chosen; nil for none. Whoever else has seen the offer is left, and what
// they send is not taken for the peer's any more. p.mu is held.
func (p *peer) settle() *path {
	var left []flow
	p.flows = slices.DeleteFunc(p.flows, func(h heard) bool {
		if h.user == p.remote {
			return false
		}
		left = append(left, flow{h.path.wire, h.path.to})
		return true
	})
	p.mux.release(p, nil, left)
	used := p.path.Load()
	var theirs *path
	for _, h := range p.flows {
		switch {
		case h.path == used:
			return used
		case h.chosen || theirs == nil:
			theirs = h.path
		}
	}
	p.path.CompareAndSwap(used, nil)
	return theirs
}

// answered notes that an address answered a check of ours.
func (p *peer) answered(wire Wire, from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.flows {
		if h := &p.flows[i]; h.path.wire == wire && h.path.to == from {
			h.answered = time.Now()
		}
	}
}

// use has packets go to a path.
func (p *peer) use(way *path, current bool) {
	p.alive(time.Now())
	old := p.path.Swap(way)
	p.mu.Lock()
	if current {
		if gone := p.was.ufrag; gone != "" && !p.offered {
			p.was = credential{}
			defer p.mux.release(p, []string{gone}, nil)
			if p.cfg.Forget != nil {
				defer p.cfg.Forget(gone)
			}
		}
	}
	agreed, up := p.remote != "", p.ice == webrtc.ICEConnectionStateConnected
	p.mu.Unlock()
	if old != way {
		local, remote := way.pair()
		p.cfg.Events.Selected(&webrtc.ICECandidatePair{Local: &local, Remote: &remote})
	}
	if agreed && !up {
		p.change(func() {
			if !p.closed && p.remote != "" {
				p.ice = webrtc.ICEConnectionStateConnected
			}
		})
	}
	p.begin()
}

// alive notes that the peer still wants what is sent (RFC 7675).
func (p *peer) alive(at time.Time) {
	p.last.Store(at.UnixNano())
	if p.silent.Load() {
		p.change(func() {
			if !p.closed {
				p.ice = webrtc.ICEConnectionStateConnected
			}
		})
	}
}

// begin starts DTLS, once there is a path and the peer has answered.
func (p *peer) begin() {
	p.mu.Lock()
	ready := !p.begun && !p.closed && p.remote != "" && p.path.Load() != nil
	p.begun = p.begun || ready
	p.mu.Unlock()
	if ready {
		p.safe.start()
	}
}
