// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/testlog"
)

// someone makes a failure of somebody's.
func someone(name, user, peer, room string, at time.Time, change ...func(*event.Event)) event.Event {
	e := event.Event{
		ID: uuid.Must(uuid.NewV7()).String(), Time: at, Type: event.JoinFailed, Source: event.FromServer, Fault: "ice.failed",
		Subject: event.Subject{AccountID: "acme", UserID: user, UserProof: event.ProofToken, UserName: name, PeerID: peer, RoomID: room, RoomName: room, SessionID: "s-" + room},
		Failure: event.Failure{Terminal: true},
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

func ofType(t event.Type) func(*event.Event) { return func(e *event.Event) { e.Type = t } }

func search(t testing.TB, s *Store, q event.PeopleQuery) event.PeopleFound {
	t.Helper()
	if q.AccountID == "" {
		q.AccountID = "acme"
	}
	found, err := s.FindPeople(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// peers are those of attempts, in order.
func peers(list []event.Attempt) string {
	var all []string
	for _, a := range list {
		all = append(all, a.PeerID)
	}
	return strings.Join(all, " ")
}

// checkPeople compares the index with the events that it is made from: each attempt
// counts them exactly, and nobody is left of whom there is nothing.
func checkPeople(t testing.TB, s *Store) {
	t.Helper()
	if err := s.fold(t.Context(), s.deferred.list...); err != nil {
		t.Fatal(err)
	}
	const of = `account, coalesce((SELECT value FROM names WHERE ref = peer), '') p, coalesce((SELECT value FROM names WHERE ref = user), '') u, CASE WHEN peer IS NULL THEN seq ELSE 0 END s`
	const events = "SELECT " + of + ", count(*), sum(type <= 5), sum(type > 2) FROM events WHERE peer IS NOT NULL OR type <= 5 GROUP BY account, p, u, s"
	const failures = "SELECT " + of + ", seq, terminal, happened, time FROM events WHERE type <= 5"
	for _, code := range []event.Type{event.ConnectFailed, event.JoinFailed, event.PublishFailed, event.SubscribeFailed, event.Disconnected} {
		if n := eventlog.TypeCodes[code]; n < 1 || n > 5 || n > 2 != (code != event.ConnectFailed && code != event.JoinFailed) {
			t.Fatalf("%s has the number %d, for which this check was not written", code, n)
		}
	}
	for what, query := range map[string]string{
		"attempts that are not counted as they are": events + " EXCEPT SELECT account, peer, user, seq, events, failures, inside FROM attempts",
		"attempts without their events":             "SELECT account, peer, user, seq, events, failures, inside FROM attempts WHERE events > 0 EXCEPT " + events,
		"attempts that nothing tells of":            "SELECT * FROM attempts WHERE events + joins = 0",
		"attempts that another failure tells most of": `SELECT account, peer, user, seq, tells FROM attempts WHERE tells > 0 EXCEPT SELECT account, p, u, s, seq FROM (
			SELECT *, row_number() OVER (PARTITION BY account, p, u, s ORDER BY terminal DESC, coalesce(happened, time), seq) n FROM (` + failures + `)) WHERE n = 1`,
		"attempts that no failure tells most of":  "SELECT tells FROM attempts WHERE (tells = 0) <> (failures = 0)",
		"people without attempts":                 "SELECT * FROM people WHERE id NOT IN (SELECT person FROM attempts)",
		"attempts of nobody":                      "SELECT * FROM attempts WHERE person NOT IN (SELECT id FROM people)",
		"people whose attempts are counted wrong": "SELECT * FROM people p WHERE attempts <> (SELECT count(*) FROM attempts a WHERE a.person = p.id)",
		"words of nobody":                         "SELECT * FROM people_words WHERE person NOT IN (SELECT id FROM people)",
		"people who are found by nothing":         "SELECT * FROM people WHERE folded <> '' AND id NOT IN (SELECT person FROM people_words)",
	} {
		var n int
		if err := ask(t.Context(), s, "SELECT count(*) FROM ("+query+")", &n); err != nil || n != 0 {
			t.Errorf("%s: %d (%v)", what, n, err)
		}
	}
}

func TestPeopleAreFoundByName(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	at := time.Date(2026, 11, 25, 13, 5, 0, 0, time.UTC)
	min := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	eventtest.Add(t, s,
		someone("Mia Lang", "u-17", "lang-1", "consult", at),
		someone("Mia Lang", "u-17", "lang-2", "consult", min(6), ofType(event.TrackAdded), func(e *event.Event) { e.Track = &event.Track{ID: "t"} }),
		someone("Mía Okafor", "u-18", "okafor-1", "standup", min(25), ofType(event.PublishFailed)),
		someone("Miamor", "u-19", "amor-1", "consult", min(1)),
		someone("Jeremias", "u-20", "jeremias-1", "consult", min(2)),
		someone("Otto", "u-21", "otto-1", "standup", min(-600)),
		someone("", "", "", "consult", min(-1), func(e *event.Event) { e.UserProof = "" }), // at the door
		someone("", "u-mia-77", "door-1", "elsewhere", min(3), func(e *event.Event) { e.UserProof = event.ProofNone }),
		someone("Mia Lang", "x", "other", "r", at, func(e *event.Event) { e.AccountID = "umbrella" }),
	)
	if err := s.CountJoins(t.Context(), []event.Join{
		{Time: min(26), Subject: event.Subject{AccountID: "acme", UserID: "u-17", UserProof: event.ProofToken, UserName: "Mia Lang", PeerID: "lang-3", RoomID: "standup"}},
	}); err != nil {
		t.Fatal(err)
	}
	near := event.PeopleQuery{Since: min(-30), Until: min(30)}
	with := func(change func(*event.PeopleQuery)) event.PeopleQuery { q := near; change(&q); return q }
	for what, c := range map[string]struct {
		q    event.PeopleQuery
		want string
	}{
		"whole names first, what failed before what did not, near before far": {with(func(q *event.PeopleQuery) { q.Name = "mia" }), "lang-1 okafor-1 lang-2 lang-3 amor-1 door-1"},
		"an accent more":          {with(func(q *event.PeopleQuery) { q.Name = "mìa OKA" }), "okafor-1"},
		"two words in any order":  {with(func(q *event.PeopleQuery) { q.Name = "lang mia" }), "lang-1 lang-2 lang-3"},
		"within a word":           {with(func(q *event.PeopleQuery) { q.Name = "emia" }), "jeremias-1"},
		"within a word, any time": {event.PeopleQuery{Name: "emia"}, "jeremias-1"},
		"any time":                {event.PeopleQuery{Name: "otto"}, "otto-1"},
		"another time":            {with(func(q *event.PeopleQuery) { q.Name = "otto" }), ""},
		"by the user's id":        {event.PeopleQuery{Name: "u-18"}, "okafor-1"},
		"by a peer's id":          {event.PeopleQuery{Name: "lang-2"}, "lang-2"},
		"by an id without a name": {event.PeopleQuery{Name: "mia-77"}, "door-1"},
		"in a room":               {with(func(q *event.PeopleQuery) { q.Name, q.RoomID = "mia", "standup" }), "okafor-1 lang-3"},
		"what did not work":       {with(func(q *event.PeopleQuery) { q.Name, q.Outcome = "mia", event.AttemptFailed }), "lang-1 amor-1 door-1"},
		"what worked":             {with(func(q *event.PeopleQuery) { q.Name, q.Outcome = "mia", event.AttemptFine }), "lang-2 lang-3"},
		"newest first":            {event.PeopleQuery{Name: "lang", Newest: true}, "lang-3 lang-2 lang-1"},
		"oldest first":            {event.PeopleQuery{Name: "lang", Oldest: true, Limit: 2}, "lang-1 lang-2"},
		"anybody in a room":       {with(func(q *event.PeopleQuery) { q.RoomID = "standup" }), "okafor-1 lang-3"},
		"nobody":                  {event.PeopleQuery{Name: "zoe"}, ""},
		"no word":                 {event.PeopleQuery{Name: "\u202e ... %_*"}, ""},
		"another account's":       {event.PeopleQuery{AccountID: "umbrella", Name: "mia"}, "other"},
		"an account of nobody":    {event.PeopleQuery{AccountID: "nobody", Name: "mia"}, ""},
	} {
		if got := peers(search(t, s, c.q).Attempts); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
	found := search(t, s, with(func(q *event.PeopleQuery) { q.Name = "mia lang" }))
	a := found.Attempts[0]
	if a.Outcome != event.AttemptFailed || a.UserName != "Mia Lang" || a.UserID != "u-17" || a.RoomName != "consult" || a.Match != event.MatchWhole ||
		!a.Began.Equal(at) || !a.FirstSeen.Equal(at) || !a.LastSeen.Equal(min(26)) || found.People != 1 || found.More || found.Indexed != 1 {
		t.Errorf("found %+v", found)
	}
	if found.Attempts[1].Outcome != event.AttemptFine || found.Attempts[2].Outcome != event.AttemptFine {
		t.Errorf("those that worked: %+v", found.Attempts)
	}
	// Who had no name yet is guessed, and it is said why.
	if len(found.Perhaps) != 1 || found.Perhaps[0].Guess != event.GuessRoom || found.Perhaps[0].EventID == "" || found.Perhaps[0].RoomID != "consult" {
		t.Errorf("perhaps %+v", found.Perhaps)
	}
	if more := search(t, s, event.PeopleQuery{Name: "mia", Limit: 1}); len(more.Attempts) != 1 || !more.More {
		t.Errorf("one of many: %+v", more)
	}
	checkPeople(t, s)
}

// TestPeopleFollowTheEvents: whatever becomes of events, the index counts those that
// are there, and who has none is forgotten, joins that worked included.
func TestPeopleFollowTheEvents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	indexAt(t, s, 7)
	rng := rand.New(rand.NewPCG(1, 2))
	began := time.Now().UTC().Add(-40 * 24 * time.Hour)
	types := []event.Type{event.ConnectFailed, event.JoinFailed, event.PublishFailed, event.Disconnected, event.TrackAdded}
	for n := range 60 {
		at := began.Add(time.Duration(n) * 12 * time.Hour)
		var batch []event.Event
		for range 1 + rng.IntN(8) {
			who := rng.IntN(9)
			e := someone(fmt.Sprintf("Person %d", who), fmt.Sprintf("u-%d", who), fmt.Sprintf("p-%d-%d", who, n/3), "r", at, ofType(types[rng.IntN(len(types))]))
			if e.Type == event.TrackAdded {
				e.Track = &event.Track{ID: "t"}
			}
			switch rng.IntN(6) {
			case 0:
				e.UserName = ""
			case 1:
				e.PeerID, e.UserID, e.UserProof = "", "", ""
			case 2:
				e.UserProof = event.ProofCode
			case 3: // both sides tell of it
				seen := e
				seen.ID, seen.UserName = uuid.NewString(), ""
				e.Source, e.ID = event.FromClient, uuid.NewString()
				batch = append(batch, seen)
			}
			batch = append(batch, e)
		}
		eventtest.Add(t, s, batch...)
		who := rng.IntN(9)
		if err := s.CountJoins(t.Context(), []event.Join{{Time: at, Subject: event.Subject{
			AccountID: "acme", UserID: fmt.Sprintf("u-%d", who), UserProof: event.ProofToken, UserName: fmt.Sprintf("Person %d", who), PeerID: fmt.Sprintf("j-%d", n), RoomID: "r",
		}}}); err != nil {
			t.Fatal(err)
		}
	}
	checkPeople(t, s)
	if n := len(search(t, s, event.PeopleQuery{Name: "person", Limit: 100}).Attempts); n < 90 {
		t.Errorf("%d attempts", n)
	}
	sweep := func(r event.Removal) {
		t.Helper()
		for {
			n, err := s.Remove(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		checkPeople(t, s)
	}
	half := began.Add(15 * 24 * time.Hour)
	sweep(event.Removal{Before: half})
	for _, a := range search(t, s, event.PeopleQuery{Name: "person", Oldest: true, Limit: 100}).Attempts {
		if a.Ended.Before(half) {
			t.Errorf("past the retention: %+v", a)
		}
	}
	sweep(event.Removal{AccountID: "acme", UserID: "u-3"})
	for _, a := range search(t, s, event.PeopleQuery{Name: "person 3", Limit: 100}).Attempts {
		if a.UserID == "u-3" && a.UserProof == event.ProofToken {
			t.Errorf("erased: %+v", a)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir).(*Store)
	checkPeople(t, s)
	sweep(event.Removal{Before: time.Now()})
	var left int
	if err := ask(t.Context(), s, "SELECT (SELECT count(*) FROM people) + (SELECT count(*) FROM people_words) + (SELECT count(*) FROM attempts) + (SELECT coalesce(sum(abs(n)), 0) FROM counts WHERE scope = 6)", &left); err != nil || left != 0 {
		t.Errorf("%d rows and bytes are left of nothing (%v)", left, err)
	}
}

// TestPeopleOfEarlierEvents: the events of a directory from before there was an index
// are taken in beside everything else, however often that is interrupted, and an
// answer says how far it has come.
func TestPeopleOfEarlierEvents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	at := time.Now().UTC().Add(-time.Hour)
	var batch []event.Event
	for n := range 1800 {
		batch = append(batch, someone(fmt.Sprintf("Person %d", n%50), fmt.Sprintf("u-%d", n%50), fmt.Sprintf("p-%d", n%200), "r", at.Add(time.Duration(n)*time.Millisecond), ofType(event.PublishFailed)))
	}
	eventtest.Add(t, s, batch...)
	indexed(t, s)
	alter(t, s, `DROP TABLE people; DROP TABLE people_words; DROP TABLE attempts; DELETE FROM meta WHERE key LIKE 'people%'; DELETE FROM counts WHERE scope = 6`)
	_ = s.Close()

	var log testlog.Buffer
	s, err := Open(t.Context(), dir, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close() // wherever it has come to
	if s, err = Open(t.Context(), dir, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.people.Stop() // and here it stands still
	now := someone("Nora New", "u-new", "p-new", "r", time.Now().UTC())
	eventtest.Add(t, s, now)
	found := search(t, s, event.PeopleQuery{Name: "nora"})
	if len(found.Attempts) != 1 {
		t.Errorf("who comes meanwhile is found: %+v", found)
	}
	// What goes before its turn has come is not counted.
	if n, err := s.Remove(t.Context(), event.Removal{AccountID: "acme", UserID: "u-7"}); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	s.people.Start(s.Log, slog.New(slog.NewTextHandler(&log, nil)))
	until(t, func() bool { return search(t, s, event.PeopleQuery{Name: "nora"}).Indexed == 1 })
	for {
		if n, err := s.Remove(t.Context(), event.Removal{AccountID: "acme", UserID: "u-7"}); err != nil {
			t.Fatal(err)
		} else if n == 0 {
			break
		}
	}
	checkPeople(t, s)
	if !strings.Contains(log.String(), "in the background") {
		t.Errorf("nobody was told:\n%s", log.String())
	}
}

// TestAFloodOfNames: names that anybody can send take no more than their part, and
// displace nobody whose user is proven.
func TestAFloodOfNames(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), nil, PeopleBytes(400_000))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	indexAt(t, s, 1)
	at := time.Now().UTC().Add(-time.Hour)
	eventtest.Add(t, s, someone("Mia Lang", "u-17", "mia-1", "consult", at))
	for round := range 8 {
		var batch []event.Event
		for n := range 500 {
			batch = append(batch, someone("", fmt.Sprint("u", round, "-", n), fmt.Sprint("p", round, "-", n), "r", at.Add(time.Duration(round*500+n)*time.Second),
				func(e *event.Event) {
					e.UserProof = event.ProofNone
					e.UserName = fmt.Sprintf("name %d %d", round, n) + strings.Repeat(" x", 2000)
				}))
		}
		eventtest.Add(t, s, batch...)
	}
	if got := peers(search(t, s, event.PeopleQuery{Name: "mia"}).Attempts); got != "mia-1" {
		t.Errorf("displaced: %q", got)
	}
	var held, rows int64
	if err := ask(t.Context(), s, "SELECT (SELECT sum(n) FROM counts WHERE scope = 6), (SELECT count(*) FROM attempts)", &held, &rows); err != nil || held > 400_000 || rows < 100 {
		t.Errorf("%d bytes in %d attempts are held (%v)", held, rows, err)
	}
	if found := search(t, s, event.PeopleQuery{Name: "name 7"}); len(found.Attempts) == 0 || !found.More {
		t.Errorf("the newest are found: %+v", found.Attempts)
	}
	var real int64
	if err := ask(t.Context(), s, "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name IN ('people', 'people_words', 'attempts'))", &real); err == nil && real > 2*held+100_000 {
		t.Errorf("%d bytes are taken for %d", real, held)
	}
}

// TestHostileNames: whatever a name is made of, it is found by what of it is a word,
// and finds nobody else.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	at := time.Now().UTC().Add(-time.Hour)
	names := []string{
		"\u202eaiM\u202c evil", "M\u0000i\u0007a", "👨‍👩‍👧‍👦 family", ".*", "%' OR 1=1 --", `"); DROP TABLE people; --`, "a_b%c", strings.Repeat("ż", 40_000), strings.Repeat("w ", 30_000), "\xff\xfe",
		"李明", "مريم", "I\u0307stanbul", "ﬁnn",
	}
	for i, name := range names {
		eventtest.Add(t, s, someone(name, fmt.Sprint("user", i), fmt.Sprint("peer", i), "r", at))
	}
	for word, want := range map[string]string{
		"aim": "peer0", "evil": "peer0", "family": "peer2", "drop": "peer5", "李": "peer10", "明": "peer10", "مريم": "peer11", "istanbul": "peer12", "finn": "peer13",
		".*": "", "%": "", "_": "", "'": "", "\u202e": "",
	} {
		if got := peers(search(t, s, event.PeopleQuery{Name: word}).Attempts); got != want {
			t.Errorf("%q finds %q, want %q", word, got, want)
		}
	}
	for _, name := range names { // as a question
		if found := search(t, s, event.PeopleQuery{Name: name, Since: at.Add(-time.Hour), Until: at.Add(time.Hour)}); len(found.Attempts) > len(names) {
			t.Errorf("%.20q finds %d", name, len(found.Attempts))
		}
	}
	checkPeople(t, s)
}

// TestACommonName: a search looks at so many rows and no more, and says that there is
// more.
func TestACommonName(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	at := time.Now().UTC().Add(-24 * time.Hour)
	for round := range 4 {
		var batch []event.Event
		for n := range 500 {
			i := round*500 + n
			batch = append(batch, someone(fmt.Sprint("Anna A", i), fmt.Sprint("u", i), fmt.Sprint("p", i), "r", at.Add(time.Duration(i)*time.Second)))
		}
		eventtest.Add(t, s, batch...)
	}
	all := search(t, s, event.PeopleQuery{Name: "a"})
	if len(all.Attempts) != event.DefaultAttempts || !all.More || all.Attempts[0].PeerID != "p1999" {
		t.Errorf("any time: %d, more %t, the first %s", len(all.Attempts), all.More, peers(all.Attempts[:1]))
	}
	middle := at.Add(1000 * time.Second)
	some := search(t, s, event.PeopleQuery{Name: "a", Since: middle.Add(-10 * time.Second), Until: middle.Add(10*time.Second + 1), Limit: 100})
	if len(some.Attempts) != 21 || some.More || some.Attempts[0].PeerID != "p1000" {
		t.Errorf("a narrow time: %d, more %t, %s", len(some.Attempts), some.More, peers(some.Attempts[:1]))
	}
	if got := search(t, s, event.PeopleQuery{Name: "a a1234"}); peers(got.Attempts) != "p1234" || got.More {
		t.Errorf("a rarer word beside it: %s", peers(got.Attempts))
	}

	// Each page of the newest goes on where the one before ended, though each looks at the latest only.
	seen, q := map[string]bool{}, event.PeopleQuery{Name: "a", Newest: true, Limit: 100}
	for range 20 {
		page := search(t, s, q)
		for _, a := range page.Attempts {
			seen[a.PeerID] = true
		}
		q.After = page.Attempts[len(page.Attempts)-1].Place
	}
	if len(seen) != 2000 {
		t.Errorf("20 pages of 100 have %d attempts", len(seen))
	}

	// Two words that many have each, and one person both.
	var batch []event.Event
	for i := range maxOfOne + 100 {
		batch = append(batch, someone(fmt.Sprint("Bea B", i), fmt.Sprint("b", i), fmt.Sprint("q", i), "r", at))
	}
	eventtest.Add(t, s, append(batch, someone("Bea Anna", "both", "both", "r", at.Add(-time.Hour)))...)
	if got := search(t, s, event.PeopleQuery{Name: "anna bea"}); peers(got.Attempts) != "both" || got.More {
		t.Errorf("two common words: %s, more %t", peers(got.Attempts), got.More)
	}
}

// TestACommonNameOfLongAgo: the attempt of before a moment is found, though more have come
// since than one search looks at.
func TestACommonNameOfLongAgo(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	at := time.Now().UTC().Add(-time.Hour)
	joins := func(n int, name, id string, at time.Time) {
		var list []event.Join
		for i := range n {
			who := fmt.Sprint(id, i)
			list = append(list, event.Join{Time: at, Subject: event.Subject{AccountID: "acme", UserID: who, UserProof: event.ProofToken, UserName: name, PeerID: who, RoomID: "r"}})
		}
		if err := s.CountJoins(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	joins(1, "Anna", "old-", at.Add(-48*time.Hour))
	joins(1, "Anna Zoe", "both-", at.Add(-47*time.Hour))
	for round := range 3 {
		joins(7000, "Anna", fmt.Sprintf("new-%d-", round), at)
	}
	joins(9000, "Zoe", "zoe-", at)
	if found := search(t, s, event.PeopleQuery{Name: "anna", Until: at.Add(-24 * time.Hour)}); peers(found.Attempts) != "both-0 old-0" {
		t.Errorf("found %s", peers(found.Attempts))
	}
	if found := search(t, s, event.PeopleQuery{Name: "anna zoe"}); peers(found.Attempts) != "both-0" || found.More {
		t.Errorf("of two words that very many have: %s, more %t", peers(found.Attempts), found.More)
	}
	if found := search(t, s, event.PeopleQuery{Name: "an zo", Since: at.Add(-50 * time.Hour), Until: at.Add(-24 * time.Hour)}); peers(found.Attempts) != "both-0" {
		t.Errorf("of their beginnings and a time: %s", peers(found.Attempts))
	}
}

// TestCandidatesAreChosenByAnIndex: what the place of an attempt among others needs is in the
// indexes, so that rows are read of those alone that are given.
func TestCandidatesAreChosenByAnIndex(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	for index, where := range map[string]string{"last": "account = 1 AND proven = 1 AND last < 9 AND first < 9 AND last >= 1", "person": "person IN (1, 2) AND first < 9 AND last >= 1"} {
		var id, parent, unused int
		var plan string
		if err := ask(t.Context(), s, "EXPLAIN QUERY PLAN SELECT id, person, first, last, joins, failures, inside FROM attempts INDEXED BY attempts_"+index+" WHERE "+where, &id, &parent, &unused, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "COVERING INDEX attempts_"+index) {
			t.Errorf("by %s: %s", index, plan)
		}
	}
}

// maxOfOne is of how many people with a word the attempts are looked up.
const maxOfOne = 1000

// TestTheFailureThatTellsMost: of an attempt with several it is the one that ended it, then
// one of the time that is asked for, then the first, and never another user's with the same
// peer id.
func TestTheFailureThatTellsMost(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	at := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	goesOn := func(e *event.Event) { e.Failure.Terminal = false }
	events := []event.Event{
		someone("Mia", "u-1", "p", "r", minute(9), goesOn), // told first, and happened last of those that ended nothing
		someone("Mia", "u-1", "p", "r", minute(5), goesOn, ofType(event.TrackAdded)),
		someone("Mia", "u-1", "p", "r", minute(6), goesOn),
		someone("Eve", "u-2", "p", "r", minute(1)),
		someone("", "", "p", "r", minute(2)),
	}
	eventtest.Add(t, s, events...)
	told := func(what string, q event.PeopleQuery, want int) {
		t.Helper()
		q.AccountID, q.Name = "acme", "mia"
		found := search(t, s, q)
		if len(found.Attempts) != 1 {
			t.Fatalf("%s: %+v", what, found.Attempts)
		}
		a := found.Attempts[0]
		if e, err := s.Telling(t.Context(), q, &a); err != nil || e.ID != events[want].ID {
			t.Errorf("%s: %s (%v), want %s", what, e.ID, err, events[want].ID)
		}
		a.TellsMost = 0 // as where the index does not know
		if e, err := s.Telling(t.Context(), q, &a); err != nil || e.ID != events[want].ID {
			t.Errorf("%s: %s among its events (%v), want %s", what, e.ID, err, events[want].ID)
		}
	}
	told("the first", event.PeopleQuery{}, 2)
	told("of the time", event.PeopleQuery{Since: minute(8), Until: minute(20)}, 0)
	events = append(events, someone("Mia", "u-1", "p", "r", minute(30)))
	eventtest.Add(t, s, events[5])
	told("the one that ended it", event.PeopleQuery{Since: minute(8), Until: minute(20)}, 5)
}

// TestPeopleWhileEverythingGoesOn: searches, appends, joins, removals and the taking in
// of earlier events at once; what is left is counted exactly.
func TestPeopleWhileEverythingGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	at := time.Now().UTC().Add(-time.Hour)
	add := func(writer, round int) {
		var batch []event.Event
		for n := range 20 {
			batch = append(batch, someone(fmt.Sprintf("Person %d", n%5), fmt.Sprintf("u-%d", n%5), fmt.Sprintf("p-%d-%d", writer, (round+n)%9), "r", at.Add(time.Duration(round)*time.Second), ofType(event.PublishFailed)))
		}
		if _, err := s.Append(t.Context(), batch); err != nil {
			t.Error(err)
		}
	}
	for round := range 60 {
		add(0, round)
	}
	alter(t, s, `DROP TABLE people; DROP TABLE people_words; DROP TABLE attempts; DELETE FROM meta WHERE key LIKE 'people%'; DELETE FROM counts WHERE scope = 6`)
	_ = s.Close()
	s = open(t, dir).(*Store)
	var wg sync.WaitGroup
	for writer := range 2 {
		wg.Go(func() {
			for round := range 30 {
				add(writer+1, round)
			}
		})
	}
	wg.Go(func() {
		for round := range 30 {
			if err := s.CountJoins(t.Context(), []event.Join{{Time: at, Subject: event.Subject{AccountID: "acme", UserID: "u-1", UserName: "Person 1", PeerID: fmt.Sprint("j", round%7), RoomID: "r"}}}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 10 {
			if _, err := s.Remove(t.Context(), event.Removal{AccountID: "acme", UserID: "u-2"}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for range 30 {
				search(t, s, event.PeopleQuery{Name: "person", Since: at.Add(-time.Hour), Until: at.Add(time.Hour)})
			}
		})
	}
	wg.Wait()
	until(t, func() bool { return search(t, s, event.PeopleQuery{Name: "person"}).Indexed == 1 })
	checkPeople(t, s)
}

// What a transaction that fails has made of an attempt is not what the next one goes on from.
func TestAttemptsAfterATransactionThatFails(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	at := time.Now().UTC().Add(-time.Hour)
	add := func(n int) {
		t.Helper()
		if _, err := s.Append(t.Context(), []event.Event{someone("Ann", "u-1", "p-1", "r", at.Add(time.Duration(n)*time.Second), ofType(event.PublishFailed))}); err != nil {
			t.Fatal(err)
		}
	}
	add(0)
	search(t, s, event.PeopleQuery{Name: "ann"}) // so that it is in the index
	add(1)
	bad := errors.New("it fails")
	err := s.Rearrange(t.Context(), func(ctx context.Context, tx eventlog.Tx) error {
		people := s.deferred.list[ofPeople]
		if err := s.deferred.take(ctx, tx.Conn, people, math.MaxInt64, 0); err != nil {
			return err
		}
		if err := people.Flush(ctx, tx.Conn); err != nil {
			return err
		}
		return bad
	})
	if err == nil {
		t.Fatal("it did not fail")
	}
	add(2)
	found := search(t, s, event.PeopleQuery{Name: "ann"})
	if len(found.Attempts) != 1 || found.Attempts[0].Failures != 3 || !found.Attempts[0].Ended.Equal(at.Add(2*time.Second)) {
		t.Errorf("three failures of one attempt are found as %+v", found.Attempts)
	}
	checkPeople(t, s)
}
