// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// Files of earlier versions have a row for every count, in the table summary, and sets of
// its users in summary_sets, 4096 to a row, by hour and by day. An hour that changes is
// written anew; the others are while the store serves, and are read as they are until
// then. Days are added up again.

// isOutdated tells whether there are counts of an earlier version.
func isOutdated(ctx context.Context, c *eventlog.Conn) (is bool, err error) {
	err = c.Row(ctx, "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'summary'").Scan(&is)
	return is, err
}

// takeOutdated takes the counts of an hour out of the tables of the earlier version.
func (t *Table) takeOutdated(ctx context.Context, c *eventlog.Conn, hour step) (list []change, err error) {
	if !t.outdated {
		return nil, nil
	}
	err = c.Each(ctx, "SELECT value, type, n FROM summary"+thatStep, func(row eventlog.Scanner) error {
		ch := change{of: &Cell{}}
		err := row.Scan(&ch.value, &ch.typ, &ch.of.N)
		list = append(list, ch)
		return err
	}, hour.account, hour.dim, hour.level, hour.at)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	places := make(map[cellKey]int, len(list))
	for i := range list {
		places[list[i].cellKey] = i
	}
	err = c.Each(ctx, "SELECT value, type, chunk, bits FROM summary_sets"+thatStep, func(row eventlog.Scanner) error {
		var k cellKey
		var chunk int64
		var bits []byte
		if err := row.Scan(&k.value, &k.typ, &chunk, &bits); err != nil {
			return err
		}
		var set bitset.Set
		set.Or(bits)
		if i, counted := places[k]; counted {
			set.Each(false, func(n int64) { list[i].of.Set = append(list[i].of.Set, chunk*bitset.Size+n) })
		}
		return nil
	}, hour.account, hour.dim, hour.level, hour.at)
	if err != nil {
		return nil, err
	}
	return list, dropOutdated(ctx, c, hour)
}

func dropOutdated(ctx context.Context, c *eventlog.Conn, s step) error {
	for _, table := range []string{"summary", "summary_sets"} {
		if _, err := c.Exec(ctx, "DELETE FROM "+table+thatStep, s.account, s.dim, s.level, s.at); err != nil {
			return err
		}
	}
	return nil
}

// renewSteps is how many steps one transaction renews.
const renewSteps = 16

// renewSome writes the next counts of an earlier version anew.
func (t *Table) renewSome(ctx context.Context, c *eventlog.Conn) error {
	if !t.outdated {
		return nil
	}
	for range renewSteps {
		var s step
		found := false
		err := c.Each(ctx, "SELECT account, dim, level, at FROM summary ORDER BY account, dim, level, at LIMIT 1", func(row eventlog.Scanner) error {
			found = true
			return row.Scan(&s.account, &s.dim, &s.level, &s.at)
		})
		switch {
		case err != nil:
			return err
		case !found:
			if _, err := c.ExecContext(ctx, "DROP TABLE summary; DROP TABLE IF EXISTS summary_sets"); err != nil {
				return err
			}
			t.outdated = false // read again from the file should this fail
			return nil
		case s.level == Hours:
			err = t.change(ctx, c, s, nil)
		default:
			err = dropOutdated(ctx, c, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expireOutdated is Expired for the counts of an earlier version.
func (t *Table) expireOutdated(ctx context.Context, c *eventlog.Conn, before time.Time, accounts []int64) error {
	if !t.outdated {
		return nil
	}
	for _, account := range accounts {
		for n := range Dims {
			if _, err := c.Exec(ctx, "DELETE FROM summary WHERE account = ? AND dim = ? AND level = ? AND at < ? AND type = ?",
				account, n, Hours, Step(Hours, before), JoinsDone); err != nil {
				return err
			}
		}
	}
	return nil
}

// outdatedCounts hands over the counts of an earlier version.
func (r *Reader) outdatedCounts(account, dim int64, f func(at time.Time, value string, typ, n int64)) error {
	if is, err := isOutdated(r.ctx, r.c); err != nil || !is {
		return err
	}
	return r.c.Each(r.ctx, "SELECT value, type, at, n FROM summary WHERE account = ? AND dim = ? AND level = ? AND at >= ? AND at < ?", func(row eventlog.Scanner) error {
		var value string
		var typ, at, n int64
		err := row.Scan(&value, &typ, &at, &n)
		if err == nil {
			f(timeOf(Hours, at), value, typ, n)
		}
		return err
	}, account, dim, Hours, Step(Hours, r.Query.Since), Step(Hours, r.Query.Until))
}

// outdatedUsers adds the users of an earlier version's counts.
func (r *Reader) outdatedUsers(account, dim int64, f func(value string, typ int64) (*Users, string)) error {
	if is, err := isOutdated(r.ctx, r.c); err != nil || !is {
		return err
	}
	return r.c.Each(r.ctx, "SELECT value, type, chunk, bits FROM summary_sets WHERE account = ? AND dim = ? AND level = ? AND at >= ? AND at < ?", func(row eventlog.Scanner) error {
		var value string
		var typ, chunk int64
		var bits []byte
		if err := row.Scan(&value, &typ, &chunk, &bits); err != nil {
			return err
		}
		if users, name := f(value, typ); users != nil {
			users.Chunk(name, chunk).Or(bits)
		}
		return nil
	}, account, dim, Hours, Step(Hours, r.Query.Since), Step(Hours, r.Query.Until))
}

// outdatedJoins hands over the joins of an earlier version's counts.
func outdatedJoins(ctx context.Context, c *eventlog.Conn, from int64, f func(account, dim, hour int64, value string, n int64) error) error {
	if is, err := isOutdated(ctx, c); err != nil || !is {
		return err
	}
	return c.Each(ctx, "SELECT account, dim, at, value, n FROM summary WHERE level = ? AND type = ? AND at >= ?", func(row eventlog.Scanner) error {
		var account, dim, hour, n int64
		var value string
		if err := row.Scan(&account, &dim, &hour, &value, &n); err != nil {
			return err
		}
		return f(account, dim, hour, value, n)
	}, Hours, JoinsDone, from)
}

// oldestOutdated is the first hour of an earlier version's counts.
func (r *Reader) oldestOutdated(account int64, f func(hour int64)) error {
	if is, err := isOutdated(r.ctx, r.c); err != nil || !is {
		return err
	}
	return r.c.Each(r.ctx, "SELECT min(at) FROM summary WHERE account = ? AND dim = 0 AND level = 1 HAVING min(at) IS NOT NULL", func(row eventlog.Scanner) error {
		var hour int64
		err := row.Scan(&hour)
		if err == nil {
			f(hour)
		}
		return err
	}, account)
}
