// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
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
	condition, args := "user IS NULL", []any(nil)
	if user := event.UserKey(a.UserID, a.UserProof); user != "" {
		if condition, args, err = c.Is(ctx, "user", text.Cut(user, maxID), account); err != nil {
			return 0, false, err
		}
	}
	peer, of, err := c.Is(ctx, "peer", a.PeerID, account)
	if err != nil {
		return 0, false, err
	}
	since, until := spanOf(q)
	events := "SELECT seq, type, terminal, " + eventlog.HappenedAt + " AS at FROM events INDEXED BY events_peer WHERE " + peer + " AND account = ? AND " + condition + " ORDER BY seq LIMIT ?"
	return c.Lookup(ctx, "SELECT seq FROM ("+events+") WHERE type IN ("+failureCodes+") ORDER BY terminal DESC, at >= ? AND at < ? DESC, at, seq LIMIT 1",
		slices.Concat(of, []any{account}, args, []any{maxOfPeer, since, until})...)
}
