package sqlite

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
	mu   sync.RWMutex
	list []segment // by place

	fresh []int64 // times of the transaction under way
}

func (g *segments) load(ctx context.Context, c *conn) error {
	var list []segment
	err := c.each(ctx, "SELECT first, last, min_time, max_time FROM segments ORDER BY first", func(row scanner) error {
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

func (g *segments) add(t time.Time) { g.fresh = append(g.fresh, t.UnixNano()) }

// extend adds the events from first to last, whose times are fresh.
func (g *segments) extend(ctx context.Context, c *conn, first, last int64) error {
	s := segment{first: first, from: g.fresh[0], to: g.fresh[0]}
	n := len(g.list)
	grows := n > 0 && g.list[n-1].last+1 == first && g.list[n-1].last-g.list[n-1].first < segmentSize
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
	_, err := c.exec(ctx, `INSERT INTO segments VALUES (?, ?, ?, ?)
		ON CONFLICT(first) DO UPDATE SET last = excluded.last, min_time = excluded.min_time, max_time = excluded.max_time`,
		s.first, s.last, s.from, s.to)
	return err
}

// forget drops the ranges that lie wholly before a time and hold nothing any
// more, but for the one being written.
func (g *segments) forget(ctx context.Context, c *conn, before time.Time) error {
	n := len(g.list)
	if n == 0 {
		return nil
	}
	if _, err := c.exec(ctx, `DELETE FROM segments WHERE max_time < ? AND first <> ?
		AND NOT EXISTS (SELECT 1 FROM events WHERE seq BETWEEN segments.first AND segments.last)`, before.UnixNano(), g.list[n-1].first); err != nil {
		return err
	}
	return g.load(ctx, c)
}

// seqRange is where events of a time can be: all of its events are, or some.
type seqRange struct {
	first, last int64
	whole       bool
}

// between gives the ranges with events taken in [since, until), by place.
func (g *segments) between(since, until int64) (found []seqRange) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, s := range g.list {
		if s.to < since || s.from >= until {
			continue
		}
		whole := s.from >= since && s.to < until
		if n := len(found); n > 0 && whole && found[n-1].whole && found[n-1].last+1 == s.first {
			found[n-1].last = s.last
			continue
		}
		found = append(found, seqRange{s.first, s.last, whole})
	}
	return found
}
