// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// joins has ClickHouse keep a copy of the counts of joins, which are counted and read in
// the spool, for a data directory that takes over. A row is the count of an hour so far, and the
// largest of an hour holds, so that writing one again changes nothing. Guarded by s.ship.mu,
// but for what is counted while others are shipped.
type joins struct {
	able  bool // the table is there
	next  time.Time
	sent  map[rollup.JoinCount]int64 // by count without its number, of the last hours
	clear time.Time                  // when these are written once more, lest ClickHouse lost them

	mu   sync.Mutex // held while joins are counted
	from int64      // hours before this one are in ClickHouse; also in the spool, by joinsKey
	late bool       // some before it were counted since it was read
}

const (
	joinsKey   = "joins" // in the spool
	joinsEvery = time.Minute
	joinsLate  = 3 // hours that may still change
	joinsBatch = 5000
)

// count counts joins of an hour and later ones. Those of long ago, as a migration brings,
// are written with the next.
func (j *joins) count(ctx context.Context, s *Store, first int64, add func() error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if first < j.from {
		if err := s.spool.SetMeta(ctx, joinsKey, first); err != nil {
			return err
		}
		j.from, j.late = first, true
	}
	return add()
}

// written notes that the hours before one are in ClickHouse, unless some of them were
// counted meanwhile.
func (j *joins) written(ctx context.Context, s *Store, due int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.late || due <= j.from {
		return nil
	}
	if err := s.spool.SetMeta(ctx, joinsKey, due); err != nil {
		return err
	}
	j.from = due
	return nil
}

// ship writes what has changed since it was written.
func (j *joins) ship(ctx context.Context, s *Store, now time.Time) error {
	if now.Before(j.next) {
		return nil
	}
	if now.After(j.clear) {
		j.sent, j.clear = map[rollup.JoinCount]int64{}, now.Add(time.Hour)
	}
	j.mu.Lock()
	from := j.from
	j.late = false
	j.mu.Unlock()
	var changed []rollup.JoinCount
	err := s.spool.JoinCountsSince(ctx, from, func(c rollup.JoinCount) error {
		n := c.N
		if c.N = 0; j.sent[c] != n {
			c.N = n
			changed = append(changed, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		if err := s.ready(ctx); err != nil || !j.able {
			return err
		}
		if err := insertJoins(ctx, s, changed); err != nil {
			return err
		}
	}
	due := rollup.Step(rollup.Hours, now) - joinsLate
	if err := j.written(ctx, s, due); err != nil {
		return err
	}
	for _, c := range changed {
		n := c.N
		if c.N = 0; c.Hour >= due {
			j.sent[c] = n
		}
	}
	j.next = now.Add(joinsEvery)
	return nil
}

// insertJoins writes counts, those of a few days at a time.
func insertJoins(ctx context.Context, s *Store, counts []rollup.JoinCount) error {
	columns, of := "account, dimension, hour, value, n", []any{}
	if s.others.able {
		columns, of = columns+", number", []any{uint16(s.number)}
	}
	for len(counts) > 0 {
		some := counts[:min(len(counts), joinsBatch)]
		some = some[:fewDays(some, func(c *rollup.JoinCount) int64 { return c.Hour / 24 })]
		err := block(ctx, s.conn, "INSERT INTO events_joins ("+columns+")", func(batch driver.Batch) error {
			for _, c := range some {
				if err := batch.Append(append([]any{c.Account, string(c.By), c.Hour, c.Value, c.N}, of...)...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		counts = counts[len(some):]
	}
	return nil
}

// adopt takes the counts that ClickHouse has into a new spool; doing it again changes
// nothing.
func (j *joins) adopt(ctx context.Context, s *Store) error {
	if !j.able {
		return nil
	}
	own := ""
	if s.others.able {
		own = " WHERE number = " + strconv.Itoa(int(s.number))
	}
	rows, err := s.conn.Query(ctx, "SELECT account, dimension, hour, value, max(n) FROM events_joins"+own+" GROUP BY account, dimension, hour, value")
	if err != nil {
		return err
	}
	var some []rollup.JoinCount
	err = each(rows, func() error {
		var c rollup.JoinCount
		var by string
		if err := rows.Scan(&c.Account, &by, &c.Hour, &c.Value, &c.N); err != nil {
			return fmt.Errorf("counts of joins: %w", err)
		}
		c.By = event.Dimension(by)
		if some = append(some, c); len(some) < joinsBatch {
			return nil
		}
		err := s.spool.CopyJoins(ctx, some)
		some = nil
		return err
	})
	if err != nil {
		return err
	}
	return s.spool.CopyJoins(ctx, some)
}

// countTheirJoins adds the joins that other servers have counted.
func (c *counter) countTheirJoins(ctx context.Context) error {
	w := &where{}
	w.and("number != " + strconv.Itoa(int(c.s.number)))
	if c.q.AccountID != "" {
		w.and("account = ?", c.q.AccountID)
	}
	var first int64
	var any uint64
	if err := c.s.conn.QueryRow(ctx, "SELECT min(hour), count() FROM events_joins WHERE "+w.text.String(), w.args...).Scan(&first, &any); err != nil || any == 0 {
		return err
	}
	if at := time.Unix(first*3600, 0).UTC(); c.joins.IsZero() || at.Before(c.joins) {
		c.joins = at
	}
	w.and("hour >= ?", rollup.Step(rollup.Hours, c.q.Since))
	w.and("hour < ?", rollup.Step(rollup.Hours, c.q.Until))
	w.and("dimension IN (?, ?)", string(event.ByNothing), string(c.q.By))
	rows, err := c.s.conn.Query(ctx, "SELECT dimension, hour, value, sum(n) FROM (SELECT account, dimension, hour, value, number, max(n) AS n FROM events_joins WHERE "+w.text.String()+
		" GROUP BY account, dimension, hour, value, number) GROUP BY dimension, hour, value", w.args...)
	if err != nil {
		return err
	}
	return each(rows, func() error {
		var by, value string
		var at, n int64
		if err := rows.Scan(&by, &at, &value, &n); err != nil {
			return err
		}
		g := &c.total
		if event.Dimension(by) != event.ByNothing {
			g = c.of(value)
		}
		if g == nil {
			return nil
		}
		g.Counts.Joins += n
		if len(c.buckets) > 0 {
			g.Series[c.bucket(time.Unix(at*3600, 0))].Joins += n
		}
		return nil
	})
}
