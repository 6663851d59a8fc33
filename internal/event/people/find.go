// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// What one search looks at, however many people have such a name.
const (
	maxPeople    = 1000             // of whom the attempts are looked up
	maxOfPerson  = 200              // attempts of one of them
	maxLookedAt  = 20_000           // attempts of a span of time, and of those whose users are proven as many
	firstLook    = 4_000            // the same, of the latest of a name that many have
	maxInside    = 200_000          // people whose names are looked through
	budget       = 1 * time.Second  // for all of it
	usual        = 1 * time.Hour    // what goes on for longer after a span is looked at where that finds too few
	longest      = 12 * time.Hour   // an attempt that goes on for longer than this after a span is not looked at
	maxNameless  = 200              // attempts
	maxPerhaps   = 10               // of which are guesses
	sameRoomNear = 5 * time.Minute  // for a guess
	atOnce       = 10 * time.Minute // for who had no name at the time
)

// ofTime is the index of attempts by when they were over.
const ofTime = "last"

// errEnough ends a search that has looked at enough.
var errEnough = errors.New("enough")

// search is one search under way.
type search struct {
	c       *eventlog.Conn
	q       *event.PeopleQuery
	account int64
	words   []string
	began   time.Time

	since, until int64
	found        []candidate
	seen         map[int64]bool // attempts
	more         bool
}

// candidate is an attempt that was found, with its person.
type candidate struct {
	attempt
	name        string
	seen0, seen int64 // first and last, of the person
	match       event.Match
	guess       string
}

// Find finds attempts. It is called within Read.
func Find(ctx context.Context, c *eventlog.Conn, account int64, q *event.PeopleQuery) (event.PeopleFound, error) {
	s := &search{c: c, q: q, account: account, words: wordsOf(q.Name), began: time.Now(), since: math.MinInt64, until: math.MaxInt64, seen: map[int64]bool{}}
	if !q.Since.IsZero() {
		s.since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() {
		s.until = q.Until.UnixNano()
	}
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
	if found.Attempts, err = s.attempts(ctx, s.found); err != nil {
		return found, err
	}
	found.Perhaps, err = s.attempts(ctx, perhaps)
	return found, err
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
		return s.inTime(ctx, event.MatchNone)
	}
	if err := s.byID(ctx); err != nil {
		return err
	}
	if len(s.words) == 0 {
		return nil
	}
	word, n, err := s.rarest(ctx)
	switch {
	case err != nil:
		return err
	case n > maxPeople && spanned:
		if err := s.inTime(ctx, event.MatchPart); err != nil {
			return err
		}
	case n > maxPeople && !s.q.Oldest:
		if err := s.ofMany(ctx, word); err != nil {
			return err
		}
	case n > maxPeople: // those who were here last
		s.more = true
		if err := s.ofPeople(ctx, event.MatchPart, "SELECT id, folded, attempts FROM people INDEXED BY people_last WHERE account = ? ORDER BY last DESC LIMIT ?", s.account, maxLookedAt); err != nil {
			return err
		}
	case n > 0:
		query, args := s.withWord(word)
		if err := s.ofPeople(ctx, event.MatchPart, query, args...); err != nil {
			return err
		}
	}
	if len(s.found) > 0 {
		return nil
	}
	// Within words there is no index; where no word begins so, names are looked through.
	if spanned {
		return s.inTime(ctx, event.MatchInside)
	}
	longest := slices.MaxFunc(s.words, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	return s.ofPeople(ctx, event.MatchInside, `SELECT id, folded, attempts FROM (SELECT id, folded, attempts FROM people INDEXED BY people_last WHERE account = ? ORDER BY last DESC LIMIT ?)
		WHERE instr(folded, ?) > 0 LIMIT ?`, s.account, maxInside, longest, maxPeople)
}

// withWord is the query for the people with a word and, within any of theirs, the others.
func (s *search) withWord(word string) (query string, args []any) {
	contains, others := s.contains()
	return "SELECT p.id, p.folded, p.attempts FROM people_words w CROSS JOIN people p ON p.id = w.person WHERE w.account = ? AND w.word >= ? AND w.word < ?" + contains,
		append([]any{s.account, word, word + suffixOfAll}, others...)
}

// contains is a condition that people p meet whose names match, and others may.
func (s *search) contains() (condition string, args []any) {
	for _, w := range s.words {
		condition, args = condition+" AND instr(p.folded, ?) > 0", append(args, w)
	}
	return condition, args
}

// ofMany finds attempts where many people have each of the words: those of the people
// who have all of them or, where these are many as well, the latest attempts.
func (s *search) ofMany(ctx context.Context, word string) error {
	if len(s.words) > 1 {
		query, args := s.withWord(word)
		n, _, err := s.c.Lookup(ctx, "SELECT count(*) FROM ("+query+" LIMIT ?)", append(slices.Clone(args), maxPeople+1)...)
		if err != nil {
			return err
		}
		if n <= maxPeople {
			return s.ofPeople(ctx, event.MatchPart, query, args...)
		}
	}
	s.more = true
	for _, most := range []int{firstLook, maxLookedAt} {
		if err := s.latest(ctx, event.MatchPart, most, s.since, s.overBefore(longest)); err != nil {
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
	return s.rows(ctx, event.MatchWhole, maxOfPerson, "peer", "t.peer = ? AND t.account = ?", id, s.account)
}

// rarest is the word that the fewest people have, and how many these are, as far as
// that matters.
func (s *search) rarest(ctx context.Context) (word string, n int64, err error) {
	for i, w := range s.words {
		var have int64
		if err := s.c.Row(ctx, "SELECT count(*) FROM (SELECT 1 FROM people_words WHERE account = ? AND word >= ? AND word < ? LIMIT ?)",
			s.account, w, w+suffixOfAll, maxPeople+1).Scan(&have); err != nil {
			return "", 0, err
		}
		if i == 0 || have < n {
			word, n = w, have
		}
	}
	return word, n, nil
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
		if err := s.rows(ctx, least, maxLookedAt, "person", "t.person IN (SELECT value FROM json_each(?)) AND t.last >= ? AND t.first < ?", string(list), s.since, s.until); err != nil {
			return err
		}
	}
	for _, id := range many {
		if s.enough() {
			return nil
		}
		if err := s.rows(ctx, least, maxOfPerson, "person", "t.person = ? AND t.last >= ? AND t.first < ?", id, s.since, s.until); err != nil {
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

// inTime finds attempts by looking at all of the span.
func (s *search) inTime(ctx context.Context, least event.Match) error {
	from, reach := s.since, []time.Duration{usual, longest}
	if s.q.Newest || s.q.Oldest { // what goes on for long has its place among the others
		reach = reach[1:]
	}
	if s.q.Oldest {
		from = max(from, s.q.After.At)
	}
	for _, after := range reach {
		until := s.overBefore(after)
		if err := s.latest(ctx, least, maxLookedAt, from, until); err != nil {
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
func (s *search) latest(ctx context.Context, least event.Match, most int, from, until int64) error {
	for _, proven := range []int{1, 0} {
		if err := s.rows(ctx, least, most, ofTime, "t.account = ? AND t.proven = ? AND t.last >= ? AND t.last < ? AND t.first < ?", s.account, proven, from, until, s.until); err != nil {
			return err
		}
	}
	return nil
}

// limit is how many attempts are given.
func (s *search) limit() int {
	if s.q.Limit <= 0 || s.q.Limit > event.MaxAttempts {
		return event.DefaultAttempts
	}
	return s.q.Limit
}

// rows looks at the latest attempts of a condition, by an index, up to a number of them, and keeps
// those that are wanted.
func (s *search) rows(ctx context.Context, least event.Match, most int, index, where string, args ...any) error {
	n := 0
	columns := "a." + strings.ReplaceAll(attemptColumns, ", ", ", a.")
	from := "FROM (SELECT t.id, t.person FROM attempts t INDEXED BY attempts_" + index + " WHERE " + where + " ORDER BY t.last DESC LIMIT ?) t"
	args = append(args, most)
	contains, others := "", []any(nil)
	if index == ofTime {
		contains, others = s.contains()
	}
	err := s.c.Each(ctx, "SELECT "+columns+", p.name, p.folded, p.first, p.last "+from+" CROSS JOIN people p ON p.id = t.person"+contains+" CROSS JOIN attempts a ON a.id = t.id", func(row eventlog.Scanner) error {
		if n++; n%1024 == 0 && time.Since(s.began) > budget {
			s.more = true
			return errEnough
		}
		var a candidate
		var folded string
		if err := row.Scan(append(a.fields(), &a.name, &folded, &a.seen0, &a.seen)...); err != nil {
			return err
		}
		switch {
		case s.q.Name == "":
		case least == event.MatchWhole && (a.peer == strings.TrimSpace(s.q.Name) || bare(a.user) == strings.TrimSpace(s.q.Name)):
			a.match = event.MatchWhole
		default:
			if a.match = match(folded, s.words); a.match < least {
				return nil
			}
			if a.name == "" { // a part of an id is not a name
				a.match = min(a.match, event.MatchPart)
			}
		}
		s.keep(a)
		return nil
	}, append(slices.Clone(args), others...)...)
	looked := int64(n)
	if err == nil && contains != "" && n < most {
		looked, _, err = s.c.Lookup(ctx, "SELECT count(*) "+from, args...)
	}
	if looked >= int64(most) {
		s.more = true
	}
	return err
}

// keep keeps a candidate that the query asks for.
func (s *search) keep(a candidate) {
	q := s.q
	if s.seen[a.id] || q.RoomID != "" && a.room != q.RoomID || q.Outcome != "" && a.outcome() != q.Outcome || q.Failures && a.failures == 0 {
		return
	}
	if a.last < s.since || a.first >= s.until || !s.behind(&a.attempt) {
		return
	}
	s.seen[a.id] = true
	s.found = append(s.found, a)
}

// place is where an attempt stands in the order of time that is asked for.
func (s *search) place(a *attempt) event.Place {
	switch {
	case s.q.Newest:
		return event.Place{At: a.last, ID: a.id}
	case s.q.Oldest:
		return event.Place{At: a.first, ID: a.id}
	}
	return event.Place{}
}

// behind tells whether an attempt comes after the place that the query goes on from.
func (s *search) behind(a *attempt) bool {
	if s.q.After == (event.Place{}) {
		return true
	}
	at := s.place(a)
	n := cmp.Or(cmp.Compare(at.At, s.q.After.At), cmp.Compare(at.ID, s.q.After.ID))
	return s.q.Newest && n < 0 || s.q.Oldest && n > 0
}

func (a *attempt) outcome() event.AttemptOutcome {
	switch {
	case a.failures == 0:
		return event.AttemptFine
	case a.joins+a.inside > 0:
		return event.AttemptTrouble
	}
	return event.AttemptFailed
}

// order is the order of attempts.
func (s *search) order(a, b candidate) int {
	byID := cmp.Compare(b.id, a.id)
	switch {
	case s.q.Newest:
		return cmp.Or(cmp.Compare(b.last, a.last), byID)
	case s.q.Oldest:
		return cmp.Or(cmp.Compare(a.first, b.first), -byID)
	}
	return cmp.Or(
		cmp.Compare(b.match, a.match),
		cmp.Compare(slices.Index(event.AttemptOutcomes, a.outcome()), slices.Index(event.AttemptOutcomes, b.outcome())),
		cmp.Compare(s.far(&a.attempt), s.far(&b.attempt)),
		cmp.Compare(b.last, a.last), byID)
}

// far is how far an attempt is from the middle of the span, or from now.
func (s *search) far(a *attempt) int64 {
	at := s.began.UnixNano()
	switch {
	case s.since != math.MinInt64 && s.until != math.MaxInt64:
		at = s.since + (s.until-s.since)/2
	case s.since != math.MinInt64:
		at = s.since
	case s.until != math.MaxInt64:
		at = s.until
	}
	switch {
	case at < a.first:
		return a.first - at
	case at > a.last:
		return at - a.last
	}
	return 0
}

// perhaps finds the attempts without a name that may be those of who is searched for.
func (s *search) perhaps(ctx context.Context) ([]candidate, error) {
	if s.q.Name == "" || s.since == math.MinInt64 || s.q.Newest || s.q.Oldest || s.q.Outcome == event.AttemptFine {
		return nil, nil
	}
	near := search{c: s.c, q: &event.PeopleQuery{RoomID: s.q.RoomID, Failures: true}, account: s.account, began: s.began, since: s.since, until: s.until, seen: map[int64]bool{}}
	if err := near.rows(ctx, event.MatchNone, maxNameless, "nameless", "t.account = ? AND t.named = 0 AND t.last >= ? AND t.last < ? AND t.first < ?",
		s.account, s.since, min(s.until, math.MaxInt64-int64(longest))+int64(longest), s.until); err != nil {
		return nil, err
	}
	nameless := slices.DeleteFunc(near.found, func(a candidate) bool { return s.seen[a.id] })
	users, rooms := map[string]bool{}, map[string][]int64{}
	for i := range s.found {
		a := &s.found[i]
		users[bare(a.user)] = true
		rooms[a.room] = append(rooms[a.room], a.first)
	}
	delete(users, "")
	delete(rooms, "")
	for i := range nameless {
		a := &nameless[i]
		switch {
		case users[bare(a.user)]:
			a.guess = event.GuessUser
		case slices.ContainsFunc(rooms[a.room], func(at int64) bool { return time.Duration(at-a.last).Abs() <= sameRoomNear }):
			a.guess = event.GuessRoom
		case len(nameless) == 1 && !near.more:
			a.guess = event.GuessOnly
		case a.user == "" && s.until-s.since <= int64(2*time.Hour) && s.far(&a.attempt) <= int64(atOnce):
			a.guess = event.GuessTime
		}
	}
	nameless = slices.DeleteFunc(nameless, func(a candidate) bool { return a.guess == "" })
	sure := []string{event.GuessUser, event.GuessRoom, event.GuessOnly, event.GuessTime}
	slices.SortStableFunc(nameless, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(slices.Index(sure, a.guess), slices.Index(sure, b.guess)), cmp.Compare(s.far(&a.attempt), s.far(&b.attempt)))
	})
	return nameless[:min(len(nameless), maxPerhaps)], nil
}

// attempts gives candidates as attempts.
func (s *search) attempts(ctx context.Context, list []candidate) ([]event.Attempt, error) {
	var out []event.Attempt
	for i := range list {
		a := &list[i]
		t := event.Attempt{
			UserID: bare(a.user), UserProof: proofOf(a.user), UserName: a.name, PeerID: a.peer, RoomID: a.room, RoomName: a.roomName, SessionID: a.session,
			Began: time.Unix(0, a.first).UTC(), Ended: time.Unix(0, a.last).UTC(), Outcome: a.outcome(), Failures: int(a.failures), Provoked: a.provoked > 0, Match: a.match,
			FirstSeen: time.Unix(0, min(a.seen0, a.first)).UTC(), LastSeen: time.Unix(0, max(a.seen, a.last)).UTC(), Guess: a.guess, Place: s.place(&a.attempt),
		}
		if a.seq > 0 {
			var id uuid.UUID
			if err := s.c.Each(ctx, "SELECT id FROM events WHERE seq = ?", func(row eventlog.Scanner) error { return row.Scan(&id) }, a.seq); err != nil {
				return nil, err
			}
			t.EventID = id.String()
		} else if s.q.Tells && a.failures > 0 {
			var err error
			if t.EventID, err = s.tells(ctx, a); err != nil {
				return nil, err
			}
		}
		out = append(out, t)
	}
	return out, nil
}
