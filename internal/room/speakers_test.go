// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/room"
)

func TestSpeakers(t *testing.T) {
	tick := func(p *person) []room.SpeakersChanged {
		p.forget()
		time.Sleep(400 * time.Millisecond)
		return updates[room.SpeakersChanged](p)
	}
	spec(t, "the audible are listed, loudest first, until all are silent", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		ann.publish(microphone("ann"))
		bob.publish(microphone("bob"))
		a, b := ann.flow(microphone("ann")), bob.flow(microphone("bob"))
		w.same("silence", len(tick(ann)), 0)

		a.sound(40)
		b.sound(10)
		heard := tick(ann)
		w.same("heard", heard[0].Speakers, []room.Speaker{{PeerID: "bob", TrackID: "bob-mic", Level: 92}, {PeerID: "ann", TrackID: "ann-mic", Level: 68}})
		w.same("nothing new", len(tick(ann)), 0)

		b.sound(51) // room noise
		w.same("heard", tick(ann)[0].Speakers, []room.Speaker{{PeerID: "ann", TrackID: "ann-mic", Level: 68}})
		a.sound(127)
		heard = tick(bob)
		w.same("the last one fell silent", []any{len(heard), len(heard[0].Speakers)}, []any{1, 0})
		w.same("and stays so", len(tick(bob)), 0)
	})
	spec(t, "one who is muted, has no media or has left does not speak", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		ann.publish(microphone("ann"))
		src := ann.flow(microphone("ann"))
		src.sound(20)
		w.same("heard", len(tick(bob)[0].Speakers), 1)
		muted := microphone("ann")
		muted.Mute = true
		ann.publish(muted)
		w.same("muted", len(tick(bob)[0].Speakers), 0)
		ann.publish(microphone("ann"))
		w.same("heard", len(tick(bob)[0].Speakers), 1)
		ann.room.ClearSource(w.Context(), "ann", "ann-mic", src)
		w.same("no media", len(tick(bob)[0].Speakers), 0)
		ann.flow(microphone("ann")).sound(20)
		w.same("heard", len(tick(bob)[0].Speakers), 1)
		ann.leave()
		w.same("left", len(tick(bob)[0].Speakers), 0)
	})
	spec(t, "a camera makes no sound", func(w *world) {
		ann := w.join("ann", "host")
		ann.publish(camera("ann"))
		ann.flow(camera("ann")).sound(1)
		w.same("heard", len(tick(ann)), 0)
	})
	spec(t, "five at most", func(w *world) {
		var last *person
		for i := range 8 {
			last = w.join(fmt.Sprint("p", i), "host")
			mic := microphone(string(last.id))
			last.publish(mic)
			last.flow(mic).sound(uint32(10 + i))
		}
		heard := tick(last)
		list := heard[len(heard)-1].Speakers
		w.same("speakers", []any{len(list), list[0].PeerID, list[4].PeerID}, []any{5, "p0", "p4"})
	})
}

func TestQuality(t *testing.T) {
	spec(t, "scores are told every four seconds if any changed", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		rate := func(id room.PeerID, score int) { ann.room.Quality().Set(w.Context(), id, score) }
		rate("ann", 5)
		rate("bob", 2)
		rate("ghost", 1)
		none[room.QualityChanged](ann)
		time.Sleep(4 * time.Second)
		w.same("scores", one[room.QualityChanged](bob).Scores, map[room.PeerID]int{"ann": 5, "bob": 2})
		bob.forget()
		rate("ann", 5)
		time.Sleep(time.Minute)
		none[room.QualityChanged](bob)
		rate("ann", 1)
		time.Sleep(4 * time.Second)
		w.same("scores", one[room.QualityChanged](bob).Scores, map[room.PeerID]int{"ann": 1}) // what has changed
		ann.leave()
		rate("bob", 4)
		bob.forget()
		time.Sleep(4 * time.Second)
		w.same("scores", one[room.QualityChanged](bob).Scores, map[room.PeerID]int{"bob": 4})
	})
	spec(t, "who comes, and who comes back, is told all of them", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		rate := func(id room.PeerID, score int) { ann.room.Quality().Set(w.Context(), id, score) }
		rate("ann", 5)
		rate("bob", 2)
		time.Sleep(4 * time.Second)
		cat := w.join("cat", "guest")
		bob.forget()
		time.Sleep(4 * time.Second)
		w.same("scores", one[room.QualityChanged](cat).Scores, map[room.PeerID]int{"ann": 5, "bob": 2})
		none[room.QualityChanged](bob)
		cat.forget()
		rate("ann", 4)
		w.ok(ann.room.SyncState(w.Context(), "bob"))
		time.Sleep(4 * time.Second)
		w.same("scores", one[room.QualityChanged](bob).Scores, map[room.PeerID]int{"ann": 4, "bob": 2})
		w.same("scores", one[room.QualityChanged](cat).Scores, map[room.PeerID]int{"ann": 4})
	})
}
