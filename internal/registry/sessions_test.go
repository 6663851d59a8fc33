// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func peer(id string) SessionPeer {
	return SessionPeer{
		ID: id, SessionID: "s1", RoomID: "r1", Name: "Ada", UserID: "u-" + id, Role: "host",
		Data: `{"a":1}`, Groups: []string{"_handraise"}, JoinedAt: noon,
	}
}

// call runs two peers, a and b, through a session of room r1.
func call(t *testing.T, r *Registry) {
	t.Helper()
	must(t, r.StartSession(t.Context(), Session{ID: "s1", RoomID: "r1", CustomerID: "acme", RoomName: "lobby", TemplateID: "t1", StartedAt: noon}))
	must(t, r.SavePeer(t.Context(), peer("a")))
	must(t, r.SavePeer(t.Context(), peer("b")))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASessionFromItsFirstPeerToItsEnd(t *testing.T) {
	r := fixture(t, t.TempDir())
	call(t, r)
	got, err := r.Session(t.Context(), "s1")
	must(t, err)
	if !got.Active || !got.StartedAt.Equal(noon) || got.RoomName != "lobby" || got.CustomerID != "acme" {
		t.Errorf("%+v", got)
	}
	if fmt.Sprint(got.Peers) != fmt.Sprint([]SessionPeer{peer("a"), peer("b")}) {
		t.Errorf("%+v", got.Peers)
	}

	changed := peer("a")
	changed.Name, changed.Role, changed.Groups, changed.JoinedAt = "Grace", "guest", nil, noon.Add(time.Hour)
	must(t, r.SavePeer(t.Context(), changed))
	must(t, r.PeerLeft(t.Context(), "s1", "a", "", "left", noon.Add(time.Minute)))
	must(t, r.EndSession(t.Context(), "s1", noon.Add(2*time.Minute)))
	must(t, r.EndSession(t.Context(), "s1", noon.Add(time.Hour)))

	got, err = r.Session(t.Context(), "s1")
	must(t, err)
	if got.Active || !got.EndedAt.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("%+v", got)
	}
	a, b := got.Peers[0], got.Peers[1]
	if a.Name != "Grace" || a.Role != "guest" || len(a.Groups) != 0 || !a.JoinedAt.Equal(noon) ||
		!a.LeftAt.Equal(noon.Add(time.Minute)) || a.Reason != "left" {
		t.Errorf("%+v", a)
	}
	if !b.LeftAt.Equal(noon.Add(2*time.Minute)) || b.Reason != ReasonEnded {
		t.Errorf("%+v", b)
	}
	_, err = r.Session(t.Context(), "nope")
	wantFault(t, err, fault.SessionNotFound, "")
}

func TestSessionsAreListed(t *testing.T) {
	r := fixture(t, t.TempDir())
	m := room(t, r, "lobby")
	for i := range 3 {
		id := fmt.Sprintf("s%d", i)
		must(t, r.StartSession(t.Context(), Session{ID: id, RoomID: m.ID, StartedAt: noon.Add(time.Duration(i) * time.Minute)}))
		p := peer("p" + id)
		p.SessionID = id
		must(t, r.SavePeer(t.Context(), p))
	}
	must(t, r.EndSession(t.Context(), "s1", noon.Add(time.Hour)))
	yes := true
	f := func(q SessionQuery, want ...string) Page[Session] {
		t.Helper()
		p, err := r.Sessions(t.Context(), q)
		must(t, err)
		got := []string{}
		for _, s := range p.Data {
			got = append(got, s.ID)
			if len(s.Peers) != 1 || s.Peers[0].ID != "p"+s.ID {
				t.Errorf("%s has peers %+v", s.ID, s.Peers)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v: %v, want %v", q, got, want)
		}
		return p
	}
	f(SessionQuery{CustomerID: "acme"}, "s2", "s1", "s0") // the customer is that of the room
	f(SessionQuery{CustomerID: "umbrella"})
	f(SessionQuery{Active: &yes}, "s2", "s0")
	f(SessionQuery{RoomID: m.ID, Before: noon.Add(time.Minute)}, "s1", "s0")
	p := f(SessionQuery{Limit: 2}, "s2", "s1")
	f(SessionQuery{Limit: 2, Start: p.Last}, "s0")
	_, err := r.Sessions(t.Context(), SessionQuery{Start: "nope"})
	wantFault(t, err, fault.FieldInvalid, "start")
}

// restart closes and opens, as if the process had been killed and started.
func restart(t *testing.T, r *Registry, dir string) *Registry {
	t.Helper()
	must(t, r.Close())
	return fixture(t, dir)
}

func TestTheProcessItselfHoldsNothing(t *testing.T) {
	r := fixture(t, t.TempDir())
	call(t, r)
	if _, found, err := r.OpenSession(t.Context(), "r1"); found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if _, found, err := r.HeldPeer(t.Context(), "r1", "a"); found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestARestartedServerFindsWhoWasInside(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	call(t, r)
	must(t, r.PeerLeft(t.Context(), "s1", "b", "", "left", noon))
	r = restart(t, r, dir)

	s, found, err := r.OpenSession(t.Context(), "r1")
	if err != nil || !found || s.ID != "s1" || !s.StartedAt.Equal(noon) || len(s.Peers) != 1 || s.Peers[0].ID != "a" {
		t.Fatalf("%+v, %v, %v", s, found, err)
	}
	p, found, err := r.HeldPeer(t.Context(), "r1", "a")
	if err != nil || !found || fmt.Sprint(p) != fmt.Sprint(peer("a")) {
		t.Errorf("%+v, %v, %v", p, found, err)
	}
	for _, who := range [][2]string{{"r1", "b"}, {"r1", "nobody"}, {"r2", "a"}} {
		if _, found, err := r.HeldPeer(t.Context(), who[0], who[1]); found || err != nil {
			t.Errorf("%v: %v, %v", who, found, err)
		}
	}

	must(t, r.StartSession(t.Context(), s))
	must(t, r.SavePeer(t.Context(), p))
	if _, found, _ := r.OpenSession(t.Context(), "r1"); found {
		t.Error("a continued session is still up for continuing")
	}
	if _, found, _ := r.HeldPeer(t.Context(), "r1", "a"); found {
		t.Error("a peer that came back is still held")
	}
}

func TestWhatNobodyContinuedIsClosedAfterTheGrace(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	call(t, r)
	must(t, r.StartSession(t.Context(), Session{ID: "s2", RoomID: "r2", CustomerID: "acme", StartedAt: noon}))
	r = restart(t, r, dir)
	s, _, err := r.OpenSession(t.Context(), "r1")
	must(t, err)
	must(t, r.StartSession(t.Context(), s))
	must(t, r.SavePeer(t.Context(), s.Peers[0]))

	sessions, peers, err := r.sweep(t.Context())
	if err != nil || sessions != 1 || peers != 1 {
		t.Errorf("closed %d sessions and %d peers, %v", sessions, peers, err)
	}
	s1, err := r.Session(t.Context(), "s1")
	must(t, err)
	a, b := s1.Peers[0], s1.Peers[1]
	if !s1.Active || !a.LeftAt.IsZero() || b.Reason != ReasonRestarted || !b.LeftAt.Equal(r.opened) {
		t.Errorf("%+v", s1)
	}
	s2, err := r.Session(t.Context(), "s2")
	must(t, err)
	if s2.Active || !s2.EndedAt.Equal(r.opened) {
		t.Errorf("%+v", s2)
	}
}

func TestTheSweepRunsByItselfAndThenNothingIsHeld(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		old, err := Open(t.Context(), dir, nil)
		must(t, err)
		must(t, old.StartSession(t.Context(), Session{ID: "s1", RoomID: "r1", StartedAt: time.Now()}))
		must(t, old.SavePeer(t.Context(), peer("a")))
		must(t, old.Close())

		r, err := Open(t.Context(), dir, nil)
		must(t, err)
		time.Sleep(Grace - time.Nanosecond)
		synctest.Wait()
		if s, _ := r.Session(t.Context(), "s1"); !s.Active {
			t.Error("closed within the grace")
		}
		if _, found, _ := r.HeldPeer(t.Context(), "r1", "a"); !found {
			t.Error("not held within the grace")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if _, found, _ := r.OpenSession(t.Context(), "r1"); found {
			t.Error("still up for continuing")
		}
		if s, _ := r.Session(t.Context(), "s1"); s.Active {
			t.Error("still open after the grace")
		}
		must(t, r.Close())
	})
}

// The calls of a process that is killed are in the file: nothing waits in
// memory for a clean end.
func TestWritesAreInTheFileWhenTheyReturn(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	call(t, r)
	db, err := openDB(filepath.Join(dir, "registry.db"))
	must(t, err)
	defer db.Close()
	var n int
	must(t, db.QueryRow(`SELECT COUNT(*) FROM peers`).Scan(&n))
	if n != 2 {
		t.Errorf("%d peers in the file", n)
	}
}

func BenchmarkSavePeer(b *testing.B) {
	r, err := Open(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for i := 0; b.Loop(); i++ {
		if err := r.SavePeer(b.Context(), peer(fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRevoked(b *testing.B) {
	r, err := Open(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for b.Loop() {
		if _, err := r.Revoked(b.Context(), "nobody"); err != nil {
			b.Fatal(err)
		}
	}
}
