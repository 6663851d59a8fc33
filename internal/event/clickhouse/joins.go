// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// joins has ClickHouse keep a copy of the counts of joins, which are counted and read in
// the spool, for a data directory that takes over. A row is the count of an hour so far, and the
// largest of an hour holds, so that writing one again changes nothing. Guarded by s.ship.mu.
type joins struct {
	able  bool // the table is there
	next  time.Time
	sent  map[rollup.JoinCount]int64 // by count without its number, of the last hours
	clear time.Time                  // when these are written once more, lest ClickHouse lost them
}

const (
	joinsKey   = "joins" // in the spool: hours before this one are in ClickHouse
	joinsEvery = time.Minute
	joinsLate  = 3 // hours that may still change
	joinsBatch = 5000
)

// missing tells whether the table is missing and somebody else's to make, as where there
// are replicas or others behind the tables.
func (j *joins) missing(ctx context.Context, conn driver.Conn) (bool, error) {
	var there, others uint64
	err := conn.QueryRow(ctx, "SELECT countIf(name = 'events_joins'), countIf(name = 'events' AND (engine LIKE 'Replicated%' OR engine NOT LIKE '%MergeTree')) FROM system.tables WHERE database = currentDatabase()").Scan(&there, &others)
	return there == 0 && others > 0, err
}

// ship writes what has changed since it was written.
func (j *joins) ship(ctx context.Context, s *Store, now time.Time) error {
	if now.Before(j.next) {
		return nil
	}
	from, err := s.spool.Meta(ctx, joinsKey)
	if err != nil {
		return err
	}
	if now.After(j.clear) {
		j.sent, j.clear = map[rollup.JoinCount]int64{}, now.Add(time.Hour)
	}
	var changed []rollup.JoinCount
	err = s.spool.JoinCountsSince(ctx, from, func(c rollup.JoinCount) error {
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
		if err := insertJoins(ctx, s.conn, changed); err != nil {
			return err
		}
	}
	due := rollup.Step(rollup.Hours, now) - joinsLate
	if due > from {
		if err := s.spool.SetMeta(ctx, joinsKey, due); err != nil {
			return err
		}
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
func insertJoins(ctx context.Context, conn driver.Conn, counts []rollup.JoinCount) error {
	for len(counts) > 0 {
		some := counts[:min(len(counts), joinsBatch)]
		some = some[:fewDays(some, func(c *rollup.JoinCount) int64 { return c.Hour / 24 })]
		err := block(ctx, conn, "INSERT INTO events_joins (account, dimension, hour, value, n)", func(batch driver.Batch) error {
			for _, c := range some {
				if err := batch.Append(c.Account, string(c.By), c.Hour, c.Value, c.N); err != nil {
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
	rows, err := s.conn.Query(ctx, "SELECT account, dimension, hour, value, max(n) FROM events_joins GROUP BY account, dimension, hour, value")
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
