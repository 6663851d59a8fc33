// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// Reader answers one question from the tables.
type Reader struct {
	Query    *event.SummaryQuery
	Accounts []int64
	Types    []int64
	Buckets  []time.Time

	// Late is what no table has yet; nil for none.
	Late Late

	ctx context.Context
	c   *eventlog.Conn
}

// Late adds to a summary what its tables do not have yet.
type Late interface {
	// Count adds to the groups of a dimension, or of some of its values.
	Count(by event.Dimension, values []string, groups Groups)
	// Oldest gives the earlier of a time and its own first hour.
	Oldest(time.Time) time.Time
}

// NewReader makes a reader, in a transaction that reads. Without an account the
// question is about all.
func NewReader(ctx context.Context, l *eventlog.Log, c *eventlog.Conn, q *event.SummaryQuery) *Reader {
	r := &Reader{Query: q, Buckets: q.Buckets(), ctx: ctx, c: c}
	if q.AccountID == "" {
		r.Accounts = l.Accounts.All()
	} else if id, ok := l.Accounts.ID(q.AccountID); ok {
		r.Accounts = []int64{id}
	}
	for _, t := range q.Types {
		if code, ok := eventlog.TypeCodes[t]; ok {
			r.Types = append(r.Types, code)
		}
	}
	return r
}

// Summarize counts everything but users.
func (r *Reader) Summarize() (sum event.Summary, err error) {
	total, err := r.groups(event.ByNothing, nil)
	if err != nil {
		return sum, err
	}
	sum.Total = event.Group{Series: r.series()}
	if g := total.found[""]; g != nil {
		sum.Total = *g
	}
	if by := r.Query.By; by != event.ByNothing {
		groups, err := r.groups(by, r.Query.Values)
		if err != nil {
			return sum, err
		}
		sum.Values = len(groups.found)
		for _, g := range groups.found {
			sum.Groups = append(sum.Groups, *g)
		}
		event.SortGroups(sum.Groups)
		if top := r.Query.Top; top > 0 && len(sum.Groups) > top {
			sum.Groups = slices.Clip(sum.Groups[:top])
		}
	}
	for _, account := range r.Accounts {
		var at sql.NullInt64
		if err := r.c.Row(r.ctx, "SELECT min(at) FROM summary WHERE account = ? AND dim = 0 AND level = 1", account).Scan(&at); err != nil {
			return sum, err
		}
		if t := time.Unix(at.Int64*3600, 0).UTC(); at.Valid && (sum.Oldest.IsZero() || t.Before(sum.Oldest)) {
			sum.Oldest = t
		}
	}
	if r.Late != nil {
		sum.Oldest = r.Late.Oldest(sum.Oldest)
	}
	return sum, nil
}

func (r *Reader) series() []event.Counts {
	if len(r.Buckets) == 0 {
		return nil
	}
	return make([]event.Counts, len(r.Buckets))
}

// Groups is what was found of each value of a dimension.
type Groups struct {
	r     *Reader
	found map[string]*event.Group
}

func (g Groups) of(value string) *event.Group {
	if g.found[value] == nil {
		g.found[value] = &event.Group{Value: value, Series: g.r.series()}
	}
	return g.found[value]
}

// Add adds n of a type, or of JoinsDone or JoinsFailed, to the group of a value, in
// the bucket of a time.
func (g Groups) Add(value string, at time.Time, typ, n int64) {
	group := g.of(value)
	addCount(&group.Counts, typ, n)
	if len(group.Series) > 0 {
		addCount(&group.Series[at.Sub(g.r.Buckets[0])/g.r.Query.Bucket], typ, n)
	}
}

func addCount(c *event.Counts, typ, n int64) {
	switch typ {
	case JoinsDone:
		c.Joins += n
	case JoinsFailed:
		c.FailedJoins += n
	default:
		c.Events += n
	}
}

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
	from, to := Step(Hours, q.Since), Step(Hours, q.Until)
	first, last := (from+23)/24, to/24
	if q.Bucket == time.Hour || first >= last {
		return []span{{Hours, from, to}}
	}
	return []span{{Hours, from, first * 24}, {Days, first, last}, {Hours, last * 24, to}}
}

// dim is the number of a dimension, and whether its values are types.
func dim(by event.Dimension) (n int64, byType bool) {
	if by == event.ByType {
		return 0, true
	}
	return int64(slices.Index(Dims, by)), false
}

// groups counts everything but users.
func (r *Reader) groups(by event.Dimension, values []string) (Groups, error) {
	n, byType := dim(by)
	query, only := "SELECT value, type, 0, sum(n) FROM summary", ""
	if len(r.Buckets) > 0 {
		query = "SELECT value, type, at, n FROM summary"
	}
	query += " WHERE account = ? AND dim = ? AND level = ?"
	if values != nil && !byType {
		query += chosen
		list, err := json.Marshal(values)
		if err != nil {
			return Groups{}, err
		}
		only = string(list)
	} else {
		query += " AND at >= ? AND at < ?"
	}
	if len(r.Buckets) == 0 {
		query += " GROUP BY value, type"
	}
	groups := Groups{r, map[string]*event.Group{}}
	for _, account := range r.Accounts {
		for _, sp := range spans(r.Query) {
			args := []any{account, n, sp.level, sp.from, sp.to}
			if only != "" {
				args = []any{account, n, sp.level, sp.steps(), only}
			}
			err := r.c.Each(r.ctx, query, func(row eventlog.Scanner) error {
				var value string
				var typ, at, count int64
				if err := row.Scan(&value, &typ, &at, &count); err != nil {
					return err
				}
				isJoin := typ == JoinsDone || typ == JoinsFailed
				if !isJoin && !slices.Contains(r.Types, typ) {
					return nil
				}
				if byType {
					if value = string(eventlog.CodeTypes[typ]); isJoin || values != nil && !slices.Contains(values, value) {
						return nil
					}
				}
				groups.Add(value, time.Unix(0, at*levels[sp.level]), typ, count)
				return nil
			}, args...)
			if err != nil {
				return Groups{}, err
			}
		}
	}
	if r.Late != nil {
		r.Late.Count(by, values, groups)
	}
	return groups, nil
}

// Users are sets of users by the values of a dimension, and by chunks of the
// numbers of users.
type Users map[string]map[int64]*bitset.Set

// Chunk gives a set to change.
func (u Users) Chunk(value string, n int64) *bitset.Set {
	if u[value] == nil {
		u[value] = map[int64]*bitset.Set{}
	}
	if u[value][n] == nil {
		u[value][n] = &bitset.Set{}
	}
	return u[value][n]
}

// Len is how many users a value has.
func (u Users) Len(value string) (n int64) {
	for _, set := range u[value] {
		n += int64(set.Len())
	}
	return n
}

// Users gives the users of some values.
func (r *Reader) Users(by event.Dimension, values []string) (Users, error) {
	users := Users{}
	n, byType := dim(by)
	wanted := values
	if byType {
		wanted = []string{""}
	}
	list, err := json.Marshal(wanted)
	if err != nil {
		return nil, err
	}
	for _, account := range r.Accounts {
		for _, sp := range spans(r.Query) {
			var packed sql.RawBytes
			err := r.c.Each(r.ctx, `SELECT value, type, chunk, bits FROM summary_sets
				WHERE account = ? AND dim = ? AND level = ?`+chosen, func(row eventlog.Scanner) error {
				var value string
				var typ, part int64
				if err := row.Scan(&value, &typ, &part, &packed); err != nil {
					return err
				}
				if !slices.Contains(r.Types, typ) {
					return nil
				}
				if byType {
					value = string(eventlog.CodeTypes[typ])
				}
				users.Chunk(value, part).Or(packed)
				return nil
			}, account, n, sp.level, sp.steps(), string(list))
			if err != nil {
				return nil, err
			}
		}
	}
	return users, nil
}
