// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

func TestProfile(t *testing.T) {
	spec(t, "a new name or data is told to all and kept", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.journal.told()
		name, data := "Ann the Second", `{"mood":"fine"}`
		_, err := ann.room.Update(w.Context(), "ann", room.Change{Name: &name})
		w.ok(err)
		now, err := ann.room.Update(w.Context(), "ann", room.Change{Data: &data})
		w.ok(err)
		w.same("peer", []any{now.Name, now.Data, now.Role}, []any{name, data, "host"})
		for _, p := range []*person{ann, bob} {
			told := updates[room.PeerChanged](p)
			w.same("told", []any{len(told), told[1].Peer.Name, told[1].Peer.Data}, []any{2, name, data})
		}
		w.same("journal", w.journal.told(), `saved ann host "Ann the Second" []; saved ann host "Ann the Second" []`)
	})
	spec(t, "what is too long is refused by name", func(w *world) {
		ann := w.join("ann", "host")
		long, broken, data := strings.Repeat("x", 257), "\xff", strings.Repeat("x", 32*1024+1)
		_, err := ann.room.Update(w.Context(), "ann", room.Change{Name: &long})
		w.refused(err, fault.FieldInvalid, "field", "name", "max_characters", 256, "characters", 257)
		_, err = ann.room.Update(w.Context(), "ann", room.Change{Name: &broken})
		w.refused(err, fault.FieldInvalid, "field", "name")
		_, err = ann.room.Update(w.Context(), "ann", room.Change{Data: &data})
		w.refused(err, fault.FieldInvalid, "field", "data")
		_, err = ann.room.Update(w.Context(), "ghost", room.Change{})
		w.refused(err, fault.PeerNotFound)
		none[room.PeerChanged](ann)
	})
	spec(t, "the server can change the role as well", func(w *world) {
		bob := w.join("bob", "guest")
		role, wrong := "viewer", "ghost"
		_, err := bob.room.Update(w.Context(), "bob", room.Change{Role: &role})
		w.ok(err)
		w.same("bob hears", one[room.RoleChanged](bob).Role, "viewer")
		_, err = bob.room.Update(w.Context(), "bob", room.Change{Role: &wrong})
		w.refused(err, fault.RoleNotFound)
	})
}

func TestGroups(t *testing.T) {
	set := func(by *person, of room.PeerID, group string, in bool) (string, error) {
		groups, err := by.room.SetGroup(by.w.Context(), by.id, of, group, in)
		return strings.Join(groups, " "), err
	}
	spec(t, "a raised hand is seen by all, by its owner too", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		groups, err := set(bob, "bob", room.HandRaise, true)
		w.ok(err)
		w.same("groups", groups, room.HandRaise)
		for _, p := range []*person{ann, bob} {
			w.same("told", one[room.PeerChanged](p).Peer.InGroup(room.HandRaise), true)
			p.forget()
		}
		groups, err = set(ann, "bob", room.HandRaise, false)
		w.ok(err)
		w.same("groups", groups, "")
		w.same("told", one[room.PeerChanged](bob).Peer.InGroup(room.HandRaise), false)
	})
	spec(t, "of others it needs the permission to change roles", func(w *world) {
		w.join("ann", "host")
		bob := w.join("bob", "guest")
		_, err := set(bob, "ann", room.HandRaise, true)
		w.refused(err, fault.NotPermitted, "permission", "change_role")
		_, err = set(bob, "ghost", "g", true)
		w.refused(err, fault.PeerNotFound)
	})
	spec(t, "in a group one is once, and out of it one can go any number of times", func(w *world) {
		bob := w.join("bob", "guest")
		for range 2 {
			groups, err := set(bob, "bob", "red", true)
			w.ok(err)
			w.same("groups", groups, "red")
		}
		_, err := set(bob, "bob", "blue", true)
		w.ok(err)
		for range 2 {
			groups, err := set(bob, "bob", "red", false)
			w.ok(err)
			w.same("groups", groups, "blue")
		}
	})
	spec(t, "groups have names of bounded length, and there are twenty at most", func(w *world) {
		bob := w.join("bob", "guest")
		for _, name := range []string{"", strings.Repeat("x", 65)} {
			_, err := set(bob, "bob", name, true)
			w.refused(err, fault.FieldInvalid, "field", "name")
		}
		for i := range 20 {
			_, err := set(bob, "bob", fmt.Sprint("g", i), true)
			w.ok(err)
		}
		_, err := set(bob, "bob", "one more", true)
		w.refused(err, fault.GroupLimit, "limit", 20)
		_, err = set(bob, "bob", "g3", true)
		w.ok(err)
	})
	spec(t, "what was told of groups does not change afterwards", func(w *world) {
		bob := w.join("bob", "guest")
		for _, g := range []string{"a", "b", "c"} {
			_, err := set(bob, "bob", g, true)
			w.ok(err)
		}
		_, err := set(bob, "bob", "a", false)
		w.ok(err)
		told := updates[room.PeerChanged](bob)
		w.same("earlier news", told[2].Peer.Groups, []string{"a", "b", "c"})
		w.same("the latest", told[3].Peer.Groups, []string{"b", "c"})
	})
}

func TestFind(t *testing.T) {
	spec(t, "peers page by page in order of joining", func(w *world) {
		var r *room.Room
		for i := range 5 {
			r = w.join(fmt.Sprint("p", i), []string{"host", "guest"}[i%2]).room
		}
		_, err := r.SetGroup(w.Context(), "p3", "p3", "red", true)
		w.ok(err)
		at := func(id room.PeerID) room.Cursor {
			p, err := r.Peer(w.Context(), id)
			w.ok(err)
			return p.Cursor()
		}
		find := func(f room.Filter) string {
			page, err := r.Find(w.Context(), f)
			w.ok(err)
			return fmt.Sprintf("%s of %d last %v", names(page.Peers), page.Total, page.Last)
		}
		w.same("all", find(room.Filter{}), "p0 p1 p2 p3 p4 of 5 last true")
		w.same("a page", find(room.Filter{Limit: 2}), "p0 p1 of 5 last false")
		w.same("the next", find(room.Filter{Limit: 2, After: at("p1")}), "p2 p3 of 5 last false")
		w.same("the last", find(room.Filter{Limit: 2, After: at("p3")}), "p4 of 5 last true")
		w.same("a role", find(room.Filter{Role: "guest"}), "p1 p3 of 2 last true")
		w.same("a group", find(room.Filter{Group: "red"}), "p3 of 1 last true")
		w.same("by id", find(room.Filter{IDs: []room.PeerID{"p4", "p0", "ghost"}}), "p0 p4 of 2 last true")
		w.same("nobody", find(room.Filter{Role: "viewer"}), " of 0 last true")
		_, err = r.Find(w.Context(), room.Filter{Limit: -1})
		w.refused(err, fault.FieldInvalid, "field", "limit")
	})
	spec(t, "a page goes on after a peer that has left meanwhile", func(w *world) {
		var people []*person
		for i := range 4 {
			people = append(people, w.join(fmt.Sprint("p", i), "host"))
		}
		p1, err := people[0].room.Peer(w.Context(), "p1")
		w.ok(err)
		people[1].leave()
		page, err := people[0].room.Find(w.Context(), room.Filter{After: p1.Cursor(), Limit: 2})
		w.ok(err)
		w.same("the next page", names(page.Peers), "p2 p3")
	})
	spec(t, "by part of the name, whatever the case", func(w *world) {
		r := w.join("Anna", "host").room
		w.join("Joanna", "host")
		w.join("Bob", "host")
		page, err := r.Search(w.Context(), "aNN", 0, 1)
		w.ok(err)
		w.same("first", []any{names(page.Peers), page.Total, page.Last}, []any{"Anna", 2, false})
		page, err = r.Search(w.Context(), "ann", 1, 10)
		w.ok(err)
		w.same("rest", []any{names(page.Peers), page.Last}, []any{"Joanna", true})
		page, err = r.Search(w.Context(), "ann", 99, 0)
		w.ok(err)
		w.same("beyond", []any{len(page.Peers), page.Last}, []any{0, true})
		_, err = r.Search(w.Context(), "ann", -1, 0)
		w.refused(err, fault.FieldInvalid, "field", "offset")
	})
}
