package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
)

// deletionBatch is how many events one call of Remove deletes, which bounds how long an
// Append may have to wait for it.
const deletionBatch = 500

// Remove deletes up to deletionBatch events.
func (s *Store) Remove(ctx context.Context, r event.Removal) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if r.UserID == "" && r.Before.IsZero() && !(r.Oldest && r.AccountID != "") {
		return 0, nil // nothing was named, so nothing goes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, s.unavailable(ctx, sql.ErrConnDone)
	}
	accounts := s.concerned(r)
	if len(accounts) == 0 {
		return 0, nil
	}
	ctx = context.WithoutCancel(ctx)
	doomed, err := s.deletions(ctx, r, accounts)
	if err != nil {
		return 0, s.unavailable(ctx, err)
	}
	if len(doomed) == 0 {
		if r.UserID == "" && !r.Oldest {
			if err := s.forgetJoins(ctx, r.Before, accounts); err != nil {
				return 0, s.unavailable(ctx, err)
			}
			// The ranges that hold nothing any more.
			if err := s.segments.forget(ctx, s.writer, r.Before); err != nil {
				return 0, s.unavailable(ctx, err)
			}
			if err := s.forgetTimes(ctx); err != nil {
				return 0, s.unavailable(ctx, err)
			}
		}
		return 0, nil
	}
	err = s.transact(ctx, func() error {
		tally := tally{}
		for seq, v := range doomed {
			if err := s.uncount(ctx, seq, r.UserID != "" && r.Before.IsZero()); err != nil {
				return err
			}
			if _, err := s.writer.exec(ctx, "DELETE FROM events WHERE seq = ?", seq); err != nil {
				return err
			}
			if s.aliases > 0 {
				n, err := s.writer.exec(ctx, "DELETE FROM aliases WHERE seq = ?", seq)
				if err != nil {
					return err
				}
				s.aliases -= n
			}
			tally.add(v.counterKey, -1)
			s.grow(tally, v.account, v.typ, -v.size)
			if r.Oldest {
				tally[countKey{v.account, ofEvicted, v.typ, ""}]++
			}
		}
		return tally.write(ctx, s.writer)
	})
	if err != nil {
		return 0, s.unavailable(ctx, err)
	}
	s.checkpoints.wrote(int64(len(doomed)))
	return len(doomed), nil
}

// uncount takes an event that is about to be deleted out of whatever it is
// counted in.
func (s *Store) uncount(ctx context.Context, seq int64, wholeUser bool) error {
	if s.flushing.find(seq) != nil {
		s.flushing.drop(seq)
		return nil
	}
	if !s.spool {
		var t traits
		if err := s.writer.row(ctx, `SELECT account, type, coalesce(fault, ''), code, terminal, coalesce(sdk, ''), coalesce(os, '')
			FROM events WHERE seq = ?`, seq).Scan(&t.account, &t.typ, &t.fault, &t.code, &t.terminal, &t.sdk, &t.os); err != nil {
			return err
		}
		s.bitmaps.remove(seq, t)
	}
	return s.summaries.removing(ctx, s.writer, seq, wholeUser)
}

// concerned lists the accounts that a removal is about.
func (s *Store) concerned(r event.Removal) []int64 {
	all := s.accounts.all()
	if r.AccountID != "" {
		id, ok := s.accounts.id(r.AccountID)
		if !ok {
			return nil
		}
		all = []int64{id}
	}
	return slices.DeleteFunc(all, func(id int64) bool { return slices.Contains(r.Except, s.accounts.name(id)) })
}

// deletions finds the next events to go. It runs on the writer's connection,
// which alone changes what it finds.
func (s *Store) deletions(ctx context.Context, r event.Removal, accounts []int64) (map[int64]deletion, error) {
	before := int64(1<<63 - 1)
	if !r.Before.IsZero() {
		before = r.Before.UnixNano()
	}
	scan := deletionScan{s: s, found: map[int64]deletion{}, before: before}
	if r.Oldest {
		return scan.found, scan.first(ctx, accounts[0])
	}
	if r.UserID == "" {
		return scan.found, scan.oldest(ctx, accounts)
	}
	for _, account := range accounts {
		err := scan.each(ctx, "INDEXED BY events_user WHERE account = ? AND type = ? AND user = ?", account, r.UserKey())
		if err != nil {
			return nil, err
		}
	}
	return scan.found, nil
}

// deletion is an event that is to go.
type deletion struct {
	counterKey
	size int // bytes of its document
}

// deletionScan collects up to a batch of events taken before a time.
type deletionScan struct {
	s      *Store
	found  map[int64]deletion
	before int64
}

// each collects what an index has of an account, type by type: the two begin
// every index, so that what belongs to others costs nothing.
func (h *deletionScan) each(ctx context.Context, where string, account int64, more ...any) error {
	for typ := range codeTypes {
		left := deletionBatch - len(h.found)
		if left == 0 {
			return nil
		}
		args := append(append([]any{account, typ}, more...), h.before, left)
		err := h.s.writer.each(ctx, "SELECT seq, coalesce(room, ''), coalesce(session, ''), coalesce(user, ''), octet_length(doc) FROM events "+where+" AND time < ? LIMIT ?", func(row scanner) error {
			v := deletion{counterKey: counterKey{account: account, typ: typ}}
			var seq int64
			err := row.Scan(&seq, &v.room, &v.session, &v.user, &v.size)
			h.found[seq] = v
			return err
		}, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// first collects the first of an account by place, whatever their types.
func (h *deletionScan) first(ctx context.Context, account int64) error {
	var places []int64
	for typ := range codeTypes {
		err := h.s.writer.each(ctx, "SELECT seq FROM events INDEXED BY events_type WHERE account = ? AND type = ? ORDER BY seq LIMIT ?", func(row scanner) error {
			var seq int64
			err := row.Scan(&seq)
			places = append(places, seq)
			return err
		}, account, typ, deletionBatch)
		if err != nil {
			return err
		}
	}
	slices.Sort(places)
	if len(places) > deletionBatch {
		places = places[:deletionBatch]
	}
	for _, seq := range places {
		v := deletion{counterKey: counterKey{account: account}}
		err := h.s.writer.row(ctx, "SELECT type, coalesce(room, ''), coalesce(session, ''), coalesce(user, ''), octet_length(doc) FROM events WHERE seq = ?", seq).
			Scan(&v.typ, &v.room, &v.session, &v.user, &v.size)
		if err != nil {
			return err
		}
		h.found[seq] = v
	}
	return nil
}

// oldest collects from the ranges that begin before the time. Neighbours are
// taken as one, so that an account that keeps its events for long, and all
// ranges with them, holds up nobody.
func (h *deletionScan) oldest(ctx context.Context, accounts []int64) error {
	type seqs struct{ first, last int64 }
	var ranges []seqs
	err := h.s.writer.each(ctx, "SELECT first, last FROM segments WHERE min_time < ? ORDER BY first", func(row scanner) error {
		var g seqs
		err := row.Scan(&g.first, &g.last)
		if n := len(ranges); n > 0 && ranges[n-1].last+1 == g.first {
			ranges[n-1].last = g.last
		} else {
			ranges = append(ranges, g)
		}
		return err
	}, h.before)
	if err != nil {
		return err
	}
	for _, g := range ranges {
		for _, account := range accounts {
			if err := h.each(ctx, "INDEXED BY events_type WHERE account = ? AND type = ? AND seq BETWEEN ? AND ?", account, g.first, g.last); err != nil {
				return err
			}
		}
	}
	return nil
}
