// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/internal/event"
)

// hours are the first and last place of what was taken in each hour, so that a window
// of time is looked for among few places. Events come in the order of time or nearly so;
// where one does not, its hour spans more than it has.
type hours map[int64]places

type places struct{ first, last int64 }

const hour = int64(time.Hour)

// add notes an event.
func (h hours) add(at, seq int64) {
	h.merge(at/hour, places{seq, seq})
}

// merge notes the events of an hour.
func (h hours) merge(at int64, more places) {
	if p, known := h[at]; known {
		more = places{min(p.first, more.first), max(p.last, more.last)}
	}
	h[at] = more
}

// drop forgets the hours before a time.
func (h hours) drop(low int64) {
	maps.DeleteFunc(h, func(at int64, _ places) bool { return (at+1)*hour <= low })
}

// span is after which place and up to which one a window's events are.
func (h hours) span(since, until time.Time) (above, upto int64) {
	if since.IsZero() && until.IsZero() || h == nil {
		return 0, math.MaxInt64
	}
	above = math.MaxInt64
	for at, p := range h {
		if !since.IsZero() && (at+1)*hour <= since.UnixNano() || !until.IsZero() && at*hour >= until.UnixNano() {
			continue
		}
		above, upto = min(above, p.first-1), max(upto, p.last)
	}
	return above, upto
}

// learnHours asks ClickHouse for the places of each hour of the servers in reach, and not
// in another reach.
func learnHours(ctx context.Context, conn driver.Conn, in, above reach) (map[number]hours, error) {
	of := map[number]hours{}
	w := &where{}
	in.bound(w, above)
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT bitShiftRight(seq, %d) AS n, intDiv(time, %d) AS at, min(seq), max(seq) FROM events WHERE %s GROUP BY n, at", placeBits, hour, w.text.String()))
	if err != nil {
		return nil, err
	}
	err = each(rows, func() error {
		var n, first, last uint64
		var at int64
		err := rows.Scan(&n, &at, &first, &last)
		if of[number(n)] == nil {
			of[number(n)] = hours{}
		}
		of[number(n)].merge(at, places{placeOf(first), placeOf(last)})
		return err
	})
	return of, err
}

// part is a part of a query's window, and among which places its events are.
type part struct {
	since, until time.Time
	above, upto  int64
}

// windowed adds up the whole days of a window, and says which parts of days it cuts
// are left to count; watermark is that of its account. It is called with s.edge held for
// reading; false: all of the window has to be counted.
func (d *days) windowed(q *event.Query, watermark int64) (n int64, cut []part, known bool) {
	whole := *q
	whole.Since, whole.Until = time.Time{}, time.Time{}
	if !d.known || q.AccountID == "" || !ofWhole(&whole) {
		return 0, nil, false
	}
	since, until := watermark, int64(math.MaxInt64)
	if !q.Since.IsZero() {
		since = max(since, q.Since.UnixNano())
	}
	if !q.Until.IsZero() {
		until = q.Until.UnixNano()
	}
	first, end := (since+day-1)/day, until/day
	if first >= end {
		return 0, nil, false
	}
	types := q.WantedTypes()
	for k, count := range d.n {
		if k.account == q.AccountID && k.day >= first && k.day < end && slices.Contains(types, k.typ) {
			n += count
		}
	}
	for _, p := range []part{{since: time.Unix(0, since), until: time.Unix(0, first*day)}, {since: time.Unix(0, end*day), until: q.Until}} {
		if p.since.Before(p.until) { // not so after the end of a query without one
			p.above, p.upto = d.hours.span(p.since, p.until)
			cut = append(cut, p)
		}
	}
	return n, cut, true
}
