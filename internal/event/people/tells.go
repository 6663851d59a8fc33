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

// maxOfPeer is how many events of a peer are looked at for the failure that tells most.
const maxOfPeer = 2000

// Telling finds the place of the failure that tells most of an attempt with a peer id: see
// event.PeopleFinder. It is called within Read.
func Telling(ctx context.Context, c *eventlog.Conn, account int64, q *event.PeopleQuery, a *event.Attempt) (seq int64, found bool, err error) {
	if a.TellsMost > 0 {
		if seq, found, err = c.Lookup(ctx, "SELECT seq FROM events WHERE seq = ?", a.TellsMost); err != nil || found {
			return seq, found, err
		} // it has just been removed
	}
	b, err := amongEvents(ctx, c, account, q, a.PeerID, text.Cut(event.UserKey(a.UserID, a.UserProof), maxID), maxOfPeer)
	return b.seq, b.seq > 0, err
}

// amongEvents finds the failure that tells most of an attempt among its events: one that ended it, then
// one that happened in the span of a query, then the first. It looks at so many of them, -1 for all.
func amongEvents(ctx context.Context, c *eventlog.Conn, account int64, q *event.PeopleQuery, peerID, userKey string, most int) (b best, err error) {
	peer, args, err := c.Is(ctx, "peer", peerID, account)
	if err != nil {
		return b, err
	}
	user, of := "user IS NULL", []any(nil)
	if userKey != "" {
		if user, of, err = c.Is(ctx, "user", userKey, account); err != nil {
			return b, err
		}
	}
	since, until := spanOf(q)
	events := "SELECT seq, type, terminal, " + eventlog.HappenedAt + " AS at FROM events INDEXED BY events_peer WHERE " + peer + " AND account = ? AND " + user + " ORDER BY seq LIMIT ?"
	err = c.Row(ctx, "SELECT seq, at, terminal FROM ("+events+") WHERE type IN ("+failureCodes+") ORDER BY terminal DESC, at >= ? AND at < ? DESC, at, seq LIMIT 1",
		slices.Concat(args, []any{account}, of, []any{most, since, until})...).Scan(&b.seq, &b.at, &b.terminal)
	if errors.Is(err, sql.ErrNoRows) {
		return best{}, nil
	}
	return b, err
}
