// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/internal/event"
)

// A user is erased in all of the database by whichever server is asked. What others still
// have in their spools they erase themselves, since they would ship it again: what is to
// go is written to a table, and each server reads there what it has not done yet. A row
// stays as long as events of its day would.

// erasedKey and a number say in the spool up to when that server's erasures have been done.
const erasedKey = "erased:"

// apart is by how much clocks of servers may differ, where it matters little.
const apart = time.Minute

// ask writes down for the others, where there are any, what is to be erased. It is called
// with s.ship.mu held.
func (o *others) ask(ctx context.Context, s *Store, r event.Removal) error {
	if !o.able {
		return nil
	}
	if err := o.refresh(ctx, s); err != nil || !o.any() {
		return err
	}
	var latest, before int64 // whatever our clock says, it is later than those of before
	if err := s.conn.QueryRow(ctx, "SELECT max(at) FROM events_erasures WHERE number = "+strconv.Itoa(int(s.number))).Scan(&latest); err != nil {
		return err
	}
	o.erased = max(time.Now().UnixNano(), latest+1)
	if !r.Before.IsZero() {
		before = r.Before.UnixNano()
	}
	err := block(ctx, s.conn, "INSERT INTO events_erasures (number, at, account, user, before)", func(batch driver.Batch) error {
		return batch.Append(uint16(s.number), o.erased, r.AccountID, r.UserKey(), before)
	})
	if err != nil {
		return err
	}
	return o.tell(ctx, s) // of which they hear soon
}

// erase does what others have asked for. It is called with s.ship.mu held.
func (o *others) erase(ctx context.Context, s *Store) error {
	o.mu.RLock()
	list := o.list
	o.mu.RUnlock()
	for n, p := range list {
		key := erasedKey + strconv.Itoa(int(n))
		done, err := s.spool.Meta(ctx, key)
		if err != nil {
			return err
		}
		if p.erased <= done {
			continue
		}
		removals, err := erasuresOf(ctx, s.conn, n, done)
		if err != nil {
			return err
		}
		for _, r := range removals {
			if err := o.eraseHere(ctx, s, r); err != nil {
				return err
			}
		}
		if err := s.spool.SetMeta(ctx, key, p.erased); err != nil {
			return err
		}
	}
	return nil
}

// eraseHere erases what this server has, wherever it is.
func (o *others) eraseHere(ctx context.Context, s *Store, r event.Removal) error {
	for {
		here, err := s.spool.Remove(ctx, r)
		if err != nil {
			return err
		}
		shipped, err := s.erase(ctx, r, reach{s.number: lastPlace}, erasures)
		if err != nil {
			return err
		}
		if here+shipped == 0 {
			return nil
		}
	}
}

// erasuresOf lists what a server has asked for after a time.
func erasuresOf(ctx context.Context, conn driver.Conn, n number, after int64) (list []event.Removal, err error) {
	rows, err := conn.Query(ctx, "SELECT account, user, before, at FROM events_erasures WHERE number = "+strconv.Itoa(int(n))+" AND at > "+strconv.FormatInt(after, 10)+" ORDER BY at")
	if err != nil {
		return nil, err
	}
	err = each(rows, func() error {
		var r event.Removal
		var before, at int64
		err := rows.Scan(&r.AccountID, &r.UserID, &before, &at) // the key of a user is that of itself, proven
		if before == 0 {                                        // what came later was not meant
			before = at + int64(apart)
		}
		r.Before = time.Unix(0, before)
		list = append(list, r)
		return err
	})
	return list, err
}
