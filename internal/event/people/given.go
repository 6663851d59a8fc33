// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// whole is a candidate with all that is known of it.
type whole struct {
	candidate
	row         attempt
	name        string
	seen0, seen int64 // first and last, of the person
	guess       string
}

var wholeColumns = "a." + strings.ReplaceAll(attemptColumns, ", ", ", a.") + ", p.name, p.first, p.last"

// read reads all of candidates.
func (s *search) read(ctx context.Context, list []candidate) ([]whole, error) {
	all := make([]whole, len(list))
	for i := range list {
		a := &all[i]
		a.candidate = list[i]
		if err := s.c.Row(ctx, "SELECT "+wholeColumns+" FROM attempts a CROSS JOIN people p ON p.id = a.person WHERE a.id = ?", a.id).
			Scan(append(a.row.fields(), &a.name, &a.seen0, &a.seen)...); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// given gives attempts as callers get them.
func (s *search) given(ctx context.Context, list []whole) ([]event.Attempt, error) {
	out := make([]event.Attempt, len(list))
	for i := range list {
		a, row := &list[i], &list[i].row
		out[i] = event.Attempt{
			UserID: bare(row.user), UserProof: proofOf(row.user), UserName: a.name, PeerID: row.peer, RoomID: row.room, RoomName: row.roomName, SessionID: row.session,
			Began: time.Unix(0, a.first).UTC(), Ended: time.Unix(0, a.last).UTC(), Outcome: a.outcome, Failures: int(row.failures), Provoked: row.provoked > 0, Match: a.match,
			FirstSeen: time.Unix(0, min(a.seen0, a.first)).UTC(), LastSeen: time.Unix(0, max(a.seen, a.last)).UTC(), Guess: a.guess, Place: s.place(&a.candidate),
		}
		var err error
		if out[i].TellsMost, err = s.tellsMost(ctx, row); err != nil {
			return nil, err
		}
		if row.seq > 0 {
			if err := s.c.Each(ctx, "SELECT id FROM events WHERE seq = ?", func(found eventlog.Scanner) error {
				var id uuid.UUID
				err := found.Scan(&id)
				out[i].EventID = id.String()
				return err
			}, row.seq); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
