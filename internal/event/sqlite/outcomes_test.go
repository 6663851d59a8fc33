// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

var dayOne = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// TestOutcomesAddUp: whatever happened, each attempt is in exactly one box, the boxes are
// those that the list of attempts shows, and the windows of a day add up to the day.
// Attempts in which something was provoked are in a box of their own, and no tries.
func TestOutcomesAddUp(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			s := open(t, t.TempDir()).(*Store)
			began := dayOne
			when := func() time.Time { return began.Add(time.Duration(r.IntN(24*3600)) * time.Second) }
			var joins []event.Join
			var events []event.Event
			for n := range 60 {
				name, peer := fmt.Sprint("Person ", n%20), uuid.NewString() // as clients have them
				user, at := fmt.Sprint("u-", n%20), when()
				if r.IntN(4) > 0 {
					joins = append(joins, event.Join{Time: at, Subject: someone(name, user, peer, "r-0", at).Subject})
				}
				for range r.IntN(3) {
					e := someone(name, user, peer, "r-0", at.Add(time.Duration(r.IntN(300))*time.Second))
					e.Type = []event.Type{event.JoinFailed, event.ConnectFailed, event.PublishFailed, event.Disconnected}[r.IntN(4)]
					e.Failure.Terminal = r.IntN(2) == 0
					e.Injected = r.IntN(5) == 0
					events = append(events, e)
				}
				if r.IntN(6) == 0 { // refused before there was a peer
					events = append(events, someone("", "", "", "r-0", at))
				}
			}
			eventtest.Add(t, s, events...)
			if err := s.CountJoins(t.Context(), joins); err != nil {
				t.Fatal(err)
			}
			last, err := s.Last(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var verdicts []event.Verdict
			for seq := int64(1); seq <= last; seq++ {
				cause := []string{"network.lost", "token.expired", ""}[r.IntN(3)]
				confidence := "likely"
				if cause == "" {
					confidence = "not known"
				}
				if r.IntN(4) > 0 {
					verdicts = append(verdicts, event.Verdict{Seq: seq, Diagnosis: event.Diagnosis{Cause: cause, Confidence: confidence, Rules: "x"}})
				}
			}
			if err := s.Diagnose(t.Context(), verdicts, last); err != nil {
				t.Fatal(err)
			}

			q := event.OutcomesQuery{AccountID: "acme", Since: began, Until: began.Add(event.Day), Bucket: time.Hour}
			day := outcomes(t, s, q)
			if !day.Complete || day.Tries == 0 || day.Indexed != 1 {
				t.Fatalf("%+v", day)
			}
			listed := map[event.AttemptOutcome]int64{}
			var all, provoked int64
			for after := (event.Place{}); ; {
				found := search(t, s, event.PeopleQuery{Since: began, Until: began.Add(event.Day), Oldest: true, Limit: event.MaxAttempts, After: after})
				for _, a := range found.Attempts {
					if a.Provoked {
						provoked++
						continue
					}
					listed[a.Outcome]++
					all++
				}
				if len(found.Attempts) < event.MaxAttempts {
					break
				}
				after = found.Attempts[len(found.Attempts)-1].Place
			}
			if provoked == 0 || day.Provoked != provoked {
				t.Errorf("provoked: counted %d, listed %d", day.Provoked, provoked)
			}
			if day.Tries != all || day.GotIn != listed[event.AttemptFine] || day.Trouble != listed[event.AttemptTrouble] || day.Failed() != listed[event.AttemptFailed] {
				t.Errorf("counted %+v, listed %v", day, listed)
			}
			var sum event.Outcomes
			for hour := range 24 {
				q.Since, q.Until, q.Bucket = began.Add(time.Duration(hour)*time.Hour), began.Add(time.Duration(hour+1)*time.Hour), 0
				one := outcomes(t, s, q)
				sum.Tries, sum.GotIn, sum.Trouble, sum.Provoked = sum.Tries+one.Tries, sum.GotIn+one.GotIn, sum.Trouble+one.Trouble, sum.Provoked+one.Provoked
				if in := day.Series[hour]; in.Tries != one.Tries || in.Trouble != one.Trouble || in.Failed != one.Failed() {
					t.Errorf("hour %d: %+v in the series, %+v by itself", hour, in, one)
				}
			}
			want := expected(events, joins, verdicts)
			if got := boxes(&day); !maps.Equal(got, want) {
				t.Errorf("did not get in: %v, want %v", got, want)
			}
			if sum.Tries != day.Tries || sum.GotIn != day.GotIn || sum.Trouble != day.Trouble || sum.Provoked != day.Provoked {
				t.Errorf("the hours add up to %+v, the day is %+v", sum, day)
			}
			other := event.OutcomesQuery{AccountID: "acme", RoomID: "elsewhere", Since: began, Until: began.Add(event.Day)}
			if none := outcomes(t, s, other); none.Tries != 0 {
				t.Errorf("of another room: %+v", none)
			}
			other.AccountID, other.RoomID = "umbrella", ""
			if none := outcomes(t, s, other); none.Tries != 0 {
				t.Errorf("of another account: %+v", none)
			}
		})
	}
}

// boxes are the tries that did not get in, by cause; "?" waits for its verdict.
func boxes(o *event.Outcomes) map[string]int64 {
	n := map[string]int64{"": o.Unexplained, "?": o.Waiting}
	for cause, c := range o.Causes {
		n[cause] = c.Tries
	}
	maps.DeleteFunc(n, func(_ string, n int64) bool { return n == 0 })
	return n
}

// expected counts the same from what was stored, event by event.
func expected(events []event.Event, joins []event.Join, verdicts []event.Verdict) map[string]int64 {
	cause := map[int]string{}
	for _, v := range verdicts {
		cause[int(v.Seq)-1] = v.Cause
	}
	at := func(e *event.Event) time.Time {
		if t := event.HappenedApart(e); !t.IsZero() {
			return t
		}
		return e.Time
	}
	in, provoked, says := map[string]bool{}, map[string]bool{}, map[string]int{}
	for i := range joins {
		in[joins[i].PeerID] = true
	}
	for i := range events {
		e := &events[i]
		id := e.PeerID
		if id == "" {
			id = e.ID
		}
		provoked[id] = provoked[id] || e.Injected
		in[id] = in[id] || e.Type != event.JoinFailed && e.Type != event.ConnectFailed
		of, known := says[id]
		if !known || e.Failure.Terminal != events[of].Failure.Terminal && e.Failure.Terminal || e.Failure.Terminal == events[of].Failure.Terminal && at(e).Before(at(&events[of])) {
			says[id] = i
		}
	}
	n := map[string]int64{}
	for id, i := range says {
		if in[id] || provoked[id] {
			continue
		}
		of, told := cause[i]
		if !told {
			of = "?"
		}
		n[of]++
	}
	return n
}

// outcomes counts, and wants the boxes to add up.
func outcomes(t testing.TB, s *Store, q event.OutcomesQuery) event.Outcomes {
	t.Helper()
	o, err := s.Outcomes(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	sum := o.GotIn + o.Trouble + o.Unexplained + o.Waiting
	for cause, n := range o.Causes {
		sum += n.Tries
		if n.Users < 1 || n.Users > n.Tries || cause == "" {
			t.Errorf("%q: %+v", cause, n)
		}
	}
	if sum != o.Tries {
		t.Errorf("the boxes hold %d of %d tries: %+v", sum, o.Tries, o)
	}
	return o
}

// BenchmarkOutcomes counts a day of 20,000 tries.
func BenchmarkOutcomes(b *testing.B) {
	s := open(b, b.TempDir()).(*Store)
	var joins []event.Join
	var failed []event.Event
	for n := range 20_000 {
		at := dayOne.Add(time.Duration(n) * 4 * time.Second)
		if n%50 == 0 {
			failed = append(failed, someone("N", fmt.Sprint("u-", n), fmt.Sprint("p-", n), "r-0", at))
			continue
		}
		joins = append(joins, event.Join{Time: at, Subject: someone("N", fmt.Sprint("u-", n), fmt.Sprint("p-", n), "r-0", at).Subject})
	}
	eventtest.Add(b, s, failed...)
	if err := s.CountJoins(b.Context(), joins); err != nil {
		b.Fatal(err)
	}
	q := event.OutcomesQuery{AccountID: "acme", Since: dayOne, Until: dayOne.Add(event.Day), Bucket: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		if o := outcomes(b, s, q); o.Tries < 20_000 {
			b.Fatalf("%+v", o)
		}
	}
}

// TestAnOlderIndexOfPeople: a file of before the index told what was provoked, and chose
// candidates by its own, keeps its attempts and tells it of those that come.
func TestAnOlderIndexOfPeople(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	eventtest.Add(t, s, someone("Old", "u-1", "p-1", "r-0", dayOne.Add(time.Hour)))
	if err := s.CountJoins(t.Context(), []event.Join{{Time: dayOne.Add(time.Hour), Subject: someone("Joined", "u-3", "p-3", "r-0", dayOne.Add(time.Hour)).Subject}}); err != nil {
		t.Fatal(err)
	}
	q := event.OutcomesQuery{AccountID: "acme", Since: dayOne, Until: dayOne.Add(event.Day)}
	if o := outcomes(t, s, q); o.Tries != 2 {
		t.Fatalf("%+v", o)
	}
	if err := s.Change(t.Context(), func(ctx context.Context, tx eventlog.Tx) error {
		_, err := tx.ExecContext(ctx, `DROP INDEX attempts_person; DROP INDEX attempts_last; DROP INDEX attempts_provoked;
			ALTER TABLE attempts DROP COLUMN provoked; ALTER TABLE attempts DROP COLUMN tells; ALTER TABLE attempts DROP COLUMN told; ALTER TABLE attempts DROP COLUMN ended;
			CREATE INDEX attempts_person ON attempts(person, last); CREATE INDEX attempts_last ON attempts(account, proven, last)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir).(*Store)
	e := someone("New", "u-2", "p-2", "r-0", dayOne.Add(2*time.Hour))
	e.Injected = true
	eventtest.Add(t, s, e)
	if o := outcomes(t, s, q); o.Tries != 2 || o.Provoked != 1 || o.GotIn != 1 {
		t.Errorf("%+v", o)
	}
	// Which failure tells most of attempts of before is found out in the background.
	for left := 1; left > 0; time.Sleep(time.Millisecond) {
		if err := ask(t.Context(), s, "SELECT count(*) FROM meta WHERE key = 'people.bests' AND value > 0", &left); err != nil {
			t.Fatal(err)
		}
	}
	var known int
	if err := ask(t.Context(), s, "SELECT count(*) FROM attempts WHERE failures > 0 AND tells > 0", &known); err != nil || known != 2 {
		t.Errorf("of 2 attempts that failed %d know their failure (%v)", known, err)
	}
	for name, want := range map[string]event.AttemptOutcome{"old": event.AttemptFailed, "joined": event.AttemptFine, "new": event.AttemptFailed} {
		if found := search(t, s, event.PeopleQuery{Name: name}); len(found.Attempts) != 1 || found.Attempts[0].Outcome != want {
			t.Errorf("%s: %+v, want %s", name, found.Attempts, want)
		}
	}
}
