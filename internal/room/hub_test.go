// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

func TestHub(t *testing.T) {
	spec(t, "a room is active from its first peer on", func(w *world) {
		w.same("active", w.hub.Active("r1") == nil, true)
		r, err := w.hub.Open(w.spec)
		w.ok(err)
		w.same("active", w.hub.Active("r1") == nil, true)
		w.same("rooms", len(w.hub.Rooms()), 0)
		w.join("ann", "host")
		w.same("the same room", w.hub.Active("r1") == r, true)
		w.same("rooms", len(w.hub.Rooms()), 1)
	})
	spec(t, "two rooms do not know of each other", func(w *world) {
		ann := w.join("ann", "host")
		w.spec.ID = "r2"
		bob := w.join("bob", "host")
		w.same("peers", len(bob.snap.Peers), 1)
		none[room.PeerJoined](ann)
	})
	spec(t, "a hub holds so many rooms and no more", func(w *world) {
		w.join("ann", "host")
		w.spec.ID = "r2"
		_, err := w.try("bob", "host")
		w.refused(err, fault.QueueFull, "limit", "rooms", "max", 1)
		w.spec.ID = "r1"
		w.join("bob", "host")
	}, func(o *room.Options, _ *room.Spec) { o.MaxRooms = 1 })
	spec(t, "a room that closed makes place for another", func(w *world) {
		w.join("ann", "host").leave()
		time.Sleep(time.Minute)
		w.spec.ID = "r2"
		w.join("bob", "host")
	}, func(o *room.Options, _ *room.Spec) { o.MaxRooms = 1 })
	spec(t, "a closed hub lets nobody in and ends no session", func(w *world) {
		ann := w.join("ann", "host")
		w.journal.told()
		w.hub.Close()
		w.same("journal", w.journal.told(), "")
		_, err := w.try("bob", "host")
		w.refused(err, fault.Draining)
		_, err = ann.room.Snapshot(w.Context())
		w.refused(err, fault.SessionNotActive, "room", "r1")
		ann.leave() // too late to mean anything, and harmless
	})
	spec(t, "a session left open by an earlier process goes on", func(w *world) {
		ann := w.join("ann", "host")
		w.same("session", ann.snap.SessionID, "s-before")
		w.same("started", ann.snap.StartedAt, w.spec.SessionFrom)
		look := &person{w: w, id: "look"}
		_, err := ann.room.Watch(w.Context(), look)
		w.ok(err)
		ann.leave()
		time.Sleep(time.Minute)
		if now := w.join("ann", "host").snap.SessionID; now == "s-before" || now == "" {
			w.Errorf("session %q, want a new one", now)
		}
	}, func(_ *room.Options, f *room.Spec) {
		f.SessionID, f.SessionFrom = "s-before", time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC)
	})
	spec(t, "a caller that gives up is not kept waiting", func(w *world) {
		ann := w.join("ann", "host")
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if _, err := ann.room.Peer(ctx, "ann"); err != nil && !errors.Is(err, context.Canceled) {
			w.Errorf("got %v", err)
		}
	})
	spec(t, "many join and leave at once and the counts are right", func(w *world) {
		watch := w.join("watch", "host")
		const n = 50
		done := make(chan *person, n)
		for i := range n {
			go func() {
				p, err := w.try(fmt.Sprint("peer", i), "guest")
				if err != nil {
					w.Error(err)
				}
				if i%2 == 0 {
					p.leave()
				}
				done <- p
			}()
		}
		for range n {
			<-done
		}
		w.same("size", watch.room.Size(), n/2+1)
		w.same("joined", len(updates[room.PeerJoined](watch)), n)
		w.same("left", len(updates[room.PeerLeft](watch)), n/2)
	})
}

func TestSession(t *testing.T) {
	spec(t, "a session lingers after the last peer", func(w *world) {
		ann := w.join("ann", "host")
		w.same("journal", w.journal.told(), `started r1; saved ann host "ann" []`)
		ann.leave()
		w.same("journal", w.journal.told(), "left ann left")
		time.Sleep(15*time.Second - time.Millisecond)
		w.same("active", w.hub.Active("r1") != nil, true)
		time.Sleep(time.Millisecond)
		w.same("journal", w.journal.told(), "ended r1")
		w.same("active", w.hub.Active("r1") == nil, true)
		w.same("closed", ann.room.Closed(), true)
	})
	spec(t, "whoever comes back in time finds the same session", func(w *world) {
		ann := w.join("ann", "host")
		session := ann.snap.SessionID
		ann.leave()
		time.Sleep(10 * time.Second)
		ann = w.join("ann", "host")
		w.same("session", ann.snap.SessionID, session)
		time.Sleep(time.Hour) // the linger that had begun is void
		w.same("active", w.hub.Active("r1") != nil, true)
		ann.leave()
		time.Sleep(10 * time.Second)
		w.same("active", w.hub.Active("r1") != nil, true)
	})
	spec(t, "whoever comes later starts a new one", func(w *world) {
		ann := w.join("ann", "host")
		ann.leave()
		time.Sleep(16 * time.Second)
		again := w.join("ann", "host")
		if again.snap.SessionID == ann.snap.SessionID {
			w.Error("the session is the old one")
		}
	})
	spec(t, "somebody who only looks keeps the room but not the session", func(w *world) {
		ann := w.join("ann", "host")
		look := &person{w: w, id: "look"}
		_, err := ann.room.Watch(w.Context(), look)
		w.ok(err)
		ann.leave()
		w.journal.told()
		look.forget()
		time.Sleep(time.Minute)
		w.same("journal", w.journal.told(), "ended r1")
		w.same("told", one[room.CountsChanged](look), room.CountsChanged{})
		w.same("active", w.hub.Active("r1") == nil, true)

		again := w.join("ann", "host")
		w.same("the same room", again.room == ann.room, true)
		if again.snap.SessionID == ann.snap.SessionID || again.snap.SessionID == "" {
			w.Errorf("session %q after %q, want a new one", again.snap.SessionID, ann.snap.SessionID)
		}
		again.leave()
		time.Sleep(time.Minute)
		again.room.Unwatch(w.Context(), look)
		time.Sleep(time.Minute)
		w.same("closed", again.room.Closed(), true)
	})
	spec(t, "a room that is only looked at closes after the last look", func(w *world) {
		r, err := w.hub.Open(w.spec)
		w.ok(err)
		look := &person{w: w, id: "look"}
		_, err = r.Watch(w.Context(), look)
		w.ok(err)
		time.Sleep(time.Hour)
		w.same("closed", r.Closed(), false)
		r.Unwatch(w.Context(), look)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		w.same("closed", r.Closed(), true)
		w.same("journal", w.journal.told(), "")
	})
	spec(t, "looks do not put off the end of a session", func(w *world) {
		ann := w.join("ann", "host")
		ann.leave()
		for range 3 {
			time.Sleep(6 * time.Second)
			look := &person{w: w, id: "look"}
			_, _ = ann.room.Watch(w.Context(), look)
			ann.room.Unwatch(w.Context(), look)
		}
		w.same("active", w.hub.Active("r1") == nil, true)
	})
}
