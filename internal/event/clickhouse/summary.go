// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// Summarize counts: what has been shipped in ClickHouse, what has not in the
// spool, and joins, which are no events, where they were counted.
func (s *Store) Summarize(ctx context.Context, q event.SummaryQuery) (event.Summary, error) {
	s.edge.RLock()
	shipped := max(s.evicted, s.ship.reached.Load())
	s.edge.RUnlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lows, err := s.others.view(ctx, s)
	if err != nil {
		return event.Summary{}, broken(err)
	}
	c := counter{s: s, q: &q, upto: shipped, shipped: reach{s.number: shipped}, others: !lows.empty(), buckets: q.Buckets()}
	maps.Copy(c.shipped, lows)
	for _, t := range q.Types {
		if t != event.Recorded { // which is never stored, and not in the column's type
			c.types = append(c.types, string(t))
		}
	}
	c.total = group{Group: event.Group{Series: c.series()}}
	c.groups = map[string]*group{}
	if err := c.countSpool(ctx); err != nil {
		return event.Summary{}, err
	}
	if !c.shipped.empty() {
		if err := c.countShipped(ctx); err != nil {
			return event.Summary{}, broken(err)
		}
	}
	if err := c.countJoins(ctx); err != nil {
		return event.Summary{}, err
	}
	sum := event.Summary{Total: c.total.Group, Values: len(c.groups)}
	for _, g := range c.groups {
		sum.Groups = append(sum.Groups, g.Group)
	}
	event.SortGroups(sum.Groups)
	if q.Top > 0 && len(sum.Groups) > q.Top {
		sum.Groups = slices.Clip(sum.Groups[:q.Top])
	}
	if q.Users {
		if err := c.countUsers(ctx, &sum); err != nil {
			return event.Summary{}, broken(err)
		}
	}
	oldest, err := c.oldest(ctx)
	if err != nil {
		return event.Summary{}, broken(err)
	}
	sum.Oldest = oldest
	return sum, nil
}

// CountJoins makes joins durable in the spool, where they stay: they are counts
// of hours, and few.
func (s *Store) CountJoins(ctx context.Context, joins []event.Join) error {
	if len(joins) == 0 {
		return nil
	}
	first := slices.MinFunc(joins, func(a, b event.Join) int { return a.Time.Compare(b.Time) }).Time
	return s.joins.count(ctx, s, rollup.Step(rollup.Hours, first), func() error { return s.spool.CountJoins(ctx, joins) })
}

// JoinCounts hands over the joins of every hour, in no order.
func (s *Store) JoinCounts(ctx context.Context, f func(rollup.JoinCount) error) error {
	return s.spool.JoinCounts(ctx, f)
}

// CopyJoins takes over counts of joins; copying twice counts once.
func (s *Store) CopyJoins(ctx context.Context, counts []rollup.JoinCount) error {
	if len(counts) == 0 {
		return nil
	}
	first := slices.MinFunc(counts, func(a, b rollup.JoinCount) int { return cmp.Compare(a.Hour, b.Hour) }).Hour
	return s.joins.count(ctx, s, first, func() error { return s.spool.CopyJoins(ctx, counts) })
}

// counter counts for one query.
type counter struct {
	s       *Store
	q       *event.SummaryQuery
	upto    int64 // this server's places up to this one are counted in ClickHouse
	shipped reach // and so are those of others
	others  bool  // there are some
	types   []string
	buckets []time.Time

	total   group
	groups  map[string]*group
	first   time.Time // of the spool's events
	joins   time.Time // the first hour with any
	waiting bool      // the spool has failures that are not in ClickHouse
}

// group is a group with its users in the spool.
type group struct {
	event.Group
	users map[string]bool
}

func (c *counter) series() []event.Counts {
	if len(c.buckets) == 0 {
		return nil
	}
	return make([]event.Counts, len(c.buckets))
}

// of gives the group of a value; nil when it is none of those asked for.
func (c *counter) of(value string) *group {
	if c.q.Values != nil && !slices.Contains(c.q.Values, value) {
		return nil
	}
	g := c.groups[value]
	if g == nil {
		g = &group{Group: event.Group{Value: value, Series: c.series()}}
		c.groups[value] = g
	}
	return g
}

// addCount adds counts to a group, in the bucket that lies so long after the first.
func (c *counter) addCount(g *group, bucket int, events, failed int64) {
	g.Counts.Events += events
	g.Counts.FailedJoins += failed
	if len(c.buckets) > 0 {
		g.Series[bucket].Events += events
		g.Series[bucket].FailedJoins += failed
	}
}

func (c *counter) bucket(at time.Time) int {
	if len(c.buckets) == 0 {
		return 0
	}
	return int(at.Sub(c.buckets[0]) / c.q.Bucket)
}

// countSpool counts what waits to be shipped, one by one: the last two minutes,
// unless ClickHouse was away.
func (c *counter) countSpool(ctx context.Context) error {
	for above := c.upto; ; {
		records, err := c.s.spool.Records(ctx, above, math.MaxInt64, shipBatch)
		if err != nil || len(records) == 0 {
			return err
		}
		above = records[len(records)-1].Seq
		for i := range records {
			r := &records[i]
			if c.q.AccountID != "" && r.AccountID != c.q.AccountID || r.Time.UnixNano() < c.s.lowWatermarks.of(r.AccountID) {
				continue
			}
			if c.first.IsZero() || r.Time.Before(c.first) {
				c.first = r.Time
			}
			if r.Time.Before(c.q.Since) || !r.Time.Before(c.q.Until) {
				continue
			}
			events, failed := int64(0), int64(0)
			if slices.Contains(c.q.Types, r.Type) {
				events = 1
			}
			if r.FailedJoin {
				failed = 1
			}
			if events+failed == 0 {
				continue
			}
			user := ""
			if events == 1 && r.Type.IsError() {
				user = r.UserKey()
			}
			value, has := c.q.By.Value(r.AgentRead())
			b := c.bucket(r.Time)
			c.addCount(&c.total, b, events, failed)
			c.total.meet(user)
			if c.waiting = c.waiting || user != ""; !has || c.q.By == event.ByNothing {
				continue
			}
			if c.q.By == event.ByType {
				if failed = 0; events == 0 {
					continue
				}
			}
			if g := c.of(value); g != nil {
				c.addCount(g, b, events, failed)
				g.meet(user)
			}
		}
	}
}

func (g *group) meet(user string) {
	if user == "" {
		return
	}
	if g.users == nil {
		g.users = map[string]bool{}
	}
	g.users[user] = true
}

// values are the dimensions as expressions on columns; event.Dimension.Value
// says the same of an event.
var values = map[event.Dimension]string{
	event.ByNothing: "''", event.ByType: "toString(type)", event.ByFault: "fault", event.ByCode: "toString(code)", event.BySDK: "sdk",
	event.ByVersion: "if(sdk_version = '', sdk, concat(sdk, ' ', sdk_version))", event.ByOS: "os", event.ByBrowser: "browser",
	event.ByRole: "role", event.ByTemplate: "template", event.ByRoom: "room",
	event.ByDiagnosis: "diagnosis",
}

// isError tells failures from tracks, as event.Type.IsError does.
const isError = "toInt8(type) <= 5"

// rows is the conditions on what is counted by a dimension.
func (c *counter) rows(by event.Dimension, only []string) *where {
	w := &where{}
	c.s.lowWatermarks.bound(w, c.q.AccountID, c.q.Since.UnixNano())
	w.and("time < ?", c.q.Until.UnixNano())
	if c.q.AccountID != "" {
		w.and("account = ?", c.q.AccountID)
	}
	c.shipped.bound(w, nil)
	if by == event.ByFault || by == event.ByCode {
		w.and(isError)
	}
	if by == event.ByDiagnosis {
		w.and("confidence > 0")
	}
	if only != nil {
		among(w, values[by], only)
	}
	return w
}

// wanted is the condition on the types that were asked for.
func (c *counter) wanted() string {
	if len(c.types) == 0 {
		return "0"
	}
	return "type IN ('" + strings.Join(c.types, "', '") + "')" // of our own words
}

// countShipped counts in ClickHouse, groups and total.
func (c *counter) countShipped(ctx context.Context) error {
	dims := []event.Dimension{event.ByNothing}
	if c.q.By != event.ByNothing && (c.q.Values == nil || len(c.q.Values) > 0) {
		dims = append(dims, c.q.By)
	}
	for _, by := range dims {
		only := c.q.Values
		if by == event.ByNothing {
			only = nil
		}
		w := c.rows(by, only)
		failed := "failed_join"
		if by == event.ByType {
			failed = "0"
		}
		w.and("(" + c.wanted() + " OR " + failed + ")")
		bucket := "0"
		if len(c.buckets) > 0 {
			bucket = fmt.Sprintf("intDiv(time - %d, %d)", c.buckets[0].UnixNano(), int64(c.q.Bucket))
		}
		query := "SELECT " + values[by] + " AS v, toInt64(" + bucket + ") AS b, toInt64(countIf(" + c.wanted() + ")), toInt64(sum(" + failed + ")) FROM events WHERE " + w.text.String() + " GROUP BY v, b"
		rows, err := c.s.conn.Query(ctx, query, w.args...)
		if err != nil {
			return err
		}
		err = each(rows, func() error {
			var value string
			var b, events, failed int64
			if err := rows.Scan(&value, &b, &events, &failed); err != nil {
				return err
			}
			g := &c.total
			if by != event.ByNothing {
				g = c.of(value)
			}
			if g != nil {
				c.addCount(g, int(b), events, failed)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// countJoins adds the joins that succeeded.
func (c *counter) countJoins(ctx context.Context) error {
	q := *c.q
	q.Types, q.Users, q.Top = nil, false, 0
	joins, err := c.s.spool.Joins(ctx, q)
	if err != nil {
		return err
	}
	c.joins = joins.Oldest
	add := func(into *group, from *event.Group) {
		into.Counts.Joins += from.Counts.Joins
		for i := range from.Series {
			into.Series[i].Joins += from.Series[i].Joins
		}
	}
	add(&c.total, &joins.Total)
	for i := range joins.Groups {
		if g := c.of(joins.Groups[i].Value); g != nil {
			add(g, &joins.Groups[i])
		}
	}
	if !c.others {
		return nil
	}
	return broken(c.countTheirJoins(ctx))
}

// usersOf is how many users of the spool are looked for in one question.
const usersOf = 1000

// countUsers counts the users of the total and of the groups that are shown,
// each once, whether its failures are in ClickHouse, in the spool or in both.
func (c *counter) countUsers(ctx context.Context, sum *event.Summary) error {
	shown := map[string]*event.Group{}
	names := []string{}
	for i := range sum.Groups {
		shown[sum.Groups[i].Value] = &sum.Groups[i]
		names = append(names, sum.Groups[i].Value)
	}
	all := map[string]*event.Group{"": &sum.Total}
	if err := c.usersBy(ctx, event.ByNothing, nil, all, map[string]*group{"": &c.total}); err != nil || c.q.By == event.ByNothing {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	return c.usersBy(ctx, c.q.By, names, shown, c.groups)
}

// usersBy counts users by one dimension; spool has the groups of the spool.
func (c *counter) usersBy(ctx context.Context, by event.Dimension, only []string, into map[string]*event.Group, spool map[string]*group) error {
	everybody := map[string]bool{}
	for value, g := range into {
		if of := spool[value]; of != nil {
			g.Counts.Users = int64(len(of.users))
			maps.Copy(everybody, of.users)
		}
	}
	if c.shipped.empty() {
		return nil
	}
	conditions := func() *where {
		w := c.rows(by, only)
		w.and(c.wanted())
		w.and(isError)
		return w
	}
	w := conditions()
	w.and("user != ''")
	rows, err := c.s.conn.Query(ctx, "SELECT "+values[by]+" AS v, toInt64(uniqExact(user)) FROM events WHERE "+w.text.String()+" GROUP BY v", w.args...)
	if err != nil {
		return err
	}
	err = each(rows, func() error {
		var value string
		var n int64
		err := rows.Scan(&value, &n)
		if g := into[value]; g != nil {
			g.Counts.Users += n
		}
		return err
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(everybody)), usersOf) {
		w := conditions()
		among(w, "user", some)
		rows, err := c.s.conn.Query(ctx, "SELECT "+values[by]+" AS v, user FROM events WHERE "+w.text.String()+" GROUP BY v, user", w.args...)
		if err != nil {
			return err
		}
		err = each(rows, func() error {
			var value, user string
			err := rows.Scan(&value, &user)
			if g := into[value]; g != nil && spool[value] != nil && spool[value].users[user] {
				g.Counts.Users-- // counted in both
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// oldest is the first hour that anything is known of.
func (c *counter) oldest(ctx context.Context) (time.Time, error) {
	first := c.first
	earlier := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	earlier(c.joins)
	if !c.shipped.empty() {
		w := &where{}
		c.s.lowWatermarks.bound(w, c.q.AccountID, 0)
		if c.q.AccountID != "" {
			w.and("account = ?", c.q.AccountID)
		}
		c.shipped.bound(w, nil)
		c.s.firstDay(c.q.AccountID, w)
		var at int64
		var n uint64
		if err := c.s.conn.QueryRow(ctx, "SELECT min(time), count() FROM events WHERE "+w.text.String(), w.args...).Scan(&at, &n); err != nil {
			return first, err
		}
		if n > 0 {
			earlier(time.Unix(0, at))
		}
	}
	if first.IsZero() {
		return first, nil
	}
	return first.UTC().Truncate(time.Hour), nil
}

// firstDay narrows a look for the oldest event to the first day that has any, if
// that is known.
func (s *Store) firstDay(account string, w *where) {
	s.edge.RLock()
	defer s.edge.RUnlock()
	s.others.mu.RLock()
	defer s.others.mu.RUnlock()
	if !s.days.known || len(s.others.lows) > 0 && !s.others.days.known {
		return
	}
	first := int64(math.MaxInt64)
	for _, d := range []*days{&s.days, &s.others.days} {
		for k := range d.n {
			if (account == "" || k.account == account) && (k.day+1)*day > s.lowWatermarks.of(k.account) {
				first = min(first, k.day)
			}
		}
	}
	if first != math.MaxInt64 { // shipped and not yet evicted ones are later, or hours younger
		w.and("time < " + strconv.FormatInt((first+2)*day, 10))
	}
}
