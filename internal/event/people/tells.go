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
	condition, args, err := "user IS NULL", []any(nil), error(nil)
	if a.user != "" {
		if condition, args, err = s.c.Is(ctx, "user", a.user, s.account); err != nil {
			return "", err
		}
	}
	peer, of, err := s.c.Is(ctx, "peer", a.peer, s.account)
	if err != nil {
		return "", err
	}
	type rank struct {
		ended, asked bool
		happened     int64
	}
	better := func(x, y rank) bool {
		switch {
		case x.ended != y.ended:
			return x.ended
		case x.asked != y.asked:
			return x.asked
		}
		return x.happened < y.happened
	}
	var best rank
	events := "SELECT id, type, terminal, coalesce(happened, time) AS at FROM events INDEXED BY events_peer WHERE " + peer + " AND account = ? AND " + condition + " ORDER BY seq LIMIT ?"
	err = s.c.Each(ctx, "SELECT id, terminal, at FROM ("+events+") WHERE type IN ("+failureCodes+")", func(row eventlog.Scanner) error {
		var one uuid.UUID
		var r rank
		if err := row.Scan(&one, &r.ended, &r.happened); err != nil {
			return err
		}
		r.asked = r.happened >= s.since && r.happened < s.until
		if id == "" || better(r, best) {
			id, best = one.String(), r
		}
		return nil
	}, slices.Concat(of, []any{s.account}, args, []any{maxOfPeer})...)
	return id, err
}
