// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/report"
)

// recordAtOnce is how many peers one write of the record is about.
const recordAtOnce = 256

// recordAbandoned records, of each peer that an earlier process left and that did not
// come back as itself, that the server was restarted. Who came back has an event of
// its own by then. A peer is recorded once, however often it is told of.
func recordAbandoned(ctx context.Context, recorder *event.Recorder, peers []registry.Abandoned) error {
	for some := range slices.Chunk(peers, recordAtOnce) {
		events := make([]event.Event, len(some))
		for i, p := range some {
			events[i] = abandoned(p)
		}
		if err := recorder.Append(ctx, events...); err != nil {
			return err
		}
	}
	return nil
}

func abandoned(p registry.Abandoned) event.Event {
	anew := p.Reason == registry.ReasonRejoined
	why := fault.ServerRestarted.New("restarted", true, "came_back", anew)
	e := report.Seen(event.Disconnected, fault.From(why, fault.OpReconnect), event.Subject{
		AccountID: p.Account, UserID: p.UserID, UserProof: p.UserProof, UserName: p.Name, PeerID: p.ID,
		RoomID: p.RoomID, SessionID: p.SessionID, RoomName: p.RoomName, TemplateID: p.TemplateID, Role: p.Role,
	})
	e.Failure.Terminal = !anew
	began := evidence.Millis(p.Opened)
	e.Happened = began
	if joined := evidence.Millis(p.JoinedAt); joined.After(began) { // the clock was set back
		e.Happened = joined
	}
	e.Key = strings.Join([]string{"server.restarted", p.Process, p.SessionID, p.ID}, "\x00")
	e.Evidence = &evidence.Record{V: evidence.Version, At: began, Self: &evidence.Self{Version: version(), Started: began}}
	return e
}
