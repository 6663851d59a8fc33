// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"sync"
	"time"
)

// segmentSize is how many events one row of segments spans, at most, and with
// it how far a search by time can be off.
const segmentSize = 4096

// segment is a range of events and the times they span.
type segment struct {
	first, last int64
	from, to    int64 // Unix nanoseconds, both inclusive
}

// segments is the table of that name in memory. What readers find here spans at
// least what is in the state of the file that they see, since it grows before a
// transaction is committed.
type segments struct {
	Base
	mu   sync.RWMutex
	list []segment // by place

	fresh []int64 // times of the transaction under way
	first int64   // the place of the first of them
	last  int64   // and of the last
}

// Load reads the table.
func (g *segments) Load(ctx context.Context, c *Conn) error {
	var list []segment
	err := c.Each(ctx, "SELECT first, last, min_time, max_time FROM segments ORDER BY first", func(row Scanner) error {
		var s segment
		err := row.Scan(&s.first, &s.last, &s.from, &s.to)
		list = append(list, s)
		return err
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list, g.fresh = list, nil
	return err
}

// Stored notes when a new event was taken.
func (g *segments) Stored(_ context.Context, _ *Conn, row *Row) error {
	if len(g.fresh) == 0 {
		g.first = row.Seq
	}
	g.fresh, g.last = append(g.fresh, row.Time.UnixNano()), row.Seq
	return nil
}

// Flush adds the new events.
func (g *segments) Flush(ctx context.Context, c *Conn) error {
	if len(g.fresh) == 0 {
		return nil
	}
	first, last := g.first, g.last
	s := segment{first: first, from: g.fresh[0], to: g.fresh[0]}
	n := len(g.list)
	grows := n > 0 && g.list[n-1].last-g.list[n-1].first < segmentSize
	if grows {
		s = g.list[n-1]
	}
	for _, t := range g.fresh {
		s.from, s.to = min(s.from, t), max(s.to, t)
	}
	s.last, g.fresh = last, g.fresh[:0]
	g.mu.Lock()
	if grows {
		g.list[n-1] = s
	} else {
		g.list = append(g.list, s)
	}
	g.mu.Unlock()
	_, err := c.Exec(ctx, `INSERT INTO segments VALUES (?, ?, ?, ?)
		ON CONFLICT(first) DO UPDATE SET last = excluded.last, min_time = excluded.min_time, max_time = excluded.max_time`,
		s.first, s.last, s.from, s.to)
	return err
}

// Expired drops the ranges that lie wholly before a time and hold nothing any
// more, but for the one being written.
func (g *segments) Expired(ctx context.Context, c *Conn, before time.Time, _ []int64) error {
	n := len(g.list)
	if n == 0 {
		return nil
	}
	if _, err := c.Exec(ctx, `DELETE FROM segments WHERE max_time < ? AND first <> ?
		AND NOT EXISTS (SELECT 1 FROM events WHERE seq BETWEEN segments.first AND segments.last)`, before.UnixNano(), g.list[n-1].first); err != nil {
		return err
	}
	return g.Load(ctx, c)
}

// Range is where events of a time can be: all of its events are, or some.
type Range struct {
	First, Last int64
	Whole       bool
}

// TakenIn gives the ranges of a log with events taken in [since, until), as Unix nanoseconds, by
// place. Within Read, something is to be read before, which fixes the state of the file.
func TakenIn(l *Log, since, until int64) []Range { return l.segments.between(since, until) }

// between gives the ranges with events taken in [since, until), by place.
func (g *segments) between(since, until int64) (found []Range) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, s := range g.list {
		if s.to < since || s.from >= until {
			continue
		}
		whole := s.from >= since && s.to < until
		if n := len(found); n > 0 && whole && found[n-1].Whole && found[n-1].Last+1 == s.first {
			found[n-1].Last = s.last
			continue
		}
		found = append(found, Range{s.first, s.last, whole})
	}
	return found
}
