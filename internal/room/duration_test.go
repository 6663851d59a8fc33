// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

func longest(d time.Duration) func(*room.Options, *room.Spec) {
	return func(_ *room.Options, f *room.Spec) { f.MaxDuration = d }
}

func TestASessionHasItsLength(t *testing.T) {
	spec(t, "it is ended for everybody, and on time", func(w *world) {
		ann := w.join("ann", "host")
		time.Sleep(time.Minute) // the session began before bob came
		bob := w.join("bob", "guest")
		w.journal.told()
		time.Sleep(time.Minute - 10*time.Millisecond)
		none[room.Removed](ann)
		time.Sleep(10 * time.Millisecond)
		for _, p := range []*person{ann, bob} {
			out := one[room.Removed](p)
			w.same("told", []any{out.By == nil, out.Ended}, []any{true, true})
		}
		w.same("journal", w.journal.told(), "left ann removed; left bob removed; ended r1")
		synctest.Wait()
		w.same("closed", ann.room.Closed(), true)
	}, longest(2*time.Minute))
	spec(t, "whoever was in it cannot come back to it, and may begin the next one", func(w *world) {
		ann := w.join("ann", "host")
		look := &person{w: w, id: "look"} // keeps the room open
		_, err := ann.room.Watch(w.Context(), look)
		w.ok(err)
		time.Sleep(2 * time.Minute)
		one[room.Removed](ann)
		again := w.join("ann", "host")
		if again.snap.SessionID == ann.snap.SessionID {
			w.Error("the session is the old one")
		}
		time.Sleep(2*time.Minute - 10*time.Millisecond)
		none[room.Removed](again)
		time.Sleep(10 * time.Millisecond)
		one[room.Removed](again) // it has its own length
		again.room.Unwatch(w.Context(), look)
	}, longest(2*time.Minute))
	spec(t, "what an earlier process has had of it counts", func(w *world) {
		w.spec.SessionID, w.spec.SessionFrom = "s-before", time.Now().Add(-90*time.Second)
		ann := w.join("ann", "host")
		time.Sleep(29 * time.Second)
		none[room.Removed](ann)
		time.Sleep(time.Second)
		one[room.Removed](ann)
	}, longest(2*time.Minute))
	spec(t, "one that has ended before leaves the next one alone", func(w *world) {
		w.join("ann", "host").leave()
		time.Sleep(90 * time.Second) // beyond the linger
		bob := w.join("bob", "guest")
		time.Sleep(90 * time.Second)
		none[room.Removed](bob)
		_, err := w.try("bob", "guest")
		w.refused(err, fault.PeerAlreadyJoined)
	}, longest(2*time.Minute))
	spec(t, "without a limit it goes on", func(w *world) {
		ann := w.join("ann", "host")
		time.Sleep(48 * time.Hour)
		none[room.Removed](ann)
	})
}
