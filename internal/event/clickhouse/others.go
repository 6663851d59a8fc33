// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/internal/event"
)

// others is the other servers that write to the database. Each tells up to which place
// it has shipped, its low watermark: what is below does not change any more but by being
// removed. What is told is all that one reads of another, so that no server waits for
// one that is slow or dead, and none has to agree with another about the time.
type others struct {
	able bool // the tables take several servers

	met        time.Time  // when it was told and asked last
	refreshing sync.Mutex // one asks at a time
	told       progress   // what was told last of this server
	toldAt     time.Time
	erased     int64 // when this server last asked all others to erase something
	gone       int64 // when it last took something away

	mu    sync.RWMutex
	known bool                // they have been asked for since the start
	alone bool                // there was none when they were asked for last, also before the start
	list  map[number]progress // those that have told something
	lows  reach               // theirs, which days counts
	days  days
	hours map[number]hours // of theirs
	went  int              // how often something of theirs was taken away here
}

// progress is what a server tells of itself.
type progress struct {
	low    int64 // what it has shipped: places up to this one
	floor  int64 // before this time it keeps nothing, Unix nanoseconds
	facets int64 // events of days before this one have facets
	erased int64 // when it last asked others to erase something, Unix nanoseconds
	gone   int64 // when it last took something away that it had shipped, Unix nanoseconds
	at     int64 // when it told so, Unix nanoseconds
}

const (
	meetEvery = 10 * time.Second
	aliveFor  = time.Hour      // how long nothing may change before it is told again
	silent    = 24 * time.Hour // after which others see to what a server has written
)

// othersKey says in the spool that there were others.
const othersKey = "others"

// reach is what of ClickHouse is read: of some servers the events up to a place.
type reach map[number]int64

// bound adds that rows are in reach, and not below another reach.
func (r reach) bound(w *where, above reach) {
	var each []string
	for _, n := range slices.Sorted(maps.Keys(r)) {
		if r[n] > above[n] {
			part := &where{}
			n.span(part, above[n], r[n])
			each = append(each, part.text.String())
		}
	}
	if len(each) == 0 {
		w.and("0")
		return
	}
	if len(each) == 1 {
		w.and(each[0])
		return
	}
	w.and("(" + strings.Join(each, " OR ") + ")")
}

// empty tells whether nothing is in reach.
func (r reach) empty() bool { return !r.beyond(nil) }

// beyond tells whether something is in reach and not in another reach.
func (r reach) beyond(above reach) bool {
	for n, upto := range r {
		if upto > above[n] {
			return true
		}
	}
	return false
}

// take has the tables take several servers. Where they were made by hand, as for replicas,
// or are in front of others, that is for whoever made them.
func (o *others) take(ctx context.Context, conn driver.Conn) error {
	const columns = "SELECT countIf(table = 'events_writers' AND name IN ('number', 'trying')), countIf(table = 'events_joins' AND name = 'number'), countIf(table IN ('events_progress', 'events_erasures') AND name = 'number') FROM system.columns WHERE database = currentDatabase()"
	var writers, joins, tables uint64
	if err := conn.QueryRow(ctx, columns).Scan(&writers, &joins, &tables); err != nil {
		return err
	}
	if tables < 2 {
		return nil
	}
	for _, missing := range []struct {
		there, all    uint64
		table, change string
	}{
		{writers, 2, "events_writers", "ADD COLUMN number UInt16, ADD COLUMN trying UInt8"},
		{joins, 1, "events_joins", "ADD COLUMN number UInt16, MODIFY ORDER BY (account, dimension, hour, value, number)"},
	} {
		if missing.there == missing.all {
			continue
		}
		var plain uint64
		if err := conn.QueryRow(ctx, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = '"+missing.table+"' AND engine LIKE '%MergeTree' AND engine NOT LIKE 'Replicated%'").Scan(&plain); err != nil || plain == 0 {
			return err
		}
		if err := conn.Exec(ctx, "ALTER TABLE "+missing.table+" "+missing.change); err != nil {
			return err
		}
	}
	o.able = true
	return nil
}

// tell writes how far this server is.
func (o *others) tell(ctx context.Context, s *Store) error {
	facets, err := s.spool.Meta(ctx, facetsKey)
	if err != nil {
		return err
	}
	is := progress{low: s.ship.reached.Load(), floor: s.lowWatermarks.lowest(), facets: facets, erased: o.erased, gone: o.gone}
	now := time.Now()
	if is == o.told && now.Sub(o.toldAt) < aliveFor {
		return nil
	}
	err = block(ctx, s.conn, "INSERT INTO events_progress (number, low, floor, facets, erased, gone, at)", func(batch driver.Batch) error {
		return batch.Append(uint16(s.number), uint64(is.low), is.floor, is.facets, is.erased, is.gone, now.UnixNano())
	})
	if err == nil {
		o.told, o.toldAt = is, now
	}
	return err
}

// meet tells how far this server is and asks how far the others are, now and then or at
// once. It is called with s.ship.mu held.
func (o *others) meet(ctx context.Context, s *Store, atOnce bool) error {
	now := time.Now()
	if !atOnce && now.Sub(o.met) < meetEvery {
		return nil
	}
	o.met = now
	if err := s.ready(ctx); err != nil || !o.able {
		return err
	}
	if err := o.tell(ctx, s); err != nil {
		return err
	}
	if err := o.refresh(ctx, s); err != nil {
		return err
	}
	return o.erase(ctx, s)
}

// refresh asks how far the others are, and counts what they have shipped since.
func (o *others) refresh(ctx context.Context, s *Store) error {
	o.refreshing.Lock()
	defer o.refreshing.Unlock()
	list := map[number]progress{}
	rows, err := s.conn.Query(ctx, "SELECT number, max(low), argMax(floor, at), max(facets), max(erased), max(gone), max(at) AS told FROM events_progress WHERE number != "+strconv.Itoa(int(s.number))+" GROUP BY number")
	if err != nil {
		return err
	}
	err = each(rows, func() error {
		var n uint16
		var low uint64
		var p progress
		err := rows.Scan(&n, &low, &p.floor, &p.facets, &p.erased, &p.gone, &p.at)
		p.low = int64(low)
		list[number(n)] = p
		return err
	})
	if err != nil {
		return err
	}
	lows := reach{}
	for n, p := range list {
		lows[n] = p.low
	}
	o.mu.RLock()
	was, anew, went := o.lows, !o.days.known, o.went
	for n, p := range list {
		anew = anew || p.gone > o.list[n].gone
	}
	alone, known := o.alone, o.known
	o.mu.RUnlock()
	if anew {
		was = nil
	}
	more, spans := map[dayKey]int64{}, map[number]hours{}
	if lows.beyond(was) {
		if more, err = countDays(ctx, s.conn, lows, was); err != nil {
			return err
		}
		if spans, err = learnHours(ctx, s.conn, lows, was); err != nil {
			return err
		}
	}
	if is := len(list) == 0; is != alone || !known {
		if err := s.spool.SetMeta(ctx, othersKey, int64(len(list))); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if anew {
		o.days.n, o.hours = more, spans
	} else {
		for k, n := range more {
			o.days.n[k] += n
		}
		for n, h := range spans {
			if o.hours[n] == nil {
				o.hours[n] = hours{}
			}
			for at, p := range h {
				o.hours[n].merge(at, p)
			}
		}
	}
	maps.DeleteFunc(lows, func(n number, _ int64) bool { return o.hours[n] == nil }) // all of it is gone
	o.list, o.lows, o.known, o.alone = list, lows, true, len(list) == 0
	o.days.known = o.went == went
	return nil
}

// within is after which place and up to which one those of a reach are that were taken
// between two times.
func (o *others) within(in reach, from, to time.Time) (above, upto reach) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if !o.days.known {
		return nil, in
	}
	above, upto = reach{}, reach{}
	for n, low := range in {
		if h := o.hours[n]; h != nil {
			above[n], upto[n] = h.span(from, to)
			upto[n] = min(upto[n], low)
		}
	}
	return above, upto
}

// haveFacets tells whether all that others have shipped has facets.
func (o *others) haveFacets() bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, p := range o.list {
		if p.facets < math.MaxInt64 {
			return false
		}
	}
	return true
}

// any tells whether there are others, as far as is known.
func (o *others) any() bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return !o.alone
}

// forget has the events of others be counted again.
func (o *others) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.days.known = false
	o.went++
	o.days.uncut()
}

// view is what of the others can be read, asked for where that is not known: a page
// without what they have would be a wrong one. Where there was none at the end of the
// process before, none is assumed until ClickHouse answers.
func (o *others) view(ctx context.Context, s *Store) (reach, error) {
	o.mu.RLock()
	lows, known, alone := o.lows, o.known, o.alone
	o.mu.RUnlock()
	if known || alone {
		return lows, nil
	}
	if err := o.refresh(ctx, s); err != nil {
		return nil, err
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.lows, nil
}

// floor is the time before which no server keeps anything, where this one keeps nothing
// before another. One that has been silent for long has no say.
func (o *others) floor(own int64, now time.Time) int64 {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, p := range o.list {
		if now.Sub(time.Unix(0, p.at)) < silent {
			own = min(own, p.floor)
		}
	}
	return own
}

// dropped forgets the days before a time, which are no more.
func (o *others) dropped(low int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.days.drop(low)
	for n, h := range o.hours {
		if h.drop(low); len(h) == 0 {
			delete(o.hours, n)
		}
	}
}

// countDays counts what is in reach, and not in another reach, by account, day and type.
func countDays(ctx context.Context, conn driver.Conn, in, above reach) (map[dayKey]int64, error) {
	n := map[dayKey]int64{}
	w := &where{}
	in.bound(w, above)
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT account, intDiv(time, %d) AS d, toString(type) AS t, count() FROM events WHERE %s GROUP BY account, d, t", day, w.text.String()))
	if err != nil {
		return nil, err
	}
	err = each(rows, func() error {
		var k dayKey
		var typ string
		var count uint64
		err := rows.Scan(&k.account, &k.day, &typ, &count)
		k.typ = event.Type(typ)
		n[k] = int64(count)
		return err
	})
	return n, err
}
