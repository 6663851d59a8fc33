// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones of callers, also where the machine knows none

	"golang.org/x/sync/errgroup"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/explain"
	"github.com/redial-rtc/redial/internal/when"
)

// What one search costs at most.
const (
	searchesAtOnce = 2                      // of the process; others wait
	readsAtOnce    = 2                      // of the failures that one search found
	maxRoomWords   = 8                      // words of a text that are looked up as rooms
	verdictsWithin = 300 * time.Millisecond // what has no verdict yet is explained for so long
)

// searchBody is what somebody searches for.
type searchBody struct {
	Text    string `json:"text"` // a name and a time, in words
	Zone    string `json:"zone"` // of the time, such as "Europe/Berlin"
	Room    string `json:"room"` // by name or id
	Since   string `json:"since"`
	Until   string `json:"until"`
	Outcome string `json:"outcome"`
	Limit   *int   `json:"limit"`
}

// understoodBody is how the words were understood.
type understoodBody struct {
	Name    string     `json:"name,omitempty"`
	Room    string     `json:"room_id,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
	Zone    string     `json:"zone"`
	Outcome string     `json:"outcome,omitempty"`
}

// attemptBody is one person's try, whether it worked or not.
type attemptBody struct {
	User      string               `json:"user_id,omitempty"`
	UserProof string               `json:"user_id_proof,omitempty"`
	UserName  string               `json:"user_name,omitempty"`
	Room      string               `json:"room_id,omitempty"`
	RoomName  string               `json:"room_name,omitempty"`
	Session   string               `json:"session_id,omitempty"`
	Peer      string               `json:"peer_id,omitempty"`
	Began     time.Time            `json:"began"`
	Ended     time.Time            `json:"ended"` // the last that is known of it
	Outcome   event.AttemptOutcome `json:"outcome"`
	Failures  int                  `json:"failures"`
	Provoked  bool                 `json:"provoked"` // one of them was, on purpose
	Match     string               `json:"match,omitempty"`
	FirstSeen time.Time            `json:"first_seen"` // the person, in any room
	LastSeen  time.Time            `json:"last_seen"`
	Guess     *guessBody           `json:"guess,omitempty"`
	Failure   *failureBody         `json:"failure,omitempty"` // that tells most
	Verdict   *attemptVerdict      `json:"verdict,omitempty"` // of that failure
}

// guessBody is why an attempt without a name may be that of who is searched for.
type guessBody struct {
	Reason string `json:"reason"`
	Says   string `json:"says"`
}

// attemptVerdict is why an attempt failed, in short.
type attemptVerdict struct {
	Cause      string `json:"cause,omitempty"`
	Confidence string `json:"confidence"`
	Says       string `json:"says"`
}

// searchReply is what was found.
type searchReply struct {
	Understood understoodBody `json:"understood"`
	People     int            `json:"people"`
	Attempts   []attemptBody  `json:"attempts"`
	Perhaps    []attemptBody  `json:"perhaps"`
	More       bool           `json:"more"`
	Hint       string         `json:"hint,omitempty"`
	Indexed    float64        `json:"indexed"`
}

var matchWords = map[event.Match]string{event.MatchWhole: "whole", event.MatchPart: "part", event.MatchInside: "inside"}

var guessWords = map[string]string{
	event.GuessUser: "it has the same user id",
	event.GuessRoom: "it was to the same room within 5 minutes",
	event.GuessOnly: "no other attempt without a name was made then",
	event.GuessTime: "it was made then, without a name",
}

// people finds the attempts of people by a name and a time in words:
// fault.FieldInvalid, fault.FieldMissing, fault.FeatureUnsupported.
func (d *Diagnoses) people(c *Call) (any, error) {
	var in searchBody
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	now := time.Now()
	q, said, err := in.query(now)
	if err != nil {
		return nil, err
	}
	finder, ok := d.cfg.Store.(event.PeopleFinder)
	if !ok {
		return nil, fault.FeatureUnsupported.New("feature", "searching for people in this store of events")
	}
	q.AccountID = c.Claims.Account
	ctx := c.Context()
	if in.Room != "" {
		if q.RoomID, err = d.roomID(ctx, q.AccountID, in.Room); err != nil {
			return nil, err
		}
	}
	done, err := d.searching.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := finder.FindPeople(ctx, q)
	if err == nil && len(found.Attempts) == 0 && q.RoomID == "" {
		var inRoom event.PeopleQuery
		if inRoom, err = d.roomAmongWords(ctx, q); err == nil && inRoom.RoomID != "" {
			q = inRoom
			found, err = finder.FindPeople(ctx, q)
		}
	}
	if err != nil {
		return nil, err
	}
	said.Name, said.Room = q.Name, q.RoomID
	reply := searchReply{Understood: said, People: found.People, More: found.More, Indexed: found.Indexed}
	until := now.Add(verdictsWithin)
	if reply.Attempts, err = d.attemptsOf(ctx, finder, q, found.Attempts, until); err != nil {
		return nil, err
	}
	if reply.Perhaps, err = d.attemptsOf(ctx, finder, q, found.Perhaps, until); err != nil {
		return nil, err
	}
	switch {
	case found.More && q.Since.IsZero():
		reply.Hint = "There are more; add a time, such as \"yesterday 14:05\", or the rest of the name."
	case found.More:
		reply.Hint = "There are more; narrow the time, or add the rest of the name or the room."
	case found.Indexed < 1:
		reply.Hint = "Earlier events are still being put into the index, the newest first; what happened long ago may be missing."
	}
	return reply, nil
}

// attemptsOf are attempts with the failures that tell most of them.
func (d *Diagnoses) attemptsOf(ctx context.Context, finder event.PeopleFinder, q event.PeopleQuery, list []event.Attempt, until time.Time) ([]attemptBody, error) {
	bodies := make([]attemptBody, len(list))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	for i := range list {
		reads.Go(func() (err error) {
			bodies[i], err = d.attempt(ctx, finder, q, &list[i], until)
			return err
		})
	}
	return bodies, reads.Wait()
}

// query reads what is searched for.
func (in *searchBody) query(now time.Time) (q event.PeopleQuery, said understoodBody, err error) {
	bad := func(field, reason string) error { return fault.FieldInvalid.New("field", field, "reason", reason) }
	for _, f := range []struct{ name, text string }{{"text", in.Text}, {"room", in.Room}, {"zone", in.Zone}} {
		if len(f.text) > event.MaxNameBytes {
			return q, said, bad(f.name, "is longer than "+strconv.Itoa(event.MaxNameBytes)+" bytes")
		}
	}
	zone, err := time.LoadLocation(in.Zone)
	if err != nil || in.Zone == "Local" {
		return q, said, bad("zone", "is not the name of a time zone such as Europe/Berlin")
	}
	for _, f := range []struct {
		name, text string
		into       *time.Time
	}{{"since", in.Since, &q.Since}, {"until", in.Until, &q.Until}} {
		if f.text == "" {
			continue
		}
		if *f.into, err = time.Parse(time.RFC3339Nano, f.text); err != nil {
			return q, said, fault.FieldInvalid.New("field", f.name, "want", "a time such as 2026-01-31T12:00:00.000Z; text takes one in words")
		}
	}
	q.Name = strings.Join(strings.Fields(in.Text), " ")
	if in.Since == "" && in.Until == "" {
		var span when.Span
		q.Name, span = when.Split(in.Text, now.In(zone))
		q.Since, q.Until = span.Since, span.Until
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return q, said, bad("until", "is not after since")
	}
	if in.Outcome != "" {
		if q.Outcome = event.AttemptOutcome(in.Outcome); !slices.Contains(event.AttemptOutcomes, q.Outcome) {
			return q, said, bad("outcome", "is not failed, trouble or fine")
		}
	}
	if in.Limit != nil {
		if q.Limit = *in.Limit; q.Limit < 1 || q.Limit > event.MaxAttempts {
			return q, said, bad("limit", "is not a number from 1 to "+strconv.Itoa(event.MaxAttempts))
		}
	}
	if q.Name == "" && in.Room == "" && q.Since.IsZero() && q.Until.IsZero() {
		return q, said, fault.FieldMissing.New("field", "text", "want", "a name, a time or both, such as \"mia yesterday 14:05\"")
	}
	said = understoodBody{Zone: cmp.Or(in.Zone, "UTC"), Outcome: in.Outcome, Since: timeOrNone(q.Since), Until: timeOrNone(q.Until)}
	return q, said, nil
}

func timeOrNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// roomAmongWords is a query for the people of a room that one of the words of its name
// is called by, which nobody was. RoomID is empty when there is no such room.
func (d *Diagnoses) roomAmongWords(ctx context.Context, q event.PeopleQuery) (event.PeopleQuery, error) {
	words := strings.Fields(q.Name)
	for i, w := range words[:min(len(words), maxRoomWords)] {
		r, err := d.cfg.Registry.RoomByName(ctx, q.AccountID, w)
		switch {
		case err == nil:
			q.RoomID, q.Name = r.ID, strings.Join(slices.Concat(words[:i], words[i+1:]), " ")
			return q, nil
		case !errors.Is(err, fault.RoomNotFound):
			return q, err
		}
	}
	return q, nil
}

// attempt is an attempt with the failure that tells most of it.
func (d *Diagnoses) attempt(ctx context.Context, finder event.PeopleFinder, q event.PeopleQuery, a *event.Attempt, until time.Time) (attemptBody, error) {
	body := attemptBody{
		User: a.UserID, UserProof: a.UserProof, UserName: a.UserName, Room: a.RoomID, RoomName: a.RoomName, Session: a.SessionID, Peer: a.PeerID,
		Began: a.Began, Ended: a.Ended, Outcome: a.Outcome, Failures: a.Failures, Provoked: a.Provoked, Match: matchWords[a.Match], FirstSeen: a.FirstSeen, LastSeen: a.LastSeen,
	}
	if a.Guess != "" {
		body.Guess = &guessBody{a.Guess, guessWords[a.Guess]}
	}
	if a.Failures == 0 {
		return body, nil
	}
	e, err := finder.Telling(ctx, q, a)
	if errors.Is(err, fault.EventNotFound) { // it has just been removed
		return body, nil
	}
	if err != nil {
		return body, err
	}
	if e.Diagnosis == nil && time.Now().Before(until) {
		e.UserName = cmp.Or(e.UserName, a.UserName) // which is known here, and need not be looked for
		told, err := d.diagnosis(ctx, &e)
		if err != nil {
			return body, err
		}
		body.Failure = &told.Failure
		body.Verdict = &attemptVerdict{told.Verdict.Cause, string(told.Verdict.Confidence), told.Verdict.Says}
		return body, nil
	}
	failure := failureOf(&e, explain.Happened(&e))
	body.Failure = &failure
	if k := e.Diagnosis; k != nil {
		says := "The cause is not known."
		if kind := fault.Lookup(k.Cause); kind != nil {
			says = kind.Title
		}
		body.Verdict = &attemptVerdict{k.Cause, k.Confidence, says}
	}
	return body, nil
}
