// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/text"
)

// Limits of what a peer may say of itself.
const (
	MaxData   = 32 * 1024 // bytes of a peer's data
	maxGroups = 20
	maxPage   = 100
)

// NameLimit is how long a display name may be.
var NameLimit = text.Of(256)

var groupLimit = text.Of(64) // of a group's name

// Change is what may be changed of a peer; nil leaves a thing as it is.
type Change struct {
	Name, Data *string
	Role       *string // forced, by the server
}

// Update changes a peer's name or data (and role, for the server itself) and
// tells everybody, the peer too, as it may be somebody else's doing. Fails with fault.PeerNotFound, FieldInvalid, RoleNotFound.
func (r *Room) Update(ctx context.Context, id PeerID, c Change) (Peer, error) {
	return call(ctx, r, func() (Peer, error) {
		m, err := r.member(id)
		if err != nil {
			return Peer{}, err
		}
		if err := CheckProfile(c.Name, c.Data); err != nil {
			return Peer{}, err
		}
		if c.Role != nil {
			if err := r.roles.set(m, *c.Role); err != nil {
				return Peer{}, err
			}
		}
		if c.Name != nil {
			m.Name = *c.Name
		}
		if c.Data != nil {
			m.Data = *c.Data
		}
		r.changed(m, true)
		return m.Peer.clone(), nil
	})
}

// CheckProfile fails with fault.FieldInvalid when a name or data is too long.
func CheckProfile(name, data *string) error {
	if name != nil && !utf8.ValidString(*name) {
		return fault.FieldInvalid.New("field", "name", "want", "UTF-8 text")
	}
	if name != nil {
		if over := NameLimit.Over(*name); over != nil {
			return fault.FieldInvalid.New(append([]any{"field", "name"}, over...)...)
		}
	}
	if data != nil && len(*data) > MaxData {
		return fault.FieldInvalid.New("field", "data", "max_bytes", MaxData, "bytes", len(*data))
	}
	return nil
}

// changed tells of a peer's new profile and saves it.
func (r *Room) changed(m *member, toItself bool) {
	u := PeerChanged{m.Peer.clone()}
	r.notifyOthers(m.ID, u)
	if toItself {
		m.to.Notify(u)
	}
	r.opt.Journal.PeerSaved(r.session, r.spec.ID, m.Peer.clone())
}

// SetGroup puts a peer into a group or takes it out and returns the peer's
// groups. A peer may move itself; moving others needs the permission to change
// roles. Fails with fault.PeerNotFound, NotPermitted, GroupLimit, FieldInvalid.
func (r *Room) SetGroup(ctx context.Context, by, id PeerID, group string, in bool) ([]string, error) {
	return call(ctx, r, func() ([]string, error) {
		if over := groupLimit.Over(group); group == "" || over != nil {
			return nil, fault.FieldInvalid.New(append([]any{"field", "name", "want", "1 to 64 characters"}, over...)...)
		}
		m, err := r.member(id)
		if err != nil {
			return nil, err
		}
		if by != id {
			if _, err := r.permitted(by, policy.ChangeRole); err != nil {
				return nil, err
			}
		}
		has := m.InGroup(group)
		switch {
		case in && !has && len(m.Groups) >= maxGroups:
			return nil, fault.GroupLimit.New("limit", maxGroups)
		case in && !has:
			m.Groups = append(slices.Clone(m.Groups), group)
		case !in && has:
			m.Groups = slices.DeleteFunc(slices.Clone(m.Groups), func(g string) bool { return g == group })
		}
		r.changed(m, true)
		return slices.Clone(m.Groups), nil
	})
}

// Peer returns one peer. Fails with fault.PeerNotFound.
func (r *Room) Peer(ctx context.Context, id PeerID) (Peer, error) {
	return call(ctx, r, func() (Peer, error) {
		m, err := r.member(id)
		if err != nil {
			return Peer{}, err
		}
		return m.Peer.clone(), nil
	})
}

// Filter selects peers; empty fields select all.
type Filter struct {
	Role, Group string
	IDs         []PeerID
	After       Cursor // the last peer of the page before; zero for the first page
	Limit       int    // 1 to 100; 0 means 10
}

// Cursor is a place in the order of joining, which is there even after the
// peer has left.
type Cursor struct {
	JoinedAt time.Time
	ID       PeerID
}

// Cursor is the peer's place in the order of joining.
func (p Peer) Cursor() Cursor { return Cursor{p.JoinedAt, p.ID} }

func (c Cursor) compare(o Cursor) int {
	return cmp.Or(c.JoinedAt.Compare(o.JoinedAt), cmp.Compare(c.ID, o.ID))
}

// Page is a page of peers in order of joining.
type Page struct {
	Peers []Peer
	Total int  // peers the filter selects
	Last  bool // no further page
}

// Find returns a page of the peers the filter selects.
func (r *Room) Find(ctx context.Context, f Filter) (Page, error) {
	return call(ctx, r, func() (Page, error) {
		limit := min(cmp.Or(f.Limit, 10), maxPage)
		if limit < 0 {
			return Page{}, fault.FieldInvalid.New("field", "limit", "want", "1 to 100")
		}
		wanted := make(map[PeerID]bool, len(f.IDs))
		for _, id := range f.IDs {
			wanted[id] = true
		}
		var all []*member
		for _, m := range r.sorted() {
			if (f.Role == "" || m.Role == f.Role) && (f.Group == "" || m.InGroup(f.Group)) &&
				(len(wanted) == 0 || wanted[m.ID]) {
				all = append(all, m)
			}
		}
		p := Page{Total: len(all)}
		if f.After != (Cursor{}) {
			all = slices.DeleteFunc(all, func(m *member) bool { return m.Cursor().compare(f.After) <= 0 })
		}
		p.Last = len(all) <= limit
		for _, m := range all[:min(limit, len(all))] {
			p.Peers = append(p.Peers, m.Peer.clone())
		}
		return p, nil
	})
}

// Search returns peers whose name contains the query, regardless of case.
func (r *Room) Search(ctx context.Context, query string, offset, limit int) (Page, error) {
	return call(ctx, r, func() (Page, error) {
		if offset < 0 {
			return Page{}, fault.FieldInvalid.New("field", "offset", "want", "0 or more")
		}
		limit = min(max(cmp.Or(limit, 10), 1), maxPage)
		query = strings.ToLower(query)
		var all []Peer
		for _, m := range r.sorted() {
			if strings.Contains(strings.ToLower(m.Name), query) {
				all = append(all, m.Peer.clone())
			}
		}
		from := min(offset, len(all))
		to := min(from+limit, len(all))
		return Page{Peers: all[from:to], Total: len(all), Last: to == len(all)}, nil
	})
}
