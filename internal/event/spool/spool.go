// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package spool is the durable front of another store: events arrive here and are
// on disk here, and once they are safe elsewhere their rows leave and their ids
// stay, so that a report counts once wherever its event is.
//
// It is a log (package eventlog). The other store does the counting: here only
// joins are counted, which are no events, and which events are failed joins is
// found out.
package spool

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// Spool is an open spool.
type Spool struct {
	*eventlog.Log
	joins  rollup.Table
	failed failedJoins
	keeper *rollup.Keeper
}

// Open opens or creates the spool in a directory; words are those in which events
// are read. It fails with fault.StoreUnavailable.
func Open(ctx context.Context, dir string, log *slog.Logger, words event.Vocabulary) (*Spool, error) {
	s := &Spool{}
	s.failed.joins = &s.joins
	var err error
	s.Log, err = eventlog.Open(ctx, dir, eventlog.Config{Log: log, Words: words, Derived: []eventlog.Derived{&s.failed, &s.joins}})
	if err != nil {
		return nil, err
	}
	s.keeper = s.joins.Keep(s.Log, log)
	return s, nil
}

// Close closes the spool. Whatever has been acknowledged is in it.
func (s *Spool) Close() error {
	s.keeper.Stop()
	return s.Log.Close()
}

// Records gives up to n events after one place and up to another, in order, and
// which of them are counted as failed joins.
func (s *Spool) Records(ctx context.Context, above, upto int64, n int) (list []eventlog.Record, err error) {
	err = s.Read(ctx, func(c *eventlog.Conn) error {
		if list, err = s.ReadRecords(ctx, c, above, upto, n); err != nil || len(list) == 0 {
			return err
		}
		counted := map[int64]bool{}
		err := c.Each(ctx, "SELECT seq FROM summary_failed WHERE seq >= ? AND seq <= ?", func(row eventlog.Scanner) error {
			var seq int64
			err := row.Scan(&seq)
			counted[seq] = true
			return err
		}, list[0].Seq, list[len(list)-1].Seq)
		for i := range list {
			list[i].FailedJoin = counted[list[i].Seq]
		}
		return err
	})
	return list, err
}

// Part is what a query finds here.
type Part struct {
	Events []event.Event
	Total  int   // of the whole query, when it was asked for
	Last   int64 // place of the newest event ever
}

// Part gives up to n events of a query, whose cursor is left to the caller, with
// places after above and up to upto; total asks for the number of all that match.
func (s *Spool) Part(ctx context.Context, q *event.Query, above, upto int64, n int, total bool) (part Part, err error) {
	err = s.Read(ctx, func(c *eventlog.Conn) error {
		p, err := s.Plan(ctx, c, q)
		if err != nil {
			return err
		}
		if part.Last, err = eventlog.ReadLast(ctx, c); err != nil {
			return err
		}
		if total {
			if part.Total, err = p.Count(ctx, c); err != nil {
				return err
			}
		}
		p.Above, p.Upto = max(p.Above, above), min(p.Upto, upto)
		seqs, err := p.Places(ctx, c, n)
		if err != nil {
			return err
		}
		part.Events, err = s.Events(ctx, c, seqs)
		return err
	})
	return part, err
}

// Seq finds the place of the event with an id, wherever its row is.
func (s *Spool) Seq(ctx context.Context, id string) (seq int64, found bool, err error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return 0, false, nil
	}
	err = s.Read(ctx, func(c *eventlog.Conn) (err error) {
		seq, found, err = s.Place(ctx, c, key)
		return err
	})
	return seq, found, err
}

// Count is how many events are here.
func (s *Spool) Count(ctx context.Context) (n int64, err error) {
	err = s.Read(ctx, func(c *eventlog.Conn) error {
		return c.Row(ctx, "SELECT coalesce(sum(n), 0) FROM counts WHERE scope = ?", eventlog.OfAccount).Scan(&n)
	})
	return n, err
}

// Size tells how large the file is, and what the documents of each account take, by
// their mean.
func (s *Spool) Size(ctx context.Context) (event.Size, error) {
	size := event.Size{Accounts: map[string]int64{}}
	err := s.Read(ctx, func(c *eventlog.Conn) (err error) {
		if size.Bytes, err = eventlog.FileSize(ctx, c); err != nil {
			return err
		}
		each, err := eventlog.DocSize(ctx, c)
		if err != nil {
			return err
		}
		return c.Each(ctx, "SELECT account, sum(n) FROM counts WHERE scope = ? GROUP BY account", func(row eventlog.Scanner) error {
			var account, n int64
			err := row.Scan(&account, &n)
			size.Accounts[s.Accounts.Name(account)] = int64(float64(n) * each)
			return err
		}, eventlog.OfAccount)
	})
	return size, err
}

// Evict lets the rows of events leave and keeps their ids. It fails with
// [eventlog.ErrChanged], and nothing leaves, when one of them is not as it was
// read.
func (s *Spool) Evict(ctx context.Context, records []eventlog.Record) error {
	return s.Change(ctx, func(ctx context.Context, tx eventlog.Tx) error {
		for i := range records {
			if err := s.failed.evict(ctx, tx, &records[i]); err != nil {
				return err
			}
			if err := tx.Evict(ctx, &records[i]); err != nil {
				return err
			}
		}
		return tx.Evicted(ctx, records[len(records)-1].Seq)
	})
}

// Adopt takes over ids of events that are elsewhere and whose rows were never
// here. New events get places after them.
func (s *Spool) Adopt(ctx context.Context, records []eventlog.Record) error {
	return s.Change(ctx, func(ctx context.Context, tx eventlog.Tx) error {
		var upto int64
		for _, r := range records {
			if err := tx.Remember(ctx, r.Seq, append(r.Also, r.ID)...); err != nil {
				return err
			}
			upto = max(upto, r.Seq)
		}
		return tx.Evicted(ctx, upto)
	})
}

// Forget drops the ids of evicted events at these places.
func (s *Spool) Forget(ctx context.Context, places []int64) error {
	for len(places) > 0 {
		some := places[:min(len(places), eventlog.DeletionBatch)]
		places = places[len(some):]
		err := s.Change(ctx, func(ctx context.Context, tx eventlog.Tx) error {
			for _, seq := range some {
				if _, err := tx.Forget(ctx, "seq = ? AND seq <= ?", seq, tx.EvictedUpTo()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ForgetBelow drops the ids of evicted events before a place, in batches.
func (s *Spool) ForgetBelow(ctx context.Context, place int64) error {
	for {
		var n int64
		err := s.Change(ctx, func(ctx context.Context, tx eventlog.Tx) (err error) {
			n, err = tx.Forget(ctx, "id IN (SELECT id FROM aliases WHERE seq < ? AND seq <= ? ORDER BY seq LIMIT ?)", place, tx.EvictedUpTo(), eventlog.DeletionBatch)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// mark is what the names of numbers begin with that the other store keeps here.
const mark = "mark."

// Meta reads a number kept in the file under a name, 0 when there is none.
func (s *Spool) Meta(ctx context.Context, name string) (n int64, err error) {
	err = s.Read(ctx, func(c *eventlog.Conn) (err error) {
		n, _, err = c.Meta(ctx, mark+name)
		return err
	})
	return n, err
}

// Metas reads the numbers whose names begin with a text, without it.
func (s *Spool) Metas(ctx context.Context, prefix string) (map[string]int64, error) {
	values := map[string]int64{}
	prefix = mark + prefix
	length := len([]rune(prefix))
	err := s.Read(ctx, func(c *eventlog.Conn) error {
		return c.Each(ctx, "SELECT substr(key, ?), value FROM meta WHERE substr(key, 1, ?) = ?", func(row eventlog.Scanner) error {
			var name string
			var n int64
			err := row.Scan(&name, &n)
			values[name] = n
			return err
		}, length+1, length, prefix)
	})
	return values, err
}

// SetMeta keeps a number in the file under a name.
func (s *Spool) SetMeta(ctx context.Context, name string, n int64) error {
	return s.Change(ctx, func(ctx context.Context, tx eventlog.Tx) error { return tx.SetMeta(ctx, mark+name, n) })
}

// DropMeta forgets a number.
func (s *Spool) DropMeta(ctx context.Context, name string) error {
	return s.Change(ctx, func(ctx context.Context, tx eventlog.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM meta WHERE key = ?", mark+name)
		return err
	})
}
