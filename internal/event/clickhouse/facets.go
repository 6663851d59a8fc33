// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// facets are by what events are found beside rooms, sessions, users and peers: their
// fault, code, system and SDK have rows among the keys. The events of a database from
// before get theirs in the background, a day at a time; until all have them, a question by
// one of these reads its column of the history.
type facets struct {
	able     atomic.Bool // the table takes them
	complete atomic.Bool // every event has them

	// common is how many events had the common ones when this process began: by which of
	// several to look.
	common atomic.Pointer[map[scoped]uint64]
}

// scopes is the type of the column scope, as schema.sql has it.
const scopes = "Enum8('room' = 1, 'session' = 2, 'user' = 3, 'peer' = 4, 'fault' = 5, 'code' = 6, 'os' = 7, 'sdk' = 8)"

const (
	facetsKey = "facets" // in the spool: events of days before this one have theirs
	fewKeys   = 200_000  // keys that are looked up one by one rather than reading a column
	manyKeys  = 10_000   // what is common
	// facetWindow is how many places the first look at a page of a facet spans.
	facetWindow = 1 << 16
)

// facetColumns are the columns of events that have rows among the keys, and their
// values as text.
var facetColumns = []struct{ scope, column, text string }{
	{"fault", "fault", "fault"}, {"code", "code", "if(code = 0, '', toString(code))"}, {"os", "os", "os"}, {"sdk", "sdk", "sdk"},
}

// facetsOf lists by what facets an event is found.
func facetsOf(r *eventlog.Record) []scoped {
	code := ""
	if r.Failure.Code != 0 {
		code = strconv.Itoa(r.Failure.Code)
	}
	return []scoped{{"fault", r.Fault}, {"code", code}, {"os", r.Agent.OS}, {"sdk", r.Agent.SDK}}
}

// take has the table of keys take facets. Where it is in front of others, these are
// somebody else's to change, and facets are left out.
func (f *facets) take(ctx context.Context, s *Store) error {
	var known, plain uint64
	const column = "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'events_keys' AND name = 'scope' AND position(type, 'sdk') > 0"
	if err := s.conn.QueryRow(ctx, column).Scan(&known); err != nil {
		return err
	}
	if known == 0 {
		if err := s.conn.QueryRow(ctx, plainTables).Scan(&plain); err != nil || plain == 0 {
			return err
		}
		if err := s.conn.Exec(ctx, "ALTER TABLE events_keys MODIFY COLUMN scope "+scopes); err != nil {
			return err
		}
	}
	f.able.Store(true)
	return nil
}

// fill gives the events of one day their facets, those that have them again, which
// changes nothing. It is called with s.ship.mu held until facets are complete.
func (f *facets) fill(ctx context.Context, s *Store) error {
	if err := s.ready(ctx); err != nil || !f.able.Load() {
		return err
	}
	done, err := s.spool.Meta(ctx, facetsKey)
	if err != nil {
		return err
	}
	days, err := partitions(ctx, s.conn, "events")
	if err != nil {
		return err
	}
	slices.Sort(days) // none of them is left when they were filled by a process before
	for _, d := range days {
		if d < done {
			continue
		}
		for _, c := range facetColumns {
			if err := s.conn.Exec(ctx, fmt.Sprintf("INSERT INTO events_keys (key, scope, account, seq, time, type) SELECT %s AS k, '%s', account, seq, time, type FROM events WHERE time >= %d AND time < %d AND seq > 0 AND k != ''",
				c.text, c.scope, d*day, (d+1)*day)); err != nil {
				return err
			}
		}
		return s.spool.SetMeta(ctx, facetsKey, d+1)
	}
	if err := f.learn(ctx, s.conn); err != nil {
		return err
	}
	f.complete.Store(true)
	if done == math.MaxInt64 {
		return nil
	}
	return s.spool.SetMeta(ctx, facetsKey, math.MaxInt64)
}

// learn asks ClickHouse which facets are common.
func (f *facets) learn(ctx context.Context, conn driver.Conn) error {
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT toString(scope) AS of, key, count() AS n FROM events_keys WHERE toInt8(scope) > 4 GROUP BY of, key HAVING n > %d", manyKeys))
	if err != nil {
		return err
	}
	common := map[scoped]uint64{}
	err = each(rows, func() error {
		var k scoped
		var n uint64
		err := rows.Scan(&k.scope, &k.key, &n)
		common[k] = n
		return err
	})
	if err == nil {
		f.common.Store(&common)
	}
	return err
}

// narrow is the conditions on the keys of the events that a query by facets may find, and
// whether these are all there are; nil where a look at the columns costs less or is all that
// can be had.
func (f *facets) narrow(s *Store, q *event.Query) (best *where, all bool) {
	if !f.complete.Load() {
		return nil, false
	}
	common, least := map[scoped]uint64{}, uint64(fewKeys)
	if known := f.common.Load(); known != nil {
		common = *known
	}
	codes := make([]string, len(q.Codes))
	for i, code := range q.Codes {
		if codes[i] = strconv.Itoa(code); code == 0 {
			codes[i] = ""
		}
	}
	var list []*where
	for _, facet := range []struct {
		scope string
		keys  []string
	}{{"fault", q.Faults}, {"code", codes}, {"os", []string{q.OS}}, {"sdk", []string{q.SDK}}} {
		if len(facet.keys) == 0 || slices.Contains(facet.keys, "") { // not asked for, or what has no key
			continue
		}
		w := &where{}
		among(w, "key", facet.keys)
		w.and("scope = ?", facet.scope)
		if !s.common(q, w) {
			return nil, false
		}
		list = append(list, w)
		n := uint64(0)
		for _, key := range facet.keys {
			n += common[scoped{facet.scope, key}]
		}
		if n < least { // the first of those that are equally rare
			best, least = w, n
		}
	}
	asked := bit(len(q.Faults) > 0) + bit(len(q.Codes) > 0) + bit(q.OS != "") + bit(q.SDK != "")
	if len(list) == 1 && asked == 1 && q.Terminal == nil && !q.OfVerdicts() {
		return list[0], true
	}
	return best, false
}
