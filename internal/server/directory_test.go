// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/registry/journal"
	"github.com/redial-rtc/redial/internal/room"
)

// kept opens a registry with one room.
func kept(t *testing.T, dir string) (*registry.Registry, registry.Room) {
	t.Helper()
	r, err := registry.Open(t.Context(), dir, NewLog(t.Output(), config.Log{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	one, _, err := r.CreateRoom(t.Context(), registry.Room{Name: "one", CustomerID: "acme", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	return r, one
}

// TestJournalKeepsOrderAndWhatTheNextProcessNeeds writes a call, some of it
// left open, and finds it again as the next process would.
func TestJournalKeepsOrderAndWhatTheNextProcessNeeds(t *testing.T) {
	dir := t.TempDir()
	r, one := kept(t, dir)
	j := journal.New(r, journal.Config{}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	at := time.Now().Truncate(time.Millisecond)
	record, err := directory{r, j}.RoomRecord(t.Context(), one.ID)
	if err != nil || record.Spec.SessionID != "" || record.Account != "acme" || !record.Enabled {
		t.Fatalf("record %+v, %v", record, err)
	}

	j.SessionStarted("s1", record.Spec, at)
	for i := range 50 {
		p := room.Peer{ID: room.PeerID(fmt.Sprint("p", i)), UserID: "u", Name: "first name", Role: "guest", JoinedAt: at}
		j.PeerSaved("s1", one.ID, p)
		p.Name, p.Groups = fmt.Sprint("name ", i), []string{room.HandRaise}
		j.PeerSaved("s1", one.ID, p)
		if i > 0 {
			j.PeerLeft("s1", p, "left", at)
		}
	}
	j.RoomLocked(one.ID)
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	j.SessionEnded("s1", one.ID, at) // too late, and no panic
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}

	r, _ = kept(t, dir)
	j = journal.New(r, journal.Config{}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	t.Cleanup(func() { _ = j.Close(context.Background()) })
	d := directory{r, j}
	record, err = d.RoomRecord(t.Context(), one.ID)
	if err != nil || record.Spec.SessionID != "s1" || !record.Locked {
		t.Errorf("the session is not continued or the lock is forgotten: %+v, %v", record, err)
	}
	p, held, err := d.Held(t.Context(), one.ID, "p0")
	if err != nil || !held || p.Name != "name 0" || !p.InGroup(room.HandRaise) || p.Role != "guest" {
		t.Errorf("the peer inside: %+v, held %v, %v", p, held, err)
	}
	if _, held, err = d.Held(t.Context(), one.ID, "p1"); held || err != nil {
		t.Errorf("a peer that left is held: %v, %v", held, err)
	}
}

// TestWhoKnocksFindsWhatEnded asks for a room while hundreds of writes wait
// before the lock: it is found all the same, and the ended session is not
// continued.
func TestWhoKnocksFindsWhatEnded(t *testing.T) {
	r, one := kept(t, t.TempDir())
	j := journal.New(r, journal.Config{}, NewLog(t.Output(), config.Log{}), prometheus.NewRegistry())
	t.Cleanup(func() { _ = j.Close(context.Background()) })
	d := directory{r, j}
	at := time.Now()
	j.SessionStarted("s1", room.Spec{ID: one.ID, Name: one.Name}, at)
	for i := range 300 {
		j.PeerSaved("s1", one.ID, room.Peer{ID: room.PeerID(fmt.Sprint("p", i)), UserID: "u", Role: "guest", JoinedAt: at})
	}
	j.RoomLocked(one.ID)
	j.SessionEnded("s1", one.ID, at)
	record, err := d.RoomRecord(t.Context(), one.ID)
	if err != nil || !record.Locked || record.Spec.SessionID != "" {
		t.Errorf("locked %v, continues session %q, %v", record.Locked, record.Spec.SessionID, err)
	}
	if err := j.Written(t.Context()); err != nil {
		t.Error(err)
	}
	if ended, locked := j.Unwritten(one.ID); ended || locked {
		t.Errorf("written and still counted as unwritten: ended %v, locked %v", ended, locked)
	}
	if now, err := r.Room(t.Context(), one.ID); err != nil || !now.Locked {
		t.Errorf("said to be written, and locked is %v, %v", now.Locked, err)
	}
}
