package room

import (
	"context"
	"slices"

	"github.com/redial-rtc/redial/fault"
)

// permission names one thing a role may do, in the words of the template.
type permission string

const (
	permChangeRole   permission = "changeRole"
	permEndRoom      permission = "endRoom"
	permRemoveOthers permission = "removeOthers"
	permMute         permission = "mute"
	permUnmute       permission = "unmute"
)

// permitted finds who asks and checks its role. An empty id is the server
// itself, which may do everything; the member is nil then.
func (r *Room) permitted(by PeerID, p permission) (*member, error) {
	if by == "" {
		return nil, nil
	}
	m, err := r.member(by)
	if err != nil {
		return nil, err
	}
	role, _ := r.Role(m.Role)
	has := map[permission]bool{
		permChangeRole: role.Permissions.ChangeRole, permEndRoom: role.Permissions.EndRoom,
		permRemoveOthers: role.Permissions.RemoveOthers, permMute: role.Permissions.Mute,
		permUnmute: role.Permissions.Unmute,
	}[p]
	if !has {
		return nil, fault.NotPermitted.New("role", m.Role, "permission", string(p))
	}
	return m, nil
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

// RequestRole changes roles, at once when forced or when a peer that may
// change roles asks for itself, else after the peer accepts. Fails with
// fault.NotPermitted, PeerNotFound, RoleNotFound.
func (r *Room) RequestRole(ctx context.Context, by PeerID, q RoleRequest) error {
	return act(ctx, r, func() error {
		asker, err := r.permitted(by, permChangeRole)
		if err != nil {
			return err
		}
		if _, ok := r.Role(q.Role); !ok {
			return fault.RoleNotFound.New("field", "role", "role", q.Role)
		}
		if len(q.Roles) > 0 {
			for _, m := range r.sorted() {
				if slices.Contains(q.Roles, m.Role) && m.ID != by {
					if err := r.changeRole(m, q.Role); err != nil {
						return err
					}
				}
			}
			return nil
		}
		m, err := r.member(q.Target)
		if err != nil {
			return err
		}
		if q.Force || m.ID == by {
			return r.changeRole(m, q.Role)
		}
		for old, o := range r.offers {
			if o == (roleOffer{m.ID, q.Role}) {
				delete(r.offers, old) // asked again: the newer one counts
			}
		}
		token := newID()
		r.offers[token] = roleOffer{m.ID, q.Role}
		m.to.Notify(RoleOffered{asker.asPeer(), q.Role, token})
		return nil
	})
}

// AcceptRole takes up an offer. Fails with fault.RoleChangeStale when the
// offer was not made to this peer or is gone.
func (r *Room) AcceptRole(ctx context.Context, id PeerID, token, role string) error {
	return act(ctx, r, func() error {
		m, err := r.member(id)
		if err != nil {
			return err
		}
		o, open := r.offers[token]
		if !open || o.target != id || (role != "" && o.role != role) {
			return fault.RoleChangeStale.New("peer", id, "role", role)
		}
		delete(r.offers, token)
		return r.changeRole(m, o.role)
	})
}

// changeRole is setRole and the update about it.
func (r *Room) changeRole(m *member, role string) error {
	if m.Role == role {
		return nil
	}
	if err := r.setRole(m, role); err != nil {
		return err
	}
	r.changed(m, false)
	return nil
}

// setRole gives a peer another role, tells it, and lets each side see or stop
// seeing the other's tracks as the new role has it. Tracks the new role may not
// publish are withdrawn at once; the client's own withdrawal follows.
func (r *Room) setRole(m *member, name string) error {
	role, ok := r.Role(name)
	if !ok {
		return fault.RoleNotFound.New("field", "role", "role", name)
	}
	if m.Role == name {
		return nil
	}
	if err := r.seatFor(name, role); err != nil {
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
	r.withdraw(m, gone)
	before := r.views(m)
	m.Role = name
	m.to.Notify(RoleChanged{name})
	r.reveal(m, before)
	if len(gone) > 0 {
		r.notifyCounts()
	}
	return nil
}

// view is one direction of sight between two members.
type view struct{ viewer, owner *member }

// views lists what is seen now by or of a member.
func (r *Room) views(m *member) map[view]bool {
	v := map[view]bool{}
	for _, o := range r.members {
		if o != m {
			v[view{m, o}], v[view{o, m}] = r.sees(m, o), r.sees(o, m)
		}
	}
	return v
}

// reveal tells of tracks that came into or went out of sight since before.
func (r *Room) reveal(m *member, before map[view]bool) {
	for v, now := range r.views(m) {
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
			v.viewer.to.Notify(TracksRemoved{v.owner.Peer.clone(), tracks})
			continue
		}
		v.viewer.to.Notify(TracksAdded{v.owner.Peer.clone(), tracks})
		for id, s := range v.owner.sources {
			v.viewer.to.Notify(SourceReady{v.owner.ID, v.owner.Tracks[id], s})
		}
	}
}
