// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"fmt"
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestFirstPagesDoNotGrow: the first page of a room, session, user, peer, type, rare
// fault, code, system or SDK, or of everything, total included, has ClickHouse read no more rows of a history ten
// times as long.
func TestFirstPagesDoNotGrow(t *testing.T) {
	t.Parallel()
	rowsRead := func(n int) map[string]uint64 {
		const days = 3
		s := openAt(t, shared(t), t.TempDir(), nil)
		var records []eventlog.Record
		// From midnight, so that what is read does not depend on where in a day it lies.
		began := time.Unix(0, dayOf(time.Now().UnixNano())*day).Add(-days * event.Day)
		for i := range n {
			r := eventlog.Record{Event: eventtest.Sample(i)}
			r.Seq, r.Time = int64(i+1), began.Add(time.Duration(i)*days*event.Day/time.Duration(n))
			r.RoomID, r.SessionID, r.UserID, r.PeerID = fmt.Sprint("room-", i/20), fmt.Sprint("session-", i/10), fmt.Sprint("user-", i/5), fmt.Sprint("peer-", i/5)
			r.Type = event.Types[i%5]
			if i >= n/4 && i < n/4+20 {
				r.Fault, r.Failure.Code, r.Agent.SDK, r.Agent.OS = fault.SignalLost.ID, 1003, "android", "Android"
			}
			records = append(records, r)
		}
		middle := n / 2
		settle(t, s, records)
		return readFor(t, s, map[string]event.Query{
			"fault": {Faults: []string{fault.SignalLost.ID}}, "fault, newest": {Faults: []string{fault.SignalLost.ID}, Desc: true},
			"code": {Codes: []int{1003, 1004}}, "sdk": {SDK: "android"}, "os": {OS: "Android"},
			"fault and common code": {Faults: []string{fault.SignalLost.ID}, Codes: []int{1003, 4006}},
			"sdk and common fault":  {Faults: []string{fault.SignalLost.ID, fault.Internal.ID}, SDK: "android"},
			"everything":            {}, "newest": {Desc: true}, "type": {Types: []event.Type{event.JoinFailed}},
			"room": {RoomID: fmt.Sprint("room-", middle/20)}, "session": {SessionID: fmt.Sprint("session-", middle/10)},
			"user": {UserID: fmt.Sprint("user-", middle/5)}, "peer": {PeerID: fmt.Sprint("peer-", middle/5)},
			"room and type":  {RoomID: fmt.Sprint("room-", middle/20), Types: []event.Type{event.JoinFailed}},
			"room and fault": {RoomID: fmt.Sprint("room-", middle/20), Faults: []string{records[0].Fault}},
			"room and user":  {RoomID: fmt.Sprint("room-", middle/20), UserID: fmt.Sprint("user-", middle/5)},
		})
	}
	grows(t, rowsRead(5000), rowsRead(50_000))
}

// TestWindowsDoNotGrow: the first page of a window of time, total included, has
// ClickHouse read no more rows of a history four times as long.
func TestWindowsDoNotGrow(t *testing.T) {
	t.Parallel()
	const perDay = 1000
	rowsRead := func(days int) map[string]uint64 {
		s := openAt(t, shared(t), t.TempDir(), nil)
		began := time.Unix(0, dayOf(time.Now().Add(-40*event.Day).UnixNano())*day)
		var records []eventlog.Record
		for i := range days * perDay {
			r := eventlog.Record{Event: eventtest.Sample(i)}
			r.Seq, r.Time = int64(i+1), began.Add(time.Duration(i)*event.Day/perDay)
			records = append(records, r)
		}
		settle(t, s, records)
		at := func(hours int) time.Time { return began.Add(time.Duration(hours) * time.Hour) }
		return readFor(t, s, map[string]event.Query{
			"an hour": {Since: at(30), Until: at(31)}, "an hour, newest first": {Since: at(30), Until: at(31), Desc: true},
			"within two days": {Since: at(14), Until: at(40)}, "three days": {Since: at(7), Until: at(66)},
			"since": {Since: at(days*24 - 30)}, "until": {Until: at(50)},
		})
	}
	grows(t, rowsRead(3), rowsRead(12))
}

// settle puts records into ClickHouse as if they had come through the spool.
func settle(t *testing.T, s *Store, records []eventlog.Record) {
	t.Helper()
	for rest := records; len(rest) > 0; {
		n := fewDays(rest, dayOfRecord)
		if err := s.insert(t.Context(), rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	s.ship.mu.Lock()
	defer s.ship.mu.Unlock()
	s.edge.Lock()
	s.evicted = records[len(records)-1].Seq
	s.edge.Unlock()
	if err := s.learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	for !s.facets.complete.Load() {
		if err := s.facets.fill(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// readFor tells how many rows ClickHouse reads for the first page of each query.
func readFor(t *testing.T, s *Store, queries map[string]event.Query) map[string]uint64 {
	t.Helper()
	read := map[string]uint64{}
	for name, q := range queries {
		q.AccountID = "acme"
		rows := uint64(0)
		page, err := s.Query(ch.Context(t.Context(), ch.WithProgress(func(p *ch.Progress) { rows += p.Rows })), q)
		if err != nil || page.Total == 0 || len(page.Events) == 0 {
			t.Fatalf("%s: %d of %d events, %v", name, len(page.Events), page.Total, err)
		}
		if rows == 0 {
			t.Fatalf("%s: ClickHouse does not say what it read", name)
		}
		read[name] = rows
	}
	return read
}

// grows complains where a longer history has more than twice the rows read.
func grows(t *testing.T, few, many map[string]uint64) {
	t.Helper()
	for name, n := range many {
		t.Logf("%-22s %6d rows, %6d of the longer history", name, few[name], n)
		if n > 2*few[name] {
			t.Errorf("%s: %d rows are read of the longer history, %d of the other", name, n, few[name])
		}
	}
}
