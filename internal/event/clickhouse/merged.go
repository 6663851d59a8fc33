// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// snapshot is what one query reads of the other servers: what they had shipped when its
// first page was asked for. Their events come by when they were taken, among this
// server's, which keep the order they were taken in.
type snapshot struct {
	s     *Store
	q     *event.Query
	lows  reach
	total int
	need  int       // how many events a page may have of them
	after instant   // the last that was given
	given []instant // where each of a page is; zero for one of this server
}

// read begins to read for a query, or goes on from its cursor.
func (o *others) read(ctx context.Context, s *Store, q *event.Query, cur *eventjson.Cursor, first bool) (*snapshot, error) {
	v := &snapshot{s: s, q: q, need: q.Limit + 1}
	if q.Tail {
		return v, nil
	}
	if !first {
		if len(cur.More) >= 2 {
			v.after, v.lows = instant{cur.More[0], cur.More[1]}, reach{}
			for pair := range slices.Chunk(cur.More[2:], 2) {
				v.lows[number(pair[0])] = pair[len(pair)-1]
			}
		}
		return v, nil
	}
	var err error
	if v.lows, err = o.view(ctx, s); err != nil {
		return v, err
	}
	if v.lows.empty() {
		v.lows = nil
		return v, nil
	}
	if q.Desc {
		v.after = instant{math.MaxInt64, math.MaxInt64}
	}
	err = v.count(ctx)
	v.need = min(v.need, v.total) // nobody looks for more than there is
	return v, err
}

// count finds how many events the others have.
func (v *snapshot) count(ctx context.Context) error {
	o := &v.s.others
	o.mu.RLock()
	v.lows = o.lows // which go with the days
	t := o.days.tally(v.q, &v.s.lowWatermarks)
	o.mu.RUnlock()
	var err error
	v.total, err = t.count(ctx, v.s, &o.days, v.q, v.lows)
	return err
}

// join puts the next events of the others among those of this server, of which it has
// one more than a page.
func (v *snapshot) join(ctx context.Context, own []event.Event) ([]event.Event, error) {
	if len(v.lows) == 0 {
		return own, nil
	}
	theirs, err := v.next(ctx, v.need)
	if err != nil {
		return nil, err
	}
	var f found
	var order []instant
	events := make([]event.Event, 0, len(own)+len(theirs))
	for i, k := 0, 0; len(order) <= v.q.Limit && (i < len(own) || k < len(theirs)); {
		switch {
		case k == len(theirs), i < len(own) && v.before(own[i].Time.UnixNano(), theirs[k].time):
			events, order = append(events, own[i]), append(order, instant{})
			i++
		default:
			events, order = append(events, event.Event{}), append(order, theirs[k])
			f.add(theirs[k])
			k++
		}
	}
	read, err := v.s.fetch(ctx, f)
	if err != nil {
		return nil, err
	}
	joined := events[:0]
	for i, at := range order {
		e, there := events[i], true
		if at != (instant{}) {
			r, found := read[at.seq]
			e, there = r.Event, found
		}
		if there { // else it was erased between the two
			joined, v.given = append(joined, e), append(v.given, at)
		}
	}
	return joined, nil
}

// before tells whether an event of this server that was taken at a time comes before one
// of another.
func (v *snapshot) before(own, theirs int64) bool {
	if v.q.Desc {
		return own >= theirs
	}
	return own <= theirs
}

// leave notes in a cursor how far a page has come.
func (v *snapshot) leave(page []event.Event, cur *eventjson.Cursor) {
	if len(v.lows) == 0 {
		cur.Pos = page[len(page)-1].Seq
		return
	}
	if len(cur.More) == 0 && v.q.Desc { // the first page
		cur.Pos = cur.Max + 1
	}
	for i := range page {
		if v.given[i] == (instant{}) {
			cur.Pos = page[i].Seq
		} else {
			v.after = v.given[i]
		}
	}
	cur.More = []int64{v.after.time, v.after.seq}
	for n, low := range v.lows {
		cur.More = append(cur.More, int64(n), low)
	}
}

// firstLook is the time that the first look for a page spans. Each further one spans
// wider times as much.
const firstLook = int64(time.Hour)

// next finds the next n events of the others.
func (v *snapshot) next(ctx context.Context, n int) (list []instant, err error) {
	filter, any := v.s.filter(v.q)
	if !any {
		return nil, nil
	}
	keys, all, some := v.s.keyed(v.q)
	first, last := v.s.others.extent()
	if !v.q.Since.IsZero() {
		first = max(first, v.q.Since.UnixNano())
	}
	if !v.q.Until.IsZero() {
		last = min(last, v.q.Until.UnixNano())
	}
	if v.q.Desc {
		last = min(last, v.after.time)
	} else {
		first = max(first, v.after.time)
	}
	span := firstLook
	if keys != nil && some == 0 { // which are few
		span = max(last-first+1, firstLook)
	}
	for ; len(list) < n && first <= last; span *= wider {
		lo, hi := first, first+span // from one and before the other
		if v.q.Desc {
			lo, hi = last-span+1, last+1
			last -= span
		} else {
			first += span
		}
		above, upto := v.s.others.within(v.lows, time.Unix(0, lo), time.Unix(0, hi))
		if !upto.beyond(above) {
			continue
		}
		bounds := func(w *where) {
			upto.bound(w, above)
			v.beyond(w)
			w.and("time >= " + strconv.FormatInt(lo, 10))
			w.and("time < " + strconv.FormatInt(hi, 10))
		}
		table, w := "events", filter.clone()
		if keys != nil {
			among := keys.clone()
			if bounds(among); all {
				table, w = "events_keys", among
			} else {
				w.within(among)
			}
		}
		if !all {
			bounds(w)
		}
		order := " ORDER BY time, seq LIMIT "
		if v.q.Desc {
			order = " ORDER BY time DESC, seq DESC LIMIT "
		}
		more, err := instants(ctx, v.s.conn, "SELECT DISTINCT seq, time FROM "+table+" WHERE "+w.text.String()+order+strconv.Itoa(n-len(list)), w.args...)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// beyond adds that rows come after what was given.
func (v *snapshot) beyond(w *where) {
	at, seq := strconv.FormatInt(v.after.time, 10), strconv.FormatInt(v.after.seq, 10)
	switch {
	case !v.q.Desc:
		w.and("(time > " + at + " OR time = " + at + " AND seq > " + seq + ")")
	case v.after.time < math.MaxInt64:
		w.and("(time < " + at + " OR time = " + at + " AND seq < " + seq + ")")
	}
}

// extent is between which times the others have events, as far as is known.
func (o *others) extent() (first, last int64) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if !o.days.known {
		return 0, time.Now().Add(event.Day).UnixNano()
	}
	first, last = math.MaxInt64, 0
	for _, h := range o.hours {
		for at := range h {
			first, last = min(first, at*hour), max(last, (at+1)*hour-1)
		}
	}
	return first, last
}

// get gives an event of another server.
func (o *others) get(ctx context.Context, s *Store, id string) (event.Event, error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return event.Event{}, fault.EventNotFound.New()
	}
	lows, err := o.view(ctx, s)
	if err != nil {
		return event.Event{}, broken(err)
	}
	if lows.empty() {
		return event.Event{}, fault.EventNotFound.New()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w, _ := s.filter(&event.Query{})
	lows.bound(w, nil)
	w.and("(id = toUUID('" + key.String() + "') OR has(also, '" + key.String() + "'))")
	// Ids begin with a time, as a rule that of the event.
	at := int64(binary.BigEndian.Uint64(key[:8])>>16) * int64(time.Millisecond)
	near := w.clone()
	near.and("time >= " + strconv.FormatInt(at-day, 10))
	near.and("time < " + strconv.FormatInt(at+2*day, 10))
	for _, w := range []*where{near, w} {
		list, err := instants(ctx, s.conn, "SELECT seq, time FROM events WHERE "+w.text.String()+" LIMIT 1", w.args...)
		if err != nil {
			return event.Event{}, broken(err)
		}
		var f found
		f.add(list...)
		read, err := s.fetch(ctx, f)
		if err != nil {
			return event.Event{}, broken(err)
		}
		for _, r := range read {
			return r.Event, nil
		}
	}
	return event.Event{}, fault.EventNotFound.New()
}
