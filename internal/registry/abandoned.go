// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"fmt"
	"time"
)

// Abandoned is a peer that was inside when an earlier process of the server ended,
// and that has not come back as itself within Grace. Its Reason is ReasonRejoined
// where the same client joined anew instead.
type Abandoned struct {
	SessionPeer
	Account    string
	RoomName   string
	TemplateID string
	Process    string    // that ended
	Opened     time.Time // when this one began
}

// tellRetry is how long to wait before Options.Abandoned is called again.
const tellRetry = time.Minute

// tellAbandoned has Options.Abandoned hear of everybody at once. Sessions come first
// in the join: they are fewer than the peers of all time.
func (r *Registry) tellAbandoned(ctx context.Context) error {
	if r.abandoned == nil {
		return nil
	}
	all, err := list(ctx, r.read, func(row row) (a Abandoned, err error) {
		var joined int64
		err = row.Scan(&a.ID, &a.SessionID, &a.RoomID, &a.Name, &a.UserID, &a.UserProof, &a.Role, &joined, &a.Reason, &a.Process,
			&a.Account, &a.RoomName, &a.TemplateID)
		a.JoinedAt, a.Opened = moment(joined), r.opened
		return a, err
	}, `SELECT peers.id, peers.session_id, peers.room_id, peers.name, peers.user_id, peers.user_proof, peers.role, peers.joined_at,
			peers.reason, peers.process, sessions.customer_id, sessions.room_name, sessions.template_id
		FROM sessions CROSS JOIN peers ON peers.session_id = sessions.id
		WHERE (sessions.ended_at IS NULL OR sessions.ended_at >= ?) AND peers.process <> ?
			AND (peers.left_at IS NULL OR peers.left_at >= ? AND peers.reason IN (?, ?))
		ORDER BY peers.joined_at, peers.id`, stamp(r.opened), r.process, stamp(r.opened), ReasonRejoined, ReasonEnded)
	if err != nil || len(all) == 0 {
		return err
	}
	if err := r.abandoned(ctx, all); err != nil {
		return fmt.Errorf("%d peers of the previous process are not recorded yet: %w", len(all), err)
	}
	return nil
}
