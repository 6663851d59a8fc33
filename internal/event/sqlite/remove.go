package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
)

// bite is how many events one call of Remove deletes, which bounds how long an
// Append may have to wait for it.
const bite = 500

// Remove deletes up to bite events.
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
	victims, err := s.victims(ctx, r, accounts)
	if err != nil {
		return 0, s.unavailable(ctx, err)
	}
	if len(victims) == 0 {
		if r.UserID == "" && !r.Oldest {
			if err := s.forgetJoins(ctx, r.Before, accounts); err != nil {
				return 0, s.unavailable(ctx, err)
			}
			// The stretches that hold nothing any more.
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
		for seq, v := range victims {
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
			tally.add(v.place, -1)
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
	s.checkpoints.wrote(int64(len(victims)))
	return len(victims), nil
}

// uncount takes an event that is about to be deleted out of whatever it is
// counted in.
func (s *Store) uncount(ctx context.Context, seq int64, wholeUser bool) error {
	if s.folding.find(seq) != nil {
		s.folding.drop(seq)
		return nil
	}
	if !s.spool {
		var t traits
		if err := s.writer.row(ctx, `SELECT account, type, coalesce(fault, ''), code, terminal, coalesce(sdk, ''), coalesce(os, '')
			FROM events WHERE seq = ?`, seq).Scan(&t.account, &t.typ, &t.fault, &t.code, &t.terminal, &t.sdk, &t.os); err != nil {
			return err
		}
		s.blocks.remove(seq, t)
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

// victims finds the next events to go. It runs on the writer's connection,
// which alone changes what it finds.
func (s *Store) victims(ctx context.Context, r event.Removal, accounts []int64) (map[int64]victim, error) {
	before := int64(1<<63 - 1)
	if !r.Before.IsZero() {
		before = r.Before.UnixNano()
	}
	hunt := hunt{s: s, found: map[int64]victim{}, before: before}
	if r.Oldest {
		return hunt.found, hunt.first(ctx, accounts[0])
	}
	if r.UserID == "" {
		return hunt.found, hunt.oldest(ctx, accounts)
	}
	for _, account := range accounts {
		err := hunt.each(ctx, "INDEXED BY events_user WHERE account = ? AND type = ? AND user = ?", account, r.UserKey())
		if err != nil {
			return nil, err
		}
	}
	return hunt.found, nil
}

// victim is an event that is to go.
type victim struct {
	place
	size int // bytes of its document
}

// hunt collects up to a bite of events taken before a time.
type hunt struct {
	s      *Store
	found  map[int64]victim
	before int64
}

// each collects what an index has of an account, type by type: the two begin
// every index, so that what belongs to others costs nothing.
func (h *hunt) each(ctx context.Context, where string, account int64, more ...any) error {
	for typ := range codeTypes {
		left := bite - len(h.found)
		if left == 0 {
			return nil
		}
		args := append(append([]any{account, typ}, more...), h.before, left)
		err := h.s.writer.each(ctx, "SELECT seq, coalesce(room, ''), coalesce(session, ''), coalesce(user, ''), octet_length(doc) FROM events "+where+" AND time < ? LIMIT ?", func(row scanner) error {
			v := victim{place: place{account: account, typ: typ}}
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
func (h *hunt) first(ctx context.Context, account int64) error {
	var places []int64
	for typ := range codeTypes {
		err := h.s.writer.each(ctx, "SELECT seq FROM events INDEXED BY events_type WHERE account = ? AND type = ? ORDER BY seq LIMIT ?", func(row scanner) error {
			var seq int64
			err := row.Scan(&seq)
			places = append(places, seq)
			return err
		}, account, typ, bite)
		if err != nil {
			return err
		}
	}
	slices.Sort(places)
	if len(places) > bite {
		places = places[:bite]
	}
	for _, seq := range places {
		v := victim{place: place{account: account}}
		err := h.s.writer.row(ctx, "SELECT type, coalesce(room, ''), coalesce(session, ''), coalesce(user, ''), octet_length(doc) FROM events WHERE seq = ?", seq).
			Scan(&v.typ, &v.room, &v.session, &v.user, &v.size)
		if err != nil {
			return err
		}
		h.found[seq] = v
	}
	return nil
}

// oldest collects from the stretches that begin before the time. Neighbours are
// taken as one, so that an account that keeps its events for long, and all
// stretches with them, holds up nobody.
func (h *hunt) oldest(ctx context.Context, accounts []int64) error {
	type stretch struct{ first, last int64 }
	var stretches []stretch
	err := h.s.writer.each(ctx, "SELECT first, last FROM segments WHERE min_time < ? ORDER BY first", func(row scanner) error {
		var g stretch
		err := row.Scan(&g.first, &g.last)
		if n := len(stretches); n > 0 && stretches[n-1].last+1 == g.first {
			stretches[n-1].last = g.last
		} else {
			stretches = append(stretches, g)
		}
		return err
	}, h.before)
	if err != nil {
		return err
	}
	for _, g := range stretches {
		for _, account := range accounts {
			if err := h.each(ctx, "INDEXED BY events_type WHERE account = ? AND type = ? AND seq BETWEEN ? AND ?", account, g.first, g.last); err != nil {
				return err
			}
		}
	}
	return nil
}
