// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/redial-rtc/redial/internal/room"
)

// listeners are sessions whose clients have the peer list.
func listeners(n int) (all []*session, heard func(i int) []any) {
	for range n {
		all = append(all, &session{listed: true, conn: &queue{}})
	}
	return all, func(i int) []any { return all[i].conn.(*queue).take() }
}

// TestWhatManyAreToldIsEncodedOnce: the sockets of a room hold one copy of a frame that
// says the same to all of them.
func TestWhatManyAreToldIsEncodedOnce(t *testing.T) {
	ann := room.Peer{ID: "ann", Name: "Ann"}
	for _, u := range []room.Update{
		room.PeerJoined{Peer: ann}, room.PeerLeft{Peer: ann}, room.SpeakersChanged{},
		room.QualityChanged{Scores: map[room.PeerID]int{"ann": 3}}, room.MessageSent{Message: room.Message{Body: "all"}},
	} {
		sessions, heard := listeners(2)
		all := &room.Shared{}
		for _, s := range sessions {
			s.Update(u, all)
		}
		a, b := heard(0), heard(1)
		if len(a) != 1 || len(b) != 1 {
			t.Errorf("%T: %d and %d frames", u, len(a), len(b))
			continue
		}
		if one, other := a[0].(json.RawMessage), b[0].(json.RawMessage); &one[0] != &other[0] {
			t.Errorf("%T: two copies of %s", u, one)
		}
	}
}

// BenchmarkJoinInALargeRoom is what a room of a thousand costs this wire when somebody
// joins it.
func BenchmarkJoinInALargeRoom(b *testing.B) {
	sessions, heard := listeners(1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		u, all := room.PeerJoined{Peer: room.Peer{ID: room.PeerID(fmt.Sprint("p", i)), Name: "Somebody", Role: "viewer"}}, &room.Shared{}
		for _, s := range sessions {
			s.Update(u, all)
		}
		if i%64 == 0 {
			for j := range sessions {
				heard(j)
			}
		}
	}
}

// TestOnePreviewLooksForAll: of all who look at a preview, one asks the room who is inside
// when that changes, and the others are told the same.
func TestOnePreviewLooksForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		ann, bob := st.preview("ann"), st.preview("bob")
		synctest.Wait()
		ann.take()
		bob.take()
		st.join("cat", "guest")
		synctest.Wait()
		state := func(q *queue) json.RawMessage {
			for _, f := range q.take() {
				if raw, ok := f.(json.RawMessage); ok && strings.Contains(string(raw), `"room-state"`) {
					return raw
				}
			}
			t.Fatal("nobody was told who is inside")
			return nil
		}
		one, other := state(ann), state(bob)
		if !strings.Contains(string(one), `"cat"`) || &one[0] != &other[0] {
			t.Errorf("%s\n%s", one, other)
		}
	})
}
