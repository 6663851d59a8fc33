// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
)

func TestRoleChange(t *testing.T) {
	ask := func(by *person, q room.RoleRequest) error { return by.room.Roles().Request(by.w.Context(), by.id, q) }
	roleOf := func(p *person) string {
		now, err := p.room.Peer(p.w.Context(), p.id)
		p.w.ok(err)
		return now.Role
	}
	spec(t, "by force it happens at once", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.journal.told()
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "viewer", Force: true}))
		w.same("bob hears", one[room.RoleChanged](bob).Role, "viewer")
		w.same("ann hears", one[room.PeerChanged](ann).Peer.Role, "viewer")
		none[room.PeerChanged](bob)
		w.same("role", roleOf(bob), "viewer")
		w.same("journal", w.journal.told(), `saved bob viewer "bob" []`)
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "viewer", Force: true}))
		one[room.RoleChanged](bob) // it has that role already
	})
	spec(t, "by consent it happens when the peer accepts", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "host"}))
		offer := one[room.RoleOffered](bob)
		w.same("offer", []any{offer.By.ID, offer.Role}, []any{"ann", "host"})
		w.same("role", roleOf(bob), "guest")
		none[room.RoleChanged](bob)

		accept := func(by room.PeerID, token, role string) error {
			return ann.room.Roles().Accept(w.Context(), by, token, role)
		}
		w.refused(accept("ann", offer.Token, "host"), fault.RoleChangeStale)
		w.refused(accept("bob", "guessed", "host"), fault.RoleChangeStale, "peer", "bob")
		w.refused(accept("bob", offer.Token, "viewer"), fault.RoleChangeStale)
		w.ok(accept("bob", offer.Token, "host"))
		w.same("role", roleOf(bob), "host")
		w.refused(accept("bob", offer.Token, "host"), fault.RoleChangeStale)
	})
	spec(t, "asked twice, the newer offer counts", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "host"}))
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "viewer"}))
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "host"}))
		offers := updates[room.RoleOffered](bob)
		w.refused(ann.room.Roles().Accept(w.Context(), "bob", offers[0].Token, ""), fault.RoleChangeStale)
		w.ok(ann.room.Roles().Accept(w.Context(), "bob", offers[1].Token, ""))
		w.ok(ann.room.Roles().Accept(w.Context(), "bob", offers[2].Token, ""))
	})
	spec(t, "an offer ends with the peer's stay", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "host"}))
		offer := one[room.RoleOffered](bob)
		bob.leave()
		w.join("bob", "guest")
		w.refused(ann.room.Roles().Accept(w.Context(), "bob", offer.Token, "host"), fault.RoleChangeStale)
	})
	spec(t, "of oneself it needs no consent", func(w *world) {
		ann := w.join("ann", "host")
		w.ok(ask(ann, room.RoleRequest{Target: "ann", Role: "guest"}))
		w.same("role", roleOf(ann), "guest")
		w.refused(ask(ann, room.RoleRequest{Target: "ann", Role: "host"}), fault.NotPermitted, "permission", "change_role")
	})
	spec(t, "of all peers of some roles, but not of the one who asks", func(w *world) {
		ann, amy := w.join("ann", "host"), w.join("amy", "host")
		bob, eve := w.join("bob", "guest"), w.join("eve", "viewer")
		w.ok(ask(ann, room.RoleRequest{Roles: []string{"host", "guest"}, Role: "viewer"}))
		w.same("roles", []any{roleOf(ann), roleOf(amy), roleOf(bob), roleOf(eve)}, []any{"host", "viewer", "viewer", "viewer"})
		none[room.RoleChanged](eve)
	})
	spec(t, "without permission, to nobody, to nothing", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.refused(ask(bob, room.RoleRequest{Target: "ann", Role: "guest", Force: true}), fault.NotPermitted, "role", "guest", "permission", "change_role")
		w.refused(ask(ann, room.RoleRequest{Target: "ghost", Role: "guest"}), fault.PeerNotFound)
		w.refused(ask(ann, room.RoleRequest{Target: "bob", Role: "ghost"}), fault.RoleNotFound)
		w.same("role", roleOf(ann), "host")
	})
	spec(t, "to a role without a free seat", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.join("eve", "viewer")
		w.refused(ask(ann, room.RoleRequest{Target: "bob", Role: "viewer", Force: true}), fault.RoleFull, "role", "viewer", "limit", 1)
		w.same("role", roleOf(bob), "guest")
	}, withRoles(func(r map[string]*policy.Role) { r["viewer"].MaxPeers = 1 }))
	spec(t, "an offer that meets a full role stands until there is room", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		eve := w.join("eve", "viewer")
		w.ok(ask(ann, room.RoleRequest{Target: "bob", Role: "viewer"}))
		offer := one[room.RoleOffered](bob)
		w.refused(ann.room.Roles().Accept(w.Context(), "bob", offer.Token, ""), fault.RoleFull)
		eve.leave()
		w.ok(ann.room.Roles().Accept(w.Context(), "bob", offer.Token, ""))
		w.same("role", roleOf(bob), "viewer")
		w.refused(ann.room.Roles().Accept(w.Context(), "bob", offer.Token, ""), fault.RoleChangeStale)
	}, withRoles(func(r map[string]*policy.Role) { r["viewer"].MaxPeers = 1 }))
	spec(t, "to a role without any seat", func(w *world) {
		ann := w.join("ann", "host")
		w.refused(ask(ann, room.RoleRequest{Target: "ann", Role: "viewer"}), fault.RoleFull)
	}, withRoles(func(r map[string]*policy.Role) { r["viewer"].MaxPeers = policy.NoSeats }))
}
