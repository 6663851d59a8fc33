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
	provoked := failed(yesterday(14, 30), event.JoinFailed, fault.RoomLocked.New("room", "consult"), fault.OpJoin, somebody("u-pia", "Pia Provoked"), true)
	provoked.Injected = true
	events := []event.Event{
		failed(yesterday(14, 4), event.JoinFailed, fault.TokenExpired.New("claim", "exp"), fault.OpInit, somebody("", ""), true),
		blocked, follows,
		failed(yesterday(15, 10), event.JoinFailed, fault.RoomLocked.New("room", "consult"), fault.OpJoin, somebody("u-evil", "Mia \u202e<script>alert(1)</script>\u2066<img src=x onerror=alert(2)>"), true),
		late, provoked,
	}
	if _, err := store.Append(ctx, events); err != nil {
		return err
	}
	var joins []event.Join
	for i, name := range []string{"Mia Okafor", "Otto", "Abby", "Zoë"} {
		joins = append(joins, event.Join{Time: yesterday(13, 50).Add(time.Duration(i) * time.Minute), Subject: somebody("u-"+name, name)})
	}
	return store.CountJoins(ctx, joins)
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
