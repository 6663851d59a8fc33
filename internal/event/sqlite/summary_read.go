package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// span is a range of one level.
type span struct{ level, from, to int64 }

// chosen picks some values by looking each up in each step, which is much less
// than reading what lies between.
const chosen = " AND at IN (SELECT value FROM json_each(?)) AND value IN (SELECT value FROM json_each(?))"

// steps lists the steps as JSON.
func (s span) steps() string {
	list := []byte{'['}
	for at := s.from; at < s.to; at++ {
		if at > s.from {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, at, 10)
	}
	return string(append(list, ']'))
}

// spans covers a window with as many whole days as fit, if days will do.
func spans(q *event.SummaryQuery) []span {
	from, to := step(hours, q.Since), step(hours, q.Until)
	first, last := (from+23)/24, to/24
	if q.Bucket == time.Hour || first >= last {
		return []span{{hours, from, to}}
	}
	return []span{{hours, from, first * 24}, {days, first, last}, {hours, last * 24, to}}
}

// Summarize counts.
func (s *Store) Summarize(ctx context.Context, q event.SummaryQuery) (event.Summary, error) {
	accounts := s.accounts.all()
	if q.AccountID != "" {
		id, ok := s.accounts.id(q.AccountID)
		if !ok {
			return event.Summary{Total: event.Group{Series: (&reader{buckets: q.Buckets()}).series()}}, nil
		}
		accounts = []int64{id}
	}
	var sum event.Summary
	err := s.read(ctx, func(c *conn) error {
		r := reader{ctx: ctx, c: c, words: s.words, q: &q, accounts: accounts, buckets: q.Buckets()}
		for _, t := range q.Types {
			if code, ok := typeCodes[t]; ok {
				r.types = append(r.types, code)
			}
		}
		if !s.spool { // which counts joins alone
			if err := r.loadUnindexed(); err != nil {
				return err
			}
		}
		total, err := r.groups(event.ByNothing, nil)
		if err != nil {
			return err
		}
		sum.Total = event.Group{Series: r.series()}
		if g := total[""]; g != nil {
			sum.Total = *g
		}
		if q.By != event.ByNothing {
			found, err := r.groups(q.By, q.Values)
			if err != nil {
				return err
			}
			sum.Values = len(found)
			for _, g := range found {
				sum.Groups = append(sum.Groups, *g)
			}
			event.SortGroups(sum.Groups)
			if q.Top > 0 && len(sum.Groups) > q.Top {
				sum.Groups = slices.Clip(sum.Groups[:q.Top])
			}
		}
		if q.Users {
			if err := r.users(&sum); err != nil {
				return err
			}
		}
		for _, account := range accounts {
			var at sql.NullInt64
			if err := c.row(ctx, "SELECT min(at) FROM summary WHERE account = ? AND dim = 0 AND level = 1", account).Scan(&at); err != nil {
				return err
			}
			if t := time.Unix(at.Int64*3600, 0).UTC(); at.Valid && (sum.Oldest.IsZero() || t.Before(sum.Oldest)) {
				sum.Oldest = t
			}
		}
		sum.Oldest = r.oldestUnindexed(sum.Oldest)
		return nil
	})
	return sum, err
}

// reader reads for one query.
type reader struct {
	ctx      context.Context
	c        *conn
	words    event.Vocabulary
	q        *event.SummaryQuery
	accounts []int64
	types    []int64
	buckets  []time.Time

	unindexed []unindexed // what no count has yet
	failed    []bool      // which of them are failed joins
}

func (r *reader) series() []event.Counts {
	if len(r.buckets) == 0 {
		return nil
	}
	return make([]event.Counts, len(r.buckets))
}

// dim is the number of a dimension, and whether its values are types.
func dim(by event.Dimension) (n int64, byType bool) {
	if by == event.ByType {
		return 0, true
	}
	return int64(slices.Index(summaryDims, by)), false
}

// groups counts everything but users.
func (r *reader) groups(by event.Dimension, values []string) (map[string]*event.Group, error) {
	n, byType := dim(by)
	query, only := "SELECT value, type, 0, sum(n) FROM summary", ""
	if len(r.buckets) > 0 {
		query = "SELECT value, type, at, n FROM summary"
	}
	query += " WHERE account = ? AND dim = ? AND level = ?"
	if values != nil && !byType {
		query += chosen
		list, err := json.Marshal(values)
		if err != nil {
			return nil, err
		}
		only = string(list)
	} else {
		query += " AND at >= ? AND at < ?"
	}
	if len(r.buckets) == 0 {
		query += " GROUP BY value, type"
	}
	found := map[string]*event.Group{}
	group := func(value string) *event.Group {
		if found[value] == nil {
			found[value] = &event.Group{Value: value, Series: r.series()}
		}
		return found[value]
	}
	for _, account := range r.accounts {
		for _, sp := range spans(r.q) {
			args := []any{account, n, sp.level, sp.from, sp.to}
			if only != "" {
				args = []any{account, n, sp.level, sp.steps(), only}
			}
			err := r.c.each(r.ctx, query, func(row scanner) error {
				var value string
				var typ, at, count int64
				if err := row.Scan(&value, &typ, &at, &count); err != nil {
					return err
				}
				isJoin := typ == joinsDone || typ == joinsFailed
				if !isJoin && !slices.Contains(r.types, typ) {
					return nil
				}
				if byType {
					if value = string(codeTypes[typ]); isJoin || values != nil && !slices.Contains(values, value) {
						return nil
					}
				}
				g := group(value)
				addCount(&g.Counts, typ, count)
				if len(r.buckets) > 0 {
					since := time.Unix(0, at*levels[sp.level]).Sub(r.buckets[0])
					addCount(&g.Series[since/r.q.Bucket], typ, count)
				}
				return nil
			}, args...)
			if err != nil {
				return nil, err
			}
		}
	}
	r.countUnindexed(by, values, group)
	return found, nil
}

func addCount(c *event.Counts, typ, n int64) {
	switch typ {
	case joinsDone:
		c.Joins += n
	case joinsFailed:
		c.FailedJoins += n
	default:
		c.Events += n
	}
}

// users counts the users of the total and of the groups that are shown.
func (r *reader) users(sum *event.Summary) error {
	all := map[string]map[int64]*bitset{}
	if err := r.unite(event.ByNothing, []string{""}, all); err != nil {
		return err
	}
	named, err := r.uniteUnindexed(event.ByNothing, []string{""}, all)
	if err != nil {
		return err
	}
	sum.Total.Counts.Users = size(all[""]) + int64(len(named[""]))
	if len(sum.Groups) == 0 {
		return nil
	}
	values := make([]string, len(sum.Groups))
	for i, g := range sum.Groups {
		values[i] = g.Value
	}
	of := map[string]map[int64]*bitset{}
	if err := r.unite(r.q.By, values, of); err != nil {
		return err
	}
	if named, err = r.uniteUnindexed(r.q.By, values, of); err != nil {
		return err
	}
	for i := range sum.Groups {
		value := sum.Groups[i].Value
		sum.Groups[i].Counts.Users = size(of[value]) + int64(len(named[value]))
	}
	return nil
}

// unite adds up the users of some values.
func (r *reader) unite(by event.Dimension, values []string, into map[string]map[int64]*bitset) error {
	n, byType := dim(by)
	wanted := values
	if byType {
		wanted = []string{""}
	}
	list, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	for _, account := range r.accounts {
		for _, sp := range spans(r.q) {
			var packed sql.RawBytes
			err := r.c.each(r.ctx, `SELECT value, type, chunk, bits FROM summary_sets
				WHERE account = ? AND dim = ? AND level = ?`+chosen, func(row scanner) error {
				var value string
				var typ, part int64
				if err := row.Scan(&value, &typ, &part, &packed); err != nil {
					return err
				}
				if !slices.Contains(r.types, typ) {
					return nil
				}
				if byType {
					value = string(codeTypes[typ])
				}
				put(into, value, part).or(packed)
				return nil
			}, account, n, sp.level, sp.steps(), string(list))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func size(parts map[int64]*bitset) (n int64) {
	for _, b := range parts {
		n += int64(b.size())
	}
	return n
}

// CountJoins adds successful joins.
func (s *Store) CountJoins(ctx context.Context, joins []event.Join) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.unavailable(ctx, sql.ErrConnDone)
	}
	ctx = context.WithoutCancel(ctx)
	err := s.transact(ctx, func() error {
		for i := range joins {
			j := &joins[i]
			account, err := s.accounts.make(ctx, s.writer, j.AccountID)
			if err != nil {
				return err
			}
			s.summaries.spread(account, joinsDone, j.Time, &event.Event{Subject: j.Subject}, 1, nil)
		}
		return nil
	})
	if err != nil {
		return s.unavailable(ctx, err)
	}
	return nil
}

// forgetJoins removes the counts of joins of hours and days that lie wholly
// before a time.
func (s *Store) forgetJoins(ctx context.Context, before time.Time, accounts []int64) error {
	for _, account := range accounts {
		for level := range levels {
			for n := range summaryDims {
				if _, err := s.writer.exec(ctx, "DELETE FROM summary WHERE account = ? AND dim = ? AND level = ? AND at < ? AND type = ?",
					account, n, level, step(level, before), joinsDone); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// prepareSummary makes the tables of the summary where they are missing, and
// counts the events that were stored before there were any.
func (s *Store) prepareSummary(ctx context.Context) error {
	c := s.writer
	_, done, err := lookup(ctx, c, "SELECT value FROM meta WHERE key = 'summary'")
	if err != nil || done {
		return err
	}
	if _, err := c.ExecContext(ctx, summarySchema); err != nil {
		return err
	}
	return s.transact(ctx, func() error { return s.recount(ctx) })
}

// recount counts every event but the unindexed ones, in a transaction.
func (s *Store) recount(ctx context.Context) error {
	c := s.writer
	upto := int64(math.MaxInt64)
	if len(s.flushing.unindexed) > 0 {
		upto = s.flushing.upto
	}
	last, n := int64(0), 0
	for {
		type stored struct {
			seq, account, typ int64
			doc               string
		}
		var some []stored
		err := c.each(ctx, "SELECT seq, account, type, doc FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 5000", func(row scanner) error {
			var r stored
			err := row.Scan(&r.seq, &r.account, &r.typ, &r.doc)
			some = append(some, r)
			return err
		}, last, upto)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			break
		}
		for _, r := range some {
			var e event.Event
			if err := event.Decode([]byte(r.doc), s.words, &e); err != nil {
				return err
			}
			if err := s.summaries.stored(ctx, c, r.account, r.typ, &e, r.seq); err != nil {
				return err
			}
			last = r.seq
			n++
		}
		if err := s.summaries.write(ctx, c); err != nil {
			return err
		}
		s.summaries.begin()
	}
	if n > 0 {
		s.log.Info("counted the events for summaries", "events", n)
	}
	_, err := c.exec(ctx, "INSERT OR REPLACE INTO meta VALUES ('summary', 1)")
	return err
}
