// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// Timeline hands over the marks of a session: see [event.Timeliner].
func (s *Store) Timeline(ctx context.Context, q event.TimelineQuery, each func(*event.Mark)) error {
	account, known := s.Accounts.ID(q.AccountID)
	if !known {
		return ctx.Err()
	}
	return s.Read(ctx, func(c *eventlog.Conn) error { return eventlog.ReadMarks(ctx, c, account, q, each) })
}
