// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"fmt"
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestFirstPagesDoNotGrow: the first page of a room, session, user, peer, type or
// of everything, total included, has ClickHouse read no more rows of a history ten
// times as long.
func TestFirstPagesDoNotGrow(t *testing.T) {
	t.Parallel()
	const days = 3
	rowsRead := func(n int) map[string]uint64 {
		s := openAt(t, shared(t), t.TempDir(), nil)
		var records []eventlog.Record
		began := time.Now().Add(-days * event.Day)
		for i := range n {
			r := eventlog.Record{Event: eventtest.Sample(i)}
			r.Seq, r.Time = int64(i+1), began.Add(time.Duration(i)*days*event.Day/time.Duration(n))
			r.RoomID, r.SessionID, r.UserID, r.PeerID = fmt.Sprint("room-", i/20), fmt.Sprint("session-", i/10), fmt.Sprint("user-", i/5), fmt.Sprint("peer-", i/5)
			r.Type = event.Types[i%5]
			records = append(records, r)
		}
		if err := s.insert(t.Context(), records); err != nil {
			t.Fatal(err)
		}
		s.ship.mu.Lock()
		s.edge.Lock()
		s.evicted = int64(n) // as if they had come through the spool
		s.edge.Unlock()
		err := s.learn(t.Context())
		s.ship.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		read := map[string]uint64{}
		middle := n / 2
		for name, q := range map[string]event.Query{
			"everything": {}, "newest": {Desc: true}, "type": {Types: []event.Type{event.JoinFailed}},
			"room": {RoomID: fmt.Sprint("room-", middle/20)}, "session": {SessionID: fmt.Sprint("session-", middle/10)},
			"user": {UserID: fmt.Sprint("user-", middle/5)}, "peer": {PeerID: fmt.Sprint("peer-", middle/5)},
			"room and type":  {RoomID: fmt.Sprint("room-", middle/20), Types: []event.Type{event.JoinFailed}},
			"room and fault": {RoomID: fmt.Sprint("room-", middle/20), Faults: []string{records[0].Fault}},
			"room and user":  {RoomID: fmt.Sprint("room-", middle/20), UserID: fmt.Sprint("user-", middle/5)},
		} {
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
	few, many := rowsRead(5000), rowsRead(50_000)
	for name, n := range many {
		t.Logf("%-15s %6d rows of 5,000, %6d of 50,000", name, few[name], n)
		if n > 2*few[name] {
			t.Errorf("%s: %d rows are read of 50,000 events, %d of 5,000", name, n, few[name])
		}
	}
}
