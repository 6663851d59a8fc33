// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"
	"github.com/pion/stun/v4"
)

// A lite agent (RFC 8445, section 2.5) answers connectivity checks and sends none,
// so no address would ever prove that it hears us; see amplification. So each address
// that sends something is sent checks of our own, in the name of the agent, until it has
// answered one. What the agent makes of the answers does not matter: it drops them.

// proofEvery is how long a check for proof has until the next is sent.
const proofEvery = 100 * time.Millisecond

// credentialsOf are what checks towards a peer are signed with (RFC 8445, section
// 7.2.2). All its sections are bundled, so those of the first will do.
func credentialsOf(d *sdp.SessionDescription) (ufrag, pwd string) {
	ufrag, _ = d.Attribute("ice-ufrag")
	pwd, _ = d.Attribute("ice-pwd")
	for _, m := range d.MediaDescriptions {
		u, _ := m.Attribute("ice-ufrag")
		p, _ := m.Attribute("ice-pwd")
		if u != "" && p != "" {
			return u, p
		}
	}
	return ufrag, pwd
}

// proof is a check that an address has to answer, nil if it owes none just now.
// ours is the user name of our side.
func (p *paths) proof(from netip.AddrPort, ours string) []byte {
	if last := p.last.Load(); last != nil && *last == from {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.at[plain(from)]
	if e == nil || e.proven || p.pwd == "" || time.Since(e.asked) < proofEvery {
		return nil
	}
	e.asked = time.Now()
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.ufrag+":"+ours), ice.PriorityAttr(proofPriority),
		ice.AttrControlled(p.tieBreaker), stun.NewShortTermIntegrity(p.pwd), stun.Fingerprint)
	if err != nil {
		return nil // a user name that is too long, which no check of the peer can have either
	}
	return m.Raw
}

// proofPriority is that of a peer-reflexive candidate over UDP (RFC 8445, section 5.1.2.1).
const proofPriority = 110<<24 | 65535<<8 | 255
