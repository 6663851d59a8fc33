// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// maxToldLooked is of how many failures that a client alone told the documents are read
// for a timeline: only those may have happened long before they were told.
const maxToldLooked = 2000

// Timeline hands over the marks of a session: see [event.Timeliner].
func (s *Store) Timeline(ctx context.Context, q event.TimelineQuery, each func(*event.Mark)) error {
	account, known := s.Accounts.ID(q.AccountID)
	if !known {
		return ctx.Err()
	}
	return s.Read(ctx, func(c *eventlog.Conn) error {
		var seqs []int64
		var told []event.Mark
		err := eventlog.ReadMarks(ctx, c, account, q, func(seq int64, m *event.Mark) {
			if m.Source == event.FromClient && m.Type.IsError() && len(told) < maxToldLooked {
				seqs, told = append(seqs, seq), append(told, *m)
				return
			}
			each(m)
		})
		if err != nil {
			return err
		}
		events, err := s.Events(ctx, c, seqs)
		if err != nil {
			return err
		}
		for i := range told {
			told[i].Happened = event.Happened(&events[i])
			each(&told[i])
		}
		return nil
	})
}
