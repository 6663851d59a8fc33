package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

const (
	day        = int64(24 * time.Hour) // of one partition
	erasures   = 50_000                // events of one mutation
	patienceOf = 10 * time.Minute      // a mutation rewrites whole parts
)

// Remove deletes events in ClickHouse and in the spool. What is too old, of
// everybody, is gone at once for whoever asks, and from the disk by whole days;
// an erasure returns when ClickHouse has rewritten what it was in.
func (s *Store) Remove(ctx context.Context, r event.Removal) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if r.UserID == "" && r.Before.IsZero() {
		return 0, nil // nothing was named, so nothing goes
	}
	last, err := s.spool.Last(ctx)
	if err != nil {
		return 0, err
	}
	s.ship.mu.Lock()
	defer s.ship.mu.Unlock()
	n := 0
	if last > 0 {
		err := s.ready(ctx)
		if err == nil && r.AccountID == "" && r.UserID == "" {
			n, err = s.expire(ctx, r.Before.UnixNano())
		} else if err == nil {
			n, err = s.erase(ctx, r)
		}
		if err != nil {
			return n, broken(err)
		}
	}
	local, err := s.spool.Remove(ctx, r)
	return n + local, err
}

// expire raises the floor, drops the days that are wholly below it, and lets go
// of their ids.
func (s *Store) expire(ctx context.Context, before int64) (int, error) {
	n := uint64(0)
	if floor := s.floor.Load(); before > floor {
		err := s.conn.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM events WHERE time >= %d AND time < %d AND seq <= %d", floor, before, s.shed)).Scan(&n)
		if err != nil {
			return 0, err
		}
		if err := s.spool.SetMark(ctx, "floor", before); err != nil {
			return 0, err
		}
		s.floor.Store(before)
	}
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT partition FROM system.parts WHERE database = currentDatabase() AND table = 'events' AND active")
	if err != nil {
		return int(n), err
	}
	var old []int64
	err = each(rows, func() error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if d, err := strconv.ParseInt(text, 10, 64); err == nil && (d+1)*day <= s.floor.Load() {
			old = append(old, d)
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return int(n), err
	}
	for _, d := range old {
		if err := s.conn.Exec(ctx, "ALTER TABLE events DROP PARTITION "+strconv.FormatInt(d, 10)); err != nil {
			return int(n), err
		}
	}
	var first, left uint64
	if err := s.conn.QueryRow(ctx, "SELECT min(seq), count() FROM events").Scan(&first, &left); err != nil {
		return int(n), err
	}
	if left == 0 {
		first = uint64(s.shed) + 1
	}
	return int(n), s.spool.ForgetBelow(ctx, int64(first))
}

// erase takes away the events of a user or an account, a bounded number at once.
func (s *Store) erase(ctx context.Context, r event.Removal) (int, error) {
	w := &where{}
	if r.AccountID != "" {
		w.and("account = ?", r.AccountID)
	}
	if r.UserID != "" {
		w.and("user = ?", r.UserID)
	}
	if !r.Before.IsZero() {
		w.and("time < ?", r.Before.UnixNano())
	}
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT seq FROM events WHERE "+w.text.String()+" ORDER BY seq LIMIT "+strconv.Itoa(erasures), w.args...)
	if err != nil {
		return 0, err
	}
	var places []int64
	n := 0
	err = each(rows, func() error {
		var seq uint64
		err := rows.Scan(&seq)
		places = append(places, int64(seq))
		if int64(seq) <= s.shed { // the others are counted where they still are
			n++
		}
		return err
	})
	if err != nil || len(places) == 0 {
		return 0, err
	}
	w.and("seq <= " + strconv.FormatInt(places[len(places)-1], 10))
	if err := s.mutate(ctx, w.text.String(), w.args...); err != nil {
		return 0, err
	}
	return n, s.spool.Forget(ctx, places)
}

// mutate deletes rows and waits until that is done.
func (s *Store) mutate(ctx context.Context, condition string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, patienceOf)
	defer cancel()
	if err := s.conn.Exec(ctx, "ALTER TABLE events DELETE WHERE "+condition, args...); err != nil {
		return err
	}
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		var left uint64
		err := s.conn.QueryRow(ctx, "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = 'events' AND NOT is_done").Scan(&left)
		if err != nil || left == 0 {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}
