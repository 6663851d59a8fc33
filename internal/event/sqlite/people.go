// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/people"
)

// PeopleBytes bounds the index of people, in bytes; 0 is no bound.
func PeopleBytes(n int64) Option { return func(s *Store) { s.maxPeople = n } }

// FindPeople finds people by their names.
func (s *Store) FindPeople(ctx context.Context, q event.PeopleQuery) (found event.PeopleFound, err error) {
	account, known := s.Accounts.ID(q.AccountID)
	if !known {
		return event.PeopleFound{Indexed: 1}, ctx.Err()
	}
	if err := s.indexPeople(ctx); err != nil && ctx.Err() != nil {
		return found, err
	} // else the disk is full or fails; what is indexed can be found all the same
	err = s.Read(ctx, func(c *eventlog.Conn) (err error) {
		found, err = people.Find(ctx, c, account, &q, s.happenedIn())
		return err
	})
	return found, err
}

// Telling gives the failure that tells most of an attempt.
func (s *Store) Telling(ctx context.Context, q event.PeopleQuery, a *event.Attempt) (event.Event, error) {
	if a.PeerID == "" {
		return s.Get(ctx, a.EventID)
	}
	return s.one(ctx, func(c *eventlog.Conn) (seq int64, found bool, err error) {
		account, known := s.Accounts.ID(q.AccountID)
		if !known {
			return 0, false, nil
		}
		return people.Telling(ctx, c, account, &q, a)
	})
}

// PeopleSize is how many bytes the index of people takes, and how many attempts went
// since it was opened because it was too large.
func (s *Store) PeopleSize() (held, evicted int64) { return s.people.Size() }

// indexPeople has the index of people take in the events that wait for more to come.
func (s *Store) indexPeople(ctx context.Context) error {
	to, err := s.Last(ctx)
	for more := true; more && err == nil; {
		more, err = s.foldTurn(ctx, s.deferred.list[ofPeople], to)
	}
	return err
}

// Outcomes counts what became of attempts.
func (s *Store) Outcomes(ctx context.Context, q event.OutcomesQuery) (out event.Outcomes, err error) {
	account, known := s.Accounts.ID(q.AccountID)
	if !known {
		account = -1 // nobody's
	}
	if err := s.indexPeople(ctx); err != nil && ctx.Err() != nil {
		return out, err
	} // as in FindPeople
	err = s.Read(ctx, func(c *eventlog.Conn) (err error) {
		out, err = people.Outcomes(ctx, c, account, &q)
		return err
	})
	return out, err
}
