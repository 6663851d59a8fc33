// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
)

func TestJoin(t *testing.T) {
	spec(t, "a peer learns who is there, the others learn of it", func(w *world) {
		ann := w.join("ann", "host")
		bob := w.join("bob", "guest")
		w.same("peers", names(bob.snap.Peers), "ann bob")
		w.same("ann hears of", one[room.PeerJoined](ann).Peer.ID, "bob")
		none[room.PeerJoined](bob)
		w.same("session", bob.snap.SessionID, ann.snap.SessionID)
		w.same("size", ann.room.Size(), 2)
	})
	spec(t, "a room is full when its seats are taken", func(w *world) {
		w.join("ann", "host")
		bob := w.join("bob", "host")
		_, err := w.try("eve", "host")
		w.refused(err, fault.RoomFull, "limit", 2)
		w.refused(bob.room.Admits(w.Context(), "eve", "host"), fault.RoomFull)
		bob.leave()
		w.ok(bob.room.Admits(w.Context(), "eve", "host"))
		w.join("eve", "host")
	}, func(_ *room.Options, f *room.Spec) { f.MaxPeers = 2 })
	spec(t, "a room without a limit of its own has the hub's", func(w *world) {
		w.join("ann", "host")
		_, err := w.try("eve", "host")
		w.refused(err, fault.RoomFull, "limit", 1)
	}, func(o *room.Options, _ *room.Spec) { o.MaxPeers = 1 })
	spec(t, "a role is full when its seats are taken", func(w *world) {
		ann := w.join("ann", "host")
		_, err := w.try("eve", "host")
		w.refused(err, fault.RoleFull, "role", "host", "limit", 1)
		w.join("bob", "guest")
		ann.leave()
		w.join("eve", "host")
	}, withRoles(func(r map[string]*policy.Role) { r["host"].MaxPeers = 1 }))
	spec(t, "a role without seats lets nobody in", func(w *world) {
		_, err := w.try("ann", "viewer")
		w.refused(err, fault.RoleFull, "role", "viewer", "limit", 0)
	}, withRoles(func(r map[string]*policy.Role) { r["viewer"].MaxPeers = policy.NoSeats }))
	spec(t, "a role must exist", func(w *world) {
		_, err := w.try("ann", "ghost")
		w.refused(err, fault.TokenRole, "role", "ghost")
	})
	spec(t, "an id joins once, but its holder would still be admitted", func(w *world) {
		ann := w.join("ann", "host")
		_, err := w.try("ann", "host")
		w.refused(err, fault.PeerAlreadyJoined, "peer", "ann")
		w.ok(ann.room.Admits(w.Context(), "ann", "host"))
	}, func(_ *room.Options, f *room.Spec) { f.MaxPeers = 1 })
	spec(t, "one who was removed stays out for a while", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.ok(ann.room.Moderation().Remove(w.Context(), "ann", "bob", "loud"))
		_, err := w.try("bob", "guest")
		w.refused(err, fault.PeerRemoved, "peer", "bob")
		w.refused(bob.room.Admits(w.Context(), "bob", "guest"), fault.PeerRemoved)
		time.Sleep(11 * time.Minute)
		w.join("eve", "guest")
		w.ok(ann.room.Moderation().Remove(w.Context(), "ann", "eve", "")) // old removals are forgotten on the way
		w.join("bob", "guest")
	})
	spec(t, "one who leaves is gone for the others, with the reason", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		bob.room.Leave(w.Context(), "bob", "closed")
		left := one[room.PeerLeft](ann)
		w.same("left", []any{left.Peer.ID, left.Reason}, []any{"bob", "closed"})
		none[room.PeerLeft](bob)
		bob.room.Leave(w.Context(), "bob", "again")
		one[room.PeerLeft](ann)
		_, err := ann.room.Peer(w.Context(), "bob")
		w.refused(err, fault.PeerNotFound, "peer", "bob")
	})
	spec(t, "a peer of an earlier process keeps its time and its groups", func(w *world) {
		at := time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)
		ann := &person{w: w, id: "ann"}
		_, err := w.hub.Join(w.Context(), w.spec, ann, room.Peer{ID: "ann", Role: "host", JoinedAt: at, Groups: []string{room.HandRaise}})
		w.ok(err)
		bob := w.join("bob", "host")
		w.same("ann", []any{bob.snap.Peers[0].JoinedAt, bob.snap.Peers[0].InGroup(room.HandRaise)}, []any{at, true})
	})
}

func TestCounts(t *testing.T) {
	last := func(p *person) room.CountsChanged {
		list := updates[room.CountsChanged](p)
		if len(list) == 0 {
			p.w.Fatalf("%s heard no counts", p.id)
		}
		return list[len(list)-1]
	}
	spec(t, "everybody hears how many there are and what they publish", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		look := &person{w: w, id: "look"}
		snap, err := ann.room.Watch(w.Context(), look)
		w.ok(err)
		w.same("peers at the door", names(snap.Peers), "ann bob")
		bob.publish(camera("bob"), microphone("bob"))
		for _, p := range []*person{ann, bob, look} {
			c := last(p)
			w.same("counts", []any{c.Peers, c.Tracks, c.SessionID}, []any{2, 2, ann.snap.SessionID})
		}
		bob.leave()
		w.same("counts", []any{last(look).Peers, last(look).Tracks}, []any{1, 0})
		ann.room.Unwatch(w.Context(), look)
		look.forget()
		w.join("eve", "guest")
		none[room.CountsChanged](look)
	})
	spec(t, "one who joins is no longer a mere onlooker", func(w *world) {
		r, err := w.hub.Open(w.spec)
		w.ok(err)
		p := &person{w: w, id: "ann"}
		_, err = r.Watch(w.Context(), p)
		w.ok(err)
		err = r.Join(w.Context(), p, room.Peer{ID: "ann", Role: "host"})
		w.ok(err)
		p.forget()
		w.join("bob", "guest")
		one[room.CountsChanged](p)
	})
	spec(t, "a role that takes tracks away changes the counts", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		bob.publish(camera("bob"))
		w.ok(ann.room.Roles().Request(w.Context(), "ann", room.RoleRequest{Target: "bob", Role: "viewer", Force: true}))
		w.same("tracks", last(ann).Tracks, 0)
	})
}

func TestSnapshot(t *testing.T) {
	spec(t, "a viewer sees the tracks and sources its role subscribes to, the server all", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		ann.publish(camera("ann"))
		bob.publish(microphone("bob"))
		ann.flow(camera("ann"))
		bob.flow(microphone("bob"))
		tracks := func(s room.Snapshot, id room.PeerID) int {
			for _, p := range s.Peers {
				if p.ID == id {
					return len(p.Tracks)
				}
			}
			return -1
		}
		eve := w.join("eve", "viewer")
		w.same("eve sees", []any{tracks(eve.snap, "ann"), tracks(eve.snap, "bob"), len(eve.snap.Sources)}, []any{1, 0, 1})
		all, err := ann.room.Snapshot(w.Context())
		w.ok(err)
		w.same("the server sees", []any{tracks(all, "ann"), tracks(all, "bob"), len(all.Sources)}, []any{1, 1, 0})
		peers, count := all.Counts()
		w.same("counts", []any{peers, count}, []any{3, 2})

		w.ok(eve.room.SyncState(w.Context(), "eve"))
		again := one[room.StateSync](eve).Snapshot
		w.same("refreshed", []any{names(again.Peers), again.Sources[0].PeerID}, []any{"ann bob eve", "ann"})
		w.refused(eve.room.SyncState(w.Context(), "ghost"), fault.PeerNotFound)
	}, withRoles(func(r map[string]*policy.Role) { r["viewer"].Subscribe.ToRoles = []string{"host"} }))
	spec(t, "one's own tracks are there, one's own media is not", func(w *world) {
		ann := w.join("ann", "host")
		ann.publish(camera("ann"))
		ann.flow(camera("ann"))
		w.ok(ann.room.SyncState(w.Context(), "ann"))
		s := one[room.StateSync](ann).Snapshot
		w.same("own", []any{len(s.Peers[0].Tracks), len(s.Sources)}, []any{1, 0})
	})
	spec(t, "what one was given does not change afterwards", func(w *world) {
		ann := w.join("ann", "host")
		ann.publish(camera("ann"))
		s, err := ann.room.Snapshot(w.Context())
		w.ok(err)
		ann.publish()
		w.same("tracks", len(s.Peers[0].Tracks), 1)
		delete(s.Peers[0].Tracks, "ann-cam")
		ann.publish(camera("ann"))
		w.same("facts", []any{s.RoomID, s.Name, s.MaxPeers}, []any{"r1", "lobby", 200})
	})
}
