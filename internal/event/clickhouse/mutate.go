// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

const (
	patienceOf = 10 * time.Minute       // a mutation rewrites whole parts
	stuck      = 500 * time.Millisecond // how long one runs before it is helped
)

// mutate deletes rows and waits until that is done, where there are replicas on one
// of them.
func (s *Store) mutate(ctx context.Context, table, condition string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, patienceOf)
	defer cancel()
	// The next question may be answered by another replica, which has yet to hear of it.
	mark := strconv.Itoa(rand.Int())
	if err := s.conn.Exec(ctx, "ALTER TABLE "+table+" DELETE WHERE "+mark+" = "+mark+" AND ("+condition+")", args...); err != nil {
		return err
	}
	began, helped := time.Now(), false
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		var known, left, here uint64
		err := s.conn.QueryRow(ctx, "SELECT count(), countIf(NOT is_done), countIf(NOT is_done AND parts_to_do > 0) FROM system.mutations WHERE database = currentDatabase() AND table = ? AND position(command, '"+mark+"') > 0", table).Scan(&known, &left, &here)
		if err != nil || known > 0 && left == 0 {
			return err
		}
		if known > 0 && here == 0 { // done on this replica, which may not be noted until all of them have been asked
			var rows uint64
			if err := s.conn.QueryRow(ctx, "SELECT count() FROM "+table+" WHERE "+condition, args...).Scan(&rows); err != nil || rows == 0 {
				return err
			}
		}
		if !helped && time.Since(began) > stuck {
			helped = true
			if err := displace(ctx, s.conn, table); err != nil {
				return err
			}
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// displace writes a row that is no event, with place 0, to every day of a replicated
// table. The part that was written last to a day with insert_quorum
// is neither merged nor mutated, because readers go by it, until another one is last.
func displace(ctx context.Context, conn driver.Conn, table string) error {
	var replicated uint64
	err := conn.QueryRow(ctx, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = ? AND engine LIKE 'Replicated%'", table).Scan(&replicated)
	if err != nil || replicated == 0 {
		return err
	}
	days, err := partitions(ctx, conn, table)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(days, maxDays) {
		err := block(ctx, conn, "INSERT INTO "+table+" (seq, time)", func(batch driver.Batch) error {
			for _, d := range some {
				if err := batch.Append(uint64(0), d*day); err != nil {
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

// partitions lists the days that a table has.
func partitions(ctx context.Context, conn driver.Conn, table string) (days []int64, err error) {
	rows, err := conn.Query(ctx, "SELECT DISTINCT toInt64(partition) FROM system.parts WHERE database = currentDatabase() AND table = ? AND active", table)
	if err != nil {
		return nil, err
	}
	err = each(rows, func() error {
		var d int64
		err := rows.Scan(&d)
		days = append(days, d)
		return err
	})
	return days, err
}
