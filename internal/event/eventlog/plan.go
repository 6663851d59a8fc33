// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// maxSeq is later than any place.
const maxSeq = math.MaxInt64

// Plan is how a query is answered: which index gives the places in order, and
// which conditions are left to look at in the rows.
type Plan struct {
	Accounts []int64
	Types    []int64
	Index    string // condition on the leading column, "" for the whole account
	Value    string // its value
	Matching int64  // events that the index has, as far as that is known from the counts
	Single   bool   // no other index would serve one of the other conditions
	Where    string // the other conditions
	Args     []any
	Above    int64 // places after this one
	Upto     int64 // places up to this one
	Desc     bool

	// What of the time asked for is where; none when no time was asked for.
	Ranges       []Range
	Since, Until int64

	Happened *Happened // when it is to have happened; nil for whenever

	scope  int64                     // which counts belong to the index; -1 for none
	counts map[Count]map[int64]int64 // what countsOf has read
}

// choice is an index that could be used.
type choice struct {
	column, value string
	scope         int64
}

// Plan chooses how a query is answered. It is called within Read. Places and
// the order are those of the query but for its cursor, which is the caller's.
func (l *Log) Plan(ctx context.Context, c *Conn, q *event.Query) (*Plan, error) {
	p := &Plan{Upto: maxSeq, Desc: q.Desc}
	if q.AccountID == "" {
		p.Accounts = l.Accounts.All()
	} else if id, ok := l.Accounts.ID(q.AccountID); ok {
		p.Accounts = []int64{id}
	}
	for _, t := range q.WantedTypes() {
		p.Types = append(p.Types, TypeCodes[t])
	}
	choices := slices.DeleteFunc([]choice{
		{"peer", q.PeerID, -1},
		{"session", q.SessionID, OfSession},
		{"room", q.RoomID, OfRoom},
		{"user", q.UserKey(), OfUser},
	}, func(ch choice) bool { return ch.value == "" })
	best, err := p.choose(ctx, c, choices)
	if err != nil {
		return nil, err
	}
	p.Index, p.Value, p.scope = best.column, best.value, best.scope
	for _, ch := range choices {
		if ch != best {
			is, args, err := c.Is(ctx, ch.column, ch.value, p.Accounts...)
			if err != nil {
				return nil, err
			}
			p.and(is, args...)
		}
	}
	p.Single = p.Where == ""
	return p, p.filter(ctx, c, l, q)
}

// choose takes the index with the fewest events to look at.
func (p *Plan) choose(ctx context.Context, c *Conn, choices []choice) (choice, error) {
	switch {
	case len(choices) == 0:
		return choice{scope: OfAccount}, nil
	case choices[0].column == "peer":
		return choices[0], nil
	}
	best, fewest := choices[0], int64(math.MaxInt64)
	for _, ch := range choices {
		var n int64
		for _, account := range p.Accounts {
			counts, err := p.countsOf(ctx, c, account, ch.scope, ch.value)
			if err != nil {
				return choice{}, err
			}
			for _, t := range p.Types {
				n += counts[t]
			}
		}
		if n < fewest {
			best, fewest = ch, n
		}
	}
	p.Matching = fewest
	return best, nil
}

// filter adds the conditions that no index serves.
func (p *Plan) filter(ctx context.Context, c *Conn, l *Log, q *event.Query) error {
	if len(q.Faults) > 0 {
		p.and("fault IN ("+Placeholders(len(q.Faults))+")", Args(q.Faults)...)
	}
	if len(q.Codes) > 0 {
		p.and("code IN ("+Placeholders(len(q.Codes))+")", Args(q.Codes)...)
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
	if len(q.Diagnoses) > 0 {
		p.and("diagnosis IN ("+Placeholders(len(q.Diagnoses))+")", Args(q.Diagnoses)...)
	}
	switch {
	case len(q.Confidences) > 0:
		codes := make([]int, len(q.Confidences))
		for i, word := range q.Confidences {
			codes[i] = ConfidenceCode(word)
		}
		p.and("confidence IN ("+Placeholders(len(codes))+")", Args(codes)...)
	case q.Diagnosed:
		p.and("confidence IS NOT NULL")
	}
	unplacedTo, err := p.filterHappened(ctx, c, l, q)
	if err != nil {
		return err
	}
	if err := p.filterTaken(ctx, c, l, q); err != nil {
		return err
	}
	return p.placedFrom(q, unplacedTo)
}

// filterTaken adds the condition on when events were taken.
func (p *Plan) filterTaken(ctx context.Context, c *Conn, l *Log, q *event.Query) error {
	if q.Since.IsZero() && q.Until.IsZero() {
		return nil
	}
	since, until := span(q.Since, q.Until)
	p.and("time >= ? AND time < ?", since, until)
	// The state of the file is fixed before the ranges are asked for, so that
	// these have all that is in it.
	if err := c.Row(ctx, lastPlace).Scan(new(int64)); err != nil {
		return err
	}
	ranges := l.segments.between(since, until)
	if len(ranges) == 0 {
		p.Upto = 0
		return nil
	}
	p.Above, p.Upto = max(p.Above, ranges[0].First-1), min(p.Upto, ranges[len(ranges)-1].Last)
	p.Ranges, p.Since, p.Until = ranges, since, until
	return nil
}

// span is the time from one to another as Unix nanoseconds; zero is open.
func span(from, to time.Time) (since, until int64) {
	since, until = math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		since = from.UnixNano()
	}
	if !to.IsZero() {
		until = to.UnixNano()
	}
	return since, until
}

func (p *Plan) and(cond string, args ...any) {
	p.Where += " AND " + cond
	p.Args = append(p.Args, args...)
}

// Count gives the number of events that match, from the counts where these are
// enough.
func (p *Plan) Count(ctx context.Context, c *Conn) (int, error) {
	var total int64
	if p.Where == "" && p.scope >= 0 {
		for _, account := range p.Accounts {
			counts, err := p.countsOf(ctx, c, account, p.scope, p.Value)
			if err != nil {
				return 0, err
			}
			for _, t := range p.Types {
				total += counts[t]
			}
		}
		return int(total), nil
	}
	err := p.scan(ctx, c, "count(*)", "", func(row Scanner) error {
		var n int64
		if err := row.Scan(&n); err != nil {
			return err
		}
		total += n
		return nil
	})
	return int(total), err
}

// Places gives the first n places that match. Each type has its own ordered
// list in an index; the first n of all are among the first n of each.
func (p *Plan) Places(ctx context.Context, c *Conn, n int) ([]int64, error) {
	order := " ORDER BY seq LIMIT ?"
	if p.Desc {
		order = " ORDER BY seq DESC LIMIT ?"
	}
	var seqs []int64
	err := p.scan(ctx, c, "seq", order, func(row Scanner) error {
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
	if p.Desc {
		slices.Reverse(seqs)
	}
	return seqs[:min(n, len(seqs))], nil
}

// scan runs the plan's statement once for each list it has to merge.
func (p *Plan) scan(ctx context.Context, c *Conn, what, order string, f func(Scanner) error, more ...any) error {
	if len(p.Types) == 0 || len(p.Accounts) == 0 || p.Above >= p.Upto {
		return nil
	}
	tail := p.Where + " AND seq > ? AND seq <= ?" + order
	end := append(append(slices.Clone(p.Args), p.Above, p.Upto), more...)
	if p.Index == "peer" {
		is, args, err := c.Is(ctx, "peer", p.Value, p.Accounts...)
		if err != nil {
			return err
		}
		query := "SELECT " + what + " FROM events INDEXED BY events_peer WHERE " + is + " AND account IN (" + Placeholders(len(p.Accounts)) + ") AND type IN (" + Placeholders(len(p.Types)) + ")" + tail
		return c.Each(ctx, query, f, append(append(append(args, Args(p.Accounts)...), Args(p.Types)...), end...)...)
	}
	query := "SELECT " + what + " FROM events INDEXED BY events_type WHERE account = ? AND type = ?"
	if p.Index != "" {
		query = "SELECT " + what + " FROM events INDEXED BY events_" + p.Index + " WHERE account = ? AND type = ? AND " + p.Index + " = ?"
	}
	query += tail
	for _, account := range p.Accounts {
		counts, err := p.countsOf(ctx, c, account, p.scope, p.Value)
		if err != nil {
			return err
		}
		forms := [][]any{nil}
		if p.Index != "" {
			values, err := c.Forms(ctx, p.Index, p.Value, account)
			if err != nil {
				return err
			}
			forms = forms[:0]
			for _, value := range values {
				forms = append(forms, []any{value})
			}
		}
		for _, t := range p.Types {
			if counts[t] == 0 {
				continue
			}
			for _, form := range forms {
				if err := c.Each(ctx, query, f, slices.Concat([]any{account, t}, form, end)...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// countsOf gives the counts of one scope by type, read once.
func (p *Plan) countsOf(ctx context.Context, c *Conn, account, scope int64, key string) (map[int64]int64, error) {
	k := Count{Account: account, Scope: scope, Key: key}
	if counts, known := p.counts[k]; known {
		return counts, nil
	}
	counts := make(map[int64]int64, len(TypeCodes))
	err := c.Each(ctx, "SELECT type, n FROM counts WHERE account = ? AND scope = ? AND key = ?", func(row Scanner) error {
		var t, n int64
		if err := row.Scan(&t, &n); err != nil {
			return err
		}
		counts[t] = n
		return nil
	}, account, scope, key)
	if err == nil {
		if p.counts == nil {
			p.counts = map[Count]map[int64]int64{}
		}
		p.counts[k] = counts
	}
	return counts, err
}
