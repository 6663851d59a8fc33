package clickhouse

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// patience bounds a question to ClickHouse.
const patience = 30 * time.Second

// Query gives one page: from the spool what it still holds, from ClickHouse what
// came before.
func (s *Store) Query(ctx context.Context, q event.Query) (event.Page, error) {
	if q.Limit <= 0 || q.Limit > event.MaxLimit {
		q.Limit = event.DefaultLimit
	}
	now := time.Now()
	var cur event.Cursor
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
	s.edge.RLock()
	shed := s.shed
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
	if shed > 0 {
		need := q.Limit + 1
		if q.Desc {
			need -= len(events)
		}
		if first {
			n, err := s.count(ctx, &q, shed)
			if err != nil {
				return event.Page{}, broken(err)
			}
			cur.Total += n
			need = min(need, n) // nobody looks for more than there is
		}
		if need > 0 && above < min(shed, upto) {
			older, err := s.events(ctx, &q, above, min(shed, upto), need)
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
	page := event.Page{Total: cur.Total, Events: events}
	if len(events) > q.Limit {
		page.Events = events[:q.Limit]
		if !q.Tail {
			cur.Pos = page.Events[q.Limit-1].Seq
			page.Next = s.cursors.Seal(&q, cur)
		}
	}
	return page, nil
}

// Get gives one event.
func (s *Store) Get(ctx context.Context, id string) (event.Event, error) {
	place, found, err := s.spool.Place(ctx, id)
	if err != nil {
		return event.Event{}, err
	}
	if !found {
		return event.Event{}, fault.EventNotFound.New()
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

// Records gives up to n events after a place, in order, wherever they are.
func (s *Store) Records(ctx context.Context, above int64, n int) ([]sqlite.Record, error) {
	s.edge.RLock()
	shed := s.shed
	records, err := s.spool.Records(ctx, above, math.MaxInt64, n)
	s.edge.RUnlock()
	if err != nil || shed <= above {
		return records, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	older, err := s.records(ctx, &event.Query{}, above, shed, n)
	if err != nil {
		return nil, broken(err)
	}
	records = append(older, records...)
	return records[:min(n, len(records))], nil
}

// Copy appends events that another store has held, as they are.
func (s *Store) Copy(ctx context.Context, records []sqlite.Record) ([]event.Outcome, error) {
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
	types := q.WantedTypes()
	if len(types) == 0 {
		return w, false
	}
	since := s.floor.Load()
	if !q.Since.IsZero() {
		since = max(since, q.Since.UnixNano())
	}
	if since > 0 {
		w.and("time >= ?", since)
	}
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
	for _, c := range []struct{ column, value string }{
		{"account", q.AccountID}, {"room", q.RoomID}, {"session", q.SessionID}, {"peer", q.PeerID}, {"user", q.UserID},
		{"sdk", q.SDK}, {"os", q.OS},
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
	return w, true
}

func (s *Store) count(ctx context.Context, q *event.Query, upto int64) (int, error) {
	w, any := s.filter(q)
	if !any {
		return 0, nil
	}
	w.and("seq <= " + strconv.FormatInt(upto, 10))
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM events WHERE "+w.text.String(), w.args...).Scan(&n)
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
// their order, so a page is near; each further look spans four times as many.
const window = 1 << 16

// records gives the first n events of a query with places after above and up to
// upto. It finds the places first, since only few of the large columns matter.
func (s *Store) records(ctx context.Context, q *event.Query, above, upto int64, n int) ([]sqlite.Record, error) {
	filter, any := s.filter(q)
	if !any {
		return nil, nil
	}
	condition := ""
	if filter.text.Len() > 0 {
		condition = " AND " + filter.text.String()
	}
	order := " ORDER BY seq LIMIT "
	if q.Desc {
		order = " ORDER BY seq DESC LIMIT "
	}
	var places []int64
	for span := int64(window); above < upto && len(places) < n; span *= 4 {
		lo, hi := above, min(upto, above+span)
		if q.Desc {
			lo, hi = max(above, upto-span), upto
		}
		rows, err := s.conn.Query(ctx, "SELECT DISTINCT seq FROM events WHERE seq > "+strconv.FormatInt(lo, 10)+" AND seq <= "+strconv.FormatInt(hi, 10)+
			condition+order+strconv.Itoa(n-len(places)), filter.args...)
		if err != nil {
			return nil, err
		}
		err = each(rows, func() error {
			var seq uint64
			err := rows.Scan(&seq)
			places = append(places, int64(seq))
			return err
		})
		if err != nil {
			return nil, err
		}
		if q.Desc {
			upto = lo
		} else {
			above = hi
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	rows, err := s.conn.Query(ctx, "SELECT seq, doc, also, code, terminal FROM events WHERE seq IN ("+join(places)+")")
	if err != nil {
		return nil, err
	}
	found := make(map[int64]sqlite.Record, len(places))
	err = each(rows, func() error {
		var seq uint64
		var doc string
		var r sqlite.Record
		var code int32
		var terminal uint8
		if err := rows.Scan(&seq, &doc, &r.Also, &code, &terminal); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(doc), &r.Event)
		r.Seq, r.Failure.Code, r.Failure.Terminal = int64(seq), int(code), terminal != 0
		found[r.Seq] = r
		return err
	})
	if err != nil {
		return nil, err
	}
	var records []sqlite.Record
	for _, place := range places {
		if r, ok := found[place]; ok { // else it was erased between the two
			records = append(records, r)
		}
	}
	return slices.Clip(records), nil
}

// each calls f for every row and closes them.
func each(rows driver.Rows, f func() error) error {
	defer rows.Close()
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
