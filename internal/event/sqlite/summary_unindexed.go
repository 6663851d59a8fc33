package sqlite

import (
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// loadUnindexed reads the events that no count has yet, and finds out which of them
// are failed joins.
func (r *reader) loadUnindexed() error {
	flushed, _, err := lookup(r.ctx, r.c, flushedQuery)
	if err != nil {
		return err
	}
	if r.unindexed, err = loadUnindexed(r.ctx, r.c, r.words, flushed); err != nil {
		return err
	}
	r.failed = make([]bool, len(r.unindexed))
	counted := map[userKey]bool{} // peers of an account
	for i := range r.unindexed {
		u := &r.unindexed[i]
		if !u.e.FailsJoin() {
			continue
		}
		who := userKey{u.account, u.e.PeerID}
		if who.name != "" {
			if counted[who] {
				continue
			}
			counted[who] = true
			_, before, err := lookup(r.ctx, r.c, failedBefore, u.e.PeerID, u.account)
			if err != nil {
				return err
			}
			if before {
				continue
			}
		}
		r.failed[i] = true
	}
	return nil
}

// eachUnindexed calls f for every unindexed event that a question is about, with
// the value it has in a dimension.
func (r *reader) eachUnindexed(by event.Dimension, values map[string]bool, f func(i int, u *unindexed, value string)) {
	for i := range r.unindexed {
		u := &r.unindexed[i]
		at := step(hours, u.e.Time)
		if !has(r.accounts, u.account) || at < step(hours, r.q.Since) || at >= step(hours, r.q.Until) {
			continue
		}
		value, in := by.Value(&u.e)
		if in && (values == nil || values[value]) {
			f(i, u, value)
		}
	}
}

// countUnindexed adds the unindexed events to what groups has found.
func (r *reader) countUnindexed(by event.Dimension, values []string, group func(value string) *event.Group) {
	r.eachUnindexed(by, set(values), func(i int, u *unindexed, value string) {
		add := func(typ int64) {
			g := group(value)
			addCount(&g.Counts, typ, 1)
			if len(r.buckets) > 0 {
				since := u.e.Time.Truncate(r.q.Bucket).Sub(r.buckets[0])
				addCount(&g.Series[since/r.q.Bucket], typ, 1)
			}
		}
		if has(r.types, u.typ) {
			add(u.typ)
		}
		if r.failed[i] && by != event.ByType {
			add(joinsFailed)
		}
	})
}

// uniteUnindexed adds the users of unindexed events to those that unite has found. Those that
// have no number yet are counted by their names.
func (r *reader) uniteUnindexed(by event.Dimension, values []string, into map[string]map[int64]*bitset) (named map[string]map[userKey]bool, err error) {
	named = map[string]map[userKey]bool{}
	r.eachUnindexed(by, set(values), func(_ int, u *unindexed, value string) {
		if u.e.UserID == "" || !u.e.Type.IsError() || !has(r.types, u.typ) || err != nil {
			return
		}
		who := userKey{u.account, u.e.UserKey()}
		id, known, bad := lookup(r.ctx, r.c, findUser, who.account, who.name)
		switch {
		case bad != nil:
			err = bad
		case known:
			put(into, value, id/chunk).put(id%chunk, true)
		default:
			if named[value] == nil {
				named[value] = map[userKey]bool{}
			}
			named[value][who] = true
		}
	})
	return named, err
}

// oldestUnindexed gives the earlier of a time and the hour of the oldest unindexed
// event.
func (r *reader) oldestUnindexed(oldest time.Time) time.Time {
	for i := range r.unindexed {
		u := &r.unindexed[i]
		if t := u.e.Time.Truncate(time.Hour).UTC(); has(r.accounts, u.account) && (oldest.IsZero() || t.Before(oldest)) {
			oldest = t
		}
	}
	return oldest
}

func put(into map[string]map[int64]*bitset, value string, part int64) *bitset {
	if into[value] == nil {
		into[value] = map[int64]*bitset{}
	}
	if into[value][part] == nil {
		into[value][part] = &bitset{}
	}
	return into[value][part]
}

func has(list []int64, n int64) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

func set(values []string) map[string]bool {
	if values == nil {
		return nil
	}
	m := make(map[string]bool, len(values))
	for _, v := range values {
		m[v] = true
	}
	return m
}
