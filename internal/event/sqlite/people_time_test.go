// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestTheFailureThatTellsMostOfMany: it is the same for every span, whether the attempt's events are
// in sets by blocks or not yet, and whenever they were told.
func TestTheFailureThatTellsMostOfMany(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 7))
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	at := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	const peers, each = 20, 500
	events := make([]event.Event, peers*each)
	for i := range events {
		e := someone("Mia", "u-1", fmt.Sprintf("p%d", r.IntN(peers)), "r", at.Add(time.Duration(i)*time.Second))
		e.Failure.Terminal = r.IntN(100) == 0
		if r.IntN(8) == 0 {
			e.Happened = e.Time.Add(-time.Duration(r.IntN(3000)) * time.Second)
		}
		if r.IntN(4) == 0 {
			e.Type = event.TrackAdded
		}
		events[i] = e
	}
	for some := range slices.Chunk(events, 500) {
		eventtest.Add(t, s, some...)
	}
	check := func() {
		for range 150 {
			since := at.Add(time.Duration(r.IntN(len(events))) * time.Second)
			q := event.PeopleQuery{AccountID: "acme", Name: fmt.Sprintf("p%d", r.IntN(peers)), Since: since, Until: since.Add(time.Duration(1+r.IntN(600)) * time.Second)}
			found := search(t, s, q)
			if len(found.Attempts) != 1 {
				continue // it was over by then, or had not begun
			}
			var want *event.Event
			rank := func(e *event.Event) []int64 {
				happened := event.Happened(e)
				return []int64{b2i(!e.Failure.Terminal), b2i(happened.Before(q.Since) || !happened.Before(q.Until)), happened.UnixNano()}
			}
			for i := range events {
				if e := &events[i]; e.PeerID == q.Name && e.Type.IsError() && (want == nil || slices.Compare(rank(e), rank(want)) < 0) {
					want = e
				}
			}
			e, err := s.Telling(t.Context(), q, &found.Attempts[0])
			if err != nil || e.ID != want.ID {
				t.Fatalf("%s from %s to %s: %s, %v (%v), want %s, %v", q.Name, q.Since, q.Until, e.ID, e.Failure.Terminal, err, want.ID, want.Failure.Terminal)
			}
		}
	}
	check()
	_ = s.Close()
	s = open(t, dir).(*Store)
	check()
	all := make([]int64, len(events))
	for i := range all {
		all[i] = int64(i + 1)
	}
	if err := s.Read(t.Context(), func(c *eventlog.Conn) error {
		flushed, _, err := c.Meta(t.Context(), bitmapsTo)
		if err != nil || flushed < 2*blockSize {
			t.Errorf("%d events are in sets (%v)", flushed, err)
		}
		some, err := s.happenedIn()(t.Context(), c, all, at.Add(time.Minute).UnixNano(), at.Add(2*time.Minute).UnixNano())
		if len(some) > len(all)*3/4 {
			t.Errorf("of a minute %d of %d events are looked at", len(some), len(all))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// TestANameAndATime: whoever has the name and was there at the time is found, in whichever way
// fewer rows are read.
func TestANameAndATime(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 3))
	s := open(t, t.TempDir()).(*Store)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	type stay struct {
		name, peer  string
		first, last time.Time
	}
	var stays []stay
	var events []event.Event
	for n := range 4000 {
		name, first := fmt.Sprintf("ines %d", n%300), at.Add(time.Duration(r.IntN(20*24*60))*time.Minute)
		if n%4 > 0 {
			name = fmt.Sprintf("paul %d", n%900)
		}
		one := stay{name, fmt.Sprintf("p%d", n), first, first.Add(time.Duration(r.IntN(600)) * time.Minute)}
		stays = append(stays, one)
		for _, when := range []time.Time{one.first, one.last} {
			events = append(events, someone(name, "u-"+name, one.peer, "r", when))
		}
	}
	for some := range slices.Chunk(events, 1000) {
		eventtest.Add(t, s, some...)
	}
	for n := range 60 {
		q := event.PeopleQuery{Name: []string{"ines", "ines 7", "ines 40"}[n%3], Since: at.Add(time.Duration(r.IntN(20*24)) * time.Hour), Limit: event.MaxAttempts}
		q.Until = q.Since.Add(time.Duration(1+n) * 10 * time.Minute)
		var want, got []string
		for _, one := range stays {
			if strings.HasPrefix(one.name, q.Name) && one.first.Before(q.Until) && !one.last.Before(q.Since) {
				want = append(want, one.peer)
			}
		}
		for _, a := range search(t, s, q).Attempts {
			if a.Match != event.MatchInside { // which is looked for where nobody is found
				got = append(got, a.PeerID)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s from %s to %s: %d of %d", q.Name, q.Since, q.Until, len(got), len(want))
		}
	}
}
