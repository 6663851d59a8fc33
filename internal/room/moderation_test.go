// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"testing"
	"testing/synctest"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
)

func TestMuteRequests(t *testing.T) {
	spec(t, "one track of one peer", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		bob.publish(microphone("bob"))
		w.ok(ann.room.Moderation().AskTrackMute(w.Context(), "ann", "bob", "bob-mic", true))
		asked := one[room.TrackMuteAsked](bob)
		w.same("asked", []any{asked.By.ID, asked.Track.ID, asked.Track.StreamID, asked.Mute}, []any{"ann", "bob-mic", "bob", true})
		w.refused(ann.room.Moderation().AskTrackMute(w.Context(), "ann", "bob", "bob-cam", true), fault.TrackNotFound, "track", "bob-cam")
		w.refused(ann.room.Moderation().AskTrackMute(w.Context(), "ann", "ghost", "bob-mic", true), fault.PeerNotFound)
		w.refused(ann.room.Moderation().AskTrackMute(w.Context(), "bob", "ann", "ann-mic", true), fault.NotPermitted, "permission", "mute")
	})
	spec(t, "all peers of some roles, but not the one who asks", func(w *world) {
		ann, amy, bob := w.join("ann", "host"), w.join("amy", "host"), w.join("bob", "guest")
		w.ok(ann.room.Moderation().AskMute(w.Context(), "ann", room.MuteRequest{Mute: true, Kind: room.Audio, Roles: []string{"host"}}))
		w.same("asked", one[room.MuteAsked](amy).Kind, room.Audio)
		none[room.MuteAsked](ann)
		none[room.MuteAsked](bob)
		w.ok(ann.room.Moderation().AskMute(w.Context(), "ann", room.MuteRequest{Mute: true}))
		w.same("asked", one[room.MuteAsked](bob).By.ID, "ann")
		w.refused(ann.room.Moderation().AskMute(w.Context(), "ann", room.MuteRequest{Roles: []string{"ghost"}}), fault.RoleNotFound)
	})
	spec(t, "to mute is one permission, to unmute another", func(w *world) {
		bob := w.join("bob", "guest")
		w.join("eve", "guest").publish(microphone("eve"))
		w.ok(bob.room.Moderation().AskMute(w.Context(), "bob", room.MuteRequest{Mute: true}))
		w.refused(bob.room.Moderation().AskMute(w.Context(), "bob", room.MuteRequest{Mute: false}), fault.NotPermitted, "permission", "unmute")
		w.ok(bob.room.Moderation().AskTrackMute(w.Context(), "bob", "eve", "eve-mic", true))
		w.refused(bob.room.Moderation().AskTrackMute(w.Context(), "bob", "eve", "eve-mic", false), fault.NotPermitted, "permission", "unmute")
	}, withRoles(func(r map[string]*policy.Role) { r["guest"].Permissions.Mute = true }))
}

func TestRemove(t *testing.T) {
	spec(t, "a peer is told, and gone for the others", func(w *world) {
		ann, bob, eve := w.join("ann", "host"), w.join("bob", "guest"), w.join("eve", "viewer")
		w.journal.told()
		w.ok(ann.room.Moderation().Remove(w.Context(), "ann", "bob", "loud"))
		out := one[room.Removed](bob)
		w.same("told", []any{out.By.ID, out.Reason, out.Ended}, []any{"ann", "loud", false})
		w.same("eve hears", one[room.PeerLeft](eve).Reason, "removed")
		w.same("journal", w.journal.told(), "left bob removed")
		w.same("size", ann.room.Size(), 2)
	})
	spec(t, "without permission, or nobody", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.refused(bob.room.Moderation().Remove(w.Context(), "bob", "ann", ""), fault.NotPermitted, "permission", "remove_others")
		w.refused(ann.room.Moderation().Remove(w.Context(), "ann", "ghost", ""), fault.PeerNotFound)
		w.ok(ann.room.Moderation().Remove(w.Context(), "", "bob", "by the server"))
		w.same("by", one[room.Removed](bob).By == nil, true)
	})
	spec(t, "all of a role, or all", func(w *world) {
		ann := w.join("ann", "host")
		w.join("bob", "guest")
		w.join("eve", "guest")
		n, err := ann.room.Moderation().RemoveRole(w.Context(), "guest", "over")
		w.ok(err)
		w.same("removed", n, 2)
		none[room.Removed](ann)
		n, err = ann.room.Moderation().RemoveRole(w.Context(), "", "over")
		w.ok(err)
		w.same("removed", n, 1)
		w.same("size", ann.room.Size(), 0)
	})
}

func TestEnd(t *testing.T) {
	spec(t, "everybody else is sent away, and the session ends with its ender", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.journal.told()
		w.ok(ann.room.Moderation().End(w.Context(), "ann", "over", false))
		out := one[room.Removed](bob)
		w.same("told", []any{out.By.ID, out.Reason, out.Ended}, []any{"ann", "over", true})
		none[room.Removed](ann)
		_, err := w.try("bob", "guest")
		w.refused(err, fault.RoomEnded, "peer", "bob")
		w.same("active", w.hub.Active("r1") != nil, true)
		ann.leave()
		w.same("journal", w.journal.told(), "left bob removed; left ann left; ended r1")
		w.same("active", w.hub.Active("r1") == nil, true)
	})
	spec(t, "afterwards a new session can begin, with everybody", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.ok(ann.room.Moderation().End(w.Context(), "ann", "over", false))
		ann.leave()
		again := w.join("bob", "guest")
		if again.snap.SessionID == bob.snap.SessionID {
			w.Error("the session is the old one")
		}
	})
	spec(t, "until its ender has left nobody joins what is closing", func(w *world) {
		ann := w.join("ann", "host")
		w.join("bob", "guest")
		w.ok(ann.room.Moderation().End(w.Context(), "ann", "over", false))
		_, err := w.try("eve", "guest")
		w.refused(err, fault.RoomEnded)
		ann.leave()
		w.join("eve", "guest")
	})
	spec(t, "locked, it lets nobody in while its ender is still inside", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.journal.told()
		w.ok(ann.room.Moderation().End(w.Context(), "ann", "over", true))
		w.same("journal", w.journal.told(), "locked r1; left bob removed")
		_, err := w.try("eve", "guest")
		w.refused(err, fault.RoomLocked, "room", "r1")
		w.refused(bob.room.Admits(w.Context(), "eve", "guest"), fault.RoomLocked)
		w.ok(ann.room.Admits(w.Context(), "ann", "host"))
	})
	spec(t, "by the server it ends at once", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.journal.told()
		w.ok(ann.room.Moderation().End(w.Context(), "", "maintenance", false))
		w.same("told", []any{one[room.Removed](ann).By == nil, one[room.Removed](bob).Ended}, []any{true, true})
		w.same("journal", w.journal.told(), "left ann removed; left bob removed; ended r1")
		synctest.Wait()
		w.same("closed", ann.room.Closed(), true)
	})
	spec(t, "at once even if somebody looks on", func(w *world) {
		ann := w.join("ann", "host")
		w.join("bob", "guest")
		look := &person{w: w, id: "look"}
		_, err := ann.room.Watch(w.Context(), look)
		w.ok(err)
		w.ok(ann.room.Moderation().End(w.Context(), "ann", "over", false))
		ann.leave()
		w.same("active", w.hub.Active("r1") == nil, true)
		heard := updates[room.CountsChanged](look)
		w.same("the onlooker hears", heard[len(heard)-1], room.CountsChanged{})
		w.same("closed", ann.room.Closed(), false)
		again := w.join("ann", "host")
		w.join("bob", "guest").leave()
		again.leave()
		w.same("the next session lingers", w.hub.Active("r1") != nil, true)
	})
	spec(t, "without permission", func(w *world) {
		w.join("ann", "host")
		bob := w.join("bob", "guest")
		w.refused(bob.room.Moderation().End(w.Context(), "bob", "", false), fault.NotPermitted, "permission", "end_room")
	})
}
