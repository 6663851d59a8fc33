// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// patience bounds a question to ClickHouse.
const patience = 30 * time.Second

// Query gives one page: from the spool what it still holds, from ClickHouse what
// came before and what other servers have shipped. What follows new events, as a
// stream and webhooks do, is told of this server's: the others tell of theirs, at once.
func (s *Store) Query(ctx context.Context, q event.Query) (event.Page, error) {
	if q.Limit <= 0 || q.Limit > event.MaxLimit {
		q.Limit = event.DefaultLimit
	}
	if q.ByHappened() {
		return event.Page{}, eventjson.NotByHappened(&q, "is not known to ClickHouse, which has events by when they were taken; ask with since and until")
	}
	now := time.Now()
	var cur eventjson.Cursor
	first := q.Start == "" && !q.Tail
	above, upto := int64(0), int64(math.MaxInt64)
	switch {
	case q.Tail:
		q.Desc, above = false, q.After
	case first:
		cur.At = now
	default:
		var err error
		if cur, err = s.cursors.Open(&q, now); err != nil {
			return event.Page{}, err
		}
		if upto = cur.Max; q.Desc {
			upto = min(upto, cur.Pos-1)
		} else {
			above = cur.Pos
		}
	}
	view, err := s.others.read(ctx, s, &q, &cur, first)
	if err != nil {
		return event.Page{}, broken(err)
	}
	s.edge.RLock()
	evicted := s.evicted
	var t tally
	if first {
		t = s.days.tally(&q, &s.lowWatermarks)
	}
	least, most := s.days.hours.span(q.Since, q.Until)
	local, err := s.spool.Part(ctx, &q, above, upto, q.Limit+1, first)
	s.edge.RUnlock()
	if err != nil {
		return event.Page{}, err
	}
	if first {
		cur.Max, cur.Total = local.Last, local.Total
	}
	events := local.Events
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if evicted > 0 {
		need := q.Limit + 1
		if q.Desc {
			need -= len(events)
		}
		if first {
			n, err := t.count(ctx, s, &s.days, &q, reach{s.number: evicted})
			if err != nil {
				return event.Page{}, broken(err)
			}
			cur.Total += n
			need = min(need, n) // nobody looks for more than there is
		}
		if above, upto = max(above, least), min(upto, most, evicted); need > 0 && above < upto {
			older, err := s.events(ctx, &q, above, upto, need)
			if err != nil {
				return event.Page{}, broken(err)
			}
			if q.Desc {
				events = append(events, older...)
			} else {
				events = append(older, events...)
			}
		}
	}
	if first {
		cur.Total += view.total
	}
	events, err = view.join(ctx, events)
	if err != nil {
		return event.Page{}, broken(err)
	}
	page := event.Page{Total: cur.Total, Events: events}
	if len(events) > q.Limit {
		page.Events = events[:q.Limit]
		if !q.Tail {
			view.leave(page.Events, &cur)
			page.Next = s.cursors.Seal(&q, cur)
		}
	}
	return page, nil
}

// Get gives one event.
func (s *Store) Get(ctx context.Context, id string) (event.Event, error) {
	place, found, err := s.spool.Seq(ctx, id)
	if err != nil {
		return event.Event{}, err
	}
	if !found {
		return s.others.get(ctx, s, id)
	}
	records, err := s.Records(ctx, place-1, 1)
	if err != nil {
		return event.Event{}, err
	}
	if len(records) == 0 || records[0].Seq != place {
		return event.Event{}, fault.EventNotFound.New()
	}
	return records[0].Event, nil
}

// Records gives up to n events of this server after a place, in order, wherever they are.
func (s *Store) Records(ctx context.Context, above int64, n int) ([]eventlog.Record, error) {
	s.edge.RLock()
	evicted := s.evicted
	records, err := s.spool.Records(ctx, above, math.MaxInt64, n)
	s.edge.RUnlock()
	if err != nil || evicted <= above {
		return records, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	older, err := s.records(ctx, &event.Query{}, above, evicted, n)
	if err != nil {
		return nil, broken(err)
	}
	records = append(older, records...)
	return records[:min(n, len(records))], nil
}

// Copy appends events that another store has held, as they are.
func (s *Store) Copy(ctx context.Context, records []eventlog.Record) ([]event.Outcome, error) {
	outcomes, err := s.spool.Copy(ctx, records)
	if err != nil {
		return nil, err
	}
	n, err := s.spool.Count(ctx)
	if err == nil && n > maxLocal {
		err = s.Flush(ctx)
	}
	return outcomes, err
}

// where is the conditions of a query as SQL.
type where struct {
	text strings.Builder
	args []any
}

func (w *where) and(condition string, args ...any) {
	if w.text.Len() > 0 {
		w.text.WriteString(" AND ")
	}
	w.text.WriteString(condition)
	w.args = append(w.args, args...)
}

// among wants a column to have one of some values.
func among[T any](w *where, column string, values []T) {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.and(column+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")+")", args...)
}

// filter is what rows must fulfil whatever their place; false: none can.
func (s *Store) filter(q *event.Query) (*where, bool) {
	w := &where{}
	if !s.common(q, w) {
		return w, false
	}
	for _, c := range []struct{ column, value string }{
		{"room", q.RoomID}, {"session", q.SessionID}, {"peer", q.PeerID}, {"user", q.UserKey()}, {"sdk", q.SDK}, {"os", q.OS},
	} {
		if c.value != "" {
			w.and(c.column+" = ?", c.value)
		}
	}
	if len(q.Faults) > 0 {
		among(w, "fault", q.Faults)
	}
	if len(q.Codes) > 0 {
		among(w, "code", q.Codes)
	}
	if q.Terminal != nil {
		w.and("terminal = ?", bit(*q.Terminal))
	}
	if len(q.Diagnoses) > 0 {
		w.and("confidence > 0")
		among(w, "diagnosis", q.Diagnoses)
	}
	switch {
	case len(q.Confidences) > 0:
		codes := make([]uint8, len(q.Confidences))
		for i, word := range q.Confidences {
			codes[i] = uint8(eventlog.ConfidenceCode(word))
		}
		among(w, "confidence", codes)
	case q.Diagnosed:
		w.and("confidence > 0")
	}
	return w, true
}

// common adds the conditions on what events and their keys both have; false:
// nothing fulfils them.
func (s *Store) common(q *event.Query, w *where) bool {
	types := q.WantedTypes()
	if len(types) == 0 {
		return false
	}
	since := int64(0)
	if !q.Since.IsZero() {
		since = q.Since.UnixNano()
	}
	s.lowWatermarks.bound(w, q.AccountID, since)
	if !q.Until.IsZero() {
		w.and("time < ?", q.Until.UnixNano())
	}
	if len(types) < len(event.Types)-1 { // all but the one that is never stored
		names := make([]string, len(types))
		for i, t := range types {
			names[i] = string(t)
		}
		among(w, "type", names)
	}
	if q.AccountID != "" {
		w.and("account = ?", q.AccountID)
	}
	return true
}

// keyed is the conditions on the keys of the events that a query may find, whether
// these are all there are, and how many places to span first, 0 for all; nil when a query
// names no key.
func (s *Store) keyed(q *event.Query) (w *where, all bool, span int64) {
	keys := []struct{ scope, key string }{{"peer", q.PeerID}, {"session", q.SessionID}, {"user", q.UserKey()}, {"room", q.RoomID}}
	named := 0
	for _, k := range keys {
		if k.key == "" {
			continue
		}
		if named++; named == 1 { // the one that has fewest, as a rule
			w = &where{}
			w.and("key = ?", k.key)
			w.and("scope = ?", k.scope)
		}
	}
	if w == nil {
		w, all = s.facets.narrow(s, q)
		return w, all, facetWindow
	}
	if !s.common(q, w) {
		return nil, false, 0
	}
	return w, named == 1 && q.SDK == "" && q.OS == "" && len(q.Faults) == 0 && len(q.Codes) == 0 && q.Terminal == nil && !q.OfVerdicts(), 0
}

// clone is conditions that can be added to.
func (w *where) clone() *where {
	c := &where{args: slices.Clone(w.args)}
	c.text.WriteString(w.text.String())
	return c
}

// within wants the places of rows to be among those of keys.
func (w *where) within(keys *where) {
	w.and("seq IN (SELECT seq FROM events_keys WHERE "+keys.text.String()+")", keys.args...)
}

// count counts what a query finds among some places.
func (s *Store) count(ctx context.Context, q *event.Query, bound func(*where)) (int, error) {
	w, any := s.filter(q)
	if !any {
		return 0, nil
	}
	query := "SELECT count() FROM events WHERE "
	keys, all, _ := s.keyed(q)
	if keys != nil {
		bound(keys)
		if all { // a key that was written twice is one
			w, query = keys, "SELECT uniqExact(seq) FROM events_keys WHERE "
		} else {
			w.within(keys)
		}
	} else {
		bound(w)
	}
	var n uint64
	err := s.conn.QueryRow(ctx, query+w.text.String(), w.args...).Scan(&n)
	return int(n), err
}

func (s *Store) events(ctx context.Context, q *event.Query, above, upto int64, n int) ([]event.Event, error) {
	records, err := s.records(ctx, q, above, upto, n)
	events := make([]event.Event, len(records))
	for i := range records {
		events[i] = records[i].Event
	}
	return events, err
}

// window is how many places the first look at a page spans. Rows are kept in
// their order, so a page is near; each further look spans wider times as many.
const (
	window = 1 << 12
	wider  = 8
)

// found is places in ClickHouse and the times between which their events were taken, so
// that no other day has to be opened to read them.
type found struct {
	places   []int64
	from, to int64
}

// instant is where an event is in ClickHouse, and when it was taken.
type instant struct{ time, seq int64 }

// add notes more.
func (f *found) add(more ...instant) {
	for _, at := range more {
		if len(f.places) == 0 {
			f.from, f.to = at.time, at.time
		}
		f.places, f.from, f.to = append(f.places, at.seq), min(f.from, at.time), max(f.to, at.time)
	}
}

// instants asks where events are, by a statement that gives place and time of each.
func instants(ctx context.Context, conn driver.Conn, query string, args ...any) (list []instant, err error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	err = each(rows, func() error {
		var seq uint64
		var at int64
		err := rows.Scan(&seq, &at)
		list = append(list, instant{at, int64(seq)})
		return err
	})
	return list, err
}

// places gives the first n of this server's places after above and up to upto of what a
// query finds.
func (s *Store) places(ctx context.Context, q *event.Query, above, upto int64, n int) (f found, err error) {
	filter, any := s.filter(q)
	if !any {
		return f, nil
	}
	look := func(table string, w *where) error {
		order := " ORDER BY seq LIMIT "
		if q.Desc {
			order = " ORDER BY seq DESC LIMIT "
		}
		more, err := instants(ctx, s.conn, "SELECT DISTINCT seq, time FROM "+table+" WHERE "+w.text.String()+order+strconv.Itoa(n-len(f.places)), w.args...)
		f.add(more...)
		return err
	}
	keys, all, span := s.keyed(q)
	if keys == nil {
		span = window
	} else if span == 0 {
		span = upto - above
	}
	for ; above < upto && len(f.places) < n; span *= wider {
		lo, hi := above, min(upto, above+span)
		if q.Desc {
			lo, hi = max(above, upto-span), upto
		}
		table, w := "events", filter.clone()
		if keys != nil {
			among := keys.clone()
			if s.number.span(among, lo, hi); all {
				table, w = "events_keys", among
			} else {
				w.within(among)
			}
		}
		if !all {
			s.number.span(w, lo, hi)
		}
		if err := look(table, w); err != nil {
			return f, err
		}
		if q.Desc {
			upto = lo
		} else {
			above = hi
		}
	}
	return f, nil
}

// records gives the first n events of a query with places after above and up to
// upto. It finds the places first, since only few of the large columns matter.
func (s *Store) records(ctx context.Context, q *event.Query, above, upto int64, n int) ([]eventlog.Record, error) {
	f, err := s.places(ctx, q, above, upto, n)
	if err != nil {
		return nil, err
	}
	read, err := s.fetch(ctx, f)
	if err != nil {
		return nil, err
	}
	var records []eventlog.Record
	for _, place := range f.places {
		if r, ok := read[place]; ok { // else it was erased between the two
			records = append(records, r)
		}
	}
	return slices.Clip(records), nil
}

// fetch reads what is at places of ClickHouse. Each record has the place that its own
// server knows it by.
func (s *Store) fetch(ctx context.Context, f found) (map[int64]eventlog.Record, error) {
	if len(f.places) == 0 {
		return nil, nil
	}
	rows, err := s.conn.Query(ctx, "SELECT seq, doc, also, code, terminal, failed_join, diagnosis, confidence, rules FROM events WHERE seq IN ("+join(f.places)+
		") AND time >= "+strconv.FormatInt(f.from, 10)+" AND time <= "+strconv.FormatInt(f.to, 10))
	if err != nil {
		return nil, err
	}
	read := make(map[int64]eventlog.Record, len(f.places))
	err = each(rows, func() error {
		var seq uint64
		var doc string
		var r eventlog.Record
		var code int32
		var terminal, failed, confidence uint8
		var d event.Diagnosis
		if err := rows.Scan(&seq, &doc, &r.Also, &code, &terminal, &failed, &d.Cause, &confidence, &d.Rules); err != nil {
			return err
		}
		err := eventjson.DecodeStored([]byte(doc), s.cfg.Words, &r.Event)
		r.Seq, r.Failure.Code, r.Failure.Terminal, r.FailedJoin = placeOf(seq), int(code), terminal != 0, failed != 0
		if d.Confidence = eventlog.ConfidenceWord(int64(confidence)); d.Confidence != "" {
			r.Diagnosis = &d
		}
		read[int64(seq)] = r
		return err
	})
	return read, err
}

// each calls f for every row and closes them. Of an answer that was cut off the driver may
// tell only when it is closed.
func each(rows driver.Rows, f func() error) (err error) {
	defer func() {
		if bad := rows.Close(); err == nil {
			err = bad
		}
	}()
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// join writes places as a list of SQL.
func join(places []int64) string {
	var b strings.Builder
	for i, p := range places {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(p, 10))
	}
	return b.String()
}
