// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	watermark, evicted int64
	n                  map[event.Type]int64
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
	d.mu.Lock()
	d.cut = nil
	d.mu.Unlock()
	if !d.known {
		return
	}
	for k, n := range fewer {
		if d.n[k] -= n; d.n[k] <= 0 {
			delete(d.n, k)
		}
	}
}

// learn counts what ClickHouse has. It is called with s.ship.mu held, so that
// nothing leaves the spool meanwhile.
func (s *Store) learn(ctx context.Context) error {
	if s.days.known { // changed with both locks held
		return nil
	}
	n := map[dayKey]int64{}
	rows, err := s.conn.Query(ctx, fmt.Sprintf("SELECT account, intDiv(time, %d), toString(type), count() FROM events WHERE seq > 0 AND seq <= %d GROUP BY account, intDiv(time, %d), type", day, s.evicted, day))
	if err != nil {
		return err
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
	if err != nil {
		return err
	}
	spans, err := learnHours(ctx, s.conn, s.evicted)
	if err != nil {
		return err
	}
	s.edge.Lock()
	defer s.edge.Unlock()
	s.days.n, s.days.hours, s.days.known = n, spans, true
	return nil
}

// forgetDays makes days be learnt again, after something went from ClickHouse.
func (s *Store) forgetDays() {
	s.edge.Lock()
	defer s.edge.Unlock()
	s.days.known, s.days.n, s.days.hours = false, nil, nil
	s.days.mu.Lock()
	defer s.days.mu.Unlock()
	s.days.cut = nil
}

// ofWhole tells whether a query is of whole accounts and types, and so of whole
// days.
func ofWhole(q *event.Query) bool {
	return q.RoomID == "" && q.SessionID == "" && q.PeerID == "" && q.UserID == "" && q.SDK == "" && q.OS == "" &&
		q.Since.IsZero() && q.Until.IsZero() && len(q.Faults) == 0 && len(q.Codes) == 0 && q.Terminal == nil && !q.OfVerdicts()
}

// total adds up whole days, and says which days a low watermark cuts. It is called with
// s.edge held for reading; false: it is not known.
func (s *Store) total(q *event.Query) (n int64, cut []string, known bool) {
	if !s.days.known || !ofWhole(q) {
		return 0, nil, false
	}
	types := q.WantedTypes()
	cuts := map[string]bool{}
	for k, count := range s.days.n {
		if q.AccountID != "" && k.account != q.AccountID || !slices.Contains(types, k.typ) {
			continue
		}
		switch watermark := s.lowWatermarks.of(k.account); {
		case k.day*day >= watermark:
			n += count
		case (k.day+1)*day > watermark:
			cuts[k.account] = true
		}
	}
	return n, slices.Sorted(maps.Keys(cuts)), true
}

// left counts what an account has above its low watermark on the day that this cuts.
func (s *Store) left(ctx context.Context, account string, types []event.Type, evicted int64) (total int64, err error) {
	watermark := s.lowWatermarks.of(account)
	d := &s.days
	d.mu.Lock()
	known, ok := d.cut[account]
	d.mu.Unlock()
	if !ok || known.watermark != watermark || known.evicted != evicted {
		known = cutDay{watermark, evicted, map[event.Type]int64{}}
		end := (dayOf(watermark) + 1) * day
		rows, err := s.conn.Query(ctx, "SELECT toString(type), count() FROM events WHERE time >= "+strconv.FormatInt(watermark, 10)+" AND time < "+strconv.FormatInt(end, 10)+
			" AND account = ? AND seq > 0 AND seq <= "+strconv.FormatInt(evicted, 10)+" GROUP BY type", account)
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
