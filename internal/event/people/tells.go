// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// maxOfPeer is how many events of a peer are looked at for the failure that tells most.
const maxOfPeer = 2000

// tells gives the id of the failure of an attempt that tells most of it: one that ended
// it, then one that happened when it is asked for, then the first that happened. It is
// empty when there is none any more.
func (s *search) tells(ctx context.Context, a *candidate) (id string, err error) {
	condition, args := "user IS NULL", []any(nil)
	if a.user != "" {
		if condition, args, err = s.c.Is(ctx, "user", a.user, s.account); err != nil {
			return "", err
		}
	}
	peer, of, err := s.c.Is(ctx, "peer", a.peer, s.account)
	if err != nil {
		return "", err
	}
	events := "SELECT seq, id, type, terminal, " + eventlog.HappenedAt + " AS at FROM events INDEXED BY events_peer WHERE " + peer + " AND account = ? AND " + condition + " ORDER BY seq LIMIT ?"
	err = s.c.Each(ctx, "SELECT id FROM ("+events+") WHERE type IN ("+failureCodes+") ORDER BY terminal DESC, at >= ? AND at < ? DESC, at, seq LIMIT 1", func(row eventlog.Scanner) error {
		var one uuid.UUID
		err := row.Scan(&one)
		id = one.String()
		return err
	}, slices.Concat(of, []any{s.account}, args, []any{maxOfPeer, s.since, s.until})...)
	return id, err
}
