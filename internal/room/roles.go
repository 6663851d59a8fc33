// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"slices"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
)

// permitted finds who asks and checks its role. An empty id is the server
// itself, which may do everything; the member is nil then.
func (r *Room) permitted(by PeerID, p policy.Permission) (*member, error) {
	if by == "" {
		return nil, nil
	}
	m, err := r.member(by)
	if err != nil {
		return nil, err
	}
	role, _ := r.Role(m.Role)
	if !role.Permissions.Has(p) {
		return nil, fault.NotPermitted.New("role", m.Role, "permission", string(p))
	}
	return m, nil
}

// knownRoles fails with fault.RoleNotFound for a role that the template lacks.
func (r *Room) knownRoles(names []string) error {
	for _, n := range names {
		if _, ok := r.Role(n); !ok {
			return fault.RoleNotFound.New("field", "roles", "role", n)
		}
	}
	return nil
}

// asPeer is the public face of who asked; nil for the server.
func (m *member) asPeer() *Peer {
	if m == nil {
		return nil
	}
	p := m.Peer.clone()
	return &p
}

// roleOffer is a role offered to a peer and not accepted yet.
type roleOffer struct {
	target PeerID
	role   string
}

// RoleRequest asks for another role for one peer, or for all peers of Roles.
type RoleRequest struct {
	Target PeerID
	Roles  []string // bulk; always forced
	Role   string
	Force  bool // without asking the peer
}

// Roles changes the roles of a room's peers.
type Roles struct {
	r      *Room
	offers map[string]roleOffer // by their token
}

func newRoles(r *Room) *Roles { return &Roles{r: r, offers: map[string]roleOffer{}} }

// left hears that a peer accepts nothing any more.
func (o *Roles) left(id PeerID) {
	for token, offer := range o.offers {
		if offer.target == id {
			delete(o.offers, token)
		}
	}
}

// Request changes roles, at once when forced or when a peer that may
// change roles asks for itself, else after the peer accepts. Fails with
// fault.NotPermitted, PeerNotFound, RoleNotFound.
func (o *Roles) Request(ctx context.Context, by PeerID, q RoleRequest) error {
	return act(ctx, o.r, func() error {
		asker, err := o.r.permitted(by, policy.ChangeRole)
		if err != nil {
			return err
		}
		if _, ok := o.r.Role(q.Role); !ok {
			return fault.RoleNotFound.New("field", "role", "role", q.Role)
		}
		if len(q.Roles) > 0 {
			for _, m := range o.r.sorted() {
				if slices.Contains(q.Roles, m.Role) && m.ID != by {
					if err := o.change(m, q.Role); err != nil {
						return err
					}
				}
			}
			return nil
		}
		m, err := o.r.member(q.Target)
		if err != nil {
			return err
		}
		if q.Force || m.ID == by {
			return o.change(m, q.Role)
		}
		for old, offer := range o.offers {
			if offer == (roleOffer{m.ID, q.Role}) {
				delete(o.offers, old) // asked again: the newer one counts
			}
		}
		token := newID()
		o.offers[token] = roleOffer{m.ID, q.Role}
		m.to.Notify(RoleOffered{asker.asPeer(), q.Role, token})
		return nil
	})
}

// Accept takes up an offer. Fails with fault.RoleChangeStale when the
// offer was not made to this peer or is gone, and with fault.RoleFull, after which
// it stands.
func (o *Roles) Accept(ctx context.Context, id PeerID, token, role string) error {
	return act(ctx, o.r, func() error {
		m, err := o.r.member(id)
		if err != nil {
			return err
		}
		offer, open := o.offers[token]
		if !open || offer.target != id || (role != "" && offer.role != role) {
			return fault.RoleChangeStale.New("peer", id, "role", role)
		}
		if err := o.change(m, offer.role); err != nil {
			return err // it stands: the role may have room later
		}
		delete(o.offers, token)
		return nil
	})
}

// change is set and the update about it.
func (o *Roles) change(m *member, role string) error {
	if m.Role == role {
		return nil
	}
	if err := o.set(m, role); err != nil {
		return err
	}
	o.r.changed(m, false)
	return nil
}

// set gives a peer another role, tells it, and lets each side see or stop
// seeing the other's tracks as the new role has it. Tracks the new role may not
// publish are withdrawn at once; the client's own withdrawal follows, and until then
// they are not published again, whatever its role is by then.
func (o *Roles) set(m *member, name string) error {
	role, ok := o.r.Role(name)
	if !ok {
		return fault.RoleNotFound.New("field", "role", "role", name)
	}
	if m.Role == name {
		return nil
	}
	if err := o.r.seatFor(name, role); err != nil {
		return err
	}
	// Withdrawn while those who saw the tracks still do, or they would never
	// hear of it.
	var gone []Track
	for _, t := range m.Tracks {
		if !role.MayPublish(t.publishKind()) {
			gone = append(gone, t)
		}
	}
	o.r.withdraw(m, gone, "")
	for _, t := range gone {
		m.lost[t.ID] = true
	}
	before := o.views(m)
	m.Role = name
	m.to.Notify(RoleChanged{name})
	o.reveal(m, before)
	if len(gone) > 0 {
		o.r.notifyCounts()
	}
	return nil
}

// view is one direction of sight between two members.
type view struct{ viewer, owner *member }

// views lists what is seen now by or of a member.
func (o *Roles) views(m *member) map[view]bool {
	v := map[view]bool{}
	for _, other := range o.r.members {
		if other != m {
			v[view{m, other}], v[view{other, m}] = o.r.sees(m, other), o.r.sees(other, m)
		}
	}
	return v
}

// reveal tells of tracks that came into or went out of sight since before.
func (o *Roles) reveal(m *member, before map[view]bool) {
	for v, now := range o.views(m) {
		if now == before[v] || len(v.owner.Tracks) == 0 {
			continue
		}
		tracks := make([]Track, 0, len(v.owner.Tracks))
		for _, t := range v.owner.Tracks {
			tracks = append(tracks, t)
		}
		if !now {
			for id := range v.owner.sources {
				v.viewer.to.Notify(SourceGone{v.owner.ID, id})
			}
			unseen := v.owner.Peer.clone()
			clear(unseen.Tracks)
			v.viewer.to.Notify(TracksRemoved{unseen, tracks, ""})
			continue
		}
		v.viewer.to.Notify(TracksAdded{v.owner.Peer.clone(), tracks})
		for id, s := range v.owner.sources {
			v.viewer.to.Notify(SourceReady{v.owner.ID, v.owner.Tracks[id], s})
		}
	}
}
