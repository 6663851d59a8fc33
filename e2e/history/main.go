// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command history fills a data directory with what happened yesterday: REST alone
// could not, since joins are counted by the server. It is for the tests and not
// shipped.
//
//	history DIR ZONE
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/report"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: history DIR ZONE")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(1)
	}
}

const room = "65af0000000000000000c0de"

// somebody is in the room "consult".
func somebody(user, name string) event.Subject {
	s := event.Subject{AccountID: "redial", RoomID: room, RoomName: "consult", SessionID: "66ac0000000000000000c0de", Role: "guest", UserName: name}
	if user != "" {
		s.UserID, s.UserProof, s.PeerID = user, event.ProofToken, uuid.NewSHA1(uuid.NameSpaceURL, []byte(user+name)).String()
	}
	return s
}

func run(ctx context.Context, dir, zone string) error {
	in, err := time.LoadLocation(zone)
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, dir, nil, sqlite.Words(report.Vocabulary()))
	if err != nil {
		return err
	}
	defer store.Close()
	now := time.Now().In(in)
	yesterday := func(hour, minute int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()-1, hour, minute, 2, 0, in).UTC()
	}

	mia := somebody("u-mia", "Mia Lang")
	at := yesterday(14, 5)
	blocked := failed(at, event.JoinFailed, fault.ICEFailed.New("stun_seen", false), fault.OpJoin, mia, true)
	blocked.Evidence = &evidence.Record{
		V: 1, At: at.Add(19 * time.Second),
		Path:   &evidence.Path{Side: "publish", State: "failed", Since: at, Candidates: evidence.Candidates{Host: 4}},
		Socket: &evidence.Socket{Opened: at.Add(-time.Second), In: at.Add(18 * time.Second), Out: at.Add(18 * time.Second)},
		Reach:  []evidence.Reach{{Protocol: "udp", Address: "public", Through: 3, Networks: 3, Probed: at, Answered: at}},
		Self:   &evidence.Self{Started: at.Add(-time.Hour)},
	}
	follows := blocked
	follows.ID, follows.Time, follows.Failure.Terminal = id(at.Add(30*time.Second)), at.Add(30*time.Second), false
	late := failed(now.UTC().Add(-time.Minute), event.ConnectFailed, fault.EndpointUnreachable.New(), fault.OpConnect, somebody("u-nora", "Nora Told Late"), true)
	late.Source, late.Happened, late.HappenedError = event.FromClient, now.UTC().Add(-26*time.Hour), 80*time.Millisecond
	late.ClientTime = late.Happened.Add(2*time.Hour + 3*time.Minute) // their clock is ahead
	provoked := failed(now.Add(-time.Hour).UTC(), event.JoinFailed, fault.RoomLocked.New("room", "consult"), fault.OpJoin, somebody("u-pia", "Pia Provoked"), true)
	provoked.Injected = true
	events := []event.Event{
		failed(yesterday(14, 4), event.JoinFailed, fault.TokenExpired.New("claim", "exp"), fault.OpInit, somebody("", ""), true),
		blocked, follows,
		failed(yesterday(15, 10), event.JoinFailed, fault.RoomLocked.New("room", "consult"), fault.OpJoin, somebody("u-evil", "Mia \u202e<script>alert(1)</script>\u2066<img src=x onerror=alert(2)>"), true),
		late, provoked,
	}
	start := now.Add(-2 * time.Hour).UTC()
	events = append(events, astray(start)...)
	unclear := failed(start.Add(4*time.Minute), event.JoinFailed, fault.ICEFailed.New(), fault.OpJoin, somebody("u-una", "Una Clear"), true)
	events = append(events, unclear)
	slices.SortFunc(events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	if _, err := store.Append(ctx, events); err != nil {
		return err
	}
	var joins []event.Join
	for i := range 12 {
		who := newer(i+wrong, "2.3.1")
		joins = append(joins, event.Join{Time: start.Add(-time.Duration(i) * time.Minute), Subject: who})
	}
	for i, name := range []string{"Mia Okafor", "Otto", "Abby", "Zoë"} {
		joins = append(joins, event.Join{Time: yesterday(13, 50).Add(time.Duration(i) * time.Minute), Subject: somebody("u-"+name, name)})
	}
	return store.CountJoins(ctx, joins)
}

const wrong = 31 // who came after the start with a wrong address

// newer is somebody in another room, with a version of an SDK.
func newer(n int, version string) event.Subject {
	s := somebody(fmt.Sprintf("u-%d", n), fmt.Sprintf("Guest %d", n))
	s.RoomID, s.RoomName, s.SessionID = "65af0000000000000000beef", "standup", "66ac0000000000000000beef"
	s.Agent = event.ParseAgent("os:web_Linux,sdk:web,sdk_version:" + version)
	return s
}

// astray are failures of everybody after the server was started with an address for
// media that is none of its own.
func astray(start time.Time) (events []event.Event) {
	for n := range wrong {
		at := start.Add(time.Duration(n) * 5 * time.Second)
		e := failed(at, event.JoinFailed, fault.ICEFailed.New("stun_seen", false), fault.OpJoin, newer(n, "2.4.0"), true)
		e.Evidence = &evidence.Record{
			V: 1, At: at,
			Path: &evidence.Path{Side: "publish", State: "failed", Since: at.Add(-9 * time.Second), Candidates: evidence.Candidates{Host: 2},
				Changes: []evidence.Change{{What: "ice", State: "checking", At: at.Add(-9 * time.Second)}}},
			Socket: &evidence.Socket{Opened: at.Add(-10 * time.Second), In: at, Out: at},
			Reach: []evidence.Reach{
				{Protocol: "udp", Address: "ipv4 public", Hash: "a8", Failed: n, Advertised: true, Judged: evidence.JudgedExample},
				{Protocol: "tcp", Address: "ipv4 public", Hash: "a8", Advertised: true, Judged: evidence.JudgedExample},
			},
			Self: &evidence.Self{Started: start.Add(-30 * time.Second)},
		}
		events = append(events, e)
	}
	return events
}

func failed(at time.Time, kind event.Type, err error, op fault.Op, who event.Subject, ended bool) event.Event {
	e := report.Seen(kind, fault.From(err, op), who)
	e.ID, e.Time, e.Failure.Terminal = id(at), at, ended
	return e
}

// id is one of the time, as the recorder makes them.
func id(at time.Time) string {
	made := uuid.Must(uuid.NewV7())
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		made[i] = byte(ms >> (40 - 8*i))
	}
	return made.String()
}
