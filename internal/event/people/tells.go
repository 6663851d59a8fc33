// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/text"
)

// What is looked at for the failure that tells most of a peer.
const (
	maxOfPeer = 2_000  // failures
	maxPlaces = 20_000 // places of failures, of which those of a time are looked at
)

// Narrow keeps those of the places of events that may have happened in a span, [since, until) as
// Unix nanoseconds, which is the same in all calls. The places ascend.
type Narrow func(ctx context.Context, c *eventlog.Conn, places []int64, since, until int64) ([]int64, error)

// tellsMost gives the place of the failure that tells most of an attempt in the span that is asked
// for, 0 where that is to be looked for among all of its events.
func (s *search) tellsMost(ctx context.Context, a *attempt) (int64, error) {
	if a.best.seq <= 0 || a.peer == "" || a.best.holds(a.failures, s.since, s.until) {
		return max(a.best.seq, 0), nil
	}
	b, err := amongEvents(ctx, s.c, s.account, s.q, a.peer, a.user, maxOfPeer, s.narrow)
	if b.seq == 0 || a.best.terminal && !b.terminal {
		return a.best.seq, err
	}
	return b.seq, err
}

// Telling finds the place of the failure that tells most of an attempt with a peer id: see
// event.PeopleFinder. It is called within Read.
func Telling(ctx context.Context, c *eventlog.Conn, account int64, q *event.PeopleQuery, a *event.Attempt) (seq int64, found bool, err error) {
	if a.TellsMost > 0 {
		if seq, found, err = c.Lookup(ctx, "SELECT seq FROM events WHERE seq = ?", a.TellsMost); err != nil || found {
			return seq, found, err
		} // it has just been removed
	}
	b, err := amongEvents(ctx, c, account, q, a.PeerID, text.Cut(event.UserKey(a.UserID, a.UserProof), maxID), maxOfPeer, nil)
	return b.seq, b.seq > 0, err
}

// amongEvents finds the failure that tells most of an attempt among its events: one that ended it, then
// one that happened in the span of a query, then the first. It looks at so many of them, -1 for all, and with narrow only
// at those that happened in the span.
func amongEvents(ctx context.Context, c *eventlog.Conn, account int64, q *event.PeopleQuery, peerID, userKey string, most int, narrow Narrow) (b best, err error) {
	user, of := "user IS NULL", []any(nil)
	if userKey != "" {
		if user, of, err = c.Is(ctx, "user", userKey, account); err != nil {
			return b, err
		}
	}
	since, until := spanOf(q)
	span, within := []any{since, until}, []any(nil)
	var places []int64
	err = c.Postings(ctx, eventlog.ID{Column: "peer", Account: account, Value: peerID}, eventlog.Everywhere, func(seq, typ int64) bool {
		if eventlog.CodeTypes[typ].IsError() {
			places = append(places, seq)
		}
		return most < 0 || len(places) < maxPlaces
	})
	if err != nil || len(places) == 0 {
		return b, err
	}
	where := ""
	if narrow != nil {
		if places, err = narrow(ctx, c, places, since, until); err != nil || len(places) == 0 {
			return b, err
		}
		where, within = " WHERE at >= ? AND at < ?", span
	}
	failures := "SELECT seq, at, terminal FROM (SELECT seq, terminal, " + eventlog.HappenedAt + " AS at FROM events NOT INDEXED WHERE seq IN (SELECT value FROM json_each(?)) AND account = ? AND " + user + " ORDER BY seq LIMIT ?)" + where
	err = c.Row(ctx, failures+" ORDER BY terminal DESC, at >= ? AND at < ? DESC, at, seq LIMIT 1",
		slices.Concat([]any{eventlog.PlacesArg(places), account}, of, []any{most}, within, span)...).Scan(&b.seq, &b.at, &b.terminal)
	if errors.Is(err, sql.ErrNoRows) {
		return best{}, nil
	}
	return b, err
}
