package sqlite

import (
	"context"
	"database/sql"

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
	if r.UserID == "" && r.Before.IsZero() {
		return 0, nil // nothing was named, so nothing goes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, unavailable(ctx, sql.ErrConnDone)
	}
	var accounts []int64 // nil: every account
	if r.AccountID != "" {
		id, ok := s.accounts.id(r.AccountID)
		if !ok {
			return 0, nil
		}
		accounts = []int64{id}
	}
	ctx = context.WithoutCancel(ctx)
	victims, err := s.victims(ctx, r, accounts)
	if err != nil {
		return 0, unavailable(ctx, err)
	}
	if len(victims) == 0 {
		if r.UserID == "" {
			if err := s.forgetJoins(ctx, r.Before, accounts); err != nil {
				return 0, unavailable(ctx, err)
			}
		}
		if r.AccountID == "" && r.UserID == "" {
			// The stretches that hold nothing any more.
			_, err := s.writer.exec(ctx, "DELETE FROM segments WHERE max_time < ? AND first <> ?", r.Before.UnixNano(), s.segment.first)
			if err != nil {
				return 0, unavailable(ctx, err)
			}
		}
		return 0, nil
	}
	err = s.transact(ctx, func() error {
		tally := tally{}
		for seq, p := range victims {
			if err := s.summaries.removing(ctx, s.writer, seq, r.UserID != "" && r.Before.IsZero()); err != nil {
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
			tally.add(p, -1)
		}
		return tally.write(ctx, s.writer)
	})
	if err != nil {
		return 0, unavailable(ctx, err)
	}
	return len(victims), nil
}

// victims finds the next events to go. It runs on the writer's connection,
// which alone changes what it finds.
func (s *Store) victims(ctx context.Context, r event.Removal, accounts []int64) (map[int64]place, error) {
	found := map[int64]place{}
	collect := func(row scanner) error {
		var seq int64
		var p place
		err := row.Scan(&seq, &p.account, &p.typ, &p.room, &p.session, &p.user)
		found[seq] = p
		return err
	}
	const columns = "SELECT seq, account, type, coalesce(room, ''), coalesce(session, ''), coalesce(user, '') FROM events "
	before := int64(1<<63 - 1)
	if !r.Before.IsZero() {
		before = r.Before.UnixNano()
	}
	if r.UserID == "" {
		return found, s.oldest(ctx, accounts, before, columns, collect)
	}
	if accounts == nil {
		accounts = s.accounts.all()
	}
	for _, account := range accounts {
		for typ := range codeTypes {
			left := bite - len(found)
			if left == 0 {
				return found, nil
			}
			err := s.writer.each(ctx, columns+"INDEXED BY events_user WHERE account = ? AND user = ? AND type = ? AND time < ? LIMIT ?", collect,
				account, r.UserID, typ, before, left)
			if err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// oldest collects events from the stretches that begin before a time.
func (s *Store) oldest(ctx context.Context, accounts []int64, before int64, columns string, collect func(scanner) error) error {
	type stretch struct{ first, last int64 }
	var stretches []stretch
	err := s.writer.each(ctx, "SELECT first, last FROM segments WHERE min_time < ? ORDER BY first", func(row scanner) error {
		var g stretch
		err := row.Scan(&g.first, &g.last)
		stretches = append(stretches, g)
		return err
	}, before)
	if err != nil {
		return err
	}
	query := columns + "WHERE seq BETWEEN ? AND ? AND time < ?"
	if accounts != nil {
		query += " AND +account = ?"
	}
	query += " LIMIT ?"
	n := 0
	count := func(row scanner) error { n++; return collect(row) }
	for _, g := range stretches {
		if n >= bite {
			break
		}
		args := append([]any{g.first, g.last, before}, append(anys(accounts), bite-n)...)
		if err := s.writer.each(ctx, query, count, args...); err != nil {
			return err
		}
	}
	return nil
}
