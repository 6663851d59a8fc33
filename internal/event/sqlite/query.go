// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// Query gives one page.
func (s *Store) Query(ctx context.Context, q event.Query) (event.Page, error) {
	if q.Limit <= 0 || q.Limit > event.MaxLimit {
		q.Limit = event.DefaultLimit
	}
	var cur eventjson.Cursor
	now := time.Now()
	if q.Start != "" {
		var err error
		if cur, err = s.cursors.Open(&q, now); err != nil {
			return event.Page{}, err
		}
	}
	var page event.Page
	err := s.Read(ctx, func(c *eventlog.Conn) error {
		p, find, err := s.plan(ctx, c, &q)
		if err != nil {
			return err
		}
		switch {
		case q.Tail:
			p.Above, p.Desc = max(p.Above, q.After), false
		case q.Start == "":
			cur = eventjson.Cursor{At: now}
			if err := c.Row(ctx, "SELECT coalesce(max(seq), 0) FROM events").Scan(&cur.Max); err != nil {
				return err
			}
			if cur.Total, err = find.Count(ctx, c); err != nil {
				return err
			}
		case q.Desc:
			p.Upto = min(p.Upto, cur.Pos-1)
		default:
			p.Above = max(p.Above, cur.Pos)
		}
		if !q.Tail {
			p.Upto = min(p.Upto, cur.Max)
		}
		seqs, err := find.Places(ctx, c, q.Limit+1)
		if err != nil {
			return err
		}
		page.Total = cur.Total
		if len(seqs) > q.Limit {
			seqs = seqs[:q.Limit]
			if !q.Tail {
				cur.Pos = seqs[q.Limit-1]
				page.Next = s.cursors.Seal(&q, cur)
			}
		}
		page.Events, err = s.Events(ctx, c, seqs)
		return err
	})
	return page, err
}

// Get gives one event.
func (s *Store) Get(ctx context.Context, id string) (event.Event, error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return event.Event{}, fault.EventNotFound.New()
	}
	return s.one(ctx, func(c *eventlog.Conn) (int64, bool, error) { return s.Place(ctx, c, key) })
}

// one gives the event at a place. It fails with fault.EventNotFound.
func (s *Store) one(ctx context.Context, place func(*eventlog.Conn) (seq int64, found bool, err error)) (event.Event, error) {
	var found []event.Event
	err := s.Read(ctx, func(c *eventlog.Conn) error {
		seq, ok, err := place(c)
		if err != nil || !ok {
			return err
		}
		found, err = s.Events(ctx, c, []int64{seq})
		return err
	})
	if err != nil {
		return event.Event{}, err
	}
	if len(found) == 0 {
		return event.Event{}, fault.EventNotFound.New()
	}
	return found[0], nil
}

// finder finds the events of a plan.
type finder interface {
	Count(ctx context.Context, c *eventlog.Conn) (int, error)
	Places(ctx context.Context, c *eventlog.Conn, n int) ([]int64, error)
}

// lookedAt is how many events are looked at one by one rather than found by the
// bitmap index, of which every block has some.
const lookedAt = 500

// plan chooses how a query is answered: by looking at the events that an index
// has, or by the bitmap index, where these are many.
func (s *Store) plan(ctx context.Context, c *eventlog.Conn, q *event.Query) (*eventlog.Plan, finder, error) {
	p, err := s.Plan(ctx, c, q)
	if err != nil {
		return nil, nil, err
	}
	if p.Where == "" || p.Index == "peer" || p.Index != "" && p.Matching <= int64(s.lookedAt) {
		return p, p, nil
	}
	keys, err := keyFilters(ctx, c, p, q)
	if err != nil || !p.Single && len(keys) == 0 {
		return p, p, err
	}
	scan, err := newBitmapScan(ctx, c, p, q, s.bitmaps.together, keys)
	return p, scan, err
}
