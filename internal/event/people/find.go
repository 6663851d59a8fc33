// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// What one search looks at, however many people have such a name.
const (
	maxPeople   = 1000            // of whom the attempts are looked up
	maxOfPerson = 200             // attempts of one of them
	maxLookedAt = 20_000          // attempts of a span of time, and of those whose users are proven as many
	firstLook   = 4_000           // the same, of the latest of a name that many have
	perPerson   = 32              // attempts of a span that are read as fast as one person's are
	maxInside   = 200_000         // people whose names are looked through
	maxDistinct = 20_000          // different words that are looked through in their place
	budget      = 1 * time.Second // for all of it
	usual       = 1 * time.Hour   // what goes on for longer after a span is looked at where that finds too few
	longest     = 12 * time.Hour  // an attempt that goes on for longer than this after a span is not looked at
)

// errEnough ends a search that has looked at enough.
var errEnough = errors.New("enough")

// search is one search under way.
type search struct {
	c       *eventlog.Conn
	q       *event.PeopleQuery
	account int64
	words   []string
	narrow  Narrow
	began   time.Time

	since, until int64
	found        []candidate
	seen         map[int64]bool // attempts
	more         bool
}

// candidate is an attempt that was found, as far as its place among others needs. All of
// it is in an index, so that finding reads none of the attempts that are not given.
type candidate struct {
	id, person, first, last int64
	outcome                 event.AttemptOutcome
	match                   event.Match
}

// Find finds attempts. It is called within Read.
func Find(ctx context.Context, c *eventlog.Conn, account int64, q *event.PeopleQuery, narrow Narrow) (event.PeopleFound, error) {
	s := &search{c: c, q: q, account: account, words: wordsOf(q.Name), narrow: narrow, began: time.Now(), seen: map[int64]bool{}}
	s.since, s.until = spanOf(q)
	var found event.PeopleFound
	var err error
	if found.Indexed, err = indexed(ctx, c); err != nil {
		return found, err
	}
	if err := s.within(ctx, s.look); err != nil {
		return found, err
	}
	limit := s.limit()
	who := map[int64]bool{}
	for i := range s.found {
		who[s.found[i].person] = true
	}
	found.People = len(who)
	slices.SortFunc(s.found, s.order)
	perhaps, err := s.perhaps(ctx)
	if err != nil && !errors.Is(err, errEnough) {
		return found, err
	}
	if len(s.found) > limit {
		s.found, s.more = s.found[:limit], true
	}
	found.More = s.more
	found.Perhaps = perhaps
	list, err := s.read(ctx, s.found)
	if err != nil {
		return found, err
	}
	found.Attempts, err = s.given(ctx, list)
	return found, err
}

// spanOf is the span that a query asks for, in Unix nanoseconds.
func spanOf(q *event.PeopleQuery) (since, until int64) {
	since, until = math.MinInt64, math.MaxInt64
	if !q.Since.IsZero() {
		since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() {
		until = q.Until.UnixNano()
	}
	return since, until
}

// within ends a part of the search when it has taken as long as one may take, also
// within a statement that finds nothing to look at.
func (s *search) within(ctx context.Context, part func(context.Context) error) error {
	bound, stop := context.WithTimeout(ctx, budget)
	defer stop()
	err := part(bound)
	if err != nil && bound.Err() != nil && ctx.Err() == nil {
		s.more, err = true, nil
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// indexed is how much of the events is in the index.
func indexed(ctx context.Context, c *eventlog.Conn) (float64, error) {
	left, _, err := c.Meta(ctx, indexedTo)
	if err != nil || left == 0 {
		return 1, err
	}
	last, err := eventlog.ReadLast(ctx, c)
	return 1 - float64(left)/float64(max(last, left)), err
}

// look finds candidates in the way that looks at the fewest rows.
func (s *search) look(ctx context.Context) error {
	spanned := s.since != math.MinInt64
	if s.q.Name == "" {
		return s.inTime(ctx, event.MatchNone, group{})
	}
	if err := s.byID(ctx); err != nil {
		return err
	}
	if len(s.words) == 0 {
		return nil
	}
	with, err := s.withWords(ctx)
	if err != nil {
		return err
	}
	byTime := false
	if spanned && with.n > 0 {
		if byTime, err = s.shortTime(ctx, with.n); err != nil {
			return err
		}
	}
	switch {
	case byTime:
		if err := s.inTime(ctx, event.MatchPart, with); err != nil {
			return err
		}
	case with.n > maxPeople && !s.q.Oldest:
		if err := s.ofMany(ctx, with); err != nil {
			return err
		}
	case with.n > maxPeople: // those who were here last
		s.more = true
		if err := s.ofPeople(ctx, event.MatchPart, "SELECT id, folded, attempts FROM people INDEXED BY people_last WHERE account = ? ORDER BY last DESC LIMIT ?", s.account, maxLookedAt); err != nil {
			return err
		}
	case with.n > 0:
		has, args := with.has("p.id")
		if err := s.ofPeople(ctx, event.MatchPart, "SELECT p.id, p.folded, p.attempts FROM people p WHERE true"+has, args...); err != nil {
			return err
		}
	}
	if len(s.found) > 0 {
		return nil
	}
	if spanned { // within words there is no index
		return s.inTime(ctx, event.MatchInside, group{words: s.words})
	}
	return s.insideWords(ctx)
}

// ofMany finds attempts where many people have each of the words: the latest.
func (s *search) ofMany(ctx context.Context, among group) error {
	s.more = true
	for _, most := range []int{firstLook, maxLookedAt} {
		if err := s.latest(ctx, event.MatchPart, among, most, s.since, s.overBefore(longest)); err != nil {
			return err
		}
		if len(s.found) >= s.limit() {
			break
		}
	}
	return nil
}

// byID finds the attempts of a user or a peer by its whole id.
func (s *search) byID(ctx context.Context) error {
	id := strings.TrimSpace(s.q.Name)
	if id == "" {
		return nil
	}
	if err := s.ofPeople(ctx, event.MatchWhole, "SELECT id, '', attempts FROM people INDEXED BY people_who WHERE account = ? AND user IN (?, ?, ?) LIMIT ?",
		s.account, id, event.UserKey(id, event.ProofCode), event.UserKey(id, event.ProofNone), maxPeople); err != nil {
		return err
	}
	return s.rows(ctx, event.MatchWhole, group{}, maxOfPerson, math.MinInt64, "peer", "t.peer = ? AND t.account = ?", id, s.account)
}

// ofPeople finds the attempts of the people of a query, whose names are at least such
// a match.
func (s *search) ofPeople(ctx context.Context, least event.Match, query string, args ...any) error {
	var few, many []int64 // who has so many attempts that not all are looked at
	if err := s.c.Each(ctx, query, func(row eventlog.Scanner) error {
		var id, attempts int64
		var folded string
		if err := row.Scan(&id, &folded, &attempts); err != nil {
			return err
		}
		if least != event.MatchWhole && match(folded, s.words) < least {
			return nil
		}
		if attempts > maxOfPerson {
			many = append(many, id)
		} else {
			few = append(few, id)
		}
		if len(few)+len(many) >= maxPeople {
			s.more = true
			return errEnough
		}
		return nil
	}, args...); err != nil && !errors.Is(err, errEnough) {
		return err
	}
	for some := range slices.Chunk(few, 100) {
		if s.enough() {
			return nil
		}
		list, err := json.Marshal(some)
		if err != nil {
			return err
		}
		if err := s.rows(ctx, least, group{}, 0, s.since, "person", "t.person IN (SELECT value FROM json_each(?)) AND t.first < ?", string(list), s.until); err != nil {
			return err
		}
	}
	for _, id := range many {
		if s.enough() {
			return nil
		}
		if err := s.rows(ctx, least, group{}, maxOfPerson, s.since, "person", "t.person = ? AND t.first < ?", id, s.until); err != nil {
			return err
		}
	}
	return nil
}

// enough tells that no more is looked at, although there is.
func (s *search) enough() bool {
	is := time.Since(s.began) > budget || len(s.found) >= maxLookedAt
	s.more = s.more || is
	return is
}

// shortTime tells whether all attempts of the span are read sooner than those of so many people
// are. They are beside each other in an index, and those of each person elsewhere.
func (s *search) shortTime(ctx context.Context, people int64) (bool, error) {
	if people > maxPeople {
		return true, nil
	}
	left := people * perPerson
	for _, proven := range []int{1, 0} {
		n, _, err := s.c.Lookup(ctx, "SELECT count(*) FROM (SELECT 1 FROM attempts INDEXED BY attempts_last WHERE account = ? AND proven = ? AND last >= ? AND last < ? LIMIT ?)",
			s.account, proven, s.since, s.overBefore(longest), min(left, maxLookedAt)+1)
		if err != nil {
			return false, err
		}
		if left -= n; left < 0 || n > maxLookedAt {
			return false, nil
		}
	}
	return true, nil
}

// inTime finds attempts by looking at all of the span.
func (s *search) inTime(ctx context.Context, least event.Match, among group) error {
	from, reach := s.since, []time.Duration{usual, longest}
	few := among.n > 0 && among.n <= maxPeople
	if s.q.Newest || s.q.Oldest || few { // what goes on for long has its place among the others, or is little
		reach = reach[1:]
	}
	if s.q.Oldest {
		from = max(from, s.q.After.At)
	}
	for _, after := range reach {
		until := s.overBefore(after)
		if err := s.latest(ctx, least, among, maxLookedAt, from, until); err != nil {
			return err
		}
		if until == math.MaxInt64 || len(s.found) >= s.limit() {
			return nil
		}
		from = until
	}
	return nil
}

// overBefore is when attempts are over that go on for so long after the span, and that come
// behind the place that the query goes on from: rows are looked at newest first.
func (s *search) overBefore(after time.Duration) int64 {
	until := int64(math.MaxInt64)
	if s.until < math.MaxInt64-int64(after) {
		until = s.until + int64(after)
	}
	if s.q.Newest && s.q.After.At != 0 {
		until = min(until, s.q.After.At+1)
	}
	return until
}

// latest looks at the latest attempts that were over in a time, so many of those whose
// users are proven and as many of the others.
func (s *search) latest(ctx context.Context, least event.Match, among group, most int, from, until int64) error {
	for _, proven := range []int{1, 0} {
		if err := s.rows(ctx, least, among, most, from, "last", "t.account = ? AND t.proven = ? AND t.last < ? AND t.first < ?", s.account, proven, until, s.until); err != nil {
			return err
		}
	}
	return nil
}

// rows looks at the attempts of a condition that were over since a time, by an index, and keeps
// those that are wanted: of a group, whose names are at least such a match. Of more than so many
// it looks at the latest; 0 is no bound.
func (s *search) rows(ctx context.Context, least event.Match, among group, most int, from int64, index, where string, args ...any) error {
	tables, where := " FROM attempts t INDEXED BY attempts_"+index, " WHERE "+where+" AND t.last >= ?"
	if most > 0 {
		last, more, err := s.c.Lookup(ctx, "SELECT t.last"+tables+where+" ORDER BY t.last DESC LIMIT 1 OFFSET ?", slices.Concat(args, []any{from, most - 1})...)
		if err != nil {
			return err
		}
		if more {
			s.more, from = true, last
		}
	}
	args = append(args, from)
	names, byName := "'', 0", least == event.MatchPart || least == event.MatchInside
	if byName {
		has, of := among.has("t.person")
		names, tables = "p.folded, p.name <> ''", tables+" CROSS JOIN people p ON p.id = t.person"
		where, args = where+has, append(args, of...)
	}
	if s.q.RoomID != "" {
		where, args = where+" AND (SELECT room FROM attempts WHERE id = t.id) = ?", append(args, s.q.RoomID)
	}
	if most > 0 { // many may have the same time
		where, args = where+" ORDER BY t.last DESC LIMIT ?", append(args, most)
	}
	n := 0
	return s.c.Each(ctx, "SELECT t.id, t.person, t.first, t.last, t.joins, t.failures, t.inside, "+names+tables+where, func(row eventlog.Scanner) error {
		if n++; n%1024 == 0 && time.Since(s.began) > budget {
			s.more = true
			return errEnough
		}
		a := candidate{match: least}
		var folded string
		var named bool
		var joins, failures, inside int64
		if err := row.Scan(&a.id, &a.person, &a.first, &a.last, &joins, &failures, &inside, &folded, &named); err != nil {
			return err
		}
		a.outcome = outcomeOf(joins, failures, inside)
		if byName {
			if a.match = match(folded, s.words); a.match < least {
				return nil
			}
			if !named { // a part of an id is not a name
				a.match = min(a.match, event.MatchPart)
			}
		}
		s.keep(a)
		return nil
	}, args...)
}

// keep keeps a candidate that the query asks for.
func (s *search) keep(a candidate) {
	if s.seen[a.id] || s.q.Outcome != "" && a.outcome != s.q.Outcome || s.q.Failures && a.outcome == event.AttemptFine {
		return
	}
	if a.last < s.since || a.first >= s.until || !s.behind(&a) {
		return
	}
	s.seen[a.id] = true
	s.found = append(s.found, a)
}
