// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

// tryAs lets somebody try to join who says more of itself than a name.
func (w *world) tryAs(as room.Peer) (*person, error) {
	p := &person{w: w, id: as.ID}
	if as.Role == "" {
		as.Role = "guest"
	}
	if as.Name == "" {
		as.Name = string(as.ID)
	}
	var err error
	if p.room, err = w.hub.Join(w.Context(), w.spec, p, as); err == nil {
		p.look()
	}
	time.Sleep(time.Millisecond)
	return p, err
}

// joinAs is tryAs for somebody who must get in.
func (w *world) joinAs(as room.Peer) *person {
	w.Helper()
	p, err := w.tryAs(as)
	w.ok(err)
	return p
}

func TestUniqueNames(t *testing.T) {
	spec(t, "a name that has to be its own is nobody else's, until that one has left", func(w *world) {
		ann := w.joinAs(room.Peer{ID: "1", Name: "ann"})
		_, err := w.tryAs(room.Peer{ID: "2", Name: "ann", UniqueName: true})
		w.refused(err, fault.PeerNameTaken, "name", "ann")
		w.joinAs(room.Peer{ID: "3", Name: "Ann", UniqueName: true})
		w.joinAs(room.Peer{ID: "4", Name: "ann"}) // who does not ask for it
		ann.leave()
		_, err = w.tryAs(room.Peer{ID: "2", Name: "ann", UniqueName: true})
		w.refused(err, fault.PeerNameTaken)
	})
}

func TestModes(t *testing.T) {
	spec(t, "a mode narrows what the role may publish and receive", func(w *world) {
		ann := w.join("ann", "guest")
		ann.publish(camera("ann"), microphone("ann"))
		ann.flow(camera("ann"))
		viewer := w.joinAs(room.Peer{ID: "viewer", Mode: room.ReceivesOnly})
		w.same("the viewer receives", len(viewer.snap.Sources), 1)
		caster := w.joinAs(room.Peer{ID: "caster", Mode: room.SendsOnly})
		w.same("the broadcaster receives", len(caster.snap.Sources), 0)
		w.same("what it is told of ann", len(caster.snap.Peers[0].Tracks), 0)
		radio := w.joinAs(room.Peer{ID: "radio", Mode: room.SendsAudioOnly})

		for who, want := range map[*person]string{viewer: "", caster: "caster-cam caster-mic", radio: "radio-mic"} {
			done, err := who.room.Publish(w.Context(), who.id, []room.Track{camera(string(who.id)), microphone(string(who.id))})
			w.ok(err)
			w.same(string(who.id)+" publishes", ids(done.Added), want)
			for _, err := range done.Refused {
				w.refused(err, fault.PublishNotAllowed)
			}
		}
	})
	spec(t, "another mode ends what it does not allow and shows what it does", func(w *world) {
		ann, bob := w.join("ann", "guest"), w.join("bob", "guest")
		ann.publish(camera("ann"), microphone("ann"))
		bob.publish(camera("bob"))
		bob.flow(camera("bob"))
		bob.forget()
		ann.forget()
		gone, err := ann.room.SetMode(w.Context(), "ann", room.SendsAudioOnly)
		w.ok(err)
		w.same("withdrawn", ids(gone), "ann-cam")
		w.same("bob loses", ids(one[room.TracksRemoved](bob).Tracks), "ann-cam")
		w.same("bob hears", one[room.ModeChanged](bob).Peer.Mode, room.SendsAudioOnly)
		w.same("ann loses", ids(one[room.TracksRemoved](ann).Tracks), "bob-cam")
		w.same("what ann sees of bob", len(one[room.TracksRemoved](ann).Peer.Tracks), 0)
		none[room.ModeChanged](ann)
		ann.forget()
		gone, err = ann.room.SetMode(w.Context(), "ann", room.ReceivesOnly)
		w.ok(err)
		w.same("withdrawn", ids(gone), "ann-mic")
		w.same("ann sees again", ids(one[room.TracksAdded](ann).Tracks), "bob-cam")
		one[room.SourceReady](ann)
		_, err = ann.room.SetMode(w.Context(), "nobody", room.ReceivesOnly)
		w.refused(err, fault.PeerNotFound)
	})
}

func TestStreamingLimit(t *testing.T) {
	spec(t, "so many publish at once, and who only receives does not count", func(w *world) {
		ann, bob, eve := w.join("ann", "guest"), w.join("bob", "guest"), w.join("eve", "guest")
		ann.publish(microphone("ann"))
		w.joinAs(room.Peer{ID: "viewer", Mode: room.ReceivesOnly})
		bob.publish(camera("bob"))
		done, err := eve.room.Publish(w.Context(), "eve", []room.Track{camera("eve"), microphone("eve")})
		w.ok(err)
		w.same("refused", len(done.Refused), 2)
		w.refused(done.Refused[0], fault.StreamingFull, "limit", 2)
		bob.publish(camera("bob"), microphone("bob")) // who is one of the two
		_, err = w.tryAs(room.Peer{ID: "caster", Mode: room.SendsOnly})
		w.refused(err, fault.StreamingFull)
		_, err = eve.room.SetMode(w.Context(), "eve", room.SendsAudioOnly)
		w.refused(err, fault.StreamingFull)
		bob.publish()
		eve.publish(camera("eve"))
	}, func(_ *room.Options, f *room.Spec) { f.MaxStreaming = 2 })
	spec(t, "the rules may change while the session runs, and those inside are told", func(w *world) {
		ann, bob := w.join("ann", "guest"), w.join("bob", "guest")
		ann.publish(camera("ann"))
		w.ok(ann.room.SetRules(w.Context(), room.Rules{Locked: true, MaxStreaming: 1}))
		w.same("bob hears", one[room.RulesChanged](bob).Rules, room.Rules{Locked: true, MaxStreaming: 1})
		_, err := w.try("eve", "guest")
		w.refused(err, fault.RoomLocked)
		done, err := bob.room.Publish(w.Context(), "bob", []room.Track{camera("bob")})
		w.ok(err)
		w.refused(done.Refused[0], fault.StreamingFull, "limit", 1)
		bob.forget()
		w.ok(ann.room.SetRules(w.Context(), room.Rules{Locked: true, MaxStreaming: 1}))
		none[room.RulesChanged](bob)
		w.ok(ann.room.SetRules(w.Context(), room.Rules{}))
		bob.publish(camera("bob"))
		eve := w.join("eve", "guest")
		w.same("eve finds", eve.snap.Rules, room.Rules{})
	})
}

func TestPlayer(t *testing.T) {
	watcher := func(w *world, name string, mode room.Mode) *person {
		return w.joinAs(room.Peer{ID: room.PeerID(name), Watches: true, Mode: mode})
	}
	spec(t, "who watches, may send and came first leads; then the next", func(w *world) {
		w.join("old", "host") // whose app has no player
		viewer := watcher(w, "viewer", room.ReceivesOnly)
		ann, bob := watcher(w, "ann", 0), watcher(w, "bob", 0)
		w.same("the leader", bob.snap.Leader, "ann")
		w.same("the viewer hears", one[room.LeaderChanged](viewer).PeerID, "ann")
		w.refused(bob.room.Player().Send(w.Context(), "bob", json.RawMessage(`1`)), fault.SyncNotAllowed, "leader", "ann")
		w.ok(ann.room.Player().Send(w.Context(), "ann", json.RawMessage(`{"at":7}`)))
		w.same("bob hears", string(one[room.PlayerMoved](bob).State.Data), `{"at":7}`)
		none[room.PlayerMoved](ann)
		ann.leave()
		w.same("then", one[room.LeaderChanged](bob).PeerID, "bob")
		w.ok(bob.room.Player().Send(w.Context(), "bob", nil))
		bob.leave()
		w.same("nobody", updates[room.LeaderChanged](viewer)[2].PeerID, "")
	})
	spec(t, "the server names a leader among those who watch", func(w *world) {
		ann, bob := watcher(w, "ann", 0), watcher(w, "bob", 0)
		old := w.join("old", "host")
		w.ok(ann.room.Player().Lead(w.Context(), "bob"))
		w.same("bob hears", one[room.LeaderChanged](bob).PeerID, "bob")
		none[room.LeaderChanged](old)
		w.refused(ann.room.Player().Lead(w.Context(), "old"), fault.PeerNotFound)
		w.refused(ann.room.Player().Lead(w.Context(), "nobody"), fault.PeerNotFound)
		w.refused(ann.room.Player().Send(w.Context(), "ann", nil), fault.SyncNotAllowed)
	})
	spec(t, "what is said of a player is bounded", func(w *world) {
		ann := watcher(w, "ann", 0)
		long := json.RawMessage(`"` + strings.Repeat("x", room.MaxPlayerData) + `"`)
		w.refused(ann.room.Player().Send(w.Context(), "ann", long), fault.FieldInvalid, "field", "data")
		w.same("kept", len(watcher(w, "bob", 0).snap.Player.Data), 0)
	})
}
