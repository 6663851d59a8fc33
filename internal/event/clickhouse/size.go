// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// plainTables is how many tables of events hold their rows themselves.
const plainTables = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'events' AND engine LIKE '%MergeTree'"

// evictedKey and an account name how many of its events went for want of room.
const evictedKey = "evicted:"

// Size tells how much disk the events take in ClickHouse and in the spool. Where
// the table of events is in front of others, as Distributed ones are, nothing can
// be deleted through it, and no account has a size.
func (s *Store) Size(ctx context.Context) (event.Size, error) {
	size, err := s.spool.Size(ctx)
	if err != nil {
		return size, err
	}
	s.ship.mu.Lock()
	defer s.ship.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return size, broken(err)
	}
	var plain, stored uint64
	if err := s.conn.QueryRow(ctx, plainTables).Scan(&plain); err != nil {
		return size, broken(err)
	}
	if plain == 0 {
		return event.Size{Bytes: size.Bytes}, nil
	}
	if err := s.conn.QueryRow(ctx, "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND active AND table IN ('events', 'events_keys')").Scan(&stored); err != nil {
		return size, broken(err)
	}
	size.Bytes += int64(stored)
	rows, err := s.conn.Query(ctx, "SELECT account, sum(bytes) FROM events GROUP BY account")
	if err != nil {
		return size, broken(err)
	}
	err = each(rows, func() error {
		var account string
		var n uint64
		err := rows.Scan(&account, &n)
		size.Accounts[account] += int64(n) // what has not left the spool yet counts twice
		return err
	})
	return size, broken(err)
}

// Evicted is how many events of an account went for want of room, ever.
func (s *Store) Evicted(ctx context.Context, account string) (int64, error) {
	return s.spool.Meta(ctx, evictedKey+account)
}

// evict removes the oldest events of an account for want of room: of those that
// have left the spool a twentieth, by one mutation; then as many of the others as
// leave the spool at once, which ClickHouse may have as well. It is called with
// s.ship.mu held.
func (s *Store) evict(ctx context.Context, account string) (int, error) {
	var all uint64
	w := &where{}
	w.and("account = ?", account)
	s.number.span(w, 0, lastPlace)
	if err := s.conn.QueryRow(ctx, "SELECT count() FROM events WHERE "+w.text.String(), w.args...).Scan(&all); err != nil {
		return 0, err
	}
	r := event.Removal{AccountID: account, Oldest: true}
	n, err := s.erase(ctx, r, reach{s.number: s.evicted}, min(max(int(all/20), eventlog.DeletionBatch), erasures))
	if err == nil && n == 0 {
		if _, err = s.erase(ctx, r, reach{s.number: lastPlace}, eventlog.DeletionBatch); err == nil {
			n, err = s.spool.Remove(ctx, r)
		}
	}
	if err != nil || n == 0 {
		return n, err
	}
	before, err := s.Evicted(ctx, account)
	if err != nil {
		return n, err
	}
	return n, s.spool.SetMeta(ctx, evictedKey+account, before+int64(n))
}
