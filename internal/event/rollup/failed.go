// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"context"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// Of a peer's events that ended an attempt to join, one is counted as a failed
// join: those that are have their places in summary_failed.

// HasFailed tells whether an event of a peer is counted as a failed join.
func HasFailed(ctx context.Context, c *eventlog.Conn, peer string, account int64) (bool, error) {
	var failures []int64
	if err := c.Postings(ctx, eventlog.ID{Column: "peer", Account: account, Value: peer}, eventlog.Everywhere, func(seq, typ int64) bool {
		if eventlog.CodeTypes[typ].IsError() {
			failures = append(failures, seq)
		}
		return true
	}); err != nil || len(failures) == 0 {
		return false, err
	}
	_, found, err := c.Lookup(ctx, "SELECT seq FROM summary_failed WHERE seq IN (SELECT value FROM json_each(?)) LIMIT 1", eventlog.PlacesArg(failures))
	return found, err
}

// PeerHasFailed is HasFailed of the peer of an event that has just been stored. Where no event
// before it has the peer, nothing is looked for.
func PeerHasFailed(ctx context.Context, c *eventlog.Conn, row *eventlog.Row) (bool, error) {
	if row.FirstOfPeer {
		return false, nil
	}
	return HasFailed(ctx, c, row.Event.PeerID, row.Account)
}

// Fail makes an event the one that is counted.
func Fail(ctx context.Context, c *eventlog.Conn, seq int64) error {
	_, err := c.Exec(ctx, "INSERT INTO summary_failed VALUES (?)", seq)
	return err
}

// Unfail takes that back, and tells whether it was this event.
func Unfail(ctx context.Context, c *eventlog.Conn, seq int64) (bool, error) {
	n, err := c.Exec(ctx, "DELETE FROM summary_failed WHERE seq = ?", seq)
	return n > 0, err
}
