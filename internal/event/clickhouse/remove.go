// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

const (
	day      = int64(24 * time.Hour) // of one partition
	erasures = 20_000                // events of one mutation; its places are written out in the statement
)

// Remove deletes events in ClickHouse and in the spool. What is too old, of
// everybody, is gone at once for whoever asks, and from the disk by whole days;
// an erasure returns when ClickHouse has rewritten what it was in.
func (s *Store) Remove(ctx context.Context, r event.Removal) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	evict := r.Oldest && r.AccountID != ""
	if r.UserID == "" && r.Before.IsZero() && !evict {
		return 0, nil // nothing was named, so nothing goes
	}
	last, err := s.spool.Last(ctx)
	if err != nil {
		return 0, err
	}
	s.ship.mu.Lock()
	defer s.ship.mu.Unlock()
	if evict {
		err := s.ready(ctx)
		n := 0
		if err == nil {
			n, err = s.evict(ctx, r.AccountID)
		}
		return n, broken(err)
	}
	n := 0
	shipped := last > 0 || s.others.any()
	if shipped {
		err := s.ready(ctx)
		if err == nil && r.UserID == "" {
			n, err = s.expire(ctx, r)
		} else if err == nil {
			n, err = s.erase(ctx, r, nil, erasures)
		}
		if err != nil {
			return n, broken(err)
		}
	}
	local, err := s.spool.Remove(ctx, r)
	if err == nil && shipped && r.UserID != "" && n+local == 0 { // done here
		err = broken(s.others.ask(ctx, s, r))
	}
	return n + local, err
}

// expire raises low watermarks, drops the days that are wholly below all of them, and
// takes away what is left of other days below the low watermark of its account.
func (s *Store) expire(ctx context.Context, r event.Removal) (int, error) {
	before := r.Before.UnixNano()
	var gone []seqRange
	var err error
	switch {
	case r.AccountID == "":
		gone, err = s.lowWatermarks.raiseAll(ctx, before, r.Except)
	case !slices.Contains(r.Except, r.AccountID):
		gone, err = s.lowWatermarks.raise(ctx, r.AccountID, before)
	}
	n := 0
	for _, g := range gone {
		had, bad := s.countGone(ctx, g)
		n += had
		err = cmp.Or(err, bad)
	}
	if err != nil {
		return n, err
	}
	if err := s.dropDays(ctx); err != nil {
		return n, err
	}
	return n, s.sweepOthers(ctx)
}

// countGone is how many events a raised low watermark hides.
func (s *Store) countGone(ctx context.Context, g seqRange) (int, error) {
	w := &where{}
	w.and("time >= ?", g.from)
	w.and("time < ?", g.to)
	if g.account != "" {
		w.and("account = ?", g.account)
	}
	for _, account := range g.but {
		w.and("account != ?", account)
	}
	s.number.span(w, 0, s.evicted)
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM events WHERE "+w.text.String(), w.args...).Scan(&n)
	return int(n), err
}

// dropDays drops the days on which nobody has anything, and their ids.
func (s *Store) dropDays(ctx context.Context) error {
	low := s.others.floor(s.lowWatermarks.lowest(), time.Now())
	tables := []string{"events_joins", "events_keys", "events"}
	if s.others.able {
		tables = append(tables, "events_erasures")
	}
	dropped := false
	for _, table := range tables {
		days, err := partitions(ctx, s.conn, table)
		if err != nil {
			return err
		}
		for _, d := range days {
			if (d+1)*day > low {
				continue
			}
			if err := s.conn.Exec(ctx, "ALTER TABLE "+table+" DROP PARTITION "+strconv.FormatInt(d, 10)); err != nil {
				return err
			}
			dropped = true
		}
	}
	if !dropped {
		return nil
	}
	s.edge.Lock()
	s.days.drop(low)
	s.edge.Unlock()
	s.others.dropped(low)
	var seq, left uint64
	w := &where{}
	s.number.span(w, 0, lastPlace)
	if err := s.conn.QueryRow(ctx, "SELECT min(seq), count() FROM events WHERE "+w.text.String()).Scan(&seq, &left); err != nil {
		return err
	}
	first := placeOf(seq)
	if left == 0 {
		first = s.evicted + 1
	}
	return s.spool.ForgetBelow(ctx, first)
}

// sweepBites is how many mutations one call makes for days that somebody else
// keeps.
const sweepBites = 10

// sweepOthers takes away the days of accounts that keep theirs for less long
// than others, so that they cannot be dropped whole.
func (s *Store) sweepOthers(ctx context.Context) error {
	if !s.days.known {
		if err := s.learn(ctx); err != nil {
			return err
		}
	}
	ends := map[string]int64{} // to the end of the last day that is wholly over
	for k := range s.days.n {
		if end := (k.day + 1) * day; end <= s.lowWatermarks.of(k.account) {
			ends[k.account] = max(ends[k.account], end)
		}
	}
	bites := 0
	for account, end := range ends {
		for ; bites < sweepBites; bites++ {
			n, err := s.erase(ctx, event.Removal{AccountID: account, Before: time.Unix(0, end)}, reach{s.number: lastPlace}, erasures)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}

// erase takes away the first events of a user or an account, up to a number, of those
// in reach, or of all of the database where that is nil. It returns how many of them had
// left the spool of their server, as far as that is known.
func (s *Store) erase(ctx context.Context, r event.Removal, in reach, most int) (int, error) {
	w := &where{}
	if r.AccountID != "" {
		w.and("account = ?", r.AccountID)
	}
	if r.UserID != "" {
		w.and("user = ?", r.UserKey())
	}
	if !r.Before.IsZero() {
		w.and("time < ?", r.Before.UnixNano())
	}
	if in == nil {
		w.and("seq > 0")
	} else {
		in.bound(w, nil)
	}
	rows, err := s.conn.Query(ctx, fmt.Sprintf("SELECT DISTINCT seq, account, intDiv(time, %d), toString(type) FROM events WHERE %s ORDER BY seq LIMIT %d", day, w.text.String(), most), w.args...)
	if err != nil {
		return 0, err
	}
	var all, own []int64 // in ClickHouse, and in the spool
	fewer := map[dayKey]int64{}
	n := 0
	err = each(rows, func() error {
		var seq uint64
		var k dayKey
		var typ string
		err := rows.Scan(&seq, &k.account, &k.day, &typ)
		k.typ = event.Type(typ)
		all = append(all, int64(seq))
		switch place := placeOf(seq); {
		case numberOf(seq) != s.number:
			n++
		case place <= s.evicted: // the others are counted where they still are
			fewer[k]++
			n++
			fallthrough
		default:
			own = append(own, place)
		}
		return err
	})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	// The keys first: as long as the events are there, this is done again.
	err = s.mutate(ctx, "events_keys", "seq IN ("+join(all)+")")
	if err == nil {
		w.and("seq <= " + strconv.FormatInt(all[len(all)-1], 10))
		err = s.mutate(ctx, "events", w.text.String(), w.args...)
	}
	s.others.gone = max(time.Now().UnixNano(), s.others.gone+1)
	if len(own) < len(all) {
		s.others.forget()
	}
	if err != nil {
		s.forgetDays()
		return 0, err
	}
	s.edge.Lock()
	s.days.remove(fewer)
	s.edge.Unlock()
	return n, s.spool.Forget(ctx, own)
}
