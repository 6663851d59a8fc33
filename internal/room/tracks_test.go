// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
)

// viewersSeeHosts makes guests invisible to viewers.
var viewersSeeHosts = withRoles(func(r map[string]*policy.Role) { r["viewer"].Subscribe.ToRoles = []string{"host"} })

func TestPublish(t *testing.T) {
	spec(t, "each statement is the whole, and what changed is told", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		done := ann.publish(camera("ann"), microphone("ann"))
		w.same("added", ids(done.Added), "ann-cam ann-mic")
		w.same("told", ids(one[room.TracksAdded](bob).Tracks), "ann-cam ann-mic")
		none[room.TracksAdded](ann)

		bob.forget()
		w.same("nothing new", ann.publish(camera("ann"), microphone("ann")), room.Published{})
		none[room.TracksAdded](bob)
		none[room.TracksChanged](bob)

		muted := camera("ann")
		muted.Mute = true
		done = ann.publish(muted)
		w.same("changed and removed", []any{ids(done.Changed), ids(done.Removed)}, []any{"ann-cam", "ann-mic"})
		w.same("told", one[room.TracksChanged](bob).Tracks[0].Mute, true)
		gone := one[room.TracksRemoved](bob)
		w.same("told", []any{gone.Peer.ID, ids(gone.Tracks), len(gone.Peer.Tracks)}, []any{"ann", "ann-mic", 1})
	})
	spec(t, "a node has so many tracks, whoever publishes them", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		ann.publish(camera("ann"), camera("ann"), microphone("ann"))
		refused := func(want int) {
			w.Helper()
			done, err := bob.room.Publish(w.Context(), "bob", []room.Track{camera("bob"), microphone("bob")})
			w.ok(err)
			w.same("refused", len(done.Refused), want)
			for _, err := range done.Refused {
				w.refused(err, fault.Overloaded, "limit", "limits.tracks", "max", 3)
			}
		}
		refused(1)
		w.same("tracks", w.hub.Tracks(), 3)
		ann.publish(camera("ann"), microphone("ann")) // what is there may stay
		w.same("tracks", w.hub.Tracks(), 3)
		ann.leave()
		refused(0)
		w.same("tracks", w.hub.Tracks(), 2)
		bob.publish()
		w.same("tracks", w.hub.Tracks(), 0)
	}, func(o *room.Options, _ *room.Spec) { o.NodeTracks = 3 })
	spec(t, "what the role does not allow is left out and named", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		screen := room.Track{ID: "bob-screen", Kind: room.Video, Source: room.SourceScreen}
		done, err := bob.room.Publish(w.Context(), "bob", []room.Track{camera("bob"), screen})
		w.ok(err)
		w.same("added", ids(done.Added), "bob-cam")
		w.refused(done.Refused[0], fault.PublishNotAllowed, "kind", "screen", "role", "guest", "track", "bob-screen")
		w.same("told", ids(one[room.TracksAdded](ann).Tracks), "bob-cam")
	}, withRoles(func(r map[string]*policy.Role) { r["guest"].Publish.Allowed = []string{"audio", "video"} }))
	spec(t, "the sound of a screen is part of the screen", func(w *world) {
		bob := w.join("bob", "guest")
		sound := room.Track{ID: "sound", Kind: room.Audio, Source: room.SourceScreen}
		done, err := bob.room.Publish(w.Context(), "bob", []room.Track{sound, microphone("bob")})
		w.ok(err)
		w.same("added", ids(done.Added), "sound")
		w.refused(done.Refused[0], fault.PublishNotAllowed, "kind", "audio")
	}, withRoles(func(r map[string]*policy.Role) { r["guest"].Publish.Allowed = []string{"screen"} }))
	spec(t, "nobody publishes under another's track id", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		ann.publish(camera("ann"))
		done, err := bob.room.Publish(w.Context(), "bob", []room.Track{camera("ann"), microphone("bob")})
		w.ok(err)
		w.same("added", ids(done.Added), "bob-mic")
		w.refused(done.Refused[0], fault.FieldInvalid, "field", "track_id", "track", "ann-cam")
	})
	spec(t, "too many tracks", func(w *world) {
		ann := w.join("ann", "host")
		_, err := ann.room.Publish(w.Context(), "ann", []room.Track{camera("1"), camera("2"), camera("3")})
		w.refused(err, fault.TrackLimit, "limit", 2, "tracks", 3)
	}, func(o *room.Options, _ *room.Spec) { o.MaxTracks = 2 })
	spec(t, "by somebody who is not there", func(w *world) {
		ann := w.join("ann", "host")
		_, err := ann.room.Publish(w.Context(), "ghost", nil)
		w.refused(err, fault.PeerNotFound)
		_, err = ann.room.UpdateTracks(w.Context(), "ghost", nil)
		w.refused(err, fault.PeerNotFound)
		w.refused(ann.room.SetSource(w.Context(), "ghost", "t", &media{}), fault.PeerNotFound)
	})
	spec(t, "a mute is told, and an unknown track passed over", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		ann.publish(camera("ann"), microphone("ann"))
		muted, stranger := microphone("ann"), microphone("stranger")
		muted.Mute, muted.Description = true, "lapel"
		changed, err := ann.room.UpdateTracks(w.Context(), "ann", []room.Track{muted, camera("ann"), stranger})
		w.ok(err)
		w.same("changed", ids(changed), "ann-mic")
		told := one[room.TracksChanged](bob).Tracks
		w.same("told", []any{ids(told), told[0].Mute, told[0].Description}, []any{"ann-mic", true, "lapel"})
		again, err := ann.room.UpdateTracks(w.Context(), "ann", []room.Track{muted})
		w.ok(err)
		w.same("again", len(again), 0)
	})
	spec(t, "an update changes neither kind nor source", func(w *world) {
		ann := w.join("ann", "host")
		ann.publish(microphone("ann"))
		forged := microphone("ann")
		forged.Kind, forged.Source, forged.Mute = room.Video, room.SourceScreen, true
		changed, err := ann.room.UpdateTracks(w.Context(), "ann", []room.Track{forged})
		w.ok(err)
		w.same("changed", []any{changed[0].Kind, changed[0].Source}, []any{room.Audio, room.SourceRegular})
	})
}

func TestVisibility(t *testing.T) {
	spec(t, "only those whose role subscribes hear of tracks and media", func(w *world) {
		ann, bob, eve := w.join("ann", "host"), w.join("bob", "guest"), w.join("eve", "viewer")
		bob.publish(camera("bob"))
		src := bob.flow(camera("bob"))
		muted := camera("bob")
		muted.Mute = true
		_, err := bob.room.UpdateTracks(w.Context(), "bob", []room.Track{muted})
		w.ok(err)
		bob.room.ClearSource(w.Context(), "bob", "bob-cam", src)
		bob.publish()
		one[room.TracksAdded](ann)
		w.same("media", one[room.SourceReady](ann).Source == room.Source(src), true)
		one[room.TracksChanged](ann)
		one[room.SourceGone](ann)
		one[room.TracksRemoved](ann)
		none[room.TracksAdded](eve)
		none[room.SourceReady](eve)
		none[room.TracksChanged](eve)
		none[room.SourceGone](eve)
		none[room.TracksRemoved](eve)
		w.same("eve still knows of the peer", names(eve.snap.Peers), "ann bob eve")
	}, viewersSeeHosts)
	spec(t, "a viewer who becomes a guest sees what it could not, and back", func(w *world) {
		ann, bob, eve := w.join("ann", "host"), w.join("bob", "guest"), w.join("eve", "viewer")
		bob.publish(camera("bob"))
		bob.flow(camera("bob"))
		none[room.TracksAdded](eve)
		change := func(role string) {
			w.ok(ann.room.Roles().Request(w.Context(), "ann", room.RoleRequest{Target: "eve", Role: role, Force: true}))
		}
		change("guest")
		w.same("eve sees", ids(one[room.TracksAdded](eve).Tracks), "bob-cam")
		w.same("eve gets", one[room.SourceReady](eve).Track.ID, "bob-cam")
		change("viewer")
		w.same("eve loses", one[room.SourceGone](eve).TrackID, "bob-cam")
		w.same("eve loses", ids(one[room.TracksRemoved](eve).Tracks), "bob-cam")
	}, viewersSeeHosts)
	spec(t, "a publisher whose new role may not publish is gone for all who saw it", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		bob.publish(camera("bob"), microphone("bob"))
		bob.flow(camera("bob"))
		w.ok(ann.room.Roles().Request(w.Context(), "ann", room.RoleRequest{Target: "bob", Role: "viewer", Force: true}))
		w.same("removed", ids(one[room.TracksRemoved](ann).Tracks), "bob-cam bob-mic")
		w.same("media", one[room.SourceGone](ann).TrackID, "bob-cam")
		w.same("what bob publishes", len(bob.publish().Removed), 0)
	})
	spec(t, "what a change of role withdrew stays away until its publisher has given it up", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		role := func(name string) {
			w.ok(ann.room.Roles().Request(w.Context(), "ann", room.RoleRequest{Target: "bob", Role: name, Force: true}))
		}
		stale := func(tracks ...room.Track) { // an offer of before bob heard of it
			w.Helper()
			done, err := bob.room.Publish(w.Context(), "bob", tracks)
			w.ok(err)
			w.same("refused", len(done.Refused), len(tracks))
			for i, err := range done.Refused {
				w.refused(err, fault.PublishNotAllowed, "track", tracks[i].ID)
			}
			none[room.TracksAdded](ann)
		}
		bob.publish(camera("bob"), microphone("bob"))
		role("viewer")
		ann.forget()
		stale(camera("bob"), microphone("bob")) // the offer comes before the right is back
		role("guest")
		stale(camera("bob")) // and after
		w.refused(bob.room.SetSource(w.Context(), "bob", "bob-cam", &media{}), fault.TrackNotFound)
		w.same("the other is given up", ids(bob.publish(microphone("bob")).Added), "bob-mic")
		w.same("and so is this", ids(bob.publish(camera("bob"), microphone("bob")).Added), "bob-cam")

		role("viewer")
		role("guest")
		ann.forget()
		_, err := bob.room.Withdraw(w.Context(), "bob", []room.TrackID{"bob-cam"}, "")
		w.ok(err)
		w.same("given up by itself", ids(bob.publish(camera("bob")).Added), "bob-cam")
	})
	spec(t, "a publisher whose new role is not subscribed to vanishes from sight, tracks and all", func(w *world) {
		ann, bob, eve := w.join("ann", "host"), w.join("bob", "host"), w.join("eve", "viewer")
		bob.publish(camera("bob"), microphone("bob"))
		bob.flow(camera("bob"))
		w.ok(ann.room.Roles().Request(w.Context(), "ann", room.RoleRequest{Target: "bob", Role: "guest", Force: true}))
		var gone []room.Track
		for _, u := range updates[room.TracksRemoved](eve) {
			gone = append(gone, u.Tracks...)
		}
		w.same("eve loses", ids(gone), "bob-cam bob-mic")
		one[room.SourceGone](eve)
		w.same("ann loses only", ids(one[room.TracksRemoved](ann).Tracks), "bob-cam")
	}, viewersSeeHosts, withRoles(func(r map[string]*policy.Role) { r["guest"].Publish.Allowed = []string{"audio"} }))
	spec(t, "media comes and goes without its track", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		w.refused(ann.room.SetSource(w.Context(), "ann", "ann-cam", &media{}), fault.TrackNotFound, "track", "ann-cam")
		ann.publish(camera("ann"))
		first := ann.flow(camera("ann"))
		ann.flow(camera("ann"))
		bob.forget()
		ann.room.ClearSource(w.Context(), "ann", "ann-cam", first)
		none[room.SourceGone](bob)
		ann.room.ClearSource(w.Context(), "ann", "ann-cam", nil)
		one[room.SourceGone](bob)
		none[room.TracksRemoved](bob)
		ann.room.ClearSource(w.Context(), "ann", "ann-cam", nil)
		one[room.SourceGone](bob)
	})
	spec(t, "one who leaves takes its media along", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		bob.publish(camera("bob"), microphone("bob"))
		bob.flow(camera("bob"))
		bob.leave()
		w.same("gone", one[room.SourceGone](ann).TrackID, "bob-cam")
		w.same("left with", len(one[room.PeerLeft](ann).Peer.Tracks), 2)
	})
}
