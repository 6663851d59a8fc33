// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// What is guessed of attempts without a name.
const (
	maxNameless  = 200              // that are looked at
	maxPerhaps   = 10               // that are given
	sameRoomNear = 5 * time.Minute  // between two attempts that may be of one person
	atOnce       = 10 * time.Minute // for who had no name at the time
)

// perhaps finds the attempts without a name that may be those of who is searched for.
func (s *search) perhaps(ctx context.Context) ([]event.Attempt, error) {
	if s.q.Name == "" || s.since == math.MinInt64 || s.q.Newest || s.q.Oldest || s.q.Outcome == event.AttemptFine {
		return nil, nil
	}
	near := search{c: s.c, q: &event.PeopleQuery{RoomID: s.q.RoomID, Failures: true}, account: s.account, began: s.began, since: s.since, until: s.until, seen: map[int64]bool{}}
	if err := near.rows(ctx, event.MatchNone, group{}, maxNameless, s.since, "nameless", "t.account = ? AND t.named = 0 AND t.last < ? AND t.first < ?",
		s.account, min(s.until, math.MaxInt64-int64(longest))+int64(longest), s.until); err != nil {
		return nil, err
	}
	nameless, err := s.read(ctx, slices.DeleteFunc(near.found, func(a candidate) bool { return s.seen[a.id] }))
	if err != nil || len(nameless) == 0 {
		return nil, err
	}
	users, rooms, err := s.usersAndRooms(ctx)
	if err != nil {
		return nil, err
	}
	for i := range nameless {
		a := &nameless[i]
		switch {
		case users[bare(a.row.user)]:
			a.guess = event.GuessUser
		case slices.ContainsFunc(rooms[a.row.room], func(at int64) bool { return time.Duration(at-a.last).Abs() <= sameRoomNear }):
			a.guess = event.GuessRoom
		case len(nameless) == 1 && !near.more:
			a.guess = event.GuessOnly
		case a.row.user == "" && s.until-s.since <= int64(2*time.Hour) && s.far(&a.candidate) <= int64(atOnce):
			a.guess = event.GuessTime
		}
	}
	nameless = slices.DeleteFunc(nameless, func(a whole) bool { return a.guess == "" })
	sure := []string{event.GuessUser, event.GuessRoom, event.GuessOnly, event.GuessTime}
	slices.SortStableFunc(nameless, func(a, b whole) int {
		return cmp.Or(cmp.Compare(slices.Index(sure, a.guess), slices.Index(sure, b.guess)), cmp.Compare(s.far(&a.candidate), s.far(&b.candidate)))
	})
	return s.given(ctx, nameless[:min(len(nameless), maxPerhaps)])
}

// usersAndRooms are those of the attempts that were found: each user, and when each room was tried.
func (s *search) usersAndRooms(ctx context.Context) (users map[string]bool, rooms map[string][]int64, err error) {
	users, rooms = map[string]bool{}, map[string][]int64{}
	for some := range slices.Chunk(s.found, 500) {
		ids := make([]int64, len(some))
		for i := range some {
			ids[i] = some[i].id
		}
		list, err := json.Marshal(ids)
		if err != nil {
			return nil, nil, err
		}
		if err := s.c.Each(ctx, "SELECT user, room, first FROM attempts WHERE id IN (SELECT value FROM json_each(?))", func(row eventlog.Scanner) error {
			var user, room string
			var first int64
			if err := row.Scan(&user, &room, &first); err != nil {
				return err
			}
			if user = bare(user); user != "" {
				users[user] = true
			}
			if room != "" {
				rooms[room] = append(rooms[room], first)
			}
			return nil
		}, string(list)); err != nil {
			return nil, nil, err
		}
	}
	return users, rooms, nil
}
