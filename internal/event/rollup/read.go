// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
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
		earlier := func(hour int64) {
			if t := timeOf(Hours, hour); sum.Oldest.IsZero() || t.Before(sum.Oldest) {
				sum.Oldest = t
			}
		}
		var at sql.NullInt64
		if err := r.c.Row(r.ctx, "SELECT min(at) FROM summary_steps WHERE account = ? AND dim = 0 AND level = 1", account).Scan(&at); err != nil {
			return sum, err
		}
		if at.Valid {
			earlier(at.Int64)
		}
		if err := r.oldestOutdated(account, earlier); err != nil {
			return sum, err
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

// each hands over what a dimension has in the window, once each: days where they have
// been added up, and hours.
func (r *Reader) each(account, dim int64, f func(at time.Time, value []byte, typ int64, p packed)) error {
	for _, sp := range spans(r.Query) {
		if sp.level == Hours {
			if err := r.read(account, dim, sp, func(int64) {}, f); err != nil {
				return err
			}
			continue
		}
		var gaps []span
		next := sp.from
		gap := func(upto int64) {
			if next < upto {
				gaps = append(gaps, span{Hours, next * 24, upto * 24})
			}
			next = upto + 1
		}
		if err := r.read(account, dim, sp, gap, f); err != nil {
			return err
		}
		gap(sp.to)
		for _, hours := range gaps {
			if err := r.read(account, dim, hours, func(int64) {}, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// read hands over what the steps of a span have, and tells of each step before.
func (r *Reader) read(account, dim int64, sp span, begin func(at int64), f func(at time.Time, value []byte, typ int64, p packed)) error {
	var b []byte
	return r.c.Each(r.ctx, "SELECT at, cells FROM summary_steps WHERE account = ? AND dim = ? AND level = ? AND at >= ? AND at < ? ORDER BY at", func(row eventlog.Scanner) error {
		var n int64
		if err := row.Scan(&n, &b); err != nil {
			return err
		}
		begin(n)
		at := timeOf(sp.level, n)
		if err := eachCell(b, func(value []byte, typ int64, p packed) { f(at, value, typ, p) }); err != nil {
			return fmt.Errorf("the summary of %s: %w", at.Format(time.RFC3339), err)
		}
		return nil
	}, account, dim, sp.level, sp.from, sp.to)
}

func timeOf(level, at int64) time.Time { return time.Unix(0, at*levels[level]).UTC() }

// groups counts everything but users.
func (r *Reader) groups(by event.Dimension, values []string) (Groups, error) {
	n, byType := dim(by)
	groups := Groups{r, map[string]*event.Group{}}
	wanted := chosen(values)
	add := func(at time.Time, value string, typ, n int64) {
		isJoin := typ == JoinsDone || typ == JoinsFailed
		if !isJoin && !slices.Contains(r.Types, typ) {
			return
		}
		if byType {
			if isJoin {
				return
			}
			value = string(eventlog.CodeTypes[typ])
		}
		if wanted == nil || wanted[value] {
			groups.Add(value, at, typ, n)
		}
	}
	names := map[string]string{} // so that a name that comes with every hour is kept once
	for _, account := range r.Accounts {
		err := r.each(account, n, func(at time.Time, value []byte, typ int64, p packed) {
			name, known := names[string(value)] // which makes no string
			if !known {
				name = string(value)
				names[name] = name
			}
			add(at, name, typ, p.n)
		})
		if err == nil {
			err = r.outdatedCounts(account, n, add)
		}
		if err != nil {
			return Groups{}, err
		}
	}
	if r.Late != nil {
		r.Late.Count(by, values, groups)
	}
	return groups, nil
}

// chosen is a list as a set; nil is all.
func chosen(values []string) map[string]bool {
	if values == nil {
		return nil
	}
	set := make(map[string]bool, len(values))
	for _, v := range values {
		set[v] = true
	}
	return set
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
	wanted := chosen(values)
	if wanted == nil {
		return users, nil
	}
	of := func(value string, typ int64) (*Users, string) {
		if byType {
			value = string(eventlog.CodeTypes[typ])
		}
		if !slices.Contains(r.Types, typ) || !wanted[value] {
			return nil, ""
		}
		return &users, value
	}
	for _, account := range r.Accounts {
		err := r.each(account, n, func(_ time.Time, value []byte, typ int64, p packed) {
			if len(p.users) == 0 || !byType && !wanted[string(value)] {
				return
			}
			into, name := of(string(value), typ)
			if into == nil {
				return
			}
			part, set := int64(-1), (*bitset.Set)(nil)
			eachUser(p.users, func(id int64) {
				if id/bitset.Size != part {
					part = id / bitset.Size
					set = into.Chunk(name, part)
				}
				set.Put(id%bitset.Size, true)
			})
		})
		if err == nil {
			err = r.outdatedUsers(account, n, of)
		}
		if err != nil {
			return nil, err
		}
	}
	return users, nil
}
