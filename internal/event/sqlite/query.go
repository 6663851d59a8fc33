package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// read runs f on a reading connection, in one state of the file.
func (s *Store) read(ctx context.Context, f func(c *conn) error) error {
	var c *conn
	select {
	case c = <-s.readers:
	case <-s.stopping:
		return s.unavailable(ctx, sql.ErrConnDone)
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.readers <- c }()
	if _, err := c.exec(ctx, "BEGIN"); err != nil {
		return s.unavailable(ctx, err)
	}
	err := f(c)
	_, _ = c.exec(context.WithoutCancel(ctx), "ROLLBACK") // nothing was written
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return s.unavailable(ctx, err)
}

// Query gives one page.
func (s *Store) Query(ctx context.Context, q event.Query) (event.Page, error) {
	if q.Limit <= 0 || q.Limit > event.MaxLimit {
		q.Limit = event.DefaultLimit
	}
	var cur event.Cursor
	now := time.Now()
	if q.Start != "" {
		var err error
		if cur, err = s.cursors.Open(&q, now); err != nil {
			return event.Page{}, err
		}
	}
	var page event.Page
	err := s.read(ctx, func(c *conn) error {
		p, err := s.plan(ctx, c, &q)
		if err != nil {
			return err
		}
		switch {
		case q.Tail:
			p.above, p.desc = max(p.above, q.After), false
		case q.Start == "":
			cur = event.Cursor{At: now}
			if err := c.row(ctx, "SELECT coalesce(max(seq), 0) FROM events").Scan(&cur.Max); err != nil {
				return err
			}
			if cur.Total, err = p.count(ctx, c); err != nil {
				return err
			}
		case q.Desc:
			p.upto = min(p.upto, cur.Pos-1)
		default:
			p.above = max(p.above, cur.Pos)
		}
		if !q.Tail {
			p.upto = min(p.upto, cur.Max)
		}
		seqs, err := p.places(ctx, c, q.Limit+1)
		if err != nil {
			return err
		}
		page.Total = cur.Total
		if len(seqs) > q.Limit {
			seqs = seqs[:q.Limit]
			if !q.Tail {
				cur.Pos = seqs[q.Limit-1]
				page.Next = s.cursors.Seal(&q, cur)
			}
		}
		page.Events, err = s.events(ctx, c, seqs)
		return err
	})
	return page, err
}

// Get gives one event.
func (s *Store) Get(ctx context.Context, id string) (event.Event, error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return event.Event{}, fault.EventNotFound.New()
	}
	var found []event.Event
	err = s.read(ctx, func(c *conn) error {
		seq, ok, err := lookup(ctx, c, "SELECT seq FROM events WHERE id = ?1 UNION ALL SELECT seq FROM aliases WHERE id = ?1 LIMIT 1", key[:])
		if err != nil || !ok {
			return err
		}
		found, err = s.events(ctx, c, []int64{seq})
		return err
	})
	if err != nil {
		return event.Event{}, err
	}
	if len(found) == 0 {
		return event.Event{}, fault.EventNotFound.New()
	}
	return found[0], nil
}

// Last gives the place of the newest event.
func (s *Store) Last(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, nil
}

// events reads the events at these places.
func (s *Store) events(ctx context.Context, c *conn, seqs []int64) ([]event.Event, error) {
	list := make([]event.Event, len(seqs))
	for i, seq := range seqs {
		var doc sql.RawBytes
		err := c.each(ctx, "SELECT doc FROM events WHERE seq = ?", func(row scanner) error {
			if err := row.Scan(&doc); err != nil {
				return err
			}
			return event.Decode(doc, s.words, &list[i])
		}, seq)
		if err != nil {
			return nil, err
		}
		list[i].Seq = seq
	}
	return list, nil
}

// plan is how a query is answered: which index gives the places in order, and
// which conditions are left to look at in the rows.
type plan struct {
	accounts []int64
	types    []int64
	index    string                       // condition on the leading column, "" for the whole account
	value    string                       // its value
	scope    int64                        // which counts belong to the index; -1 for none
	counts   map[countKey]map[int64]int64 // what countsOf has read
	matching int64                        // events that the index has, as far as that is known from the counts
	where    string                       // the other conditions
	args     []any
	above    int64 // places after this one
	upto     int64 // places up to this one
	desc     bool

	// What of the time asked for is where; none when no time was asked for.
	ranges       []seqRange
	since, until int64

	bitmapScan *bitmapScan // for the other conditions where many events would have to be looked at; nil: they are looked at
}

// choice is an index that could be used.
type choice struct {
	column, value string
	scope         int64
}

func (s *Store) plan(ctx context.Context, c *conn, q *event.Query) (*plan, error) {
	p := &plan{upto: math.MaxInt64, desc: q.Desc}
	if q.AccountID == "" {
		p.accounts = s.accounts.all()
	} else if id, ok := s.accounts.id(q.AccountID); ok {
		p.accounts = []int64{id}
	}
	for _, t := range q.WantedTypes() {
		p.types = append(p.types, typeCodes[t])
	}
	choices := slices.DeleteFunc([]choice{
		{"peer", q.PeerID, -1},
		{"session", q.SessionID, ofSession},
		{"room", q.RoomID, ofRoom},
		{"user", q.UserKey(), ofUser},
	}, func(ch choice) bool { return ch.value == "" })
	best, err := p.choose(ctx, c, choices)
	if err != nil {
		return nil, err
	}
	p.index, p.value, p.scope = best.column, best.value, best.scope
	for _, ch := range choices {
		if ch != best {
			p.and(ch.column+" = ?", ch.value)
		}
	}
	alone := p.where == ""
	if err := p.filter(ctx, c, s, q); err != nil {
		return nil, err
	}
	if alone && p.where != "" && p.index != "peer" && !s.spool && (p.index == "" || p.matching > int64(s.lookedAt)) {
		if p.bitmapScan, err = newBitmapScan(ctx, c, s, p, q); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// lookedAt is how many events are looked at one by one rather than found by the
// bitmap index, of which every block has some.
const lookedAt = 500

// choose takes the index with the fewest events to look at.
func (p *plan) choose(ctx context.Context, c *conn, choices []choice) (choice, error) {
	switch {
	case len(choices) == 0:
		return choice{scope: ofAccount}, nil
	case choices[0].column == "peer":
		return choices[0], nil
	}
	best, fewest := choices[0], int64(math.MaxInt64)
	for _, ch := range choices {
		var n int64
		for _, account := range p.accounts {
			counts, err := p.countsOf(ctx, c, account, ch.scope, ch.value)
			if err != nil {
				return choice{}, err
			}
			for _, t := range p.types {
				n += counts[t]
			}
		}
		if n < fewest {
			best, fewest = ch, n
		}
	}
	p.matching = fewest
	return best, nil
}

// filter adds the conditions that no index serves.
func (p *plan) filter(ctx context.Context, c *conn, s *Store, q *event.Query) error {
	if len(q.Faults) > 0 {
		p.and("fault IN ("+placeholders(len(q.Faults))+")", anys(q.Faults)...)
	}
	if len(q.Codes) > 0 {
		p.and("code IN ("+placeholders(len(q.Codes))+")", anys(q.Codes)...)
	}
	if q.Terminal != nil {
		p.and("terminal = ?", *q.Terminal)
	}
	if q.SDK != "" {
		p.and("sdk = ?", q.SDK)
	}
	if q.OS != "" {
		p.and("os = ?", q.OS)
	}
	if q.Since.IsZero() && q.Until.IsZero() {
		return nil
	}
	since, until := int64(math.MinInt64), int64(math.MaxInt64)
	if !q.Since.IsZero() {
		since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() {
		until = q.Until.UnixNano()
	}
	p.and("time >= ? AND time < ?", since, until)
	// The state of the file is fixed before the ranges are asked for, so that
	// these have all that is in it.
	if err := c.row(ctx, lastPlace).Scan(new(int64)); err != nil {
		return err
	}
	ranges := s.segments.between(since, until)
	if len(ranges) == 0 {
		p.upto = 0
		return nil
	}
	p.above, p.upto = ranges[0].first-1, ranges[len(ranges)-1].last
	p.ranges, p.since, p.until = ranges, since, until
	return nil
}

func (p *plan) and(cond string, args ...any) {
	p.where += " AND " + cond
	p.args = append(p.args, args...)
}

// count gives the number of events that match, from the counts where these are
// enough.
func (p *plan) count(ctx context.Context, c *conn) (int, error) {
	var total int64
	if p.where == "" && p.scope >= 0 {
		for _, account := range p.accounts {
			counts, err := p.countsOf(ctx, c, account, p.scope, p.value)
			if err != nil {
				return 0, err
			}
			for _, t := range p.types {
				total += counts[t]
			}
		}
		return int(total), nil
	}
	if p.bitmapScan != nil {
		n, err := p.bitmapScan.count(ctx, c)
		return int(n), err
	}
	err := p.scan(ctx, c, "count(*)", "", func(row scanner) error {
		var n int64
		if err := row.Scan(&n); err != nil {
			return err
		}
		total += n
		return nil
	})
	return int(total), err
}

// places gives the first n places that match. Each type has its own ordered
// list in an index; the first n of all are among the first n of each.
func (p *plan) places(ctx context.Context, c *conn, n int) ([]int64, error) {
	if p.bitmapScan != nil {
		return p.bitmapScan.places(ctx, c, n)
	}
	order := " ORDER BY seq LIMIT ?"
	if p.desc {
		order = " ORDER BY seq DESC LIMIT ?"
	}
	var seqs []int64
	err := p.scan(ctx, c, "seq", order, func(row scanner) error {
		var seq int64
		if err := row.Scan(&seq); err != nil {
			return err
		}
		seqs = append(seqs, seq)
		return nil
	}, n)
	if err != nil {
		return nil, err
	}
	slices.Sort(seqs)
	if p.desc {
		slices.Reverse(seqs)
	}
	return seqs[:min(n, len(seqs))], nil
}

// scan runs the plan's statement once for each list it has to merge.
func (p *plan) scan(ctx context.Context, c *conn, what, order string, f func(scanner) error, more ...any) error {
	if len(p.types) == 0 || len(p.accounts) == 0 || p.above >= p.upto {
		return nil
	}
	tail := p.where + " AND seq > ? AND seq <= ?" + order
	end := append(append(slices.Clone(p.args), p.above, p.upto), more...)
	if p.index == "peer" {
		query := "SELECT " + what + " FROM events INDEXED BY events_peer WHERE peer = ? AND account IN (" + placeholders(len(p.accounts)) + ") AND type IN (" + placeholders(len(p.types)) + ")" + tail
		args := append([]any{p.value}, append(append(anys(p.accounts), anys(p.types)...), end...)...)
		return c.each(ctx, query, f, args...)
	}
	query := "SELECT " + what + " FROM events INDEXED BY events_type WHERE account = ? AND type = ?"
	if p.index != "" {
		query = "SELECT " + what + " FROM events INDEXED BY events_" + p.index + " WHERE account = ? AND type = ? AND " + p.index + " = ?"
	}
	query += tail
	for _, account := range p.accounts {
		counts, err := p.countsOf(ctx, c, account, p.scope, p.value)
		if err != nil {
			return err
		}
		for _, t := range p.types {
			if counts[t] == 0 {
				continue
			}
			args := []any{account, t}
			if p.index != "" {
				args = append(args, p.value)
			}
			if err := c.each(ctx, query, f, append(args, end...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// countsOf gives the counts of one scope by type, read once.
func (p *plan) countsOf(ctx context.Context, c *conn, account, scope int64, key string) (map[int64]int64, error) {
	k := countKey{account: account, scope: scope, key: key}
	if counts, known := p.counts[k]; known {
		return counts, nil
	}
	counts := make(map[int64]int64, len(typeCodes))
	err := c.each(ctx, "SELECT type, n FROM counts WHERE account = ? AND scope = ? AND key = ?", func(row scanner) error {
		var t, n int64
		if err := row.Scan(&t, &n); err != nil {
			return err
		}
		counts[t] = n
		return nil
	}, account, scope, key)
	if err == nil {
		if p.counts == nil {
			p.counts = map[countKey]map[int64]int64{}
		}
		p.counts[k] = counts
	}
	return counts, err
}

func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
