// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// days is how many events of each account, day and type have left the spool and
// are in ClickHouse, so that nobody has to count the whole history. It is learnt
// from ClickHouse once and kept up from then on.
type days struct {
	known bool
	n     map[dayKey]int64
	hours hours

	// Of a day that a low watermark cuts, the part above: counted when asked for.
	mu  sync.Mutex
	cut map[string]cutDay // by account
}

type dayKey struct {
	account string
	day     int64 // since 1970
	typ     event.Type
}

// cutDay is what an account has left of the day its low watermark lies in.
type cutDay struct {
	watermark int64
	in        reach
	n         map[event.Type]int64
}

// dayOf is the day that a time lies in, as ClickHouse divides.
func dayOf(nanos int64) int64 { return nanos / day }

// add counts records that leave the spool.
func (d *days) add(records []eventlog.Record) {
	if !d.known {
		return
	}
	for i := range records {
		r := &records[i]
		d.n[dayKey{r.AccountID, dayOf(r.Time.UnixNano()), r.Type}]++
		d.hours.add(r.Time.UnixNano(), r.Seq)
	}
}

// remove takes off what has gone from ClickHouse.
func (d *days) remove(fewer map[dayKey]int64) {
	d.uncut()
	if !d.known {
		return
	}
	for k, n := range fewer {
		if d.n[k] -= n; d.n[k] <= 0 {
			delete(d.n, k)
		}
	}
}

// uncut has what is left of days that are cut be counted again.
func (d *days) uncut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = nil
}

// drop forgets the days before a time, which are no more.
func (d *days) drop(low int64) {
	maps.DeleteFunc(d.n, func(k dayKey, _ int64) bool { return (k.day+1)*day <= low })
	d.hours.drop(low)
}

// learn counts what ClickHouse has. It is called with s.ship.mu held, so that
// nothing leaves the spool meanwhile.
func (s *Store) learn(ctx context.Context) error {
	if s.days.known { // changed with both locks held
		return nil
	}
	own := reach{s.number: s.evicted}
	n, err := countDays(ctx, s.conn, own, nil)
	if err != nil {
		return err
	}
	spans, err := learnHours(ctx, s.conn, own, nil)
	if err != nil {
		return err
	}
	if spans[s.number] == nil {
		spans[s.number] = hours{}
	}
	s.edge.Lock()
	defer s.edge.Unlock()
	s.days.n, s.days.hours, s.days.known = n, spans[s.number], true
	return nil
}

// forgetDays makes days be learnt again, after something went from ClickHouse.
func (s *Store) forgetDays() {
	s.edge.Lock()
	defer s.edge.Unlock()
	s.days.known, s.days.n, s.days.hours = false, nil, nil
	s.days.uncut()
}

// ofWhole tells whether a query is of whole accounts and types, and so of whole
// days.
func ofWhole(q *event.Query) bool {
	return q.RoomID == "" && q.SessionID == "" && q.PeerID == "" && q.UserID == "" && q.SDK == "" && q.OS == "" &&
		q.Since.IsZero() && q.Until.IsZero() && len(q.Faults) == 0 && len(q.Codes) == 0 && q.Terminal == nil && !q.OfVerdicts()
}

// total adds up whole days, and says which days a low watermark cuts. It is called with
// the lock of the days held for reading; false: it is not known.
func (d *days) total(q *event.Query, marks *lowWatermarks) (n int64, cut []string, known bool) {
	if !d.known || !ofWhole(q) {
		return 0, nil, false
	}
	types := q.WantedTypes()
	cuts := map[string]bool{}
	for k, count := range d.n {
		if q.AccountID != "" && k.account != q.AccountID || !slices.Contains(types, k.typ) {
			continue
		}
		switch watermark := marks.of(k.account); {
		case k.day*day >= watermark:
			n += count
		case (k.day+1)*day > watermark:
			cuts[k.account] = true
		}
	}
	return n, slices.Sorted(maps.Keys(cuts)), true
}

// left counts what an account has in reach above its low watermark, on the day that this
// cuts.
func (s *Store) left(ctx context.Context, d *days, account string, types []event.Type, in reach) (total int64, err error) {
	watermark := s.lowWatermarks.of(account)
	d.mu.Lock()
	known, ok := d.cut[account]
	d.mu.Unlock()
	if !ok || known.watermark != watermark || !maps.Equal(known.in, in) {
		known = cutDay{watermark, maps.Clone(in), map[event.Type]int64{}}
		w := &where{}
		w.and("time >= ?", watermark)
		w.and("time < ?", (dayOf(watermark)+1)*day)
		w.and("account = ?", account)
		in.bound(w, nil)
		rows, err := s.conn.Query(ctx, "SELECT toString(type) AS t, count() FROM events WHERE "+w.text.String()+" GROUP BY t", w.args...)
		if err != nil {
			return 0, err
		}
		err = each(rows, func() error {
			var typ string
			var n uint64
			err := rows.Scan(&typ, &n)
			known.n[event.Type(typ)] = int64(n)
			return err
		})
		if err != nil {
			return 0, err
		}
		d.mu.Lock()
		if d.cut == nil {
			d.cut = map[string]cutDay{}
		}
		d.cut[account] = known
		d.mu.Unlock()
	}
	for _, t := range types {
		total += known.n[t]
	}
	return total, nil
}

// tally is what a query finds, as far as the days tell, and what is left to count.
type tally struct {
	whole int64
	cut   []string // accounts whose low watermark cuts a day
	parts []part   // of the query's window
}

// tally is that of a query. It is called with the lock of the days held for reading.
func (d *days) tally(q *event.Query, marks *lowWatermarks) (t tally) {
	var known bool
	if t.whole, t.cut, known = d.total(q, marks); known {
		return t
	}
	if t.whole, t.parts, known = d.windowed(q, marks.of(q.AccountID)); !known {
		above, upto := d.hours.span(q.Since, q.Until)
		t.parts = []part{{q.Since, q.Until, above, upto}}
	}
	return t
}

// count counts what is left, and gives how many events the query finds in reach.
func (t *tally) count(ctx context.Context, s *Store, d *days, q *event.Query, in reach) (int, error) {
	n := int(t.whole)
	for _, account := range t.cut {
		more, err := s.left(ctx, d, account, q.WantedTypes(), in)
		if err != nil {
			return 0, err
		}
		n += int(more)
	}
	for _, p := range t.parts {
		of := *q
		of.Since, of.Until = p.since, p.until
		above, upto := reach{}, reach{}
		for server, most := range in {
			above[server], upto[server] = p.above, min(p.upto, most)
		}
		more, err := s.count(ctx, &of, func(w *where) { upto.bound(w, above) })
		if err != nil {
			return 0, err
		}
		n += more
	}
	return n, nil
}
