// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhoDidNotComeBackIsToldOfUntilSomebodyTakesIt has a process end with people
// inside: those who do not come back are told of when the grace is over, also when
// their session ended before, and stay inside until that has been taken.
func TestWhoDidNotComeBackIsToldOfUntilSomebodyTakesIt(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		old, err := Open(ctx, dir, nil)
		must(t, err)
		inside := func(session, id, resume string) SessionPeer {
			p := peer(id)
			p.SessionID, p.Resume, p.JoinedAt = session, resume, time.Now()
			return p
		}
		for _, id := range []string{"s1", "s2"} {
			must(t, old.StartSession(ctx, Session{ID: id, RoomID: "r1", RoomName: "consult", CustomerID: "acme", StartedAt: time.Now()}))
		}
		for _, p := range []SessionPeer{
			inside("s1", "away", "1"), inside("s1", "back", "2"), inside("s1", "anew", "3"), inside("s1", "left before", "4"),
			inside("s1", "removed", "5"), inside("s2", "left alone", "6"),
		} {
			must(t, old.SavePeer(ctx, p))
		}
		must(t, old.PeerLeft(ctx, "s1", "left before", "4", ReasonRejoined, time.Now()))
		must(t, old.Close())
		time.Sleep(time.Minute)

		heard := make(chan []Abandoned, 10)
		r, err := OpenWith(ctx, dir, nil, Options{Abandoned: func(_ context.Context, all []Abandoned) error {
			if heard <- all; len(heard) < 3 {
				return errors.New("the disk is dead")
			}
			return nil
		}})
		must(t, err)
		must(t, r.StartSession(ctx, Session{ID: "s1", RoomID: "r1", StartedAt: time.Now()}))
		must(t, r.SavePeer(ctx, inside("s1", "back", "2")))
		must(t, r.Rejoined(ctx, "r1", "again", "3", time.Now()))
		must(t, r.PeerLeft(ctx, "s1", "removed", "5", reasonRemoved, time.Now()))
		must(t, r.EndSession(ctx, "s2", time.Now()))
		time.Sleep(Grace - time.Nanosecond)
		synctest.Wait()
		if len(heard) != 0 {
			t.Error("told within the grace")
		}
		time.Sleep(time.Nanosecond + tellRetry)
		synctest.Wait()
		if s, _ := r.Session(ctx, "s1"); len(heard) != 2 || !s.Peers[1].LeftAt.IsZero() {
			t.Errorf("told %d times, and %+v counts as gone", len(heard), s.Peers[1])
		}
		time.Sleep(10 * tellRetry)
		synctest.Wait()
		if len(heard) != 3 {
			t.Errorf("told %d times", len(heard))
		}
		close(heard)
		want := map[string]string{"away": "", "anew": ReasonRejoined, "left alone": ReasonEnded}
		for all := range heard {
			told := map[string]string{}
			for _, a := range all {
				told[a.ID] = a.Reason
				if a.Account != "acme" || a.RoomName != "consult" || a.Process != old.process || !a.Opened.Equal(r.opened) {
					t.Errorf("%+v", a)
				}
			}
			if !maps.Equal(told, want) {
				t.Errorf("told %v, want %v", told, want)
			}
		}
		s, _ := r.Session(ctx, "s1")
		for _, p := range s.Peers {
			if gone := p.ID != "back"; gone == p.LeftAt.IsZero() {
				t.Errorf("%+v", p)
			}
		}
		must(t, r.Close())
	})
}
