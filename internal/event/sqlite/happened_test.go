// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// toldLate makes events of which every third happened ten minutes before it was told.
func toldLate(from, to int) (list []event.Event) {
	for n := from; n < to; n++ {
		e := population(n)
		e.ClientTime = e.Time
		if n%3 == 0 {
			e.Happened, e.HappenedError = e.Time.Add(-10*time.Minute), time.Second
		}
		list = append(list, e)
	}
	return list
}

// happenedBefore asks for what happened before the first of some events was told.
func happenedBefore(list []event.Event) event.Query {
	return event.Query{AccountID: "acme", HappenedSince: list[0].Time.Add(-11 * time.Minute), HappenedUntil: list[0].Time}
}

// idsOf gives the ids of all pages of a query.
func idsOf(t *testing.T, s *Store, q event.Query, between func()) (ids []string, total int) {
	t.Helper()
	for {
		page, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Events {
			ids = append(ids, page.Events[i].ID)
		}
		if q.Start = page.Next; q.Start == "" {
			return ids, page.Total
		}
		between()
	}
}

func lateIDs(list []event.Event) (ids []string) {
	for _, e := range list {
		if !e.Happened.IsZero() {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// TestWhenEventsHappened: what is told late is found at the time at which it happened and
// not at the one at which it was told, in the order of telling; what is told while a
// reader pages is not in its pages, though it happened in their time.
func TestWhenEventsHappened(t *testing.T) {
	t.Parallel()
	s := openWith(t, t.TempDir())
	s.lookedAt = 10
	list := toldLate(0, 6_000)
	eventtest.Add(t, s, list...)
	q := happenedBefore(list)
	q.Limit = event.MaxLimit
	var size, late float64
	if err := ask(t.Context(), s, "SELECT (SELECT sum(octet_length(times)) FROM block_happened), (SELECT count(*) FROM events WHERE happened IS NOT NULL)", &size, &late); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f bytes in block_happened for each event told late", size/late)
	later := 6_000
	got, total := idsOf(t, s, q, func() {
		eventtest.Add(t, s, toldLate(later, later+9)...)
		later += 9
	})
	if want := lateIDs(list); !slices.Equal(got, want) || total != len(want) {
		t.Errorf("%d events, total %d; want %d", len(got), total, len(want))
	}
	if got, _ := idsOf(t, s, q, func() {}); len(got) != len(lateIDs(toldLate(0, later))) {
		t.Errorf("asked anew: %d events of %d", len(got), later)
	}
	told := event.Query{AccountID: "acme", Since: q.HappenedSince, Until: q.HappenedUntil}
	if got, _ := idsOf(t, s, told, func() {}); len(got) != 0 {
		t.Errorf("%d events were taken then", len(got))
	}
	one := q
	one.RoomID = list[0].RoomID // few: looked at one by one
	if got, total := idsOf(t, s, one, func() {}); len(got) != 17 || total != 17 {
		t.Errorf("of one room: %d events, total %d, want 17", len(got), total)
	}
	both := event.Query{AccountID: "acme", HappenedSince: list[0].Time, Since: list[0].Time, Until: list[300].Time}
	if got, _ := idsOf(t, s, both, func() {}); len(got) != 200 {
		t.Errorf("%d events happened and were taken since, want 200", len(got))
	}
}

// TestEarlierFileLearnsWhenEventsHappened: a file from before there was the column, or
// into which a program without it has stored, is given it in the background. Until that
// has come so far questions are refused, and never answered wrongly.
func TestEarlierFileLearnsWhenEventsHappened(t *testing.T) {
	t.Parallel()
	for name, earlier := range map[string]string{
		"without the column":    "ALTER TABLE events DROP COLUMN happened; DROP TABLE block_happened; DELETE FROM meta WHERE key LIKE 'happened%'",
		"of an earlier program": "UPDATE events SET happened = NULL WHERE seq > 2000; UPDATE meta SET value = 2000 WHERE key = 'happened'",
		"stopped half-way":      "UPDATE events SET happened = NULL WHERE seq < 2000; INSERT INTO meta VALUES ('happened.upto', 1999) ON CONFLICT DO UPDATE SET value = 1999",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			list := toldLate(0, 3_000)
			s := openWith(t, dir)
			eventtest.Add(t, s, list...)
			alter(t, s, earlier)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openWith(t, dir)
			s.lookedAt = 10
			q := happenedBefore(list)
			late := q
			late.Since = list[2_999].Time.Add(time.Hour)
			if page, err := s.Query(t.Context(), late); err != nil || page.Total != 0 {
				t.Errorf("of what was taken after all: %d, %v", page.Total, err)
			}
			refused := 0
			for {
				page, err := s.Query(t.Context(), q)
				if err == nil {
					if want := len(lateIDs(list)); page.Total != want {
						t.Errorf("after %d refusals: total %d, want %d", refused, page.Total, want)
					}
					break
				}
				var f *fault.Error
				if !errors.Is(err, fault.FieldInvalid) || !errors.As(err, &f) || f.Detail("field") != "happened_since" {
					t.Fatal(err)
				}
				refused++
				time.Sleep(20 * time.Millisecond) // between two looks; it takes what it takes
			}
			recent := q
			recent.HappenedSince, recent.HappenedUntil = list[2_999].Time.Add(event.PairWindow+time.Hour), time.Time{}
			if page, err := s.Query(t.Context(), recent); err != nil || page.Total != 0 {
				t.Errorf("what happened after all: %d, %v", page.Total, err)
			}
		})
	}
}
